//! For an invalid option, `open` returns an error that names the option, and creates no file.
#![cfg(unix)]

use std::io::ErrorKind;
use std::time::Duration;

use crate::common::watchdog::Watchdog;
use fusewire::log::{Log, LogOptions, OnFull};

type Set = fn(LogOptions) -> LogOptions;

const HUGE: Duration = Duration::from_secs(101 * 366 * 86_400);

#[test]
fn by_an_error_that_names_the_option() {
    let _watchdog = Watchdog::over("options");
    let wrong: [(&str, Set); 10] = [
        ("max_segment_age", |options| options.max_segment_age(Duration::MAX)),
        ("max_age", |options| options.max_age(Duration::MAX)),
        ("sync_every", |options| options.sync_every(Duration::MAX)),
        ("close_timeout", |options| options.close_timeout(Duration::MAX)),
        ("close_timeout", |options| options.close_timeout(HUGE)),
        ("on_full", |options| options.on_full(OnFull::Block(Duration::MAX))),
        ("max_total_bytes", |options| options.max_total_bytes(u64::MAX)),
        ("max_total_bytes", |options| options.max_total_bytes(1 << 63)),
        ("segment_size", |options| options.segment_size(u64::MAX)),
        ("segment_size", |options| options.segment_size((1 << 30) + 1)),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    for (name, set) in wrong {
        let error = set(Log::options(&path)).open().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        assert!(error.to_string().starts_with(name), "{name}: {error}");
        assert!(!path.exists(), "{name}");
    }
}

#[test]
fn and_the_largest_values_work() {
    let _watchdog = Watchdog::over("large options");
    let century = Duration::from_secs(100 * 365 * 86_400);
    let right: [Set; 7] = [
        |options| options.max_segment_age(Duration::from_secs(100 * 365 * 86_400)),
        |options| options.max_age(Duration::from_secs(100 * 365 * 86_400)),
        |options| options.sync_every(Duration::from_secs(100 * 365 * 86_400)),
        |options| options.on_full(OnFull::Block(Duration::from_secs(100 * 365 * 86_400))),
        |options| options.max_total_bytes(1 << 60),
        |options| options.max_age(Duration::ZERO).close_timeout(Duration::from_secs(60)),
        |options| options.max_threads(0).segment_size(0).max_total_bytes(0),
    ];
    for set in right {
        let directory = tempfile::tempdir().unwrap();
        let log = set(Log::options(directory.path()).close_timeout(century)).open().unwrap();
        for n in 0..100_u64 {
            assert!(log.append(|entry| _ = entry.attr("n", &n)).is_written());
        }
        assert_eq!(log.shutdown(Duration::from_secs(60)), Ok(()));
    }
}
