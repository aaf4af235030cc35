//! A watchdog that aborts a hanging test process with a message, so that a lost wake-up fails the test.
#![allow(dead_code)]

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The limit for one test. It is much longer than any test on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(240);

/// A guard that aborts the process if the guard lives longer than [`LIMIT`].
pub struct Watchdog(Arc<(Mutex<bool>, Condvar)>);

impl Watchdog {
    /// Starts to watch the test `what`.
    pub fn over(what: &'static str) -> Self {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let its = Arc::clone(&ended);
        thread::spawn(move || {
            let (ended, changed) = &*its;
            let waited = changed.wait_timeout_while(ended.lock().unwrap(), LIMIT, |ended| !*ended).unwrap();
            if !*waited.0 {
                eprintln!("{what}: hangs for {LIMIT:?}");
                std::process::abort();
            }
        });
        Self(ended)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Waits until `is_so` returns true.
///
/// # Panics
/// Panics with `what` after [`LIMIT`].
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{what}: not so in {LIMIT:?}");
        thread::sleep(Duration::from_millis(1));
    }
}
