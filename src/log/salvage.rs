//! The segments that dead processes left in the directory, one after the other.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::Arc;

use crate::segment::folder::Folder;
use crate::segment::salvage::Dead;

use super::listing::is_segment_name;

/// Bytes of dead segments that are read when a log is opened, at most. The sealer reads the others.
pub(super) const AT_OPEN: usize = 128 << 20;
/// Bytes that the sealer reads between two of its other duties.
pub(super) const IN_PASS: usize = 8 << 20;
/// The bytes that opening a file counts for. They take about the same time to read.
const FILE_COST: usize = 64 << 10;

/// The segments of a directory that are still to be looked at.
pub(super) struct Salvage {
    folder: Arc<Folder>,
    names: VecDeque<OsString>,
    current: Option<Dead>,
    indexed: bool,
}

impl Salvage {
    /// All segments that are in the directory now. `indexed`: whether sealed ones get an index.
    pub(super) fn new(folder: Arc<Folder>, indexed: bool) -> Self {
        let mut names = folder.names().unwrap_or_default();
        names.retain(|name| is_segment_name(name.as_ref()));
        // The later segments of a stream first: an unused one is deleted before the one that is then the last.
        names.sort_unstable_by(|one, other| other.cmp(one));
        Self { folder, names: names.into(), current: None, indexed }
    }

    /// Goes on for about `bytes` bytes. Whether nothing is left to do.
    pub(super) fn go_on(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        while left > 0 {
            if let Some(dead) = &mut self.current {
                let before = dead.read();
                // What cannot be read or written now is left to the next process that opens the directory.
                let done = !matches!(dead.go_on(left), Ok(None));
                left = left.saturating_sub(dead.read().saturating_sub(before).max(1));
                if done {
                    self.current = None;
                }
                continue;
            }
            let Some(name) = self.names.pop_front() else { return true };
            left = left.saturating_sub(FILE_COST);
            self.current = Dead::open(&self.folder, &name, self.indexed).ok().flatten();
        }
        self.current.is_none() && self.names.is_empty()
    }
}
