//! The time of an entry whose line has no time: the time of the entry before it in the same file.
//!
//! A stack trace then stays with its error in every range of times. An entry before the first time of a file has no time, and
//! neither has an entry whose line contains a time that is not understood: a wrong time is worse than none.

use core::cell::Cell;

use crate::encode::EntryWriter;
use crate::line_time::{EntryTime, WithoutTime};

/// The key of the attribute that marks an entry with the time of the entry before it.
const MARK: &str = "fusewire.import.time";
/// The value of the mark.
const PREVIOUS: &str = "previous";

/// The origin of the time of an entry.
#[derive(Clone, Copy)]
enum Origin {
    Own(EntryTime),
    Previous,
    None,
}

/// The times of the entries of one file.
#[derive(Default)]
pub(super) struct Times {
    /// The time of the last entry that has a time.
    last: EntryTime,
    /// The origin of the time of the entry that was written last. The function that writes an entry has no mutable access.
    written: Cell<Option<Origin>>,
    counts: WithoutTime,
}

impl Times {
    /// Gives `entry`, which is complete except for this, the time of the entry before it if it has no time. Entries that this
    /// crate wrote as a line, and entries with a time that is not understood, stay as they are (`stays`).
    pub(super) fn settle(&self, entry: &mut EntryWriter<'_>, stays: bool) {
        let own = entry.time();
        let origin = if own.unix_nano != 0 {
            Origin::Own(own)
        } else if self.last.unix_nano != 0 && !stays {
            entry.set_time_unix_nano(self.last.unix_nano);
            entry.set_utc_offset_minutes(self.last.utc_offset_minutes);
            entry.attr(MARK, PREVIOUS);
            Origin::Previous
        } else {
            Origin::None
        };
        self.written.set(Some(origin));
    }

    /// Counts the entry that was written last, and keeps its time.
    pub(super) fn note(&mut self) {
        match self.written.take() {
            Some(Origin::Own(time)) => self.last = time,
            Some(Origin::Previous) => self.counts.previous += 1,
            Some(Origin::None) => self.counts.none += 1,
            None => {}
        }
    }

    /// Keeps the time of an entry that another reader has made.
    pub(super) fn pass(&mut self, time: EntryTime) {
        match time.unix_nano {
            0 => self.counts.none += 1,
            _ => self.last = time,
        }
    }

    pub(super) fn last(&self) -> EntryTime {
        self.last
    }

    pub(super) fn set_last(&mut self, time: EntryTime) {
        self.last = time;
    }

    pub(super) fn counts(&self) -> WithoutTime {
        self.counts
    }
}
