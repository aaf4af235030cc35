//! The import of JSON lines as a stream, in constant memory. The report counts every line.

use std::cell::RefCell;
use std::io::{self, BufRead};

use crate::encode::{Bytes, EntryWriter};
use crate::trip::{TripCause, TripReport};

use super::cursor::Cursor;
use super::object::{self, Scratch};
use super::otlp;
use super::restore::Written;
use super::validate::Validator;

/// The key of the attribute that marks entries of lines that are not JSON objects. Its value is `text`.
const FORMAT: &str = "fusewire.import.format";
/// The key of the attribute with the exact bytes of a line that is not UTF-8. The name is from the semantic
/// conventions of OpenTelemetry.
const ORIGINAL: &str = "log.record.original";

/// The counts of an import. Each line is counted in exactly one of `json_lines`, `text_lines` and `empty_lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The number of lines read, including a last line without a line end.
    pub lines: u64,
    /// The number of bytes read, including line ends.
    pub bytes: u64,
    /// The number of lines that are one JSON object.
    pub json_lines: u64,
    /// The number of JSON lines that this crate wrote from entries, and that became the same entries again.
    pub restored_lines: u64,
    /// The number of lines kept as text because they are not JSON objects.
    pub text_lines: u64,
    /// The number of lines kept as text, and of pieces, that are not UTF-8.
    pub not_utf8_lines: u64,
    /// The number of pieces of text lines that exceed [`Importer::MAX_LINE`]. Each piece is an entry.
    pub pieces: u64,
    /// The number of lines that contain only white space. They become no entries.
    pub empty_lines: u64,
    /// The number of entries. A line in the encoding of OpenTelemetry becomes one entry for each of its records.
    pub entries: u64,
    /// The number of entries in which the circuit breaker tripped.
    pub tripped_entries: u64,
    /// The number of trips by cause, in the order of [`TripCause::ALL`].
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

/// An importer of lines as entries. It reuses its memory for each line.
///
/// ```
/// use fusewire::json::Importer;
/// use fusewire::{Limits, decode::EntryRef, encode::encode};
///
/// let lines = b"{\"level\":\"warn\",\"msg\":\"retrying\"}\nplain text\n";
/// let mut bodies = Vec::new();
/// let mut importer = Importer::new();
/// importer.import(&lines[..], |write| {
///     let mut buffer = [0; 1024];
///     let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).map_err(std::io::Error::other)?;
///     bodies.push(EntryRef::new(entry.bytes()).unwrap().body().to_string());
///     Ok(entry.report())
/// })?;
/// assert_eq!(bodies, ["retrying", "plain text"]);
/// assert_eq!((importer.report().json_lines, importer.report().text_lines), (1, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
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
    /// The maximum length of a line: 16 MiB. The importer stores a longer line as text, in pieces of this length.
    pub const MAX_LINE: usize = 16 << 20;

    /// Creates an importer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Vec::new(),
            validator: Validator::default(),
            scratch: RefCell::default(),
            report: ImportReport::default(),
        }
    }

    /// Returns the counts of all finished and current imports.
    #[must_use]
    pub fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Reads `input` to its end. Calls `sink` for each entry with a function that writes the entry. `sink` may call
    /// this function again, for example if the first buffer was too small.
    ///
    /// # Errors
    /// Returns the errors of `input` and of `sink`. No further line is read after an error.
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
                // The input ended after a whole piece of a long line.
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

    /// Imports a piece of a line that is too long.
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

    /// Imports a whole line, with or without its line end.
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
                    // The sink makes one call at a time. The scratch is in use only if the sink recurses.
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

    /// Imports a line that is not a JSON object. The line becomes the body, with an attribute that marks it. If the
    /// line is not UTF-8, its bytes are also kept.
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
