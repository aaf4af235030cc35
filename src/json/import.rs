//! JSON lines to entries, streaming: constant memory, and every line accounted for.

use std::cell::RefCell;
use std::io::{self, BufRead};

use crate::encode::{Bytes, EntryWriter};
use crate::trip::{TripCause, TripReport};

use super::cursor::Cursor;
use super::object::{self, Scratch};
use super::otlp;
use super::restore::Written;
use super::validate::Validator;

/// The attribute that marks entries made from lines that are not JSON objects. Its value is `text`.
const FORMAT: &str = "fusewire.import.format";
/// The attribute with a line's exact bytes, where they are not UTF-8. Name: OpenTelemetry's semantic conventions.
const ORIGINAL: &str = "log.record.original";

/// What an import did. Every line is in exactly one of `json_lines`, `text_lines` and `empty_lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Lines read; a last line without a line end counts.
    pub lines: u64,
    /// Bytes read, line ends included.
    pub bytes: u64,
    /// Lines that were one JSON object.
    pub json_lines: u64,
    /// Those of them that had been written from entries, and are those entries again.
    pub restored_lines: u64,
    /// Lines kept as text because they were not.
    pub text_lines: u64,
    /// Texts kept, lines or pieces of them, that were not UTF-8.
    pub not_utf8_lines: u64,
    /// Pieces that text lines over [`Importer::MAX_LINE`] were kept in, an entry each.
    pub pieces: u64,
    /// Lines with nothing but white space; no entry is made of them.
    pub empty_lines: u64,
    /// Entries made. A line of OpenTelemetry's encoding makes one for each of its records.
    pub entries: u64,
    /// Entries in which the fuse tripped.
    pub tripped_entries: u64,
    /// How often the fuse tripped, by cause, in the order of [`TripCause::ALL`].
    pub trips: [u64; TripCause::ALL.len()],
}

impl ImportReport {
    fn note(&mut self, trips: &TripReport) {
        self.entries += 1;
        self.tripped_entries += u64::from(!trips.is_clean());
        for trip in trips.iter() {
            self.trips[trip.cause as usize] += u64::from(trip.count);
        }
    }
}

/// Turns lines into entries. Reuse it: its memory is kept from line to line.
pub struct Importer {
    line: Vec<u8>,
    validator: Validator,
    scratch: RefCell<Scratch>,
    report: ImportReport,
}

impl Default for Importer {
    fn default() -> Self {
        Self::new()
    }
}

impl Importer {
    /// Longest line that is read as one: 16 MiB. A longer one is kept as text, in pieces of this length.
    pub const MAX_LINE: usize = 16 << 20;

    /// An importer that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Vec::new(),
            validator: Validator::default(),
            scratch: RefCell::default(),
            report: ImportReport::default(),
        }
    }

    /// What has been read so far.
    #[must_use]
    pub fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Reads `input` to its end. Each entry is handed to `sink` as a function that writes it, and that may be called
    /// again where the first place was too small.
    ///
    /// # Errors
    /// Those of `input` and of `sink`, with nothing read beyond.
    pub fn import(
        &mut self,
        mut input: impl BufRead,
        mut sink: impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let mut line = core::mem::take(&mut self.line);
        let result = self.import_lines(&mut input, &mut line, &mut sink);
        self.line = line;
        result
    }

    fn import_lines(
        &mut self,
        input: &mut impl BufRead,
        line: &mut Vec<u8>,
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let mut in_pieces = false;
        loop {
            line.clear();
            let read = io::Read::take(&mut *input, Self::MAX_LINE as u64).read_until(b'\n', line)?;
            if read == 0 {
                // A line in pieces that ended with the input, at the end of a piece.
                self.report.lines += u64::from(in_pieces);
                return Ok(());
            }
            self.report.bytes += read as u64;
            let whole = line.ends_with(b"\n") || read < Self::MAX_LINE;
            self.report.lines += u64::from(whole);
            self.report.text_lines += u64::from(!whole && !in_pieces);
            match (in_pieces, whole) {
                (false, true) => self.line(line, sink)?,
                (_, false) => self.piece(line, sink)?,
                (true, true) => self.piece(trim_line_end(line), sink)?,
            }
            in_pieces = !whole;
        }
    }

    /// A part of a line that is too long.
    pub(crate) fn piece(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        if line.is_empty() {
            // Only the line end was left.
            return Ok(());
        }
        self.report.pieces += 1;
        self.text(line, sink)
    }

    /// A whole line, with or without its end.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let line = trim_line_end(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            self.report.empty_lines += 1;
            return Ok(());
        }
        let text = core::str::from_utf8(line).ok();
        if let Some(written) = text.and_then(Written::read) {
            self.report.json_lines += 1;
            self.report.restored_lines += 1;
            let scratch = &self.scratch;
            let trips = sink(&|entry| {
                if let Ok(mut scratch) = scratch.try_borrow_mut() {
                    written.write_to(entry, &mut scratch);
                }
            })?;
            self.report.note(&trips);
            return Ok(());
        }
        let Some(json) = text.filter(|text| self.validator.is_object(text)) else {
            self.report.text_lines += 1;
            return self.text(line, sink);
        };
        self.report.json_lines += 1;
        let (report, scratch) = (&mut self.report, &self.scratch);
        if otlp::is_logs(Cursor::new(json)) {
            return otlp::for_each(Cursor::new(json), |record| {
                let trips = sink(&|entry| {
                    // The sink calls this once at a time; a scratch in use would be its own recursion.
                    if let Ok(mut scratch) = scratch.try_borrow_mut() {
                        otlp::write_record(record, entry, &mut scratch);
                    }
                })?;
                report.note(&trips);
                Ok(())
            });
        }
        let trips = sink(&|entry| {
            if let Ok(mut scratch) = scratch.try_borrow_mut() {
                object::write(Cursor::new(json), entry, &mut scratch);
            }
        })?;
        report.note(&trips);
        Ok(())
    }

    /// A line that is not a JSON object: kept as the body, marked, and exactly where it is not UTF-8.
    fn text(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let trips = match core::str::from_utf8(line) {
            Ok(text) => sink(&|entry| {
                entry.set_body(text);
                entry.attr(FORMAT, "text");
            })?,
            Err(_) => {
                self.report.not_utf8_lines += 1;
                let lossy = String::from_utf8_lossy(line);
                sink(&|entry| {
                    entry.set_body(&lossy);
                    entry.attr(FORMAT, "text").attr(ORIGINAL, &Bytes(line));
                })?
            }
        };
        self.report.note(&trips);
        Ok(())
    }
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
