//! Requests to write entries to disk, and the wait for their answers.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::outcome::FlushError;
use super::signal::lock;

/// Numbered requests for a sync. One sync answers all requests that were made before it began.
#[derive(Default)]
pub(super) struct Flushes {
    state: Mutex<State>,
    answered: Condvar,
    /// Whether an append has waited for an answer until its time limit and no request has been answered since.
    late: AtomicBool,
}

#[derive(Default)]
struct State {
    asked: u64,
    answered: u64,
    /// The last request for which the disk returned an error, and the kind of the error.
    failed: Option<(u64, io::ErrorKind)>,
    /// The last request whose answer reports that files of the log were removed.
    removed: Option<u64>,
    /// Set when the log is closed, after which no request is answered: whether all entries were on disk at that time.
    ended: Option<bool>,
}

impl Flushes {
    /// Makes a request and returns its number.
    pub(super) fn ask(&self) -> u64 {
        let mut state = lock(&self.state);
        state.asked += 1;
        state.asked
    }

    /// Returns the last request that is not answered.
    pub(super) fn asked(&self) -> Option<u64> {
        let state = lock(&self.state);
        (state.asked > state.answered).then_some(state.asked)
    }

    /// Answers all requests up to the number `request`.
    pub(super) fn answer(&self, request: u64, result: Result<(), io::ErrorKind>) {
        let mut state = lock(&self.state);
        state.answered = request;
        if let Err(kind) = result {
            state.failed = Some((request, kind));
        }
        self.late.store(false, Ordering::Release);
        self.answered.notify_all();
    }

    /// Returns whether an append has waited for an answer until its time limit and no request has been answered
    /// since.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Acquire)
    }

    /// Records that an append has waited for an answer until its time limit.
    pub(super) fn set_late(&self) {
        self.late.store(true, Ordering::Release);
    }

    /// Answers all future requests. `all_synced` is whether all entries are on disk.
    pub(super) fn end(&self, all_synced: bool) {
        lock(&self.state).ended = Some(all_synced);
        self.answered.notify_all();
    }

    /// Records that files of the log were removed. The requests up to `request` return an error.
    pub(super) fn note_removed(&self, request: u64) {
        lock(&self.state).removed = Some(request);
    }

    /// Waits for the answer to `request`.
    pub(super) fn wait(&self, request: u64, timeout: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = lock(&self.state);
        while state.answered < request {
            match state.ended {
                Some(true) => return Ok(()),
                Some(false) => return Err(FlushError::Closed),
                None => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FlushError::TimedOut);
            }
            state = self.answered.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.removed.is_some_and(|removed| removed >= request) {
            return Err(FlushError::Removed);
        }
        // If only a later request failed, this request may have succeeded. The error is returned in this case too:
        // the disk has failed.
        match state.failed {
            Some((failed, kind)) if failed >= request => Err(FlushError::Io(kind)),
            _ => Ok(()),
        }
    }
}
