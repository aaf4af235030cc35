//! Which segment is appended to, and which one comes after it.

use std::sync::Arc;

#[cfg(not(loom))]
use super::swap::Cached;
use super::swap::{Loaded, Swap, same};
use crate::failpoint;

/// What has a place in a row.
pub(super) trait Sequenced {
    /// Its place.
    fn sequence(&self) -> u64;
}

/// The segment that is appended to, and the next one where it has been made.
///
/// Threads that find the current one full all propose the same next one, so that whichever comes first, all go on, and
/// none waits for another.
pub(super) struct Succession<S> {
    current: Swap<S>,
    next: Swap<S>,
}

/// How a thread went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This thread made the next segment the current one.
    Taken,
    /// Another thread did.
    Followed,
    /// There is no next segment.
    Missing,
}

impl<S: Sequenced> Succession<S> {
    pub(super) fn new() -> Self {
        Self { current: Swap::empty(), next: Swap::empty() }
    }

    /// The segment that is appended to; none until there is a first one.
    #[inline(always)]
    pub(super) fn current(&self) -> Loaded<S> {
        self.current.load()
    }

    /// The same for one of several threads that look again and again. It keeps what it has seen until it looks again.
    #[cfg(not(loom))]
    pub(super) fn cached(&self) -> Cached<S> {
        self.current.cached()
    }

    /// Whether `segment` is still the one that is appended to.
    pub(super) fn is_current(&self, segment: Option<&Arc<S>>) -> bool {
        same(self.current.load().as_ref(), segment)
    }

    /// Whether the segment after `current` is there.
    pub(super) fn has_next(&self, current: Option<&Arc<S>>) -> bool {
        self.next.load().as_ref().is_some_and(|next| follows(next, current))
    }

    /// Makes `next` the one that comes after the current one; with `None`, nothing does.
    pub(super) fn offer(&self, next: Option<Arc<S>>) {
        self.next.store(next);
    }

    /// Goes on from `full` to the segment after it.
    pub(super) fn go_on_from(&self, full: Option<&Arc<S>>) -> Step {
        let next = self.next.load();
        let Some(next) = next.as_ref().filter(|next| follows(next, full)) else { return Step::Missing };
        failpoint::hit("rotate");
        let taken = self.current.replace(full, next);
        failpoint::hit("rotated");
        if taken { Step::Taken } else { Step::Followed }
    }

    /// Takes both out: nothing is appended from now on.
    pub(super) fn end(&self) -> (Option<Arc<S>>, Option<Arc<S>>) {
        (self.current.take(), self.next.take())
    }
}

/// Whether `next` comes right after `current`.
fn follows<S: Sequenced>(next: &Arc<S>, current: Option<&Arc<S>>) -> bool {
    current.is_none_or(|current| next.sequence() == current.sequence() + 1)
}
