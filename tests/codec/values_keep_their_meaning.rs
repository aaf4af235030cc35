//! Boundary values keep their meaning in a round trip. The accessors of `flatc` and of this crate return the same
//! values.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use fusewire::decode::{EntryRef, Value};
use fusewire::encode::{
    AsDebug, AsDisplay, AsError, Bytes, EntryWriter, LogKey, LogValue, ValueWriter, encode,
};
use fusewire::generated::wire::{Kind, LogEntry};
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Limits, NodeFlags, Timestamp};

fn bytes(write: impl FnOnce(&mut EntryWriter<'_>)) -> (Vec<u8>, Entry) {
    let mut buffer = vec![0; 65536];
    let encoded = encode(&mut buffer, &Limits::default(), write).unwrap();
    let entry = crate::common::check::sound(encoded.bytes(), encoded.report());
    (encoded.bytes().to_vec(), entry)
}

/// Returns the value after a round trip, and the kind, the value word and the bytes of its node from the accessors
/// of `flatc`.
fn trip<V: LogValue + ?Sized>(value: &V) -> (OwnedValue, (Kind, u64, Vec<u8>)) {
    let (bytes, mut entry) = bytes(|entry| {
        entry.attr("value", value);
    });
    let wire = flatbuffers::root::<LogEntry>(&bytes).unwrap();
    let node = wire.attributes().unwrap().get(0);
    let text = wire.text().unwrap().bytes();
    assert_eq!(&text[node.key_offset() as usize..][..node.key_length().into()], b"value");
    let (at, len) = (node.value() as u32 as usize, (node.value() >> 32) as usize);
    let wide = node.flags().bits() & NodeFlags::WIDE.bits() != 0;
    let span = wide || matches!(node.kind(), Kind::String | Kind::Bytes);
    let span = if span { text[at..][..len].to_vec() } else { Vec::new() };
    (entry.attributes.remove(0).value, (node.kind(), node.value(), span))
}

fn owned<V: LogValue + ?Sized>(value: &V) -> OwnedValue {
    trip(value).0
}

fn string(text: &str) -> OwnedValue {
    OwnedValue::String(text.to_owned())
}

#[test]
fn booleans_nulls_and_options() {
    assert_eq!(trip(&true), (OwnedValue::Bool(true), (Kind::Bool, 1, vec![])));
    assert_eq!(trip(&false), (OwnedValue::Bool(false), (Kind::Bool, 0, vec![])));
    assert_eq!(trip(&()), (OwnedValue::Null, (Kind::Null, 0, vec![])));
    assert_eq!((owned(&None::<u8>), owned(&Some(Some(1_u8)))), (OwnedValue::Null, OwnedValue::Uint(1)));
}

#[test]
fn signed_integers_to_their_extremes() {
    assert_eq!(trip(&-1_i8), (OwnedValue::Int(-1), (Kind::Int, u64::MAX, vec![])));
    assert_eq!(owned(&i8::MIN), OwnedValue::Int(-128));
    assert_eq!(
        (owned(&i16::MIN), owned(&i32::MIN)),
        (OwnedValue::Int(-32768), OwnedValue::Int(i32::MIN.into()))
    );
    for value in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(trip(&value), trip(&i128::from(value)));
        assert_eq!(owned(&value), OwnedValue::Int(value.into()));
    }
    for value in [i128::MIN, i128::from(i64::MIN) - 1, i128::from(i64::MAX) + 1, i128::MAX] {
        let (value_read, (kind, _, span)) = trip(&value);
        assert_eq!(
            (value_read, kind, span),
            (OwnedValue::Int(value), Kind::Int, value.to_le_bytes().to_vec())
        );
    }
}

#[test]
fn unsigned_integers_to_their_extremes() {
    for value in [0, 1, u64::MAX] {
        assert_eq!(trip(&value), (OwnedValue::Uint(value.into()), (Kind::Uint, value, vec![])));
        assert_eq!(trip(&value), trip(&u128::from(value)));
    }
    for value in [u128::from(u64::MAX) + 1, u128::MAX] {
        let (value_read, (kind, _, span)) = trip(&value);
        assert_eq!(
            (value_read, kind, span),
            (OwnedValue::Uint(value), Kind::Uint, value.to_le_bytes().to_vec())
        );
    }
}

#[test]
fn floats_keep_every_bit() {
    let payload = f64::from_bits(0x7ff8_dead_beef_0001);
    for value in
        [f64::NAN, payload, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, f64::MIN_POSITIVE / 4.0, f64::MAX]
    {
        let (OwnedValue::Float(read), (kind, bits, _)) = trip(&value) else { panic!() };
        assert_eq!((read.to_bits(), kind, bits), (value.to_bits(), Kind::Float, value.to_bits()));
    }
    assert_eq!(owned(&1.5_f32), OwnedValue::Float(1.5));
}

