//! With the feature `metrics`, the metrics of a log reach the recorder of the program, with description and unit.
//! Counters are set to absolute values, so repeated publication does not change them.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fusewire::TraceContext;
use fusewire::log::Log;
use fusewire::memory::MemoryRecorder;
use fusewire::metrics::Metrics;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// A recorder that stores its values by kind, name and labels.
#[derive(Default)]
struct Kept {
    values: Mutex<BTreeMap<String, Arc<Cell>>>,
    described: Mutex<BTreeMap<String, Description>>,
}

/// The kind, the unit and the text of a metric.
type Description = (&'static str, Option<Unit>, String);

#[derive(Default)]
struct Cell(AtomicU64);

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

/// A gauge that stores the bits of its value.
impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl Kept {
    fn cell(&self, kind: &str, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{kind} {}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.values.lock().unwrap().entry(name).or_default())
    }

    fn value(&self, name: &str) -> u64 {
        self.values.lock().unwrap()[name].0.load(Ordering::Relaxed)
    }

    fn describe(&self, kind: &'static str, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.described.lock().unwrap().insert(name.as_str().to_owned(), (kind, unit, text.to_string()));
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("counter", name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("gauge", name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        panic!("{name:?}");
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("{key}");
    }
}

#[test]
fn counters_and_gauges_are_what_the_log_says() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    // The log already contains the first sample of the recorder, which has no trace.
    let before = log.stats();
    let recorder = Kept::default();
    // The last published state. The resident bytes of the log change over time.
    let mut published = (before, memory.stats());
    metrics::with_local_recorder(&recorder, || {
        for trace_id in [0, 0, 5] {
            log.append(|entry| entry.set_trace(TraceContext { trace_id, ..TraceContext::NONE }));
            published = (log.stats(), memory.stats());
            Metrics::new().label("log", "orders").log(&published.0).memory(&published.1).publish();
        }
    });
    assert_eq!(log.stats().entries, before.entries + 3);
    let missing = recorder.value("counter log_missing_trace_id_total{log=orders,level=unspecified}");
    assert_eq!(missing, before.levels[0].missing_trace_ids + 2);
    assert_eq!(recorder.value("counter fusewire_log_entries_total{log=orders,level=unspecified}"), 3);
    let resident = f64::from_bits(recorder.value("gauge fusewire_log_resident_bytes{log=orders}"));
    assert_eq!(resident, published.0.resident_bytes as f64);
    let usage = f64::from_bits(recorder.value("gauge fusewire_process_memory_usage_bytes{log=orders}"));
    assert_eq!(Some(usage), published.1.usage.map(|usage| usage as f64));

    let described = recorder.described.lock().unwrap();
    let (kind, unit, text) = &described["log_volume_bytes_total"];
    assert_eq!((*kind, *unit), ("counter", Some(Unit::Bytes)));
    assert!(text.starts_with("Bytes of the written entries"), "{text}");
    // The counters of the crate `metrics` are integers, so this metric is a gauge.
    assert_eq!(described["fusewire_log_operation_seconds_total"].0, "gauge");
    assert_eq!(described["fusewire_log_operation_seconds_total"].1, Some(Unit::Seconds));
    let given: Vec<_> = recorder.values.lock().unwrap().keys().cloned().collect();
    for name in given {
        let (kind, name) = name.split_once(' ').unwrap();
        assert_eq!(described[name.split('{').next().unwrap()].0, kind, "{name}");
    }
}

#[test]
fn without_a_recorder_nothing_happens() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    log.append(|entry| entry.set_body("one"));
    Metrics::new().log(&log.stats()).publish();
    assert_eq!(log.stats().entries, 1);
}
