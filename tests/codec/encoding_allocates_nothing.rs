//! The encoder makes no heap allocation for an entry, whether the entry is written, cut or refused.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::common::counting::allocations;
use bytes::BytesMut;
use fusewire::encode::{
    AsDebug, AsDisplay, AsError, Bytes, EntryWriter, KeyFilter, LogValue, encode, encode_into, encoded_len,
};
use fusewire::limits::{OnLongKey, OnType, OnWidth};
use fusewire::{Kind, KindSet, Limits, Severity, Timestamp, TraceContext};

/// Returns a value of each kind that the crate can write, with its name.
fn values() -> Vec<(String, Box<dyn LogValue>)> {
    let numbers = [1_u64, 2, 3];
    let values: Vec<Box<dyn LogValue>> = vec![
        Box::new(()),
        Box::new(true),
        Box::new((i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN)),
        Box::new((u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX)),
        Box::new((1.5_f32, f64::NAN, 'c', core::num::NonZero::<u8>::MIN)),
        Box::new(("text", "text".to_owned(), Rc::<str>::from("rc"), Arc::<str>::from("arc"))),
        Box::new((Bytes(b"bytes"), bytes::Bytes::from_static(b"bytes"))),
        Box::new((Timestamp::new(-1, 1).unwrap().with_utc_offset_minutes(Some(1)), SystemTime::now())),
        Box::new((Duration::MAX, Some(1), None::<bool>, Ok::<_, ()>(1))),
        Box::new((numbers, numbers.to_vec(), VecDeque::from(numbers), LinkedList::from(numbers))),
        Box::new((BTreeSet::from(numbers), HashSet::from(numbers))),
        Box::new((BTreeMap::from([(-1, "a"), (2, "b")]), HashMap::from([("k", 1), ("l", 2)]))),
        Box::new(BTreeMap::from([(false, BTreeMap::from([(i128::MIN, ())]))])),
        Box::new((CString::default(), OsString::from("os"), PathBuf::from("/tmp"))),
        Box::new((Ipv6Addr::LOCALHOST, SocketAddr::from(([127, 0, 0, 1], 80)))),
        Box::new((AsDebug(&Some(1)), AsDisplay(&1.5), AsError(&std::fmt::Error))),
        Box::new("a long string ".repeat(10_000)),
        Box::new((0..10_000).collect::<Vec<u32>>()),
        Box::new([[[[[[[[[[1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]),
        Box::new(&raw const numbers),
    ];
    values.into_iter().enumerate().map(|(i, value)| (format!("value{i}"), value)).collect()
}

fn write(values: &[(String, Box<dyn LogValue>)], long_key: &str, entry: &mut EntryWriter<'_>) {
    entry.set_time_unix_nano(1);
    entry.set_utc_offset_minutes(Some(60));
    entry.set_severity(Severity::ERROR);
    entry.set_trace(TraceContext { trace_id: 1, span_id: 2, flags: 1 });
    entry.set_target("target");
    entry.set_thread("thread");
    entry.set_body_fmt(format_args!("{} values", values.len()));
    for (name, value) in values {
        entry.attr(name, &**value);
    }
    entry.attr(long_key, &1);
    entry.attributes().slot("map").map().keyed(&1, &2).slot("array").array().push(&1).extend([1, 2].iter());
}

/// Returns limits for every response of the circuit breaker and for a full entry.
fn limits() -> [Limits; 6] {
    let limits = Limits { on_type: OnType::Replace, ..Limits::default() };
    [
        limits,
        Limits { on_type: OnType::Omit, allowed_kinds: KindSet::ALL.without(Kind::Uint), ..limits },
        Limits { on_long_key: OnLongKey::Hash, max_width: 3, ..limits },
        Limits { max_entry_bytes: 1024, ..limits },
        Limits { on_width: OnWidth::Reject, ..limits },
        Limits { on_type: OnType::Reject, ..limits },
    ]
}

#[test]
fn whatever_is_written_and_whatever_the_fuse_does() {
    let (values, long_key) = (values(), "k".repeat(5000));
    let mut buffer = vec![0; 65536];
    for (i, limits) in limits().iter().enumerate() {
        let (count, result) = allocations(|| {
            encode(&mut buffer, limits, |entry| write(&values, &long_key, entry)).map(|e| e.len())
        });
        assert_eq!((count, result.is_ok()), (0, i < 4), "{limits:?}: {result:?}");
    }
}

#[test]
fn each_value_alone_in_a_buffer_that_fits_or_does_not() {
    let mut buffer = vec![0; 65536];
    for (name, value) in values() {
        for len in [0, 100, 200, 65536] {
            let limits = Limits { on_type: OnType::Replace, ..Limits::default() };
            let (count, _) = allocations(|| {
                encode(&mut buffer[..len], &limits, |entry| drop_ref(entry.attr(&name, &*value))).map(|_| ())
            });
            assert_eq!(count, 0, "{name} into {len} bytes");
        }
    }
}

fn drop_ref(_: &mut EntryWriter<'_>) {}

#[test]
fn into_reserved_room_and_to_measure() {
    let (values, long_key) = (values(), "k".repeat(5000));
    let limits = limits()[0];
    let (mut vec, mut bytes) = (Vec::with_capacity(65536), BytesMut::with_capacity(65536));
    let write = |entry: &mut EntryWriter<'_>| write(&values, &long_key, entry);
    let (count, lens) = allocations(|| {
        let first = encode_into(&mut vec, &limits, write).unwrap().0;
        let second = encode_into(&mut bytes, &limits, write).unwrap().0;
        [first, second, encoded_len(&limits, write).unwrap()]
    });
    assert_eq!((count, lens), (0, [vec.len(); 3]));
}

#[test]
fn through_a_key_filter() {
    let (values, filter) = (values(), KeyFilter::new(["value3", "map"]));
    let mut buffer = vec![0; 4096];
    let (count, result) = allocations(|| {
        encode(&mut buffer, &Limits::default(), |entry| {
            entry.set_key_filter(&filter);
            write(&values, "no", entry);
        })
        .map(|entry| entry.report().is_clean())
    });
    assert_eq!((count, result), (0, Ok(true)));
}
