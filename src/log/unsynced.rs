//! Which sealed segments are not known to be on disk.

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

/// The sealed segments of a stream that are not known to be on disk.
#[derive(Default)]
pub(super) struct Unsynced {
    /// By the directories that they are in: more than one if the directory has been moved.
    folders: Vec<InFolder>,
    /// Whether a segment could not be sealed when the log was completed.
    incomplete: bool,
}

/// Those in one directory, by their places in the stream. Not by their names: if nobody ever asks, there are more and more.
struct InFolder {
    folder: Arc<Folder>,
    /// The disk has not been asked for them.
    sealed: Places,
    /// The disk has refused them. What it has is not known until they have been written anew.
    refused: Places,
}

impl Unsynced {
    /// Takes note of a segment that is sealed.
    pub(super) fn add(&mut self, segment: &SharedSegment) {
        self.of(segment.folder()).sealed.add(segment.header().sequence);
    }

    /// Takes note of a segment that is sealed, and that the disk has refused before.
    pub(super) fn add_refused(&mut self, segment: &SharedSegment) {
        self.of(segment.folder()).refused.add(segment.header().sequence);
    }

    /// Takes note of a segment that will never be sealed.
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

    /// Whether every segment that is sealed is on disk.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty() && !self.incomplete
    }

    /// Writes them to disk. A segment remains here until it is there, or until it has been deleted.
    ///
    /// # Errors
    /// The first one. All segments are tried.
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
        // If the directory cannot be read, all remain.
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
                // A disk that refuses one segment again may refuse all: the others wait for the next time.
                gives_up |= refused && error.kind() != io::ErrorKind::InvalidData;
            }
            result = result.and(synced.map_err(|error| error.kind()));
        }
        result
    }
}

/// Asks the disk by `write`, measures that, and counts where it fails.
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

/// The segments in `folder` that have the name of one of `stream_id`, with their places in it, in order.
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

/// Places in a stream, as ranges that do not touch, in order.
#[derive(Debug, Default)]
struct Places(Vec<RangeInclusive<u64>>);

impl Places {
    /// Adds one that is not there. Mostly it is the next one.
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
