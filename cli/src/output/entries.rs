//! Entries in the format asked for, and what is wrong with those that are wrong.

use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;

use super::Terminal;
use super::text::TextPrinter;
use super::{json, time::Zone};
use crate::args::OutputFormat;
use crate::input::time_point::Range;

/// Prints entries one after the other.
pub(crate) struct EntryPrinter {
    format: Format,
    range: Range,
    printed: u64,
}

enum Format {
    Text(Box<TextPrinter>),
    Json,
}

impl EntryPrinter {
    /// A printer of the entries in `range`; `zone` is for text.
    pub(crate) fn new(format: OutputFormat, zone: Zone, range: Range, terminal: &Terminal) -> Self {
        let format = match format {
            OutputFormat::Text => Format::Text(Box::new(TextPrinter::new(zone, &terminal.palette))),
            OutputFormat::Json => Format::Json,
        };
        Self { format, range, printed: 0 }
    }

    /// The entries that are printed.
    pub(crate) fn range(&self) -> Range {
        self.range
    }

    /// How many entries have been printed.
    pub(crate) fn printed(&self) -> u64 {
        self.printed
    }

    /// Prints `entry`, unless it is not in the range.
    ///
    /// # Errors
    /// Where its bytes are no entry. What could be read has been printed.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<(), DecodeError> {
        if !self.range.contains(entry.time_unix_nano()) {
            return Ok(());
        }
        self.printed += 1;
        match &mut self.format {
            Format::Text(printer) => printer.print(entry, &mut terminal.out),
            Format::Json => json::print(entry, &mut terminal.out),
        }
    }

    /// Prints a record of entries that were not written, so that nobody overlooks it.
    ///
    /// # Errors
    /// As [`print`](Self::print).
    pub(crate) fn print_loss(
        &mut self,
        record: &EntryRef<'_>,
        terminal: &mut Terminal,
    ) -> Result<(), DecodeError> {
        if !self.range.contains(record.time_unix_nano()) {
            return Ok(());
        }
        match &mut self.format {
            Format::Text(printer) => printer.print_loss(record, &mut terminal.out),
            Format::Json => json::print_loss(record, &mut terminal.out),
        }
    }
}
