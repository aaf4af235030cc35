//! Like entries reduce a log of services to about a third, and a log of statuses to a twentieth. No log grows.
#![cfg(all(unix, feature = "json"))]

#[path = "../../benches/search/src/line.rs"]
mod line;
#[allow(dead_code)]
#[path = "../../benches/search/src/random.rs"]
mod random;
#[allow(dead_code)]
#[path = "../../benches/search/src/services.rs"]
mod services;
#[allow(dead_code)]
#[path = "../../benches/search/src/traces.rs"]
mod traces;

use std::time::Duration;

use crate::common::watchdog::Watchdog;
use fusewire::lines::Importer;
use fusewire::log::{Log, OnFull};
use fusewire::segment::{SegmentOptions, Series};

/// The numbers of bytes of all frames in relation to the bytes of the lines, in per mille.
#[derive(Debug)]
struct Sizes {
    full: u64,
    like: u64,
    /// The size of the segments of an exclusive writer, which remembers more bases.
    exclusive: u64,
}

fn sizes(lines: &str) -> Sizes {
    let per_mille = |bytes: u64| bytes * 1_000 / lines.len() as u64;
    let in_log = |self_contained| {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .self_contained(self_contained)
            .unbounded()
            .on_full(OnFull::Block(Duration::from_secs(120)))
            .open()
            .unwrap();
        let import = Importer::new().import(lines.as_bytes(), |write| {
            assert!(log.append(write).is_written());
            Ok(fusewire::TripReport::default())
        });
        import.unwrap();
        per_mille(log.stats().bytes)
    };
    let directory = tempfile::tempdir().unwrap();
    let mut options = SegmentOptions::default();
    options.self_contained = false;
    let mut series = Series::create(directory.path(), options).unwrap();
    let mut bytes = 0;
    let import = Importer::new().import(lines.as_bytes(), |write| {
        let appended = series.append(write)?;
        bytes += appended.len;
        Ok(appended.report)
    });
    import.unwrap();
    series.finish().unwrap();
    Sizes { full: in_log(true), like: in_log(false), exclusive: per_mille(bytes) }
}

#[test]
fn entries_of_sixteen_services() {
    let _watchdog = Watchdog::over("entries of sixteen services");
    let mut random = random::Random::new(1);
    let mut traces = traces::Traces::new(&mut random);
    let mut lines = String::new();
    for n in 0..20_000 {
        line::write(&mut lines, n, 20_000, &mut traces, &mut random);
    }
    let sizes = sizes(&lines);
    assert!((1_370..1_390).contains(&sizes.full), "{sizes:?}");
    assert!(sizes.like < 480 && sizes.exclusive < 460, "{sizes:?}");
}

#[test]
fn statuses_of_nginx() {
    let lines = include_str!("../data/logs/nginxplus_json_logs").repeat(60);
    let sizes = sizes(&lines);
    assert!(sizes.full > 1_500 && sizes.like < 150 && sizes.exclusive < 150, "{sizes:?}");
}

#[test]
fn lines_of_apache_and_kafka() {
    let lines =
        [include_str!("../data/logs/apache_logs"), include_str!("../data/logs/kafka-state-change.log")];
    for lines in lines {
        let sizes = sizes(&lines.repeat(50));
        assert!(sizes.full > 1_500 && sizes.like < 1_450 && sizes.exclusive < 1_450, "{sizes:?}");
    }
}

#[test]
fn a_log_of_different_shapes_does_not_grow() {
    let line = |n: u64| format!("{{\"message\":\"m\",\"key {n}\":{n}}}\n");
    let sizes = sizes(&(0..3_000).map(line).collect::<String>());
    assert_eq!((sizes.full, sizes.full), (sizes.like, sizes.exclusive));
}
