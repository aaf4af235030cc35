//! One segment that is looked through.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::frame::FrameKind;
use crate::format::index::Zone;
use crate::log::listing::SegmentInfo;
use crate::log::reader::Source;
use crate::log::reader::open::Access;
use crate::segment::index::{Place, Search};
use crate::segment::scan::{Bounds, Cursor};
use crate::segment::{Found as Piece, LostRange, LostReason, Mode, Segment, SegmentIndex, Wanted};

use super::{Found, Run, Scan, Scanned, Visitor};

/// A segment, and how far it has been looked through.
pub(super) struct Scanner {
    info: SegmentInfo,
    segment: Segment,
    cursor: Cursor,
}

impl Scanner {
    /// Maps or copies the segment.
    ///
    /// # Errors
    /// Those of the file system, and [`io::ErrorKind::InvalidData`] for what is no segment that this version reads.
    pub(super) fn open(info: SegmentInfo, file: &File, access: Access) -> io::Result<Self> {
        if let Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) = info.header {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let segment = if access.copy { Segment::copy(file)? } else { Segment::map(file)? };
        // What a writer at work had committed when it moved the tail here is seen from here on.
        segment.acquire();
        let bytes = segment.as_bytes();
        let bounds = match &info.header {
            Ok(header) => Bounds::of(bytes, header),
            Err(error) => {
                Bounds::guess(bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, *error))?
            }
        };
        // What is not sealed may have frames whose bytes never reached the disk; the rest is looked at where it matches.
        let mode = if info.trailer.is_some() { Mode::Trust } else { Mode::Recover };
        let cursor = Cursor::new(bounds, bytes.len(), mode);
        Ok(Self { info, segment, cursor })
    }

    pub(super) fn run<V: Visitor>(
        mut self,
        scan: &Scan,
        matches: &impl Fn(&EntryRef<'_>) -> bool,
        visitor: &mut V,
        scanned: &mut Scanned<V>,
    ) {
        let mut visit = Visit { info: &self.info, matches, visitor, scanned };
        let useful = self.info.trailer.is_some() && (scan.complete || !scan.wanted.is_anything());
        let index = useful.then(|| SegmentIndex::beside(&self.info.path, &self.segment)).flatten();
        let search = index.as_ref().and_then(|index| Search::new(index, &scan.wanted));
        let all = 0..usize::MAX;
        let Some(search) = search else {
            self.segment.populate();
            visit.walk(&mut self.cursor, &self.segment, &all);
            return;
        };
        for number in 0..search.zones() {
            let Some(zone) = search.zone(number) else { continue };
            if scan.complete && visit.run(scan, &search, &zone) {
                continue;
            }
            let mut place = Place::default();
            while let Some(range) = search.next_in(&zone, &mut place) {
                if range.start > self.cursor.at() && !self.cursor.jump(self.segment.as_bytes(), range.start) {
                    // The index leads nowhere: it is done without, from the end of what it has led to.
                    visit.walk(&mut self.cursor, &self.segment, &all);
                    return;
                }
                visit.walk(&mut self.cursor, &self.segment, &range);
            }
        }
    }
}

/// What is to be done with what is found in a segment.
struct Visit<'a, M, V> {
    info: &'a SegmentInfo,
    matches: &'a M,
    visitor: &'a mut V,
    scanned: &'a mut Scanned<V>,
}

impl<M: Fn(&EntryRef<'_>) -> bool, V: Visitor> Visit<'_, M, V> {
    /// Looks at the frames from where the cursor is to the end of `range`.
    fn walk(&mut self, cursor: &mut Cursor, segment: &Segment, range: &Range<usize>) {
        let bytes = segment.as_bytes();
        while cursor.at() < range.end {
            match cursor.advance(bytes) {
                None => return,
                Some(Piece::Lost(lost)) => self.lose(lost),
                Some(Piece::Frame(frame)) if frame.kind == FrameKind::Entry => {
                    self.scanned.looked_at += 1;
                    let entry = EntryRef::new(frame.payload);
                    if matches!(&entry, Ok(entry) if !(self.matches)(entry)) {
                        continue;
                    }
                    let at = usize::try_from(frame.offset).unwrap_or(usize::MAX);
                    match (cursor.verified(bytes, at), entry) {
                        (Ok(frame), Ok(entry)) => {
                            self.visitor.entry(&Found { source: Source::Segment(self.info), frame, entry })
                        }
                        (Ok(_), Err(error)) => {
                            let place = (self.info.path.clone(), frame.offset, error);
                            self.scanned.unreadable_entries.push(place);
                        }
                        (Err(fault), _) => {
                            let end = frame.offset + frame.len_on_disk();
                            let reason = LostReason::Damaged(fault);
                            self.lose(LostRange { start: frame.offset, end, reason });
                        }
                    }
                }
                Some(Piece::Frame(_)) => {}
            }
        }
    }

    fn lose(&mut self, lost: LostRange) {
        if lost.is_loss() {
            self.scanned.lost.push((self.info.path.clone(), lost));
        }
    }

    /// Offers a zone to the visitor that the index tells enough of. Whether that was enough.
    fn run(&mut self, scan: &Scan, search: &Search<&SegmentIndex, &Wanted>, zone: &Zone) -> bool {
        if !search.wants_all_of(zone) {
            return false;
        }
        let severities = search.severities(zone);
        let entries = match severities {
            Some(severities) => {
                severities.iter().filter(|number| scan.wanted.admits_severity(**number)).count() as u64
            }
            None if scan.wanted.admits_all_severities_of(zone) => zone.entries.into(),
            None => return false,
        };
        let times = zone.times_of_all();
        self.visitor.run(&Run { segment: self.info, entries, times, severities, wanted: &scan.wanted })
    }
}
