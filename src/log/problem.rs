//! Reports of problems to a function of the program.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::drops::DropCounters;
use super::inside::Inside;
use super::outcome::DropCause;
use super::signal::lock;

/// A problem of a log, as passed to the function of [`LogOptions::on_problem`](super::LogOptions::on_problem).
///
/// ```
/// use fusewire::log::{DropCause, Problem};
///
/// fn report(problem: &Problem) {
///     match problem {
///         Problem::Dropped { cause: DropCause::Full, count } => eprintln!("the log is full: {count} entries"),
///         problem => eprintln!("log: {problem}"),
///     }
/// }
///
/// let directory = tempfile::tempdir()?;
/// let log = fusewire::log::Log::options(directory.path()).on_problem(report).open()?;
/// assert_eq!(log.stats().drops.total(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Entries were dropped.
    Dropped {
        /// The cause of the drops.
        cause: DropCause,
        /// The number of entries dropped for this cause since the last report of the cause.
        count: u64,
    },
    /// No further segment can be created. The log retries.
    NoSegment(io::ErrorKind),
    /// Entries could not be written to disk. They survive the process, but may not survive a power cut.
    Disk(io::ErrorKind),
}

/// The number of kinds of problems. Each cause of drops is one kind.
const KINDS: usize = DropCause::ALL.len() + 2;

impl Problem {
    /// Returns the kind of the problem. Problems of one kind are reported at most once per [`PAUSE`].
    const fn kind(&self) -> usize {
        match self {
            Self::Dropped { cause, .. } => *cause as usize,
            Self::NoSegment(_) => KINDS - 2,
            Self::Disk(_) => KINDS - 1,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { cause, count } => write!(f, "{count} entries dropped: {cause}"),
            Self::NoSegment(kind) => write!(f, "a new segment cannot be made: {kind}"),
            Self::Disk(kind) => write!(f, "writing to disk failed: {kind}"),
        }
    }
}

/// The minimum time between two reports of one kind.
const PAUSE: Duration = Duration::from_secs(1);

/// The problems that are not reported, and the state of earlier reports.
pub(super) struct Problems {
    handler: Option<fn(&Problem)>,
    /// The last problem of each kind that has not been passed to the function. The lock is never held while code of
    /// the program runs.
    reported: Mutex<[Option<Problem>; KINDS]>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: [Option<Instant>; KINDS],
    /// The number of dropped entries that have been reported, by cause.
    drops: [u64; DropCause::ALL.len()],
}

impl Told {
    /// Returns whether a problem of this kind may be reported now. If not, lowers `wait` to the time that is left.
    fn may_tell(&mut self, kind: usize, now: Instant, wait: &mut Option<Duration>) -> bool {
        let since = self.last[kind].map(|last| now.saturating_duration_since(last));
        let left = since.and_then(|since| PAUSE.checked_sub(since)).filter(|left| !left.is_zero());
        match left {
            None => self.last[kind] = Some(now),
            Some(left) => *wait = Some(wait.map_or(left, |wait| wait.min(left))),
        }
        left.is_none()
    }
}

impl Problems {
    pub(super) fn new(handler: Option<fn(&Problem)>) -> Self {
        Self { handler, reported: Mutex::default(), told: Mutex::default() }
    }

    /// Records a problem, which a worker reports later.
    pub(super) fn report(&self, problem: Problem) {
        if self.handler.is_some() {
            lock(&self.reported)[problem.kind()] = Some(problem);
        }
    }

    /// Reports the recorded problems and the dropped entries to the function. Only workers call this. Returns the
    /// time until the next report is due, if one is.
    pub(super) fn tell(&self, drops: &DropCounters) -> Option<Duration> {
        let handler = self.handler?;
        // If the lock is taken, another worker reports at this moment.
        let mut told = self.told.try_lock().ok()?;
        let now = Instant::now();
        let mut wait = None;
        let mut problems = [None; KINDS];
        let dropped = drops.read();
        for cause in DropCause::ALL {
            let count = dropped.by_cause(cause).saturating_sub(told.drops[cause as usize]);
            if count > 0 && told.may_tell(cause as usize, now, &mut wait) {
                problems[cause as usize] = Some(Problem::Dropped { cause, count });
                told.drops[cause as usize] = dropped.by_cause(cause);
            }
        }
        for (kind, reported) in lock(&self.reported).iter_mut().enumerate() {
            if reported.is_some() && told.may_tell(kind, now, &mut wait) {
                problems[kind] = reported.take();
            }
        }
        if problems.iter().all(Option::is_none) {
            return wait;
        }
        let refused = Inside::refused();
        for problem in problems.iter().flatten() {
            // A panic of the function must not end the worker.
            let _ = catch_unwind(AssertUnwindSafe(|| handler(problem)));
        }
        // An entry that the function logs to this log is refused, and must not cause another report.
        told.drops[DropCause::Reentrant as usize] += Inside::refused().wrapping_sub(refused);
        wait
    }
}
