//! The metrics of a log are equal to the counts of the log by level and cause. Their names and their format follow the
//! conventions of Prometheus.

use std::collections::BTreeMap;

use fusewire::log::{DropCause, Log, OnFull};
use fusewire::memory::{AllocatorStats, MemoryRecorder};
use fusewire::metrics::{Family, FamilyKind, LEVELS, Metrics, families, level_name};
use fusewire::{Severity, TraceContext, TripCause};

/// Returns the samples of an exposition by the text before their value.
///
/// # Panics
/// Panics if the text is malformed: a family without a heading or in two places, a repeated series, or an invalid name
/// or number.
fn read(text: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut families) = (BTreeMap::new(), BTreeMap::new());
    let mut current = String::new();
    let name_of = |line: &str| line.split([' ', '{']).next().unwrap().to_owned();
    assert!(text.is_empty() || text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            current = name_of(help);
            assert!(help.len() > current.len() + 1, "no help: {line}");
            assert!(families.insert(current.clone(), None).is_none(), "{current} twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(name_of(kind), current);
            let kind = kind.split(' ').nth(1).unwrap().to_owned();
            assert_eq!(kind == "counter", current.ends_with("_total"), "{line}");
            assert!(families.insert(current.clone(), Some(kind)).unwrap().is_none());
        } else {
            assert_eq!(name_of(line), current, "{line}");
            assert!(families[&current].is_some());
            assert!(current.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} twice");
        }
    }
    samples
}

#[test]
fn counts_by_level_are_those_of_the_entries() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let trace = TraceContext { trace_id: 7, span_id: 9, flags: 1 };
    // An entry with a span and without a trace also counts as an entry without a trace.
    let span_only = TraceContext { trace_id: 0, ..trace };
    for number in 0..=30 {
        for (trace, times) in [(trace, 3), (TraceContext::NONE, 2), (span_only, 1)] {
            for _ in 0..times {
                let outcome = log.append(|entry| {
                    entry.set_severity(Severity::from_number(number));
                    entry.set_trace(trace);
                    entry.set_body("of some length");
                });
                assert!(outcome.is_written());
            }
        }
    }
    let stats = log.stats();
    let samples = read(&Metrics::new().log(&stats).to_prometheus());
    let mut bytes = 0.0;
    for (level, severities) in LEVELS.iter().zip([1, 4, 4, 4, 4, 4, 4, 6]) {
        let sample = |name: &str| samples[&format!("{name}{{level=\"{level}\"}}")];
        assert_eq!(sample("fusewire_log_entries_total"), f64::from(severities * 6), "{level}");
        assert_eq!(sample("log_missing_trace_id_total"), f64::from(severities * 3), "{level}");
        assert_eq!(sample("log_volume_bytes_total") * 31.0, (stats.bytes * severities as u64) as f64);
        bytes += sample("log_volume_bytes_total");
    }
    assert_eq!((stats.entries, stats.missing_trace_ids, stats.bytes as f64), (31 * 6, 31 * 3, bytes));
    assert_eq!(stats.level(Severity::from_number(18)).entries, 24);
    assert_eq!(level_name(Severity::from_number(18)), "error");
    assert_eq!(level_name(Severity::from_number(255)), "other");
}

#[test]
fn trips_and_drops_are_told_by_cause() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(16 << 10)
        .max_total_bytes(64 << 10)
        .on_full(OnFull::DropBelow(Severity::ERROR));
    let log = log.open().unwrap();
    let untouched = read(&Metrics::new().log(&log.stats()).to_prometheus());
    // Each counter is zero before its first event, so that a query can detect the increase.
    for cause in TripCause::ALL {
        let series = format!("fusewire_log_trips_total{{cause=\"{}\"}}", cause.name());
        assert_eq!(untouched[&series], 0.0);
    }
    for n in 0..200 {
        let severity = if n % 2 == 0 { Severity::WARN } else { Severity::FATAL };
        log.append(|entry| {
            entry.set_severity(severity);
            entry.attr("long", "x".repeat(20 << 10).as_str());
        });
    }
    let stats = log.stats();
    assert!(stats.drops.total() > 0 && stats.tripped_entries > 0, "{stats:?}");
    let samples = read(&Metrics::new().log(&stats).to_prometheus());
    assert_eq!(samples["fusewire_log_tripped_entries_total"], stats.tripped_entries as f64);
    for cause in TripCause::ALL {
        let trips = samples[&format!("fusewire_log_trips_total{{cause=\"{}\"}}", cause.name())];
        assert_eq!(trips, stats.trips(cause) as f64);
    }
    let (mut by_cause, mut by_level) = (0.0, 0.0);
    for cause in DropCause::ALL {
        let dropped = samples[&format!("fusewire_log_dropped_entries_total{{cause=\"{}\"}}", cause.name())];
        assert_eq!(dropped, stats.drops.by_cause(cause) as f64);
        by_cause += dropped;
    }
    for level in LEVELS {
        by_level += samples[&format!("fusewire_log_dropped_entries_by_level_total{{level=\"{level}\"}}")];
    }
    assert_eq!((by_cause, by_level), (stats.drops.total() as f64, stats.drops.total() as f64));
    let fatal = samples["fusewire_log_dropped_entries_by_level_total{level=\"fatal\"}"];
    assert_eq!(fatal, stats.drops.by_severity(Severity::FATAL) as f64);
}

