//! Benchmark of the encoder.
//!
//! The baselines are a memcpy of the entry, `serde_json` into a reused `Vec`, and a reused `flatbuffers` builder
//! with the same schema and values. With the feature `serde`, the benchmark also encodes the same entry through
//! `serde::Serialize`.

mod common;

use std::hint::black_box;

use common::{BODY, EVENT, Event, TARGET, THREAD, TIME, TRACE_ID, write};
use criterion::{Criterion, criterion_group, criterion_main};
use flatbuffers::FlatBufferBuilder;
use fusewire::Limits;
use fusewire::encode::{encode, encode_into};
use fusewire::generated::wire::{
    Kind, LogEntry, LogEntryArgs, Node, NodeFlags, Severity, TraceContext as WireTrace,
};
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    time_unix_nano: u64,
    severity: &'a str,
    trace_id: &'a str,
    span_id: u64,
    target: &'a str,
    body: &'a str,
    thread: &'a str,
    user_id: u64,
    order: &'a str,
    amount: f64,
    currency: &'a str,
    retry: bool,
    duration_ms: u64,
    request: common::Request<'a>,
}

fn json(out: &mut Vec<u8>, event: &Event) {
    out.clear();
    let line = Json {
        time_unix_nano: TIME,
        severity: "INFO",
        trace_id: "5b8aa5a2d2c872e8321cf37308d69df2",
        span_id: event.user_id,
        target: TARGET,
        body: BODY,
        thread: THREAD,
        user_id: event.user_id,
        order: event.order,
        amount: event.amount,
        currency: "EUR",
        retry: false,
        duration_ms: event.duration_ms,
        request: common::REQUEST,
    };
    serde_json::to_writer(out, &line).unwrap();
}

#[cfg(feature = "serde")]
fn through_serde(entry: &mut fusewire::encode::EntryWriter<'_>, event: &Event) {
    common::header(entry, event);
    entry.attrs_from(&common::attributes(event));
}

/// Encodes the same entry with the code that `flatc` generates. The vectors for text and nodes are reused.
fn builder<'a>(fbb: &mut FlatBufferBuilder<'a>, text: &mut Vec<u8>, nodes: &mut Vec<Node>, event: &Event) {
    fbb.reset();
    text.clear();
    nodes.clear();
    let mut node = |key: &str, kind: Kind, value: Result<u64, &str>| {
        let at = text.len() as u32;
        text.extend_from_slice(key.as_bytes());
        let value = value.unwrap_or_else(|string| {
            let start = text.len() as u64;
            text.extend_from_slice(string.as_bytes());
            start | (string.len() as u64) << 32
        });
        nodes.push(Node::new(at, key.len() as u16, kind, NodeFlags::empty(), value));
    };
    node("user_id", Kind::Uint, Ok(event.user_id));
    node("order", Kind::String, Err(event.order));
    node("amount", Kind::Float, Ok(event.amount.to_bits()));
    node("currency", Kind::String, Err("EUR"));
    node("retry", Kind::Bool, Ok(0));
    node("duration_ms", Kind::Uint, Ok(event.duration_ms));
    node("request", Kind::Map, Ok(4 | 4 << 32));
    node("method", Kind::String, Err("POST"));
    node("path", Kind::String, Err("/api/v1/checkout"));
    node("status", Kind::Uint, Ok(200));
    node("bytes", Kind::Uint, Ok(5321));
    let text = Some(fbb.create_vector(text));
    let attributes = Some(fbb.create_vector(nodes));
    let (target, body, thread) =
        (fbb.create_string(TARGET), fbb.create_string(BODY), fbb.create_string(THREAD));
    let trace = WireTrace::new((TRACE_ID >> 64) as u64, TRACE_ID as u64, event.user_id);
    let entry = LogEntry::create(
        fbb,
        &LogEntryArgs {
            time_unix_nano: TIME,
            severity: Severity::Info,
            trace_flags: 1,
            trace: Some(&trace),
            target: Some(target),
            body: Some(body),
            thread: Some(thread),
            attributes,
            text,
            ..LogEntryArgs::default()
        },
    );
    fbb.finish(entry, None);
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    let limits = Limits::default();
    let mut buffer = vec![0; 4096];
    let bytes = common::encoded();
    let mut line = Vec::with_capacity(4096);
    json(&mut line, &EVENT);
    println!("one entry: {} bytes, as JSON: {} bytes", bytes.len(), line.len());

    group.bench_function("fusewire", |b| {
        b.iter(|| {
            encode(black_box(&mut buffer), &limits, |entry| write(entry, black_box(&EVENT))).unwrap().len()
        })
    });
    let directory = tempfile::tempdir().unwrap();
    let discard = common::Discard::new(fusewire::log::Log::options(directory.path()).open().unwrap());
    group.bench_function("fusewire event!", |b| b.iter(|| common::event(&discard, black_box(&EVENT))));
    let mut growing = bytes::BytesMut::with_capacity(4096);
    group.bench_function("fusewire into BytesMut", |b| {
        b.iter(|| {
            growing.clear();
            encode_into(black_box(&mut growing), &limits, |entry| write(entry, black_box(&EVENT))).unwrap().0
        })
    });
    #[cfg(feature = "serde")]
    {
        let encoded = encode(&mut buffer, &limits, |entry| through_serde(entry, &EVENT)).unwrap();
        assert_eq!(encoded.bytes(), &*bytes, "both interfaces write the same entry");
        group.bench_function("fusewire through serde", |b| {
            b.iter(|| {
                let write = |entry: &mut _| through_serde(entry, black_box(&EVENT));
                encode(black_box(&mut buffer), &limits, write).unwrap().len()
            })
        });
    }
    group.bench_function("memcpy", |b| {
        b.iter(|| black_box(&mut buffer)[..bytes.len()].copy_from_slice(black_box(&bytes)))
    });
    group.bench_function("serde_json", |b| b.iter(|| json(black_box(&mut line), black_box(&EVENT))));
    let mut fbb = FlatBufferBuilder::with_capacity(4096);
    let (mut text, mut nodes) = (Vec::new(), Vec::new());
    group.bench_function("flatbuffers builder", |b| {
        b.iter(|| {
            builder(&mut fbb, &mut text, &mut nodes, black_box(&EVENT));
            fbb.finished_data().len()
        })
    });
}

criterion_group!(all, benches);
criterion_main!(all);
