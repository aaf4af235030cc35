//! The import of JSON lines as a stream, in constant memory. The report counts every line.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead};
use std::time::SystemTime;

use crate::encode::{Bytes, EntryWriter};
use crate::line_time::{EntryTime, WithoutTime};
use crate::trip::{TripCause, TripReport};
use crate::zone::Zone;

use crate::json::lenient::{self, Repaired};
use crate::json::{Scratch, Written, object, otlp};
use crate::rfc8259::cursor::Cursor;
use crate::rfc8259::validate::Validator;

use super::inherit::Times;

use super::join::{BYTE_ORDER_MARK, Joint, Next};
use super::objects::Objects;
use super::recognise::{self, Recognised, Recogniser};
use super::record::{Inner, Record, Value};
use super::scan::{Scan, position};
use super::{ansi, docker, stamp};

/// The key of the attribute that marks entries of lines that are not JSON objects. Its value is the name of the format, or
/// `text`.
const FORMAT: &str = "fusewire.import.format";
/// The key of the attribute with the part of a line before its body.
const HEADER: &str = "fusewire.import.header";
/// The key of the attribute with the exact bytes of a line that is not UTF-8. The name is from the semantic
/// conventions of OpenTelemetry.
const ORIGINAL: &str = "log.record.original";
/// The maximum number of objects in a record. The rest of the record is text.
const MOST_OBJECTS: usize = 65_536;

/// A function that takes an entry in the form of a function that writes it.
type Sink<'s> = dyn FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport> + 's;

