//! The scan of one segment.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::index::Zone;
use crate::format::segment as layout;
use crate::log::listing::SegmentInfo;
use crate::log::reader::Source;
use crate::segment::index::{Place, Search};
use crate::segment::scan::{Access, Cursor, Found as Piece, Input, truncated};
use crate::segment::{BaseCopies, Content, LostRange, LostReason, Mode, SegmentIndex, Wanted};

use super::{Found, Run, Scan, Scanned, Visitor};

/// A segment, and the position up to which it has been scanned.
pub(super) struct Scanner {
    info: SegmentInfo,
    input: Input,
    cursor: Cursor,
    bases: BaseCopies,
}

impl Scanner {
    /// Opens the segment.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::InvalidData`] if the file is not a segment that this
    /// version reads.
    pub(super) fn open(info: SegmentInfo, file: &File, access: Access) -> io::Result<Self> {
        if let Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) = info.header {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let mut input = Input::open(file, access)?;
        if info.trailer.is_some() {
            input.rest();
        }
        // The frames that a live writer committed before it stored this tail are visible from here on.
        input.word(layout::TAIL);
        let bounds = match &info.header {
            Ok(header) => input.bounds(header),
            Err(error) => input.guess().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, *error))?,
        };
        // An unsealed segment may have frames whose bytes never reached the disk. In a sealed one, only matching
        // frames are checked.
        let mode = if info.trailer.is_some() { Mode::Trust } else { Mode::Recover };
        let bases = BaseCopies::of(&bounds);
        let cursor = Cursor::new(bounds, input.len(), mode);
        Ok(Self { info, input, cursor, bases })
    }

    /// Visits the entries.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if another program truncated the file. The entries before were visited.
    pub(super) fn run<V: Visitor>(
        mut self,
        scan: &Scan,
        matches: &impl Fn(&EntryRef<'_>) -> bool,
        visitor: &mut V,
        scanned: &mut Scanned<V>,
    ) -> io::Result<()> {
        let mut visit = Visit { info: &self.info, bases: self.bases, matches, visitor, scanned };
        let useful = self.info.trailer.is_some() && (scan.complete || !scan.wanted.is_anything());
        let header = self.info.header.as_ref().ok().filter(|_| useful);
        let index = header.and_then(|header| self.input.index(&self.info.path, header));
        let search = index.as_ref().and_then(|index| Search::new(index, &scan.wanted));
        let all = 0..usize::MAX;
        let Some(search) = search else {
            self.input.populate();
            return visit.walk(&mut self.cursor, &mut self.input, &all);
        };
        for number in 0..search.zones() {
            let Some(zone) = search.zone(number) else { continue };
            if scan.complete && visit.run(scan, &search, &zone) {
                continue;
            }
            let mut place = Place::default();
            while let Some(range) = search.next_in(&zone, &mut place) {
                if range.start > self.cursor.at() && !self.input.jump(&mut self.cursor, range.start) {
                    // The index leads to a place without a frame. The segment is scanned without the index from here
                    // on.
                    return visit.walk(&mut self.cursor, &mut self.input, &all);
                }
                visit.walk(&mut self.cursor, &mut self.input, &range)?;
            }
        }
        Ok(())
    }
}

/// The state of a scan of one segment.
struct Visit<'a, M, V> {
    info: &'a SegmentInfo,
    bases: BaseCopies,
    matches: &'a M,
    visitor: &'a mut V,
    scanned: &'a mut Scanned<V>,
}

impl<M: Fn(&EntryRef<'_>) -> bool, V: Visitor> Visit<'_, M, V> {
    /// Visits the frames from the cursor to the end of `range`.
    fn walk(&mut self, cursor: &mut Cursor, input: &mut Input, range: &Range<usize>) -> io::Result<()> {
        while cursor.at() < range.end {
            match input.advance(cursor) {
                None => return input.gone().map_or(Ok(()), |at| Err(truncated(at))),
                Some(Piece::Lost(lost)) => match input.gone() {
                    Some(at) => return Err(truncated(at)),
                    None => self.lose(lost),
                },
                Some(Piece::Frame(place)) if place.kind.is_entry() => {
                    self.scanned.looked_at += 1;
                    let frame = input.frame(&place);
                    let content = input.content(&place, &mut self.bases);
                    if let (Content::Lost(_), Some(at)) = (&content, input.gone()) {
                        return Err(truncated(at));
                    }
                    if content.entry().is_some_and(|entry| !(self.matches)(entry)) {
                        continue;
                    }
                    match (input.verify(cursor, &place), content) {
                        (Ok(()), Content::Entry(entry)) => {
                            self.visitor.entry(&Found { source: Source::Segment(self.info), frame, entry });
                        }
                        (Ok(()), Content::Unreadable(error)) => {
                            let place = (self.info.path.clone(), frame.offset, error);
                            self.scanned.unreadable_entries.push(place);
                        }
                        (Ok(()), Content::Lost(range)) => self.lose(range),
                        (Ok(()), Content::Other) => {}
                        (Err(fault), _) => self.lose(frame.lost(LostReason::Damaged(fault))),
                    }
                }
                Some(Piece::Frame(_)) => {}
            }
        }
        Ok(())
    }

    fn lose(&mut self, lost: LostRange) {
        if lost.is_loss() {
            self.scanned.lost.push((self.info.path.clone(), lost));
        }
    }

    /// Offers a zone to the visitor if the index describes it completely. Returns whether this was sufficient.
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
