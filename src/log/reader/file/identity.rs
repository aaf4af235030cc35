//! The identity of a file: whether it is still the file that has been read, and whether it still has its name.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::log::files::FileId;
use crate::segment::regular;

use super::{Ending, LogFile};

/// The interval of the checks of the name.
const ASK: Duration = Duration::from_millis(500);
/// The time that the reader waits for a file without a name to get one. A writer may still append to such a file.
const GRACE: Duration = Duration::from_secs(5);

impl LogFile {
    /// Handles a name of a file with this file's number. Returns `false` if it is another file, which got the number
    /// of a deleted file.
    pub(in crate::log::reader) fn rename(&mut self, path: &Path) -> bool {
        let is_this = match (&self.reader, self.parked) {
            (Some(_), _) => true,
            (None, Some(mark)) => {
                regular::open(path, self.info.links).is_ok_and(|(file, _)| mark.is_in(&file))
            }
            // An open file keeps its number.
            (None, None) => self.opened.is_some() || !self.done,
        };
        if is_this {
            self.info.path = path.to_owned();
            (self.nameless, self.done) = (None, false);
        }
        is_this
    }

    /// Checks whether the file was truncated, overwritten or deleted.
    pub(super) fn look(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let tail = reader.get_mut();
        if self.ending.is_some() {
            return;
        }
        if let Some(len) = tail.changed() {
            let mark = tail.mark;
            self.ending = Some(Ending::Truncated { read: mark.at, len });
            tail.closed = true;
            self.remember(mark);
            return;
        }
        if !self.has_name() {
            self.ending = self.done.then_some(Ending::Gone);
            self.done = false;
        }
    }

    /// Returns whether the file had its name at the last check. If it had no name for [`GRACE`], marks it as done.
    pub(super) fn has_name(&mut self) -> bool {
        if self.name_asked.elapsed() < ASK {
            return self.nameless.is_none();
        }
        self.name_asked = Instant::now();
        if FileId::of(&self.info.path).is_ok_and(|id| id == self.id) {
            self.nameless = None;
        } else {
            self.done = self.nameless.get_or_insert(self.name_asked).elapsed() >= GRACE;
        }
        self.nameless.is_none()
    }

    /// Returns whether the file has had no name for at least [`GRACE`], so that the reader no longer waits for one.
    pub(super) fn is_lost(&mut self) -> bool {
        !self.has_name() && self.done
    }
}
