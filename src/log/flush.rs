//! Asking for what is written to be on disk, and waiting for it.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::outcome::FlushError;
use super::signal::lock;

/// Requests for a sync, numbered. One sync answers all requests that were made before it began.
#[derive(Default)]
pub(super) struct Flushes {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    asked: u64,
    answered: u64,
    /// The last request that the disk refused, and why.
    failed: Option<(u64, io::ErrorKind)>,
}

impl Flushes {
    /// Makes a request; its number.
    pub(super) fn ask(&self) -> u64 {
        let mut state = lock(&self.state);
        state.asked += 1;
        state.asked
    }

    /// The last request that is not answered.
    pub(super) fn asked(&self) -> Option<u64> {
        let state = lock(&self.state);
        (state.asked > state.answered).then_some(state.asked)
    }

    /// Answers all requests up to number `request`.
    pub(super) fn answer(&self, request: u64, result: Result<(), io::ErrorKind>) {
        let mut state = lock(&self.state);
        state.answered = request;
        if let Err(kind) = result {
            state.failed = Some((request, kind));
        }
        self.answered.notify_all();
    }

    /// Waits for the answer to `request`.
    pub(super) fn wait(&self, request: u64, timeout: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = lock(&self.state);
        while state.answered < request {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FlushError::TimedOut);
            }
            state = self.answered.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        // A failure of a later request may hide this one's success, and is worth telling as well.
        match state.failed {
            Some((failed, kind)) if failed >= request => Err(FlushError::Io(kind)),
            _ => Ok(()),
        }
    }
}
