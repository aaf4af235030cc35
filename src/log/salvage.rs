//! The salvage of all segments that dead processes left in the directory.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use crate::segment::folder::Folder;
use crate::segment::leftover;
use crate::segment::salvage::Dead;

use super::listing::is_segment_name;
use super::lock_file::Claim;

/// The maximum number of bytes of dead segments that are read when a log is opened. The sealer reads the others.
pub(super) const AT_OPEN: usize = 128 << 20;
/// The number of bytes that the sealer reads before it does its other work again.
pub(super) const IN_PASS: usize = 8 << 20;
/// The number of bytes that one opened file counts for. With it, `open` examines at most 64 of the newest segments,
/// and the sealer examines the others.
const FILE_COST: usize = 2 << 20;

/// The segments of a directory that have not been examined.
pub(super) struct Salvage {
    folder: Arc<Folder>,
    names: VecDeque<OsString>,
    /// The segment that is being read, and the right to complete it.
    current: Option<(Dead, Option<Claim>)>,
    indexed: bool,
}

impl Salvage {
    /// Starts with all segments among `names`, which are in the directory. `indexed` is whether sealed segments get
    /// an index.
    pub(super) fn new(folder: Arc<Folder>, mut names: Vec<OsString>, indexed: bool) -> Self {
        names.retain(|name| is_segment_name(name.as_ref()));
        // The later segments of a stream come first: an unused segment is deleted before the segment that is then the
        // last one.
        names.sort_unstable_by(|one, other| other.cmp(one));
        Self { folder, names: names.into(), current: None, indexed }
    }

    /// Continues for about `bytes` bytes. Returns whether the salvage is complete.
    pub(super) fn go_on(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        while left > 0 {
            if let Some((dead, _)) = &mut self.current {
                let before = dead.read();
                // A segment that cannot be read or written now is left to the next process that opens the directory.
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

    /// Deletes the segment `name` if a power cut left it without data. Errors are ignored: the next process that opens the
    /// directory tries again.
    fn tidy(&self, name: &OsStr) {
        if !leftover::is_left(&self.folder, name).unwrap_or(false) {
            return;
        }
        match Claim::take(&self.folder, name) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _claim => _ = leftover::remove(&self.folder, name),
        }
    }

    /// Opens the segment `name` if a dead process left it and no other process completes it.
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
