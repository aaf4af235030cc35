//! Entries in the format asked for, and what is wrong with those that are wrong.

use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;

use super::Terminal;
use super::text::TextPrinter;
use super::{json, time::Zone};
use crate::args::OutputFormat;

/// Prints entries one after the other.
pub(crate) struct EntryPrinter {
    format: Format,
    printed: u64,
}

enum Format {
    Text(Box<TextPrinter>),
    Json,
}

impl EntryPrinter {
    /// A printer; `zone` is for text.
    pub(crate) fn new(format: OutputFormat, zone: Zone, terminal: &Terminal) -> Self {
        let format = match format {
            OutputFormat::Text => Format::Text(Box::new(TextPrinter::new(zone, &terminal.palette))),
            OutputFormat::Json => Format::Json,
        };
        Self { format, printed: 0 }
    }

    /// How many entries have been printed.
    pub(crate) fn printed(&self) -> u64 {
        self.printed
    }

    /// Prints `entry`.
    ///
    /// # Errors
    /// Where its bytes are no entry. What could be read has been printed.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<(), DecodeError> {
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
        match &mut self.format {
            Format::Text(printer) => printer.print_loss(record, &mut terminal.out),
            Format::Json => json::print_loss(record, &mut terminal.out),
        }
    }
}
