//! The segment that entries are appended to, and its successor.

use std::sync::Arc;

#[cfg(not(loom))]
use super::swap::Cached;
use super::swap::{Loaded, Swap, same};
use crate::failpoint;

/// A member of a sequence.
pub(super) trait Sequenced {
    /// Returns the position in the sequence.
    fn sequence(&self) -> u64;
}

/// The segment that entries are appended to, and the next segment if it has been created.
///
/// All threads that find the current segment full propose the same successor. The first thread makes it the current
/// segment, and no thread waits for another.
pub(super) struct Succession<S> {
    current: Swap<S>,
    next: Swap<S>,
}

/// The result of a thread's attempt to move to the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This thread made the next segment the current one.
    Taken,
    /// Another thread made the next segment the current one.
    Followed,
    /// No next segment exists.
    Missing,
}

impl<S: Sequenced> Succession<S> {
    pub(super) fn new() -> Self {
        Self { current: Swap::empty(), next: Swap::empty() }
    }

    /// Returns the segment that entries are appended to, or `None` before the first segment exists.
    #[inline(always)]
    pub(super) fn current(&self) -> Loaded<S> {
        self.current.load()
    }

    /// Returns a cache of the current segment for one of several threads. The cache keeps the segment that it loaded
    /// last alive until the next load.
    #[cfg(not(loom))]
    pub(super) fn cached(&self) -> Cached<S> {
        self.current.cached()
    }

    /// Returns whether `segment` is still the current segment.
    pub(super) fn is_current(&self, segment: Option<&Arc<S>>) -> bool {
        same(self.current.load().as_ref(), segment)
    }

    /// Returns whether the successor of `current` exists.
    pub(super) fn has_next(&self, current: Option<&Arc<S>>) -> bool {
        self.next.load().as_ref().is_some_and(|next| follows(next, current))
    }

    /// Sets the successor of the current segment. `None` removes it.
    pub(super) fn offer(&self, next: Option<Arc<S>>) {
        self.next.store(next);
    }

    /// Moves from `full` to its successor.
    pub(super) fn go_on_from(&self, full: Option<&Arc<S>>) -> Step {
        let next = self.next.load();
        let Some(next) = next.as_ref().filter(|next| follows(next, full)) else { return Step::Missing };
        failpoint::hit("rotate");
        let taken = self.current.replace(full, next);
        failpoint::hit("rotated");
        if taken { Step::Taken } else { Step::Followed }
    }

    /// Calls `visit` with the current segment and its successor.
    #[cfg(not(loom))]
    pub(super) fn each(&self, visit: impl Fn(&S)) {
        for segment in [self.current.load(), self.next.load()] {
            if let Some(segment) = &*segment {
                visit(segment);
            }
        }
    }

    /// Removes and returns both segments. Later appends find no segment.
    pub(super) fn end(&self) -> (Option<Arc<S>>, Option<Arc<S>>) {
        (self.current.take(), self.next.take())
    }
}

/// Returns whether `next` is the direct successor of `current`.
fn follows<S: Sequenced>(next: &Arc<S>, current: Option<&Arc<S>>) -> bool {
    current.is_none_or(|current| next.sequence() == current.sequence() + 1)
}
