//! The sealed segments that may not be on disk.

use std::ffi::OsString;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::segment::durable::{self, NotOnDisk};
use crate::segment::folder::Folder;
use crate::segment::shared::SharedSegment;

use super::core::Core;
use super::listing::{is_segment_name, named};
use super::problem::Problem;

/// The sealed segments of a stream that may not be on disk.
#[derive(Default)]
pub(super) struct Unsynced {
    /// The segments by directory. There is more than one directory if the log's directory has been moved.
    folders: Vec<InFolder>,
    /// Whether a segment could not be sealed when the log was closed.
    incomplete: bool,
}

/// The segments in one directory, by their positions in the stream. Names would use more and more memory if the
/// program never requests a sync.
struct InFolder {
    folder: Arc<Folder>,
    /// The segments that have not been synced.
    sealed: Places,
    /// The segments for which the disk returned an error. Their state on disk is unknown until they have been written
    /// again.
    refused: Places,
}

impl Unsynced {
    /// Adds a sealed segment.
    pub(super) fn add(&mut self, segment: &SharedSegment) {
        self.of(segment.folder()).sealed.add(segment.header().sequence);
    }

    /// Adds a sealed segment for which the disk returned an error before.
    pub(super) fn add_refused(&mut self, segment: &SharedSegment) {
        self.of(segment.folder()).refused.add(segment.header().sequence);
    }

    /// Records that a segment will never be sealed.
    pub(super) fn add_incomplete(&mut self) {
        self.incomplete = true;
    }

    fn of(&mut self, folder: &Arc<Folder>) -> &mut InFolder {
        let at = self.folders.iter().position(|found| Arc::ptr_eq(&found.folder, folder));
        let at = at.unwrap_or_else(|| {
            self.folders.push(InFolder::new(Arc::clone(folder)));
            self.folders.len() - 1
        });
        &mut self.folders[at]
    }

    /// Returns whether every sealed segment is on disk.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty() && !self.incomplete
    }

    /// Writes the segments to disk. A segment is removed from this list when it is on disk or has been deleted.
    ///
    /// # Errors
    /// The first error. All segments are tried.
    pub(super) fn sync(&mut self, core: &Core, stream_id: &[u8; 16]) -> Result<(), io::ErrorKind> {
        let mut result = if self.incomplete { Err(io::ErrorKind::InvalidData) } else { Ok(()) };
        for of in &mut self.folders {
            result = result.and(of.sync(core, stream_id));
        }
        self.folders.retain(|of| !of.sealed.0.is_empty() || !of.refused.0.is_empty());
        result
    }
}

impl InFolder {
    fn new(folder: Arc<Folder>) -> Self {
        Self { folder, sealed: Places::default(), refused: Places::default() }
    }

    fn sync(&mut self, core: &Core, stream_id: &[u8; 16]) -> Result<(), io::ErrorKind> {
        let mut result = Ok(());
        // If the directory cannot be read, all segments stay in the list.
        let found = of_stream(&self.folder, stream_id).map_err(|error| error.kind())?;
        let mut gives_up = false;
        let before = std::mem::replace(self, Self::new(Arc::clone(&self.folder)));
        for (sequence, name) in found {
            let refused = before.refused.contains(sequence);
            if refused && gives_up {
                self.refused.add(sequence);
                continue;
            }
            if !refused && !before.sealed.contains(sequence) {
                continue;
            }
            let write = || durable::sync_sealed(&self.folder, &name, stream_id, sequence, refused);
            let synced = sync(core, write);
            if let Err(error) = &synced {
                let places = if refused || error.is_refusal() { &mut self.refused } else { &mut self.sealed };
                places.add(sequence);
                // If the disk returns an error for a segment again, it may do so for all. The other failed segments
                // wait for the next sync.
                gives_up |= refused && error.kind() != io::ErrorKind::InvalidData;
            }
            result = result.and(synced.map_err(|error| error.kind()));
        }
        result
    }
}

/// Calls `write`, measures its duration, and counts and reports its error.
pub(super) fn sync(core: &Core, write: impl FnOnce() -> Result<(), NotOnDisk>) -> Result<(), NotOnDisk> {
    let start = Instant::now();
    let result = write();
    core.counters.syncing.record(start);
    if let Err(error) = &result {
        core.counters.sync_errors.fetch_add(1, Ordering::Relaxed);
        core.keeper.load().problems.report(Problem::Disk(error.kind()));
    }
    result
}

/// Returns the segments in `folder` whose names belong to `stream_id`, with their positions in the stream, in order.
fn of_stream(folder: &Folder, stream_id: &[u8; 16]) -> io::Result<Vec<(u64, OsString)>> {
    let mut found = Vec::new();
    for name in folder.names()? {
        let path = Path::new(&name);
        if let Some((_, stream, sequence)) = named(path).filter(|_| is_segment_name(path))
            && stream[..4] == stream_id[..4]
        {
            found.push((sequence, name));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Positions in a stream, as sorted ranges that are not adjacent.
#[derive(Debug, Default)]
struct Places(Vec<RangeInclusive<u64>>);

impl Places {
    /// Adds a position that is not in the set. It is usually the next one.
    fn add(&mut self, place: u64) {
        let at = self.0.partition_point(|range| *range.end() < place);
        let follows = at.checked_sub(1).filter(|before| self.0[*before].end() + 1 == place);
        let precedes = self.0.get(at).is_some_and(|next| *next.start() == place + 1);
        match (follows, precedes) {
            (Some(before), true) => {
                let next = self.0.remove(at);
                self.0[before] = *self.0[before].start()..=*next.end();
            }
            (Some(before), false) => self.0[before] = *self.0[before].start()..=place,
            (None, true) => self.0[at] = place..=*self.0[at].end(),
            (None, false) => self.0.insert(at, place..=place),
        }
    }

    fn contains(&self, place: u64) -> bool {
        let at = self.0.partition_point(|range| *range.end() < place);
        self.0.get(at).is_some_and(|range| range.contains(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_follow_one_another_are_one_range() {
        let mut places = Places::default();
        for place in [5, 6, 3, 9, 4, 8, 7, 1] {
            assert!(!places.contains(place));
            places.add(place);
            assert!(places.contains(place));
        }
        assert_eq!(places.0, [1..=1, 3..=9]);
        assert!([0, 2, 10].iter().all(|place| !places.contains(*place)));
    }
}
