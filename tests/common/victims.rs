//! Processes that a test kills. Each one is the test program, which runs one of its ignored tests.
#![allow(dead_code)]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// The time after which a test is considered to hang. It is much longer than any step of a victim.
pub const HANGS: Duration = Duration::from_secs(60);

/// The prefix of the environment variables with the orders of a victim.
const PREFIX: &str = "FUSEWIRE_VICTIM_";

/// A running victim. It is killed when this value is dropped.
pub struct Victim {
    child: Child,
    orders: String,
}

impl Victim {
    /// Starts the test function `name`, which must be ignored, with orders for [`order`].
    pub fn start(name: &str, orders: &[(&str, &dyn ToString)]) -> Self {
        Self::start_with(name, orders, &[])
    }

    /// Starts the victim like [`start`](Self::start), with more environment variables.
    pub fn start_with(name: &str, orders: &[(&str, &dyn ToString)], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.envs(environment.iter().copied());
        let orders: Vec<_> = orders.iter().map(|(key, value)| (*key, value.to_string())).collect();
        command.envs(orders.iter().map(|(key, value)| (format!("{PREFIX}{key}"), value)));
        // The standard output contains only the report of an ignored test. Failures are on the standard
        // error.
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Self { child, orders: format!("{name} {orders:?}") }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the victim with SIGKILL if it is alive.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Returns the exit status if the victim has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until the victim ends. If it does not end within [`HANGS`], the test fails.
    pub fn end(&mut self) -> ExitStatus {
        wait_until(&self.orders.clone(), || self.ended().is_some());
        self.ended().unwrap()
    }

    /// Waits until SIGKILL ends the victim.
    ///
    /// # Panics
    /// Panics if the victim ends in another way.
    pub fn die(&mut self) {
        let status = self.end();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{status}: {}", self.orders);
    }

    /// Waits until the victim exits with success.
    pub fn succeed(&mut self) {
        let status = self.end();
        assert!(status.success(), "{status}: {}", self.orders);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory for a log, and a directory for the receipts of acknowledged entries.
pub struct Scene {
    _temporary: tempfile::TempDir,
    pub log: PathBuf,
    pub receipts: PathBuf,
}

impl Scene {
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (log, receipts) = (temporary.path().join("log"), temporary.path().join("receipts"));
        std::fs::create_dir(&log).unwrap();
        std::fs::create_dir(&receipts).unwrap();
        Self { _temporary: temporary, log, receipts }
    }

    /// Creates a scene whose log is in the directory `log`, for example on another file system.
    pub fn with_log(log: PathBuf) -> Self {
        Self { log, ..Self::new() }
    }

    /// Starts the victim `name` for `run`. Its orders are DIRECTORY, RECEIPTS, RUN and `more`.
    pub fn start(&self, name: &str, run: u64, more: &[(&str, &dyn ToString)]) -> Victim {
        let (log, receipts) = (self.log.display(), self.receipts.display());
        let orders: [(&str, &dyn ToString); 3] =
            [("DIRECTORY", &log), ("RECEIPTS", &receipts), ("RUN", &run)];
        Victim::start(name, &[&orders[..], more].concat())
    }

    /// Returns whether an entry of thread `thread` of `run` is acknowledged.
    pub fn has_begun(&self, run: u64, thread: u64) -> bool {
        std::fs::metadata(self.receipts.join(format!("{run}-{thread}"))).is_ok_and(|file| file.len() > 0)
    }
}

/// Prepares a victim: a panic of any thread aborts the process, so that a panic differs from a kill.
pub fn begin() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
}

/// Returns the order `key` in a victim.
pub fn order<T: FromStr>(key: &str) -> Option<T> {
    let text = std::env::var(format!("{PREFIX}{key}")).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{key} is {text}")))
}

/// Waits until `come` returns true.
///
/// # Panics
/// Panics after [`HANGS`].
pub fn wait_until(what: &str, mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < HANGS, "hangs: {what}");
        thread::sleep(Duration::from_micros(500));
    }
}