#[test]
fn instants_keep_nanoseconds_and_zone_offset() {
    let small = Timestamp::new(1_700_000_000, 123_456_789).unwrap();
    assert_eq!(trip(&small).1, (Kind::Timestamp, 1_700_000_000_123_456_789, vec![]));
    let seconds =
        [i64::MIN, -62_135_596_800, -9_223_372_037, -1, 0, 1, 9_223_372_036, 9_223_372_037, i64::MAX];
    for seconds in seconds {
        for nanoseconds in [0, 1, 145_224_191, 145_224_192, 854_775_807, 854_775_808, 999_999_999] {
            for offset in
                [None, Some(0), Some(330), Some(-720), Some(1440), Some(i16::MAX), Some(i16::MIN + 1)]
            {
                let time = Timestamp::new(seconds, nanoseconds).unwrap().with_utc_offset_minutes(offset);
                let (read, (kind, value, span)) = trip(&time);
                assert_eq!((read, kind), (OwnedValue::Timestamp(time), Kind::Timestamp));
                match (offset, i64::try_from(time.unix_nanos())) {
                    (None, Ok(nanos)) => assert_eq!((value.cast_signed(), span.len()), (nanos, 0)),
                    _ => {
                        assert_eq!(span[..8], seconds.to_le_bytes());
                        assert_eq!(span[8..12], nanoseconds.to_le_bytes());
                        assert_eq!(span[12..14], offset.unwrap_or(i16::MIN).to_le_bytes());
                        assert_eq!(span[14..], [0, 0]);
                    }
                }
            }
        }
    }
}

#[test]
fn system_times_before_1970_keep_their_nanoseconds() {
    let before = SystemTime::UNIX_EPOCH - Duration::new(1, 1);
    assert_eq!(owned(&before), OwnedValue::Timestamp(Timestamp::new(-2, 999_999_999).unwrap()));
    let after = SystemTime::UNIX_EPOCH + Duration::new(1, 1);
    assert_eq!(owned(&after), OwnedValue::Timestamp(Timestamp::new(1, 1).unwrap()));
}

struct Nanos(i128);

impl LogValue for Nanos {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.duration_nanos(self.0);
    }
}

#[test]
fn durations_negative_and_huge() {
    for nanos in [0, 1, -1, i64::MIN.into(), i64::MAX.into(), i128::from(i64::MAX) + 1, i128::MIN, i128::MAX]
    {
        assert_eq!(owned(&Nanos(nanos)), OwnedValue::Duration(nanos));
    }
    assert_eq!(trip(&Duration::from_millis(250)).1, (Kind::Duration, 250_000_000, vec![]));
    assert_eq!(owned(&Duration::MAX), OwnedValue::Duration(Duration::MAX.as_nanos() as i128));
}

#[test]
fn text_with_nul_and_every_plane() {
    for text in ["", "\0", "a\0b", "é…🔌\u{10FFFF}", "\u{FEFF}bom", "\r\n\t\u{1b}[31m"] {
        assert_eq!(trip(text), (string(text), (Kind::String, trip(text).1.1, text.as_bytes().to_vec())));
        assert_eq!(owned(&text.to_owned()), string(text));
    }
    assert_eq!(owned(&'🔌'), string("🔌"));
    let (_, entry) = bytes(|entry| {
        entry.set_body("a\0b");
        entry.set_target("\0");
        entry.set_thread("");
        entry.attr("\0key\0", &1).attr("", &2);
    });
    assert_eq!((&*entry.body, &*entry.target, &*entry.thread), ("a\0b", "\0", ""));
    assert_eq!((&*entry.attributes[0].key, &*entry.attributes[1].key), ("\0key\0", ""));
}

#[test]
fn bytes_of_every_value() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(owned(&Bytes(&all)), OwnedValue::Bytes(all.clone()));
    assert_eq!(owned(&Bytes(&[])), OwnedValue::Bytes(vec![]));
    assert_eq!(owned(&bytes::Bytes::from(all.clone())), OwnedValue::Bytes(all));
}

#[cfg(unix)]
#[test]
fn names_of_the_systems_that_are_not_utf_8_become_bytes() {
    use std::ffi::{CString, OsStr};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    let invalid = OsStr::from_bytes(b"/tmp/\xff\xfe");
    let expected = OwnedValue::Bytes(b"/tmp/\xff\xfe".to_vec());
    assert_eq!(owned(invalid), expected);
    assert_eq!(owned(&invalid.to_owned()), expected);
    assert_eq!(owned(Path::new(invalid)), expected);
    assert_eq!(owned(&CString::new(b"/tmp/\xff\xfe").unwrap()), expected);
    assert_eq!(owned(Path::new("/tmp/é")), string("/tmp/é"));
}

#[test]
fn empty_and_null_containers_stay_apart() {
    let empty = OwnedValue::Map { entries: vec![], dropped: Some(0) };
    assert_eq!(owned(&BTreeMap::<u8, u8>::new()), empty);
    assert_eq!(owned(&Some(BTreeMap::<u8, u8>::new())), empty);
    assert_eq!(owned(&None::<BTreeMap<u8, u8>>), OwnedValue::Null);
    assert_eq!(owned(&[0_u8; 0]), OwnedValue::Array { values: vec![], dropped: Some(0) });
    let (bytes, entry) = bytes(|_| {});
    assert!(entry.attributes.is_empty());
    assert_eq!(flatbuffers::root::<LogEntry>(&bytes).unwrap().attributes().unwrap().len(), 0);
}