#[test]
fn a_sample_of_memory_is_in_base_units() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let allocator = || AllocatorStats { allocated: Some(123), resident: Some(456) };
    let memory = MemoryRecorder::options().allocator(allocator).start(&log).unwrap();
    let stats = memory.sample();
    let samples = read(&Metrics::new().memory(&stats).to_prometheus());
    assert_eq!(samples["fusewire_process_memory_usage_bytes"], stats.usage.unwrap() as f64);
    assert_eq!(samples["fusewire_process_memory_allocated_bytes"], 123.0);
    let time = stats.time_unix_nano as f64 / 1e9;
    assert!((samples["fusewire_memory_sample_timestamp_seconds"] - time).abs() < 1e-3);
    // There is one series for each known number, except the four numbers of the log, and one for the time.
    let mut known = 0;
    stats.for_each(|name, _| known += usize::from(!name.starts_with("fusewire.log.")));
    assert_eq!(samples.len(), known + 1);
    for (name, percent) in [("some", stats.pressure_some), ("full", stats.system_pressure_full)] {
        let of = if name == "some" { "container" } else { "system" };
        let share = samples.get(&format!("fusewire_{of}_memory_pressure_{name}_ratio"));
        assert_eq!(share.copied(), percent.map(|percent| percent / 100.0));
    }
}

#[cfg(feature = "json")]
#[test]
fn both_ways_of_a_router_are_told_apart() {
    use fusewire::route::{Arm, RouteConfig, Router, Rule};

    let directory = tempfile::tempdir().unwrap();
    let mut config = RouteConfig::all_to(Arm::Json);
    config.rules.push(Rule::to(Arm::Binary).severity(Severity::ERROR));
    let lines = crate::common::routes::Lines::default();
    let router = Router::new(Log::options(directory.path()).open().unwrap(), lines, config);
    for n in 0..400 {
        // The router measures one entry of eight. 5 does not divide 8, so it measures both arms.
        let severity = if n % 5 == 0 { Severity::ERROR } else { Severity::INFO };
        router.append(|entry| entry.set_severity(severity));
    }
    let stats = router.stats();
    let samples = read(&Metrics::new().log(&router.log().stats()).route(&stats).to_prometheus());
    assert_eq!(samples["fusewire_route_entries_total{arm=\"binary\"}"], 80.0);
    assert_eq!(samples["fusewire_route_entries_total{arm=\"json\"}"], 320.0);
    assert_eq!(samples["fusewire_route_bytes_total{arm=\"json\"}"], stats.json.bytes as f64);
    assert_eq!(samples["fusewire_route_errors_total{arm=\"json\",cause=\"full\"}"], 0.0);
    assert_eq!(samples["fusewire_route_rolled_back{arm=\"binary\"}"], 0.0);
    let p99 = samples["fusewire_route_latency_seconds{arm=\"json\",percentile=\"99\"}"];
    assert_eq!(p99, stats.json.latency.p99.as_secs_f64());
    assert_eq!(samples["fusewire_log_entries_total{level=\"error\"}"], 80.0);
}

#[test]
fn two_logs_are_told_apart_by_a_label_of_any_text() {
    static OWN: Family = Family::gauge("own_seconds", "Of one's own; a \\ and\na second line.");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let hostile = "a\\b\"c\nd} 1\u{202e}é";
    let mut metrics = Metrics::new();
    metrics.label("log", "audit").log(&log.stats()).label("log", hostile).log(&log.stats());
    metrics.add_float(&OWN, &[("log", "its own")], f64::INFINITY);
    let samples = read(&metrics.to_prometheus());
    let escaped = "a\\\\b\\\"c\\nd} 1\u{202e}é";
    assert_eq!(samples["fusewire_log_rotations_total{log=\"audit\"}"], 0.0);
    assert_eq!(samples[&format!("fusewire_log_rotations_total{{log=\"{escaped}\"}}")], 0.0);
    assert_eq!(samples["own_seconds{log=\"its own\"}"], f64::INFINITY);
    assert!(
        metrics.to_prometheus().contains("# HELP own_seconds Of one's own; a \\\\ and\\na second line.\n")
    );

    let named = |name: &str| Metrics::new().label(name, "x").add(&OWN, &[], 1).to_prometheus();
    for (name, safe) in [("a-b c", "a_b_c"), ("1st", "_1st"), ("", "_"), ("__name__", "_name__"), ("é", "_")]
    {
        assert!(named(name).contains(&format!("own_seconds{{{safe}=\"x\"}} 1\n")), "{name}");
    }
}

#[test]
fn of_two_samples_of_a_series_the_later_one_counts() {
    static OWN: Family = Family::counter("own_total", "Of one's own.");
    let mut metrics = Metrics::new();
    metrics.add(&OWN, &[("a", "1"), ("b", "2")], u64::MAX).add(&OWN, &[("a", "2"), ("b", "2")], 2);
    metrics.add(&OWN, &[("b", "2"), ("a", "1")], u64::MAX - 1);
    let text = metrics.to_prometheus();
    assert_eq!(read(&text).len(), 2);
    // The value is exact. A float is not exact above 2^53.
    assert!(text.contains("own_total{b=\"2\",a=\"1\"} 18446744073709551614\n"), "{text}");
    assert_eq!(Metrics::new().to_prometheus(), "");
}

#[test]
fn names_keep_to_the_conventions_and_are_there_once() {
    let mut names: Vec<_> = families().map(Family::name).collect();
    for family in families() {
        assert_eq!(family.name().ends_with("_total"), family.kind() == FamilyKind::Counter, "{family:?}");
        assert!(family.help().ends_with('.') && family.help().len() > 10, "{family:?}");
    }
    for demanded in ["log_missing_trace_id_total", "log_volume_bytes_total"] {
        assert!(names.contains(&demanded));
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