/// The counts of an import. Each line is counted in exactly one of `json_lines`, `text_lines` and `empty_lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The number of lines read, including a last line without a line end.
    pub lines: u64,
    /// The number of bytes read, including line ends.
    pub bytes: u64,
    /// The number of lines of JSON objects.
    pub json_lines: u64,
    /// The number of JSON lines that this crate wrote from entries, and that became the same entries again.
    pub restored_lines: u64,
    /// The number of lines kept as text because they are not JSON objects.
    pub text_lines: u64,
    /// The number of lines of text whose format was recognised, with the lines that continue them.
    pub recognised_lines: u64,
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
    /// The numbers of entries from lines without a time.
    pub without_time: WithoutTime,
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
/// use fusewire::lines::Importer;
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
    recogniser: Recogniser,
    /// The valid form of an object that is not valid JSON.
    repaired: String,
    report: ImportReport,
    times: Times,
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
            recogniser: Recogniser::default(),
            repaired: String::new(),
            report: ImportReport::default(),
            times: Times::default(),
        }
    }

    /// Returns the counts of all finished and current imports.
    #[must_use]
    pub fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Sets the time of the last change of the input, or the present for a stream. It determines the year of times without a
    /// year: the latest year in which the time is at most a day after `changed`. Without this time and without a time with a
    /// year before them, such times are not known.
    #[must_use]
    pub fn changed_at(mut self, changed: SystemTime) -> Self {
        self.recogniser.set_latest(crate::Timestamp::from(changed).unix_seconds());
        self
    }

    /// Sets the zone of times without an offset. The default is UTC.
    ///
    /// ```
    /// use fusewire::lines::Importer;
    /// use fusewire::{Limits, Zone, decode::EntryRef, encode::encode};
    ///
    /// let mut times = Vec::new();
    /// let mut importer = Importer::new().zone(Zone::parse("+01:00").map_err(std::io::Error::other)?);
    /// importer.import(&b"{\"time\":\"2026-03-01 10:00:00\"}"[..], |write| {
    ///     let mut buffer = [0; 512];
    ///     let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).map_err(std::io::Error::other)?;
    ///     times.extend(EntryRef::new(entry.bytes()).unwrap().timestamp());
    ///     Ok(entry.report())
    /// })?;
    /// assert_eq!(times[0].to_string(), "2026-03-01T10:00:00+01:00");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.recogniser.set_zone(zone.clone());
        self.scratch.get_mut().zone = Some(zone);
        self
    }

    /// Counts the lines of a record.
    pub(crate) fn count(&mut self, lines: &[u8]) {
        self.report.lines += count_lines(lines);
    }

    /// Counts a line that is read in pieces.
    pub(crate) fn count_long_line(&mut self) {
        self.report.lines += 1;
        self.report.text_lines += 1;
    }

    /// Corrects the counts after a record whose first `skipped` entries were counted before. `before` contains the counts before
    /// this call.
    pub(crate) fn recount(&mut self, before: ImportReport, skipped: u64) {
        self.report = ImportReport {
            entries: self.report.entries.saturating_sub(skipped),
            tripped_entries: self.report.tripped_entries,
            trips: self.report.trips,
            without_time: self.report.without_time,
            ..before
        };
    }

    /// Returns the state of the recognition of formats.
    pub(crate) fn recogniser(&mut self) -> &mut Recogniser {
        &mut self.recogniser
    }

    /// Returns the time of the last entry that has a time.
    pub(crate) fn last_time(&self) -> EntryTime {
        self.times.last()
    }

    /// Sets the time of an entry before the first line.
    pub(crate) fn set_last_time(&mut self, time: EntryTime) {
        self.times.set_last(time);
    }

    /// Keeps the time of an entry that another reader has made between the lines.
    pub(crate) fn pass(&mut self, time: EntryTime) {
        self.times.pass(time);
        self.report.without_time = self.times.counts();
    }

    /// Reads `input` to its end. Calls `sink` for each entry with a function that writes the entry. `sink` may call
    /// this function again, for example if the first buffer was too small.
    ///
    /// An entry without a time takes the time of the entry before it in the input. Its attribute `fusewire.import.time` is
    /// then `previous`. An entry before the first time, and an entry whose line contains a time that is not understood, stay
    /// without a time.
    ///
    /// # Errors
    /// Returns the errors of `input` and of `sink`. No further line is read after an error.
    pub fn import(
        &mut self,
        mut input: impl BufRead,
        mut sink: impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let mut line = core::mem::take(&mut self.line);
        self.times.set_last(EntryTime::default());
        let mut input = Input { input: &mut input, back: Vec::new(), at: 0 };
        let result = self.import_lines(&mut input, &mut line, &mut sink);
        self.line = line;
        result
    }

    fn import_lines(
        &mut self,
        input: &mut Input<impl BufRead>,
        line: &mut Vec<u8>,
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let mut in_pieces = false;
        loop {
            line.clear();
            let read = input.read_line(line, Self::MAX_LINE)?;
            if read == 0 {
                // The input ended after a whole piece of a long line.
                self.report.lines += u64::from(in_pieces);
                return Ok(());
            }
            let whole = line.ends_with(b"\n") || read < Self::MAX_LINE;
            if whole && !in_pieces {
                self.record(input, line, sink)?;
                continue;
            }
            self.report.bytes += read as u64;
            self.report.lines += u64::from(whole);
            self.report.text_lines += u64::from(!in_pieces);
            self.piece(if whole { trim_line_end(line) } else { line }, sink)?;
            in_pieces = !whole;
        }
    }

    /// Imports the record that begins with `line`. Reads the lines that continue it, and returns the other lines to `input`.
    fn record(
        &mut self,
        input: &mut Input<impl BufRead>,
        line: &mut Vec<u8>,
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let (mut end, mut consumed) = (line.len(), line.len());
        if let Some(mut joint) = Joint::begin(line, &mut self.recogniser) {
            loop {
                let read = input.read_line(line, Self::MAX_LINE)?;
                if read == 0 || joint.next(line, read, &mut self.recogniser) == Next::Complete {
                    break;
                }
            }
            (end, consumed) = (joint.end, joint.consumed());
            input.give_back(line.get(consumed..).unwrap_or(&[]));
        }
        let (record, rest) = line.split_at(end.min(line.len()));
        let empty = count_lines(rest.get(..consumed - end).unwrap_or(&[]));
        self.report.bytes += consumed as u64;
        self.report.lines += count_lines(record) + empty;
        self.report.empty_lines += empty;
        self.line(record, sink)
    }

    /// Imports a piece of a line that is too long.
    pub(crate) fn piece(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        self.timed(sink, |importer, _, sink| importer.untimed_piece(line, sink))
    }

    /// Imports a whole line, or the lines of one record, with or without the last line end.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        self.timed(sink, |importer, stays, sink| importer.untimed_line(line, stays, sink))
    }

    /// Calls `import` with a sink that gives each entry without a time the time of the entry before it. `import` sets the
    /// cell if the entry stays without a time.
    fn timed(
        &mut self,
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
        import: impl FnOnce(&mut Self, &Cell<bool>, &mut Sink<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut times = core::mem::take(&mut self.times);
        let stays = Cell::new(false);
        let result = import(self, &stays, &mut |write| {
            let trips = sink(&|entry| {
                write(entry);
                times.settle(entry, stays.get());
            })?;
            times.note();
            Ok(trips)
        });
        self.report.without_time = times.counts();
        self.times = times;
        result
    }

    fn untimed_piece(&mut self, line: &[u8], sink: &mut Sink<'_>) -> io::Result<()> {
        if line.is_empty() {
            // Only the line end was left.
            return Ok(());
        }
        self.report.pieces += 1;
        self.text(line, sink)
    }

    fn untimed_line(&mut self, line: &[u8], stays: &Cell<bool>, sink: &mut Sink<'_>) -> io::Result<()> {
        let line = trim_line_end(line);
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            self.report.empty_lines += 1;
            return Ok(());
        }
        if docker::is_line(line) && self.docker(line, sink)? {
            return Ok(());
        }
        let text = core::str::from_utf8(line).ok();
        if let Some(written) = text.and_then(Written::read) {
            self.report.json_lines += 1;
            self.report.restored_lines += 1;
            stays.set(true);
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
            return self.lenient(line, stays, sink);
        };
        self.report.json_lines += count_lines(line);
        self.object(json, None, stays, sink)
    }

    /// Imports a record that is not one object of valid JSON. If the record is an array of objects, or begins with objects that
    /// other programs read as JSON, each of them becomes an entry, and the rest of the record is text.
    #[cold]
    fn lenient(&mut self, line: &[u8], stays: &Cell<bool>, sink: &mut Sink<'_>) -> io::Result<()> {
        let inside = Objects::array(line);
        let (mut rest, mut objects) = (inside.unwrap_or(line), 0);
        while objects < MOST_OBJECTS
            && let Some((json, repaired)) = self.repair(rest)
        {
            if objects == 0 {
                self.report.json_lines += count_lines(line);
            }
            let original = rest.get(..repaired.len).filter(|_| repaired.is_lossy);
            self.report.not_utf8_lines +=
                u64::from(original.is_some_and(|line| core::str::from_utf8(line).is_err()));
            let result = self.object(&json, original, stays, sink);
            self.repaired = json;
            result?;
            objects += 1;
            rest = rest.get(repaired.len..).unwrap_or(&[]).trim_ascii_start();
            // A comma can separate the objects, or follow the last one.
            if let Some(next) = rest.strip_prefix(b",").map(<[u8]>::trim_ascii_start)
                && matches!(next, [] | [b'{', ..] | [b']'])
            {
                rest = next;
            }
            if inside.is_some() && rest == b"]" {
                rest = &[];
            }
        }
        match objects {
            0 => self.text_record(line, stays, sink),
            _ if rest.is_empty() => Ok(()),
            _ => {
                stays.set(false);
                self.text(rest, sink)
            }
        }
    }

    /// Returns the valid form of the object at the beginning of `line`.
    fn repair(&mut self, line: &[u8]) -> Option<(String, Repaired)> {
        let mut json = core::mem::take(&mut self.repaired);
        let repaired = lenient::repair(line, &mut json);
        match repaired.filter(|_| self.validator.is_lenient_object(&json)) {
            Some(repaired) => Some((json, repaired)),
            None => {
                self.repaired = json;
                None
            }
        }
    }

    /// Imports an object. `original` is the text of the object in the line, if `json` does not contain all of it.
    fn object(
        &mut self,
        json: &str,
        original: Option<&[u8]>,
        stays: &Cell<bool>,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
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
                stays.set(scratch.has_other_time);
            }
            if let Some(original) = original {
                entry.attr(ORIGINAL, &Bytes(original));
            }
        })?;
        report.note(&trips);
        Ok(())
    }

    /// Imports the lines of one message in the form of Docker. Returns `false` if the lines have another form, or if the
    /// message is one line without a known format: the line is then a JSON object without a special meaning.
    fn docker(&mut self, line: &[u8], sink: &mut Sink<'_>) -> io::Result<bool> {
        let text = core::str::from_utf8(line).ok();
        let Some(message) = text.and_then(|text| docker::read(text, &mut self.validator)) else {
            return Ok(false);
        };
        let text = ansi::without_colours(&message.text);
        let mut record = Record::new(&text);
        record.inner = Inner::Line;
        record.time = stamp::take(&mut Scan::new(&message.time));
        record.text("stream", &message.stream);
        for (key, value) in &message.labels {
            record.push(key, Value::Text(value));
        }
        let is_known = self.recogniser.parse_inner(&mut record);
        if !is_known && message.lines == 1 {
            return Ok(false);
        }
        self.report.json_lines += message.lines as u64;
        let time = record.time.and_then(|time| self.recogniser.years.resolve(time));
        let found = Recognised { format: "docker", record, time };
        self.write(found, &text, None, &Cell::new(false), sink)?;
        Ok(true)
    }

    /// Imports a line, or the lines of one record, that are not a JSON object.
    fn text_record(&mut self, line: &[u8], stays: &Cell<bool>, sink: &mut Sink<'_>) -> io::Result<()> {
        let lines = count_lines(line);
        self.report.text_lines += lines;
        let text = recognise::text_of(line);
        let joined = if lines > 1 { self.recogniser.joined(&text) } else { None };
        let text = joined.as_deref().unwrap_or(&text);
        let Some(found) = self.recogniser.recognise(text) else {
            stays.set(stamp::resembles(text) || stamp::has_date(text));
            return self.text(line, sink);
        };
        stays.set(found.time.is_none() && (found.record.time.is_some() || stamp::resembles(text)));
        self.report.recognised_lines += lines;
        let original = core::str::from_utf8(line).is_err().then_some(line);
        self.report.not_utf8_lines += u64::from(original.is_some());
        self.write(found, text, original, stays, sink)
    }

    /// Writes the entry of a recognised line. Sets `stays` if an object in the line contains a time that is not understood.
    fn write(
        &mut self,
        mut found: Recognised<'_>,
        text: &str,
        original: Option<&[u8]>,
        stays: &Cell<bool>,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let object = match found.record.inner {
            Inner::Converted => Some(self.recogniser.converted.as_str()),
            Inner::Object => Some(found.record.body.trim_end()),
            _ => None,
        };
        let object = object.filter(|object| self.validator.is_object(object));
        if object.is_none() {
            found.record.inner = Inner::Message;
        }
        let scratch = &self.scratch;
        let trips = sink(&|entry| {
            if let Ok(mut scratch) = scratch.try_borrow_mut() {
                write(&found, text, object, original, entry, &mut scratch);
                stays.set(stays.get() || object.is_some() && scratch.has_other_time);
            }
        })?;
        self.report.note(&trips);
        Ok(())
    }

    /// Imports a line whose format is not known. The line becomes the body, with an attribute that marks it. If the
    /// line is not UTF-8, its bytes are also kept.
    fn text(&mut self, line: &[u8], sink: &mut Sink<'_>) -> io::Result<()> {
        let original = core::str::from_utf8(line).is_err().then_some(line);
        self.report.not_utf8_lines += u64::from(original.is_some());
        let text = recognise::text_of(line);
        let trips = sink(&|entry| {
            entry.set_body(&text);
            entry.attr(FORMAT, "text");
            if let Some(line) = original {
                entry.attr(ORIGINAL, &Bytes(line));
            }
        })?;
        self.report.note(&trips);
        Ok(())
    }
}

