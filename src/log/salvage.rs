//! The segments that dead processes left in the directory, one after the other.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use crate::segment::folder::Folder;
use crate::segment::leftover;
use crate::segment::salvage::Dead;

use super::listing::is_segment_name;
use super::lock_file::Claim;

/// Bytes of dead segments that are read when a log is opened, at most. The sealer reads the others.
pub(super) const AT_OPEN: usize = 128 << 20;
/// Bytes that the sealer reads between two of its other duties.
pub(super) const IN_PASS: usize = 8 << 20;
/// The bytes that opening a file counts for, so that `open` looks at 64 of the newest segments at most. The sealer looks at the
/// others.
const FILE_COST: usize = 2 << 20;

/// The segments of a directory that are still to be looked at.
pub(super) struct Salvage {
    folder: Arc<Folder>,
    names: VecDeque<OsString>,
    /// The segment that is being read, and the right to complete it.
    current: Option<(Dead, Option<Claim>)>,
    indexed: bool,
}

impl Salvage {
    /// All segments among `names`, which are in the directory. `indexed`: whether sealed ones get an index.
    pub(super) fn new(folder: Arc<Folder>, mut names: Vec<OsString>, indexed: bool) -> Self {
        names.retain(|name| is_segment_name(name.as_ref()));
        // The later segments of a stream first: an unused one is deleted before the one that is then the last.
        names.sort_unstable_by(|one, other| other.cmp(one));
        Self { folder, names: names.into(), current: None, indexed }
    }

    /// Goes on for about `bytes` bytes. Whether nothing is left to do.
    pub(super) fn go_on(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        while left > 0 {
            if let Some((dead, _)) = &mut self.current {
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
            self.current = self.open(&name);
            if self.current.is_none() {
                self.tidy(&name);
            }
        }
        self.current.is_none() && self.names.is_empty()
    }

    /// Deletes the segment `name` if a power cut left it without data. Best effort: the next process that opens the directory tries
    /// again.
    fn tidy(&self, name: &OsStr) {
        if !leftover::is_left(&self.folder, name).unwrap_or(false) {
            return;
        }
        match Claim::take(&self.folder, name) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _claim => _ = leftover::remove(&self.folder, name),
        }
    }

    /// Opens the segment `name` if a dead process left it, and no other process completes it.
    fn open(&self, name: &OsStr) -> Option<(Dead, Option<Claim>)> {
        if !Dead::is_left(&self.folder, name).unwrap_or(false) {
            return None;
        }
        let claim = match Claim::take(&self.folder, name) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            claim => claim.ok(),
        };
        let dead = Dead::open(&self.folder, name, self.indexed, claim.is_some()).ok().flatten()?;
        Some((dead, claim))
    }
}
