//! Entries in the format asked for, and what is wrong with those that are wrong.

use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;

use super::Terminal;
use super::text::TextPrinter;
use super::{json, time::Zone};
use crate::args::OutputFormat;

/// Prints entries one after the other.
pub(crate) enum EntryPrinter {
    Text(Box<TextPrinter>),
    Json,
}

impl EntryPrinter {
    /// A printer of `format`; `zone` is for text.
    pub(crate) fn new(format: OutputFormat, zone: Zone, terminal: &Terminal) -> Self {
        match format {
            OutputFormat::Text => Self::Text(Box::new(TextPrinter::new(zone, &terminal.palette))),
            OutputFormat::Json => Self::Json,
        }
    }

    /// Prints `entry`.
    ///
    /// # Errors
    /// Where its bytes are no entry. What could be read has been printed.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<(), DecodeError> {
        match self {
            Self::Text(printer) => printer.print(entry, &mut terminal.out),
            Self::Json => json::print(entry, &mut terminal.out),
        }
    }
}