/// Writes a recognised line. The members of `object`, if there is one, have priority over the parts of the line.
fn write(
    found: &Recognised<'_>,
    line: &str,
    object: Option<&str>,
    original: Option<&[u8]>,
    entry: &mut EntryWriter<'_>,
    scratch: &mut Scratch,
) {
    if let Some(time) = found.time
        && let Ok(nanos) = u64::try_from(time.unix_nanos())
    {
        entry.set_time_unix_nano(nanos);
        entry.set_utc_offset_minutes(time.utc_offset_minutes());
    }
    found.record.write_to(entry);
    match object {
        Some(object) => object::write(Cursor::new(object), entry, scratch),
        None => entry.set_body(found.record.body),
    }
    entry.attr(FORMAT, found.format);
    let header = found.record.header(line);
    if !header.is_empty() {
        entry.attr(HEADER, header);
    }
    if let Some(line) = original {
        entry.attr(ORIGINAL, &Bytes(line));
    }
}

/// An input of lines, to which lines can be returned.
struct Input<R> {
    input: R,
    /// The returned bytes.
    back: Vec<u8>,
    /// The number of these bytes that were read again.
    at: usize,
}

impl<R: BufRead> Input<R> {
    /// Appends a line to `line`, or a part of `most` bytes of a longer line. Returns its length.
    fn read_line(&mut self, line: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let back = self.back.get(self.at..).unwrap_or(&[]);
        let back = &back[..back.len().min(most)];
        let len = position(back, |byte| byte == b'\n').map_or(back.len(), |end| end + 1);
        let taken = &back[..len];
        line.extend_from_slice(taken);
        self.at += len;
        if len == most || taken.ends_with(b"\n") {
            return Ok(len);
        }
        let rest = io::Read::take(&mut self.input, (most - len) as u64).read_until(b'\n', line)?;
        Ok(len + rest)
    }

    /// Returns the last `bytes` that were read.
    fn give_back(&mut self, bytes: &[u8]) {
        if self.at < self.back.len() {
            // The bytes are in the memory.
            self.at = self.at.saturating_sub(bytes.len());
        } else {
            self.at = 0;
            self.back.clear();
            self.back.extend_from_slice(bytes);
        }
    }
}

/// Returns the number of lines, including a last line without a line end.
fn count_lines(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    ends + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