struct Levels(u32);

impl LogValue for Levels {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        map.entry("level", &self.0);
        if self.0 > 1 {
            map.entry("in", &Self(self.0 - 1));
        }
        map.entry("after", "in");
    }
}

#[test]
fn a_map_of_10_levels_keeps_8_and_says_where_it_was_cut() {
    let (bytes, _) = bytes(|entry| {
        entry.attr("m", &Levels(10));
    });
    let entry = EntryRef::new(&bytes).unwrap();
    let path = |levels: usize| "m".to_owned() + &".in".repeat(levels);
    for level in 0..8 {
        let path = path(level);
        assert_eq!(entry.get(&(path.clone() + ".level")).unwrap().as_i128(), Some(10 - level as i128));
        assert_eq!(entry.get(&(path + ".after")).unwrap().as_str(), Some("in"));
    }
    assert!(matches!(entry.get(&path(8)), Some(Value::Null)));
    let cut: Vec<_> = entry
        .walk()
        .map(Result::unwrap)
        .filter(|v| v.attribute.flags.contains(NodeFlags::DEPTH_CUT))
        .collect();
    assert_eq!((cut.len(), cut[0].depth), (1, 8));
}

/// Returns the keys of a map.
fn keys<V: LogValue>(map: &V) -> Vec<String> {
    let OwnedValue::Map { entries, .. } = owned(map) else { panic!("no map") };
    entries.into_iter().map(|entry| entry.key).collect()
}

fn keyed<K: LogKey + Ord>(entries: impl IntoIterator<Item = K>) -> Vec<String> {
    keys(&entries.into_iter().map(|key| (key, ())).collect::<BTreeMap<_, _>>())
}

#[test]
fn keys_that_are_not_text_become_text_by_the_stated_rule() {
    assert_eq!(
        keyed([i128::MIN, -1, 0, i128::MAX]),
        [&*i128::MIN.to_string(), "-1", "0", &*i128::MAX.to_string()]
    );
    assert_eq!(keyed([u128::MAX]), [u128::MAX.to_string()]);
    assert_eq!(keyed([0_u8, 255]), ["0", "255"]);
    assert_eq!(keyed([false, true]), ["false", "true"]);
    assert_eq!(keyed(['\0', '🔌']), ["\0", "🔌"]);
    assert_eq!(keyed(["", "a"]), ["", "a"]);
}

struct InOrder;

impl LogValue for InOrder {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        map.entry("z", &1).entry("a", &2).entry("z", &3).keyed(&7, &4).entry("7", &5).entry("a", &6);
    }
}

#[test]
fn order_is_that_of_insertion_and_keys_may_repeat() {
    let expected = ["z", "a", "z", "7", "7", "a"];
    assert_eq!(keys(&InOrder), expected);
    let (_, entry) = bytes(|entry| {
        entry.attr("z", &1).attr("a", &2);
        entry.set_body("in between");
        entry.attr("z", &3);
        entry.attributes().keyed(&7, &4);
        entry.attr("7", &5).attr("a", &6);
    });
    let read: Vec<_> = entry.attributes.iter().map(|at| (&*at.key, at.value.clone())).collect();
    let expected: Vec<_> = expected.into_iter().zip(1..).map(|(key, i)| (key, OwnedValue::Int(i))).collect();
    assert_eq!(read, expected);
}

#[test]
fn formatted_values_are_marked_as_such() {
    let error = std::io::Error::other("inner");
    let (_, entry) = bytes(|entry| {
        entry
            .attr("debug", &AsDebug(&Some("x")))
            .attr("display", &AsDisplay(&1.5))
            .attr("error", &AsError(&error));
        entry.attr("address", &std::net::Ipv4Addr::LOCALHOST);
    });
    let expected = ["Some(\"x\")", "1.5", "inner", "127.0.0.1"];
    for (attribute, expected) in entry.attributes.iter().zip(expected) {
        assert_eq!((&attribute.value, attribute.flags), (&string(expected), NodeFlags::FORMATTED));
    }
}

#[test]
fn what_is_read_can_be_written_again_with_the_same_bytes() {
    let (first, entry) = bytes(|entry| {
        entry.attr("t", &Timestamp::new(-1, 1).unwrap().with_utc_offset_minutes(Some(-90)));
        entry.attr("i", &i128::MIN).attr("u", &u128::MAX).attr("f", &f64::NEG_INFINITY).attr("s", "a\0b");
        entry.attr("m", &InOrder).attr("l", &(1, "two", [3.0]));
    });
    let (again, _) = bytes(|writer| {
        for attribute in &entry.attributes {
            writer.attr(&attribute.key, &attribute.value);
        }
    });
    assert_eq!(first, again);
}
