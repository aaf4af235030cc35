//! A printer of matches with the entries before and after them.

use std::collections::VecDeque;

use anyhow::Result;
use fusewire::decode::EntryRef;
use fusewire::log::{LogEvent, LogReader};

use crate::input::selection::Selection;
use crate::output::Terminal;
use crate::output::events::EventPrinter;

/// A printer of matches with their context.
pub(super) struct Around<'a> {
    around: usize,
    selection: &'a Selection,
    /// The last entries that were not printed, in reused buffers.
    before: VecDeque<Vec<u8>>,
    /// The number of entries that are still to be printed after a match.
    behind: usize,
    /// Whether entries were skipped since the last printed entry.
    gap: bool,
    found: u64,
}

impl<'a> Around<'a> {
    pub(super) fn new(around: u16, selection: &'a Selection) -> Self {
        let (before, around) = (VecDeque::new(), usize::from(around));
        Self { around, selection, before, behind: 0, gap: false, found: 0 }
    }

    /// Prints at most `most` matches of `reader` with their context.
    pub(super) fn print(
        mut self,
        reader: &mut LogReader,
        most: u64,
        printer: &mut EventPrinter,
        terminal: &mut Terminal,
    ) -> Result<()> {
        while self.found < most || self.behind > 0 {
            let Some(event) = reader.next() else { break };
            match &event {
                LogEvent::Entry { entry, .. } => {
                    let is_asked_for = self.found < most && self.selection.admits(entry);
                    self.entry(is_asked_for, entry, &event, printer, terminal)?;
                }
                LogEvent::Frame { .. } => {}
                event => printer.print(event, terminal)?,
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        is_asked_for: bool,
        entry: &EntryRef<'_>,
        event: &LogEvent<'_>,
        printer: &mut EventPrinter,
        terminal: &mut Terminal,
    ) -> Result<()> {
        if is_asked_for {
            if self.gap && self.found > 0 {
                terminal.out.push_str("--\n");
            }
            for entry in self.before.drain(..) {
                printer.bare(&EntryRef::new(&entry)?, terminal)?;
            }
            (self.gap, self.behind) = (false, self.around);
            self.found += 1;
            return printer.print(event, terminal);
        }
        if self.behind > 0 {
            self.behind -= 1;
            return printer.print(event, terminal);
        }
        let mut room = Vec::new();
        if self.before.len() == self.around {
            self.gap = true;
            room = self.before.pop_front().unwrap_or_default();
            room.clear();
        }
        if entry.append_to(&mut room).is_ok() {
            self.before.push_back(room);
        }
        Ok(())
    }
}
