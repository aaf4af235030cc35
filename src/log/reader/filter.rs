//! Which entries are asked for, by what is in them; and the way to them, where an index knows it.

use std::sync::Arc;

use crate::decode::EntryRef;
use crate::segment::index::{Position, Search};
use crate::segment::scan::Input;
use crate::segment::{SegmentIndex, Wanted};

use crate::log::listing::SegmentInfo;

/// Which entries are asked for, by what is in them.
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

    /// What is asked for, in a range of times as well.
    pub(super) fn narrow(&mut self, since: Option<u64>, until: Option<u64>) {
        let wanted = Arc::make_mut(&mut self.wanted);
        wanted.since = wanted.since.max(since);
        wanted.until = [wanted.until, until].into_iter().flatten().min();
    }

    /// Whether a segment need not be opened.
    pub(super) fn skips(&self, info: &SegmentInfo) -> bool {
        info.trailer.is_some_and(|trailer| !self.wanted.admits_segment(&trailer))
    }

    /// The way through a sealed segment, where its index knows one.
    pub(super) fn lead(&self, info: &SegmentInfo, input: &Input) -> Option<Way> {
        if info.trailer.is_none() || self.wanted.is_anything() {
            return None;
        }
        let index = input.index(&info.path, info.header.as_ref().ok()?)?;
        let search = Search::new(Box::new(index), Arc::clone(&self.wanted))?;
        Some(Way { search, position: Position::default(), end: 0 })
    }
}

/// The way through a segment: from part to part in which something may be that is asked for.
pub(super) struct Way {
    search: Search<Box<SegmentIndex>, Arc<Wanted>>,
    position: Position,
    /// One past the last byte of the part that is being read.
    end: usize,
}

/// Where to go on.
pub(super) enum Go {
    /// Where one is.
    On,
    /// At a frame behind this place.
    To(usize),
    /// Nowhere: there is nothing more.
    Nowhere,
}

impl Way {
    /// Where to go on from `at`.
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
