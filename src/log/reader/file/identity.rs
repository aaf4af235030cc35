//! Whether a file is still the one that has been read, and has its name.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::log::files::FileId;
use crate::segment::regular;

use super::{Ending, LogFile};

/// How often it is asked for whether the file still has its name.
const ASK: Duration = Duration::from_millis(500);
/// How long a file that has lost its name is waited for: whoever writes to it may not have noticed yet.
const GRACE: Duration = Duration::from_secs(5);

impl LogFile {
    /// Takes note of a name that the file with its number has now. Whether it is this one, and not another one that has got
    /// the number of one that is gone.
    pub(in crate::log::reader) fn rename(&mut self, path: &Path) -> bool {
        let is_this = match (&self.reader, self.parked) {
            (Some(_), _) => true,
            (None, Some(mark)) => {
                regular::open(path, self.info.links).is_ok_and(|(file, _)| mark.is_in(&file))
            }
            // It has its number as long as it is open.
            (None, None) => self.opened.is_some() || !self.done,
        };
        if is_this {
            self.info.path = path.to_owned();
            (self.nameless, self.done) = (None, false);
        }
        is_this
    }

    /// Looks at what has become of the file.
    pub(super) fn look(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let tail = reader.get_mut();
        if self.ending.is_some() {
            return;
        }
        if let Some(len) = tail.changed() {
            self.ending = Some(Ending::Truncated { read: tail.mark.at, len });
            tail.closed = true;
            return;
        }
        if !self.has_name() {
            self.ending = self.done.then_some(Ending::Gone);
            self.done = false;
        }
    }

    /// Whether the file can be found under its name, for all that is known. Where it has not been for a while, it is done.
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

    /// Whether it has been without a name for so long that it will not get one.
    pub(super) fn is_lost(&mut self) -> bool {
        !self.has_name() && self.done
    }
}
