//! A log refuses and counts every entry that a thread appends while it encodes another entry. No thread waits for such
//! an entry.
#![cfg(unix)]

use std::cell::Cell;
use std::fmt;

use crate::common::logs;
use crate::common::watchdog::Watchdog;
use fusewire::log::{DropCause, Log, Outcome};

const REFUSED: Outcome = Outcome::Dropped(DropCause::Reentrant);

/// A value that appends the given number of entries each time it is formatted.
struct Noisy<'a>(&'a Log, u64);

impl fmt::Display for Noisy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..self.1 {
            assert_eq!(self.0.append(|entry| entry.set_body("nested")), REFUSED);
        }
        f.write_str("noisy")
    }
}

/// A value that appends two entries with itself as text, and records the depth of the recursion.
struct Selfish<'a> {
    log: &'a Log,
    depth: &'a Cell<u32>,
    deepest: &'a Cell<u32>,
}

impl fmt::Display for Selfish<'_> {
    #[expect(clippy::recursive_format_impl, reason = "the recursion is the test")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.depth.set(self.depth.get() + 1);
        self.deepest.set(self.deepest.get().max(self.depth.get()));
        for _ in 0..2 {
            self.log.append(|entry| entry.set_body_fmt(format_args!("{self}")));
        }
        self.depth.set(self.depth.get() - 1);
        f.write_str("selfish")
    }
}

#[test]
fn however_many_buffers_there_are() {
    let _watchdog = Watchdog::over("nested appends");
    for threads in [64, 1] {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).max_threads(threads).open().unwrap();
        assert!(log.append(|entry| entry.set_body_fmt(format_args!("{}", Noisy(&log, 100)))).is_written());
        assert!(log.append(|entry| entry.set_body("next")).is_written());
        let drops = log.stats().drops;
        assert_eq!((drops.by_cause(DropCause::Reentrant), drops.total()), (100, 100));
        drop(log);
        assert_eq!(logs::read(directory.path()).bodies(), ["noisy", "next"]);
    }
}

#[test]
fn when_a_value_logs_itself() {
    let _watchdog = Watchdog::over("a value that logs itself");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let (depth, deepest) = (Cell::new(0), Cell::new(0));
    let selfish = Selfish { log: &log, depth: &depth, deepest: &deepest };
    assert!(log.append(|entry| entry.set_body_fmt(format_args!("{selfish}"))).is_written());
    assert_eq!(deepest.get(), 1);
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), 2);
}
