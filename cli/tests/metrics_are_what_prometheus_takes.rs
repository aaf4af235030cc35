//! `fusewire metrics` counts each entry of a log once, even if the log grows while the server runs. The dashboards
//! and alerts use existing metric names.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use common::served::{Served, serve, wait_until};
use common::{TempDir, damage, fusewire, segments, signal, small_log};
use fusewire::encode::{LogValue, ValueWriter};
use fusewire::log::DropCause;
use fusewire::memory::MemoryRecorder;
use fusewire::{Context, Severity, TraceContext, event};

struct Deep(u32);

impl LogValue for Deep {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        if self.0 > 0 {
            out.map().entry("in", &Self(self.0 - 1));
        }
    }
}

/// Returns the samples by name and labels, and the kind of each name.
///
/// # Panics
/// Panics if the text is not in the Prometheus format.
fn parse(text: &str) -> (BTreeMap<String, f64>, BTreeMap<String, String>) {
    let (mut samples, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    let mut helped = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split(' ').next().unwrap().to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(name == helped && kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let family = name.split('{').next().unwrap();
            assert!(kinds.contains_key(family), "{line}: no type");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(samples.insert(name.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    (samples, kinds)
}

/// Creates a log with entries of all kinds.
fn log(directory: &Path) {
    let log = small_log(directory, "shop").open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    for n in 0..30 {
        event!(log, Severity::INFO, target: "shop::http", "request", n = n);
    }
    let traced = Context::root().with_trace(TraceContext { trace_id: 7, span_id: 8, flags: 1 });
    traced.scope(|| {
        for _ in 0..20 {
            let error = Severity::from_number(18);
            event!(log, error, target: "shop::\"db\\\n", "failed", v = Deep(30));
        }
    });
    drop((memory, log));
}

#[test]
fn what_is_in_a_log_is_counted() {
    let directory = TempDir::new().unwrap();
    log(directory.path());
    let run = fusewire(["metrics".as_ref(), directory.path().as_os_str()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let (samples, kinds) = parse(&run.stdout);
    let of = |name: &str| samples.get(name).copied().unwrap_or_else(|| panic!("no {name}: {samples:#?}"));
    assert_eq!(of("fusewire_log_entries_total{level=\"info\",target=\"shop::http\"}"), 30.0);
    assert_eq!(of("log_missing_trace_id_total{level=\"info\",target=\"shop::http\"}"), 30.0);
    let db = "target=\"shop::\\\"db\\\\\\\\n\"";
    assert_eq!(of(&format!("fusewire_log_entries_total{{level=\"error\",{db}}}")), 20.0);
    assert_eq!(of(&format!("log_missing_trace_id_total{{level=\"error\",{db}}}")), 0.0);
    assert!(of(&format!("log_volume_bytes_total{{level=\"error\",{db}}}")) > 20.0 * 64.0);
    assert_eq!(of("fusewire_log_tripped_entries_total"), 20.0);
    assert_eq!(of("fusewire_log_trips_total{cause=\"depth\"}"), 20.0);
    assert_eq!(of("fusewire_log_files{state=\"sealed\"}"), segments(directory.path()).len() as f64);
    assert_eq!((of("fusewire_log_lost_bytes_total"), of("fusewire_log_caught_up")), (0.0, 1.0));
    let memory =
        samples.keys().find(|name| name.starts_with("fusewire_process_memory_usage_bytes{")).unwrap();
    assert!(
        memory.contains("service=\"shop\"") && memory.contains(&format!("pid=\"{}\"", std::process::id())),
        "{memory}"
    );
    for (name, kind) in &kinds {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
    }

    damage(&segments(directory.path())[0], "request");
    let (samples, _) = parse(&fusewire(["metrics".as_ref(), directory.path().as_os_str()]).stdout);
    assert!(samples["fusewire_log_lost_bytes_total"] > 0.0);
}

#[test]
fn labels_are_bounded_whatever_is_logged() {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    for n in 0..1_000 {
        let _ = log.append(|entry| entry.set_target(&format!("target-{n}-{}", "x".repeat(1_000))));
    }
    drop(log);
    let run = fusewire(["metrics".as_ref(), directory.path().as_os_str()]);
    let (samples, _) = parse(&run.stdout);
    let entries: Vec<(&String, &f64)> =
        samples.iter().filter(|(name, _)| name.starts_with("fusewire_log_entries_total{")).collect();
    assert_eq!(entries.iter().map(|(_, count)| **count).sum::<f64>(), 1_000.0);
    assert_eq!(entries.len(), 201, "two hundred, and the rest as one");
    assert!(run.stdout.lines().all(|line| line.len() < 400));
}

/// Returns the number of entries of a target.
fn entries(served: &Served, target: &str) -> f64 {
    let answer = served.get("/metrics");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let (samples, _) = parse(body);
    let name = format!("fusewire_log_entries_total{{level=\"info\",target=\"{target}\"}}");
    samples.get(&name).copied().unwrap_or(0.0)
}

#[test]
fn a_server_counts_what_comes() {
    let directory = TempDir::new().unwrap();
    log(directory.path());
    let mut served = serve(directory.path());
    wait_until(|| entries(&served, "shop::http") == 30.0);
    let answer = served.get("/metrics");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("Content-Type: text/plain; version=0.0.4"),
        "{answer}"
    );
    // Another process appends. The server counts each of its entries once.
    let more = small_log(directory.path(), "shop").open().unwrap();
    for _ in 0..12 {
        event!(more, Severity::INFO, target: "shop::http", "request");
    }
    wait_until(|| entries(&served, "shop::http") == 42.0);
    drop(more);
    assert!(served.get("/healthz").ends_with("\r\n\r\nok\n"));
    assert!(served.get("/").starts_with("HTTP/1.1 404"));
    assert!(
        served
            .ask(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 405")
    );
    // Invalid requests get no response or an error, and do not end the server.
    for hostile in [
        &b"\0\xff\xfe garbage\r\n\r\n"[..],
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nA: \0\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&served.1).unwrap();
        stream.write_all(hostile).unwrap();
    }
    assert_eq!(entries(&served, "shop::http"), 42.0);
    signal(&served.0, "INT");
    assert_eq!(served.0.wait().unwrap().code(), Some(0));
}

#[test]
fn where_nobody_can_listen_is_told() {
    let directory = TempDir::new().unwrap();
    log(directory.path());
    let run =
        fusewire(["metrics".as_ref(), directory.path().as_os_str(), "--listen".as_ref(), "nowhere".as_ref()]);
    assert_eq!(run.code, 2);
    let message = "cannot listen at nowhere: expected an address with a port, such as 127.0.0.1:9187: ";
    assert!(run.stderr.contains(message), "{}", run.stderr);
}

#[test]
fn dashboards_and_alerts_use_names_that_there_are() {
    let list = fusewire(["metrics", "--list"]);
    assert_eq!(list.code, 0);
    let names: BTreeSet<&str> = list.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("log_missing_trace_id_total") && names.contains("log_volume_bytes_total"));
    let dashboard = include_str!("../../dashboards/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    let alerts = include_str!("../../dashboards/alerts.yml");
    let mut used = BTreeSet::new();
    for text in queries.iter().copied().chain([alerts]) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        used.extend(words.filter(|word| word.starts_with("fusewire_") || word.starts_with("log_")));
    }
    assert!(used.len() >= 15, "{used:?}");
    for name in used {
        assert!(names.contains(name), "{name} is in a dashboard or an alert, and nobody gives it out");
    }
    let documented = include_str!("../../docs/metrics.md");
    for name in names {
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/metrics.md");
    }
    let (_, values) = documented.split_once("`cause` of dropped entries: ").unwrap();
    let (values, _) = values.split_once('.').unwrap();
    let values: BTreeSet<&str> = values.split([',', ' ']).collect();
    for cause in DropCause::ALL {
        assert!(values.contains(cause.name()), "{cause:?} is not in docs/metrics.md");
    }
}
