//! Beginning at the end of a file, or a few entries before it.

use std::collections::VecDeque;
use std::io;

use crate::format::frame::FrameKind;
use crate::mixed::Step;

use super::{Head, LogFile, Terms, is_asked_for};

/// So many places in a file are remembered at most.
const MOST_PLACES: usize = 1 << 20;

impl LogFile {
    /// Passes over everything there is now.
    pub(in crate::log::reader) fn skip_to_end(&mut self, terms: &Terms) {
        if let Err(error) = self.skip(terms, |_| ()) {
            self.fail(error);
        }
    }

    /// Passes over everything there is now, and says of each piece in which entries may be where it begins.
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

    /// Moves to a place with at most `most` pieces with entries behind it, of one that is fresh; how many entries that are
    /// asked for are behind it, and the latest time of them.
    pub(in crate::log::reader) fn seek_to_last(&mut self, most: usize, terms: &Terms) -> (u64, u64) {
        if self.done {
            return (0, 0);
        }
        let mut places = VecDeque::new();
        // In a range, or with a filter, most pieces may not count.
        if terms.window.is_open() && terms.filter.is_none() && most <= MOST_PLACES {
            let result = self.skip(terms, |offset| {
                if places.len() == most {
                    places.pop_front();
                }
                places.push_back(offset);
            });
            if result.is_ok() && places.len() == most {
                self.start = places.front().copied().unwrap_or(0);
            }
        }
        self.reopen();
        let counted = self.count(terms);
        (self.head, self.key) = (Head::Idle, 0);
        counted.unwrap_or_default()
    }

    /// Keeps the file of its reader, to read it from another place.
    pub(super) fn reopen(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.opened = Some(reader.into_inner().into_file());
        }
    }

    /// How many entries that are asked for there are from the place at which it is opened, and their latest time.
    fn count(&mut self, terms: &Terms) -> io::Result<(u64, u64)> {
        let mut reader = self.reader_at(self.start, terms)?;
        let (mut entries, mut latest) = (0, 0);
        loop {
            match reader.step(!terms.follow)? {
                Step::Frame { kind: FrameKind::Entry, time } => {
                    latest = latest.max(time);
                    entries += u64::from(is_asked_for(&reader, FrameKind::Entry, time, terms));
                }
                Step::Rest => {
                    self.opened = Some(reader.into_inner().into_file());
                    return Ok((entries, latest));
                }
                _ => {}
            }
        }
    }
}
