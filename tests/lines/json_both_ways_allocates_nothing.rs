//! The conversions from entries to lines and from lines to entries allocate nothing after the buffers have grown
//! to their final size.
#![cfg(feature = "json")]

use std::time::Duration;

use crate::common::counting::allocations;
use fusewire::decode::EntryRef;
use fusewire::encode::{Bytes, EntryWriter, encode};
use fusewire::json::{Restorer, write_entry};
use fusewire::lines::Importer;
use fusewire::serializer::{Binary, JsonLines, Serializer};
use fusewire::{Limits, Severity, Timestamp, TraceContext};

/// Writes values of every kind, with escapes and cuts at all places.
fn write(entry: &mut EntryWriter<'_>) {
    entry.set_time_unix_nano(1_700_000_000_123_456_789);
    entry.set_utc_offset_minutes(Some(60));
    entry.set_severity(Severity::WARN);
    entry.set_trace(TraceContext { trace_id: 7, span_id: 8, flags: 1 });
    entry.set_target("shop::\"checkout\"");
    entry.set_thread("main\n");
    entry.set_body("it \\ broke");
    let time = Timestamp::new(-1, 5).unwrap().with_utc_offset_minutes(Some(-30));
    entry.attr("numbers", &(1, -1, u128::MAX, i128::MIN, 1.5, f64::NAN)).attr("time", &time);
    entry.attr("spent", &Duration::from_millis(5)).attr("bytes", &Bytes(&[7; 300])).attr("\u{1}key", &());
    entry.attr("wide", &[0; 300]).attr("deep", &[[[[[[[[[[1]]]]]]]]]]);
    entry.attributes().slot("map").map().entry("a\"b", "c\"d").slot("in\\ner").map().entry("$time", &true);
}

#[test]
fn through_serializers() {
    let limits = Limits::default();
    let mut buffer = vec![0; 64 << 10];
    for serializer in [&mut Binary::new(limits) as &mut dyn Serializer, &mut JsonLines::new(limits)] {
        serializer.encode(&write, &mut buffer).unwrap();
        let (count, len) = allocations(|| {
            let len = serializer.encoded_len(&write).unwrap();
            assert_eq!(serializer.encode(&write, &mut buffer).unwrap().len, len);
            assert!(serializer.encode(&write, &mut buffer[..len - 1]).is_err());
            len
        });
        assert_eq!(count, 0, "{}", serializer.name());
        if let Ok((entry, _)) = fusewire::message::read(&buffer[..len]) {
            let mut copy = vec![0; 64 << 10];
            let (count, copied) = allocations(|| serializer.transcode(&entry, &mut copy).unwrap());
            assert_eq!((count, copied), (0, len));
        }
    }
}

#[test]
fn back_from_lines() {
    let limits = Limits::default();
    let (mut buffer, mut again) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let entry = encode(&mut buffer, &limits, write).unwrap();
    let entry = EntryRef::new(entry.into_bytes()).unwrap();
    let mut line = String::with_capacity(64 << 10);
    let (count, _) = allocations(|| write_entry(&entry, &mut line).unwrap());
    assert_eq!(count, 0);

    let mut restorer = Restorer::new();
    let mut restore =
        || encode(&mut again, &limits, |entry| assert!(restorer.restore(&line, entry))).unwrap().len();
    let len = restore();
    let (count, second) = allocations(&mut restore);
    assert_eq!((count, second), (0, len));

    let mut importer = Importer::new();
    let mut sink = |write: &dyn Fn(&mut EntryWriter<'_>)| {
        Ok(encode(&mut again, &limits, |entry| write(entry)).unwrap().report())
    };
    line.push('\n');
    importer.import(line.as_bytes(), &mut sink).unwrap();
    let (count, result) = allocations(|| importer.import(line.as_bytes(), &mut sink));
    assert_eq!((count, result.is_ok()), (0, true));
    assert_eq!(importer.report().restored_lines, 2);
}
