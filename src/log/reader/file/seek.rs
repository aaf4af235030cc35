//! The start of reading at the end of a file, or a few entries before it.

use std::collections::VecDeque;
use std::io;

use crate::line_time::EntryTime;
use crate::mixed::Step;

use super::{Head, LogFile, Terms, is_asked_for};

/// The maximum number of offsets in a file that are remembered.
const MOST_PLACES: usize = 1 << 20;
/// The number of pieces before the first one that are read for the time of the entry before it. A longer stack trace has no
/// time at the beginning.
const BEFORE: usize = 256;

impl LogFile {
    /// Skips everything that the file contains now.
    pub(in crate::log::reader) fn skip_to_end(&mut self, terms: &Terms) {
        if let Err(error) = self.skip(terms, |_| ()) {
            self.fail(error);
        }
    }

    /// Skips everything that the file contains now. Calls `found` with the offset of each piece that may contain
    /// entries.
    fn skip(&mut self, terms: &Terms, mut found: impl FnMut(u64)) -> io::Result<()> {
        if self.done {
            return Ok(());
        }
        self.head = Head::Idle;
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let reader = self.reader_at(self.start, terms)?;
                self.reader.insert(Box::new(reader))
            }
        };
        while let Some((offset, has_entries)) = reader.skip()? {
            if has_entries {
                found(offset);
            }
        }
        Ok(())
    }

    /// Moves a file that has not been read to an offset with at most `most` pieces with entries after it. Returns the
    /// number of requested entries after the offset, and their latest time.
    pub(in crate::log::reader) fn seek_to_last(&mut self, most: usize, terms: &Terms) -> (u64, u64) {
        if self.done {
            return (0, 0);
        }
        let mut places = VecDeque::new();
        // With a time range or a filter, most pieces may contain no requested entry.
        if terms.window.is_open() && terms.filter.is_none() && most <= MOST_PLACES {
            let result = self.skip(terms, |offset| {
                if places.len() == most + BEFORE {
                    places.pop_front();
                }
                places.push_back(offset);
            });
            let first = places.len().checked_sub(most).and_then(|before| places.get(before));
            if result.is_ok()
                && let Some(first) = first
            {
                let before = places.front().copied().unwrap_or(*first);
                self.reopen();
                self.before = self.time_between(before, *first, terms).unwrap_or_default();
                self.start = *first;
            }
        }
        self.reopen();
        let counted = self.count(terms);
        (self.head, self.key) = (Head::Idle, 0);
        counted.unwrap_or_default()
    }

    /// Returns the time of the last entry from the offset `start` to the offset `end`.
    fn time_between(&mut self, start: u64, end: u64, terms: &Terms) -> io::Result<EntryTime> {
        let mut reader = self.reader_at(start, terms)?;
        while reader.offset() < end && reader.step(false)? != Step::Rest {}
        let time = reader.last_time();
        self.opened = Some(reader.into_inner().into_file());
        Ok(time)
    }

    /// Takes the file from its reader, so that it can be read from another offset.
    pub(super) fn reopen(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.without_time += reader.without_time();
            self.is_converted = reader.is_converted();
            self.opened = Some(reader.into_inner().into_file());
        }
    }

    /// Returns the number of requested entries from the start offset, and their latest time.
    fn count(&mut self, terms: &Terms) -> io::Result<(u64, u64)> {
        let mut reader = self.reader_at(self.start, terms)?;
        let (mut entries, mut latest) = (0, 0);
        loop {
            match reader.step(!terms.follow)? {
                Step::Frame { kind, time } if kind.is_entry() => {
                    latest = latest.max(time);
                    entries += u64::from(is_asked_for(&reader, kind, time, terms));
                }
                Step::Frame { .. } | Step::Fault => {}
                Step::Rest => {
                    self.is_converted = reader.is_converted();
                    self.opened = Some(reader.into_inner().into_file());
                    return Ok((entries, latest));
                }
            }
        }
    }
}
