//! If a value panics while it is logged, only its own entry is lost. The log writes the entries of the panic hook and
//! of destructors that run during the panic.
#![cfg(unix)]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;

use common::logs;
use common::watchdog::Watchdog;
use fusewire::log::{DropCause, Log, Outcome};

/// A value that panics when it is formatted, and that logs when it is dropped.
struct Bad<'a>(&'a Log);

impl fmt::Display for Bad<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("cannot be written")
    }
}

impl Drop for Bad<'_> {
    fn drop(&mut self) {
        assert!(self.0.append(|entry| entry.set_body("dropped")).is_written());
    }
}

/// A value that logs when it is formatted as a part of an entry of the panic hook.
struct Chatty<'a>(&'a Log);

impl fmt::Display for Chatty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.0.append(|entry| entry.set_body("a third level"));
        assert_eq!(outcome, Outcome::Dropped(DropCause::Reentrant));
        f.write_str("why")
    }
}

#[test]
fn by_a_hook_and_by_destructors_in_any_number_of_threads() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;
    let _watchdog = Watchdog::over("panics in appends");
    let directory = tempfile::tempdir().unwrap();
    // The log has one buffer per thread. The entries of the hook need other buffers.
    let log = Log::options(directory.path()).max_threads(4).open().unwrap();
    let hooked = log.clone();
    std::panic::set_hook(Box::new(move |_| {
        let outcome = hooked.append(|entry| entry.set_body_fmt(format_args!("{}", Chatty(&hooked))));
        assert!(outcome.is_written());
    }));
    let start = Arc::new(Barrier::new(THREADS));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (log, start) = (&log, Arc::clone(&start));
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    start.wait();
                    let panicked = catch_unwind(AssertUnwindSafe(|| {
                        log.append(|entry| {
                            let bad = Bad(log);
                            entry.set_body_fmt(format_args!("{bad}"));
                        })
                    }));
                    assert!(panicked.is_err());
                    assert!(log.append(|entry| entry.set_body("after")).is_written());
                }
            });
        }
    });
    drop(std::panic::take_hook());
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), (THREADS * ROUNDS) as u64);
    drop(log);
    let bodies = logs::read(directory.path()).bodies();
    for expected in ["why", "dropped", "after"] {
        assert_eq!(bodies.iter().filter(|body| *body == expected).count(), THREADS * ROUNDS, "{expected}");
    }
    assert_eq!(bodies.len(), 3 * THREADS * ROUNDS);
}
