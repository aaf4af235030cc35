//! Telling the program what goes wrong, by a function of its own.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::drops::DropCounters;
use super::inside::Inside;
use super::outcome::DropCause;
use super::signal::lock;

/// A problem of a log, as [`LogOptions::on_problem`](super::LogOptions::on_problem) hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Entries have been dropped.
    Dropped {
        /// Why.
        cause: DropCause,
        /// Entries dropped for this cause since the last call for it.
        count: u64,
    },
    /// No further segment can be made. It is tried again.
    NoSegment(io::ErrorKind),
    /// Entries could not be written to disk. They survive the process, and possibly not a power cut.
    Disk(io::ErrorKind),
}

/// How many kinds there are, each cause of drops being one.
const KINDS: usize = DropCause::ALL.len() + 2;

impl Problem {
    /// Problems of the same kind are told at most once in [`PAUSE`].
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

/// How long at least between two calls for one kind.
const PAUSE: Duration = Duration::from_secs(1);

/// What there is to tell, and what has been told.
pub(super) struct Problems {
    handler: Option<fn(&Problem)>,
    /// The last of each kind that has not been told. Never held while code of the program runs.
    reported: Mutex<[Option<Problem>; KINDS]>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: [Option<Instant>; KINDS],
    /// Entries dropped, by cause.
    drops: [u64; DropCause::ALL.len()],
}

impl Told {
    /// Whether a problem of this kind may be told now. If not, when it may be.
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

    /// Notes a problem, to be told by a worker.
    pub(super) fn report(&self, problem: Problem) {
        if self.handler.is_some() {
            lock(&self.reported)[problem.kind()] = Some(problem);
        }
    }

    /// Tells what has been reported, and what has been dropped. Only for workers. When there is more to tell.
    pub(super) fn tell(&self, drops: &DropCounters) -> Option<Duration> {
        let handler = self.handler?;
        // Another worker tells just now.
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
            // A function that panics must not end the worker.
            let _ = catch_unwind(AssertUnwindSafe(|| handler(problem)));
        }
        // An entry that the function itself has logged here is refused, and no reason to call it again.
        told.drops[DropCause::Reentrant as usize] += Inside::refused().wrapping_sub(refused);
        wait
    }
}
