//! Benchmark of the decoder. The baseline is the `flatbuffers` verifier on the same bytes.

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use fusewire::decode::{EntryRef, Value};
use fusewire::generated::wire::LogEntry;

fn read_all(entry: &EntryRef<'_>) -> u64 {
    let mut sum = 0;
    for visit in entry.attributes() {
        let Ok(attribute) = visit else { break };
        sum += attribute.key.len() as u64;
        match attribute.value {
            Value::Uint(value) => sum += value,
            Value::String(text) => sum += text.len() as u64,
            Value::Map(children) => {
                for child in children.iter().flatten() {
                    sum += child.key.len() as u64 + u64::from(matches!(child.value, Value::Uint(_)));
                }
            }
            _ => {}
        }
    }
    sum
}

fn benches(c: &mut Criterion) {
    let bytes = common::encoded();
    let mut group = c.benchmark_group("decode");
    group.bench_function("root, severity, time, body", |b| {
        b.iter(|| {
            let entry = EntryRef::new(black_box(&bytes)).unwrap();
            (entry.severity(), entry.time_unix_nano(), entry.body().len())
        })
    });
    group.bench_function("all attributes", |b| {
        b.iter(|| read_all(&EntryRef::new(black_box(&bytes)).unwrap()))
    });
    group.bench_function("verify", |b| b.iter(|| EntryRef::new(black_box(&bytes)).unwrap().verify().is_ok()));
    group.bench_function("flatbuffers verifier", |b| {
        b.iter(|| flatbuffers::root::<LogEntry>(black_box(&bytes)).is_ok())
    });
    group.bench_function("lookup request.status", |b| {
        let entry = EntryRef::new(&bytes).unwrap();
        b.iter(|| black_box(&entry).get("request.status").is_some())
    });
}

criterion_group!(all, benches);
criterion_main!(all);
