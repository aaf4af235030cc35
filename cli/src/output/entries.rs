//! A printer of entries in the selected format.

use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;
use fusewire::query::Field;
use fusewire::serializer::{Binary, Serializer};

use super::Terminal;
use super::columns::{Columns, Form};
use super::dates::Dates;
use super::hidden::Hidden;
use super::json;
use super::text::TextPrinter;
use super::wrap::{Excess, Fit};
use crate::args::{CsvGuard, EntryFormat, PartArgs, PrintArgs, WrapMode};

/// The maximum number of bytes of a message in addition to its entry: the header and the padding.
const FRAME_OVERHEAD: usize = 32;

/// A printer of entries.
pub(crate) struct EntryPrinter {
    format: Format,
    printed: u64,
    /// The width of lines of text, if it is limited.
    fit: Option<Fit>,
    /// The lines with the date, if the lines of the entries contain no date.
    dates: Option<Dates>,
}

enum Format {
    Text(Box<TextPrinter>),
    Json,
    Columns(Box<Columns>),
    /// A message for each entry.
    Raw(Binary, Vec<u8>),
}

impl EntryPrinter {
    /// Returns a printer for the format of `args` and the selected parts of an entry.
    pub(crate) fn new(args: &PrintArgs, parts: &PartArgs, terminal: &mut Terminal) -> Self {
        let guard = match args.csv_guard {
            CsvGuard::Auto => terminal.is_kept(),
            CsvGuard::Always => true,
            CsvGuard::Never => false,
        };
        let fit = fit(args, terminal);
        let (zone, palette, out) = (args.zone.zone(), &terminal.palette, &mut terminal.out);
        let mut dates = None;
        let mut columns =
            |form| Format::Columns(Box::new(Columns::new(form, &args.fields, zone.clone(), palette, out)));
        let format = match args.output {
            EntryFormat::Text if args.fields.is_empty() => {
                let hidden = Hidden::of(parts.hidden(fit.is_some()));
                dates = (fit.is_some() && !hidden.time).then(|| Dates::new(zone.clone()));
                let printer = TextPrinter::new(zone.clone(), palette).without(hidden, dates.is_some());
                Format::Text(Box::new(printer))
            }
            EntryFormat::Json if args.fields.is_empty() => Format::Json,
            EntryFormat::Text => columns(Form::Text { is_aligned: fit.is_some() }),
            EntryFormat::Json => columns(Form::Json),
            EntryFormat::Csv => columns(Form::Csv { guard }),
            EntryFormat::Tsv => columns(Form::Tsv { guard }),
            EntryFormat::Logfmt => columns(Form::Logfmt),
            EntryFormat::Raw => Format::Raw(Binary::new(Limits::DEFAULT), Vec::new()),
        };
        Self { format, printed: 0, fit, dates }
    }

    /// Returns the number of printed entries.
    pub(crate) fn printed(&self) -> u64 {
        self.printed
    }

    /// Returns the selected attributes that no printed entry had.
    pub(crate) fn unseen(&self) -> &[Field] {
        match &self.format {
            Format::Columns(columns) if self.printed > 0 => columns.unseen(),
            _ => &[],
        }
    }

    /// Prints `entry`.
    ///
    /// # Errors
    /// Returns an error if the bytes are not an entry. The readable part is printed.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<(), DecodeError> {
        self.printed += 1;
        let start = self.begin(entry, terminal);
        let result = self.print_whole(entry, terminal);
        self.end(start, terminal);
        result
    }

    /// Prints the names of aligned columns before the first entry, and the date if it changes. Returns the begin of the entry in
    /// the output.
    fn begin(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> usize {
        if let Some(dates) = &mut self.dates {
            dates.print(entry.time_unix_nano(), terminal);
        }
        if !terminal.is_backwards() {
            self.print_titles(Some(entry), terminal);
        }
        terminal.out.len()
    }

    /// Prints the names of aligned columns if they were not printed. `first` is the entry after the names.
    fn print_titles(&mut self, first: Option<&EntryRef<'_>>, terminal: &mut Terminal) {
        if let Format::Columns(columns) = &mut self.format {
            let start = terminal.out.len();
            columns.push_titles(first, &mut terminal.out);
            self.end(start, terminal);
        }
    }

    /// Fits the lines from the byte offset `start` on into the width.
    fn end(&self, start: usize, terminal: &mut Terminal) {
        if let Some(fit) = self.fit {
            fit.apply(&mut terminal.out, start);
        }
    }

    /// Prints the rest after the last entry.
    pub(crate) fn finish(&mut self, terminal: &mut Terminal) {
        if let Some(dates) = &mut self.dates {
            dates.finish(terminal);
        }
        // In reverse order, the last piece is the first one of the output.
        if terminal.is_backwards() && self.printed > 0 {
            self.print_titles(None, terminal);
        }
    }

    fn print_whole(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<(), DecodeError> {
        match &mut self.format {
            Format::Text(printer) => printer.print(entry, &mut terminal.out),
            Format::Json => json::print(entry, &mut terminal.out),
            Format::Columns(columns) => {
                columns.print(entry, &mut terminal.out);
                entry.walk().find_map(Result::err).map_or(Ok(()), Err)
            }
            Format::Raw(binary, frame) => {
                let bound = entry.expanded_bound() + FRAME_OVERHEAD;
                if frame.len() < bound {
                    frame.resize(bound, 0);
                }
                // The call fails only for an entry that exceeds the maximum size of a frame. No entry exceeds it.
                let written = binary.transcode(entry, frame).unwrap_or(0);
                // If this write fails, the next flush fails too.
                let _ = terminal.push_bytes(&frame[..written]);
                Ok(())
            }
        }
    }

    /// Prints a loss record.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`print`](Self::print).
    pub(crate) fn print_loss(
        &mut self,
        record: &EntryRef<'_>,
        terminal: &mut Terminal,
    ) -> Result<(), DecodeError> {
        let start = self.begin(record, terminal);
        let result = self.print_whole_loss(record, terminal);
        self.end(start, terminal);
        result
    }

    fn print_whole_loss(
        &mut self,
        record: &EntryRef<'_>,
        terminal: &mut Terminal,
    ) -> Result<(), DecodeError> {
        match &mut self.format {
            Format::Text(printer) => printer.print_loss(record, &mut terminal.out),
            Format::Json => json::print_loss(record, &mut terminal.out),
            // These formats can contain only entries.
            Format::Columns(_) | Format::Raw(..) => {
                let count = record.get("count").and_then(|count| count.as_i128()).unwrap_or(0);
                // A closed standard error is not a failure.
                let _ = terminal.report(&format!("dropped entries at this position: {count}"));
                Ok(())
            }
        }
    }
}

/// Returns the width of the lines of text, if it is limited.
pub(crate) fn fit(args: &PrintArgs, terminal: &Terminal) -> Option<Fit> {
    if args.output != EntryFormat::Text {
        return None;
    }
    match args.wrap {
        WrapMode::Auto => terminal.columns().map(|width| Fit::new(width, Excess::Wrap)),
        WrapMode::Always => Some(Fit::new(terminal.width(), Excess::Wrap)),
        WrapMode::Cut => Some(Fit::new(terminal.width(), Excess::Cut)),
        WrapMode::Never => None,
    }
}
