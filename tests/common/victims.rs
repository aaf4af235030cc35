//! Processes to be killed: the test's own program, started again to run one of its ignored tests.
#![allow(dead_code)]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// Nothing that a victim does takes so long. It is no measurement: it ends a test that would hang.
pub const HANGS: Duration = Duration::from_secs(60);

/// What orders are called in the environment.
const PREFIX: &str = "FUSEWIRE_VICTIM_";

/// A running victim. Killed when this is dropped.
pub struct Victim {
    child: Child,
    orders: String,
}

impl Victim {
    /// Starts the test function `name`, which must be ignored, with orders that [`order`] reads.
    pub fn start(name: &str, orders: &[(&str, &dyn ToString)]) -> Self {
        Self::start_with(name, orders, &[])
    }

    /// The same with more in the environment.
    pub fn start_with(name: &str, orders: &[(&str, &dyn ToString)], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.envs(environment.iter().copied());
        let orders: Vec<_> = orders.iter().map(|(key, value)| (*key, value.to_string())).collect();
        command.envs(orders.iter().map(|(key, value)| (format!("{PREFIX}{key}"), value)));
        // What it prints is about a test that nobody runs; what goes wrong is on its standard error.
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Self { child, orders: format!("{name} {orders:?}") }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL, unless it is dead already.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end. One that does not end is killed, and the test fails.
    pub fn end(&mut self) -> ExitStatus {
        wait_until(&self.orders.clone(), || self.ended().is_some());
        self.ended().unwrap()
    }

    /// Waits for its end by SIGKILL. Every other end is a failure.
    pub fn die(&mut self) {
        let status = self.end();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{status}: {}", self.orders);
    }

    /// Waits for its end by itself, with success.
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

/// A directory for a log, and one for what was acknowledged of it.
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

    /// The same, with the log in a directory of another file system, say.
    pub fn with_log(log: PathBuf) -> Self {
        Self { log, ..Self::new() }
    }

    /// Starts the victim `name` for `run`: its orders are DIRECTORY, RECEIPTS, RUN, and `more`.
    pub fn start(&self, name: &str, run: u64, more: &[(&str, &dyn ToString)]) -> Victim {
        let (log, receipts) = (self.log.display(), self.receipts.display());
        let orders: [(&str, &dyn ToString); 3] =
            [("DIRECTORY", &log), ("RECEIPTS", &receipts), ("RUN", &run)];
        Victim::start(name, &[&orders[..], more].concat())
    }

    /// Whether thread `thread` of `run` has got an entry acknowledged.
    pub fn has_begun(&self, run: u64, thread: u64) -> bool {
        std::fs::metadata(self.receipts.join(format!("{run}-{thread}"))).is_ok_and(|file| file.len() > 0)
    }
}

/// In a victim, before anything else: a panic of any thread is its end, and not one that a kill looks like.
pub fn begin() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
}

/// In a victim: what it was told under `key`.
pub fn order<T: FromStr>(key: &str) -> Option<T> {
    let text = std::env::var(format!("{PREFIX}{key}")).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{key} is {text}")))
}

/// Waits for what must come.
pub fn wait_until(what: &str, mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < HANGS, "hangs: {what}");
        thread::sleep(Duration::from_micros(500));
    }
}
