//! Benchmark of a `tracing` event with six fields. The baselines are a no-op layer and `fmt().json()` to a sink.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fusewire::bridge::tracing::Layer;
use fusewire::log::{Log, OnFull};
use tracing::{Dispatch, Subscriber, info, info_span};
use tracing_subscriber::prelude::*;

/// The number of entries in a burst, about 1 MiB of prefaulted pages.
const BURST: u64 = 2_000;

struct Nothing;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Nothing {}

/// A layer that visits each field and discards it.
struct Visits;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Visits {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        event.record(&mut |_: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            black_box(value);
        });
    }
}

fn event(n: u64) {
    info!(
        order = n,
        amount = black_box(129.95),
        currency = black_box("EUR"),
        attempt = black_box(3_i64),
        cached = black_box(true),
        path = black_box("/api/v1/orders"),
        "request served"
    );
}

/// Returns the time of `events` events, without the pauses between bursts.
fn in_bursts(events: u64, pause: bool) -> Duration {
    let mut spent = Duration::ZERO;
    for burst in 0..events.div_ceil(BURST) {
        let began = Instant::now();
        for n in 0..BURST.min(events - burst * BURST) {
            event(black_box(n));
        }
        spent += began.elapsed();
        if pause {
            thread::sleep(Duration::from_millis(2));
        }
    }
    spent
}

fn benches(c: &mut Criterion) {
    for in_spans in [false, true] {
        let name = if in_spans { "tracing event in two spans" } else { "tracing event" };
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(1)).sample_size(20);
        let mut bench = |name: &str, subscriber: Dispatch, pause: bool| {
            group.bench_function(name, |b| {
                tracing::dispatcher::with_default(&subscriber, || {
                    let request = info_span!("request", method = "GET", path = "/orders/7", user = 7);
                    let query = info_span!(parent: &request, "query", table = "orders", rows = 3);
                    let _entered = in_spans.then(|| (request.enter(), query.enter()));
                    b.iter_custom(|events| in_bursts(events, pause));
                });
            });
        };
        bench("no-op layer", tracing_subscriber::registry().with(Nothing).into(), false);
        bench("layer that visits", tracing_subscriber::registry().with(Visits).into(), false);
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).max_total_bytes(512 << 20).on_full(OnFull::OverwriteOldest);
        let log = log.open().unwrap();
        bench("fusewire", tracing_subscriber::registry().with(Layer::new(log.clone())).into(), true);
        assert_eq!(log.stats().drops.total(), 0);
        let json = tracing_subscriber::fmt().json().with_writer(std::io::sink).with_thread_names(true);
        bench("fmt().json() to a sink", json.finish().into(), false);
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);
