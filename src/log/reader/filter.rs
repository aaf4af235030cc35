//! The selection of entries by their content, and the use of indexes for it.

use std::sync::Arc;

use crate::decode::EntryRef;
use crate::segment::index::{Position, Search};
use crate::segment::scan::Input;
use crate::segment::{SegmentIndex, Wanted};

use crate::log::listing::SegmentInfo;

/// The selection of entries by their content.
#[derive(Clone)]
pub(in crate::log) struct Filter {
    wanted: Arc<Wanted>,
    matches: Arc<dyn Fn(&EntryRef<'_>) -> bool + Send + Sync>,
}

impl Filter {
    pub(super) fn new(
        wanted: Wanted,
        matches: impl Fn(&EntryRef<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { wanted: Arc::new(wanted), matches: Arc::new(matches) }
    }

    #[inline]
    pub(super) fn matches(&self, entry: &EntryRef<'_>) -> bool {
        (self.matches)(entry)
    }

    /// Restricts the selection to a range of times.
    pub(super) fn narrow(&mut self, since: Option<u64>, until: Option<u64>) {
        let wanted = Arc::make_mut(&mut self.wanted);
        wanted.since = wanted.since.max(since);
        wanted.until = [wanted.until, until].into_iter().flatten().min();
    }

    /// Returns whether a segment need not be opened.
    pub(super) fn skips(&self, info: &SegmentInfo) -> bool {
        info.trailer.is_some_and(|trailer| !self.wanted.admits_segment(&trailer))
    }

    /// Returns a way through a sealed segment if its index provides one.
    pub(super) fn lead(&self, info: &SegmentInfo, input: &Input) -> Option<Way> {
        if info.trailer.is_none() || self.wanted.is_anything() {
            return None;
        }
        let index = input.index(&info.path, info.header.as_ref().ok()?)?;
        let search = Search::new(Box::new(index), Arc::clone(&self.wanted))?;
        Some(Way { search, position: Position::default(), end: 0 })
    }
}

/// A way through a segment that visits only the parts that may contain requested entries.
pub(super) struct Way {
    search: Search<Box<SegmentIndex>, Arc<Wanted>>,
    position: Position,
    /// The offset after the last byte of the current part.
    end: usize,
}

/// The next step of a way.
pub(super) enum Go {
    /// Continue at the current offset.
    On,
    /// Continue at a frame at this later offset.
    To(usize),
    /// Stop: no further part contains requested entries.
    Nowhere,
}

impl Way {
    /// Returns the next step from the offset `at`.
    #[inline]
    pub(super) fn from(&mut self, at: usize) -> Go {
        if at < self.end {
            return Go::On;
        }
        loop {
            let Some(part) = self.search.next(&mut self.position) else { return Go::Nowhere };
            self.end = part.end;
            if part.start > at {
                return Go::To(part.start);
            }
            if at < part.end {
                return Go::On;
            }
        }
    }
}
