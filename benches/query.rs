//! Benchmark of conditions and of aggregation.
//!
//! The baseline of a condition is the same condition in Rust. The entries are in the CPU cache. The results
//! do not include the time to read them from memory.

mod common;

use std::hint::black_box;

use common::{EVENT, Event, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fusewire::Severity;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{Log, Scan};
use fusewire::query::Query;
use fusewire::query::aggregate::Aggregation;

const ENTRIES: u64 = 500;
const BODIES: [&str; 5] = [
    common::BODY,
    "request finished",
    "the gateway timed out after 30 seconds, and no other one is left to be asked",
    "cache miss",
    "connection to the database closed by peer",
];
const SEVERITIES: [Severity; 10] = {
    let mut severities = [Severity::INFO; 10];
    (severities[3], severities[6], severities[9]) = (Severity::DEBUG, Severity::WARN, Severity::ERROR);
    severities
};

fn vary(entry: &mut fusewire::encode::EntryWriter<'_>, n: u64) {
    write(entry, &Event { user_id: n, duration_ms: n * 7_919 % 10_000, ..EVENT });
    entry.set_severity(SEVERITIES[n as usize % 10]);
    entry.set_body(BODIES[n as usize % 5]);
    entry.set_time_unix_nano(common::TIME + n * 1_000_000);
}

type Closure = fn(&EntryRef<'_>) -> bool;

const CONDITIONS: [(&str, Closure); 8] = [
    ("level >= warn", |entry| entry.severity() >= Severity::WARN),
    ("level >= error and duration_ms > 5000", |entry| {
        entry.severity() >= Severity::ERROR
            && entry.get("duration_ms").and_then(|value| value.as_i128()).is_some_and(|ms| ms > 5_000)
    }),
    ("duration_ms > 5000", |entry| {
        entry.get("duration_ms").and_then(|value| value.as_i128()).is_some_and(|ms| ms > 5_000)
    }),
    ("request.status in (500, 502)", |entry| {
        let status = entry.get("request.status").and_then(|value| value.as_i128());
        matches!(status, Some(500 | 502))
    }),
    ("order starts_with A-3", |entry| {
        entry.get("order").and_then(|value| value.as_str()).is_some_and(|order| order.starts_with("A-3"))
    }),
    ("trace_id == 5b8aa5a2d2c872e8321cf37308d69df3", |entry| entry.trace().trace_id == common::TRACE_ID + 1),
    ("'timed out'", |entry| {
        let body = entry.body();
        body.as_bytes().windows(9).any(|window| window == b"timed out")
    }),
    ("body matches /time(d|s) out/", |entry| {
        let body = entry.body().to_str().unwrap_or("");
        body.contains("timed out") || body.contains("times out")
    }),
];

fn conditions(c: &mut Criterion) {
    let mut buffer = vec![0; 4096];
    let entries: Vec<Vec<u8>> = (0..ENTRIES)
        .map(|n| encode(&mut buffer, &Default::default(), |entry| vary(entry, n)).unwrap().bytes().to_vec())
        .collect();
    let entries: Vec<EntryRef<'_>> = entries.iter().map(|bytes| EntryRef::new(bytes).unwrap()).collect();
    let mut group = c.benchmark_group("condition");
    group.throughput(Throughput::Elements(ENTRIES));
    for (text, closure) in CONDITIONS {
        let query = Query::parse(text).unwrap();
        let count =
            |matches: &dyn Fn(&EntryRef<'_>) -> bool| entries.iter().filter(|entry| matches(entry)).count();
        assert_eq!(count(&|entry| query.matches(entry)), count(&closure), "{text}");
        group.bench_function(format!("{text}/query"), |b| {
            b.iter(|| black_box(&entries).iter().filter(|entry| query.matches(entry)).count());
        });
        group.bench_function(format!("{text}/by hand"), |b| {
            b.iter(|| black_box(&entries).iter().filter(|entry| closure(entry)).count());
        });
    }
    group.finish();
}

fn counts(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let entries = 20_000;
    for n in 0..entries {
        log.append(|entry| vary(entry, n));
    }
    drop(log);
    let scan = Scan::new([directory.path()]).threads(std::num::NonZero::<usize>::MIN);
    let query = Query::parse("").unwrap();
    let second = std::num::NonZero::new(1_000_000_000).unwrap();
    let mut group = c.benchmark_group("count");
    group.throughput(Throughput::Elements(entries));
    for (name, asked) in [
        ("by level", Aggregation::new().by("level".parse().unwrap())),
        ("by message", Aggregation::new().by("body".parse().unwrap())),
        ("by user, all distinct", Aggregation::new().by("user_id".parse().unwrap())),
        ("by second", Aggregation::new().every(second, 0)),
        ("percentiles", Aggregation::new().number("duration_ms".parse().unwrap())),
        ("different users", Aggregation::new().distinct("user_id".parse().unwrap())),
    ] {
        group.bench_function(name, |b| b.iter(|| asked.run(&scan, &query).unwrap().entries));
    }
    group.finish();
}

criterion_group!(benches, conditions, counts);
criterion_main!(benches);
