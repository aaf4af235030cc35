//! Benchmark of the JSON conversion: an entry to a line, values to a line through an entry, and a line to an entry.
//!
//! The baseline is `serde_json`, which writes the same line from the values. With the feature `serde`, the benchmark
//! also serializes the entry through `serde::Serialize`.

mod common;

use std::hint::black_box;

use common::{BODY, EVENT, Event, TARGET, THREAD, TIME, TRACE_ID, write};
use criterion::{Criterion, criterion_group, criterion_main};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::{Restorer, append_entry, write_entry};
use fusewire::serializer::{JsonLines, Serializer};
use serde::Serialize;

/// The members of the JSON line of the entry.
#[derive(Serialize)]
struct Line<'a> {
    time: Shown<fusewire::Timestamp>,
    severity: &'a str,
    trace_id: Shown<Hex>,
    span_id: Shown<Hex>,
    trace_flags: u8,
    target: &'a str,
    thread: &'a str,
    body: &'a str,
    attributes: LineAttributes<'a>,
}

#[derive(Serialize)]
struct LineAttributes<'a> {
    user_id: u64,
    order: &'a str,
    amount: f64,
    currency: &'a str,
    retry: bool,
    duration_ms: u64,
    request: Request<'a>,
}

/// A value that serializes as its `Display` output.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A number with a fixed number of hexadecimal digits.
struct Hex(u128, usize);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:0width$x}", self.0, width = self.1)
    }
}

fn same_line(out: &mut Vec<u8>, event: &Event) {
    out.clear();
    let line = Line {
        time: Shown(fusewire::Timestamp::from_unix_nanos(TIME as i64)),
        severity: "INFO",
        trace_id: Shown(Hex(TRACE_ID, 32)),
        span_id: Shown(Hex(event.user_id.into(), 16)),
        trace_flags: 1,
        target: TARGET,
        thread: THREAD,
        body: BODY,
        attributes: LineAttributes {
            user_id: event.user_id,
            order: event.order,
            amount: event.amount,
            currency: "EUR",
            retry: false,
            duration_ms: event.duration_ms,
            request: Request { method: "POST", path: "/api/v1/checkout", status: 200, bytes: 5321 },
        },
    };
    serde_json::to_writer(out, &line).unwrap();
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes: u32,
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("json");
    let encoded = common::encoded();
    let entry = EntryRef::new(&encoded).unwrap();
    let mut line = String::with_capacity(4096);
    write_entry(&entry, &mut line).unwrap();
    let mut same = Vec::with_capacity(4096);
    same_line(&mut same, &EVENT);
    assert_eq!(line.as_bytes(), same, "both write the same line");

    group.bench_function("serde_json, the same line", |b| {
        b.iter(|| same_line(black_box(&mut same), black_box(&EVENT)))
    });
    group.bench_function("write_entry", |b| {
        b.iter(|| {
            line.clear();
            write_entry(black_box(&entry), black_box(&mut line))
        })
    });
    let mut bytes = Vec::with_capacity(4096);
    group.bench_function("append_entry", |b| {
        b.iter(|| {
            bytes.clear();
            append_entry(black_box(&entry), black_box(&mut bytes));
        })
    });
    let mut serializer = JsonLines::new(Limits::default());
    let mut buffer = vec![0; 4096];
    group.bench_function("encode and write_entry", |b| {
        b.iter(|| {
            let event = black_box(&EVENT);
            serializer.encode(&|entry| write(entry, event), black_box(&mut buffer)).unwrap().len
        })
    });
    #[cfg(feature = "serde")]
    group.bench_function("serde_json of the entry", |b| {
        b.iter(|| {
            same.clear();
            serde_json::to_writer(black_box(&mut same), black_box(&entry)).unwrap()
        })
    });
    let mut restorer = Restorer::new();
    group.bench_function("restore", |b| {
        b.iter(|| {
            let restored = encode(black_box(&mut buffer), &Limits::default(), |entry| {
                restorer.restore(black_box(&line), entry);
            });
            restored.unwrap().len()
        })
    });
}

criterion_group!(all, benches);
criterion_main!(all);
