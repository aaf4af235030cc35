//! JSON lines to entries, streaming: constant memory, and every line accounted for.

use std::cell::RefCell;
use std::io::{self, BufRead};

use crate::encode::{Bytes, EntryWriter, MapWriter, ValueWriter};
use crate::limits::Limits;
use crate::severity::Severity;
use crate::time::Timestamp;
use crate::trace::TraceContext;
use crate::trip::{TripCause, TripReport};

use super::cursor::{Cursor, Shape};
use super::otlp;
use super::recognise::{self, Part};
use super::validate::Validator;

/// The attribute that marks entries made from lines that are not JSON objects. Its value is `text`.
const FORMAT: &str = "fusewire.import.format";
/// The attribute with a line's exact bytes, where they are not UTF-8. Name: OpenTelemetry's semantic conventions.
const ORIGINAL: &str = "log.record.original";
/// Levels of a line that are decoded into kept memory; the fuse allows no more.
const LEVELS: usize = Limits::MAX_DEPTH as usize + 2;

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
    /// Lines kept as text because they were not.
    pub text_lines: u64,
    /// Of the text lines: those that were not UTF-8.
    pub not_utf8_lines: u64,
    /// Of the text lines: pieces of lines over [`Importer::MAX_LINE`].
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

/// Text without its escapes.
struct Scratch {
    keys: [String; LEVELS],
    value: String,
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
        let scratch = Scratch { keys: core::array::from_fn(|_| String::new()), value: String::new() };
        Self {
            line: Vec::new(),
            validator: Validator::default(),
            scratch: RefCell::new(scratch),
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
        let mut in_pieces = false;
        loop {
            let mut line = core::mem::take(&mut self.line);
            line.clear();
            let read = io::Read::take(&mut input, Self::MAX_LINE as u64).read_until(b'\n', &mut line);
            self.line = line;
            let read = read?;
            if read == 0 {
                return Ok(());
            }
            self.report.bytes += read as u64;
            let whole = self.line.ends_with(b"\n") || read < Self::MAX_LINE;
            self.report.lines += u64::from(whole);
            let line = core::mem::take(&mut self.line);
            let result =
                if whole && !in_pieces { self.line(&line, &mut sink) } else { self.piece(&line, &mut sink) };
            self.line = line;
            result?;
            in_pieces = !whole;
        }
    }

    /// A part of a line that is too long.
    fn piece(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        self.report.pieces += 1;
        self.text(trim_line_end(line), sink)
    }

    fn line(
        &mut self,
        line: &[u8],
        sink: &mut impl FnMut(&dyn Fn(&mut EntryWriter<'_>)) -> io::Result<TripReport>,
    ) -> io::Result<()> {
        let line = trim_line_end(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            self.report.empty_lines += 1;
            return Ok(());
        }
        let json = core::str::from_utf8(line).ok().filter(|text| self.validator.is_object(text));
        let Some(json) = json else { return self.text(line, sink) };
        self.report.json_lines += 1;
        let (report, scratch) = (&mut self.report, &self.scratch);
        if otlp::is_logs(Cursor::new(json)) {
            return otlp::for_each(Cursor::new(json), |record| {
                let trips = sink(&|entry| {
                    // The sink calls this once at a time; a scratch in use would be its own recursion.
                    if let Ok(mut scratch) = scratch.try_borrow_mut() {
                        write_record(record, entry, &mut scratch);
                    }
                })?;
                report.note(&trips);
                Ok(())
            })
            .map(drop);
        }
        let trips = sink(&|entry| {
            if let Ok(mut scratch) = scratch.try_borrow_mut() {
                write_object(Cursor::new(json), entry, &mut scratch);
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
        self.report.text_lines += 1;
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

/// Which parts of the entry have been set: the first that names a part wins, later ones are attributes.
#[derive(Default)]
struct Header {
    seen: u16,
    trace: TraceContext,
}

impl Header {
    /// Sets `part` from the value at `cursor`. `true` where the value is in the header now and can be told from it;
    /// otherwise it has to become an attribute as well.
    fn take(
        &mut self,
        part: Part,
        key: &str,
        mut cursor: Cursor<'_>,
        entry: &mut EntryWriter<'_>,
        text: &mut String,
    ) -> bool {
        let bit = match part {
            Part::SyslogPriority => Part::Severity,
            part => part,
        };
        if self.seen & 1 << bit as u16 != 0 {
            return false;
        }
        let shape = cursor.shape();
        let value = match shape {
            Shape::String => cursor.string().decode(text),
            Shape::Number => cursor.number(),
            Shape::Object if part == Part::Time => return self.instant(cursor, entry),
            _ => return false,
        };
        let is_text = shape == Shape::String;
        let told = match part {
            Part::Time => {
                let time =
                    if is_text { recognise::time_of_text(value) } else { recognise::time_of_number(value) };
                time.map(|time| set_time(entry, time))
            }
            Part::Severity => {
                let severity = if is_text {
                    recognise::severity_of_text(value)
                } else {
                    value.parse().ok().and_then(|number| recognise::severity_of_number(key, number))
                };
                severity.map(|(severity, told)| set_severity(entry, severity, told))
            }
            Part::SyslogPriority => {
                recognise::severity_of_priority(value).map(|severity| set_severity(entry, severity, true))
            }
            Part::Body if is_text => Some(set_text(value, |text| entry.set_body(text))),
            Part::Target if is_text => Some(set_text(value, |text| entry.set_target(text))),
            Part::Thread if is_text => Some(set_text(value, |text| entry.set_thread(text))),
            Part::TraceId if is_text => {
                recognise::trace_id(value).map(|id| self.set_trace(|trace| trace.trace_id = id))
            }
            Part::SpanId if is_text => {
                recognise::span_id(value).map(|id| self.set_trace(|trace| trace.span_id = id))
            }
            Part::TraceFlags => {
                let flags = if is_text { recognise::flags_of_text(value) } else { value.parse().ok() };
                flags.map(|flags| self.set_trace(|trace| trace.flags = flags))
            }
            _ => None,
        };
        if told.is_some() {
            self.seen |= 1 << bit as u16;
        }
        told == Some(true)
    }

    fn set_trace(&mut self, set: impl FnOnce(&mut TraceContext)) -> bool {
        set(&mut self.trace);
        true
    }

    /// log4j2's `{"epochSecond": ..., "nanoOfSecond": ...}`.
    fn instant(&mut self, cursor: Cursor<'_>, entry: &mut EntryWriter<'_>) -> bool {
        let number = |key| cursor.member(key).filter(|value| (*value).clone().shape() == Shape::Number);
        let time = (|| {
            let seconds = number("epochSecond")?.number().parse().ok()?;
            let nanos = number("nanoOfSecond").map_or(Some(0), |mut nanos| nanos.number().parse().ok())?;
            Timestamp::new(seconds, nanos)
        })();
        let told = time.is_some_and(|time| set_time(entry, time));
        self.seen |= u16::from(told) << Part::Time as u16;
        told
    }
}

/// Header strings that are empty cannot be told from absent ones.
fn set_text(text: &str, set: impl FnOnce(&str)) -> bool {
    set(text);
    !text.is_empty()
}

fn set_severity(entry: &mut EntryWriter<'_>, severity: Severity, told: bool) -> bool {
    entry.set_severity(severity);
    told
}

/// Times before the epoch, and the epoch itself, have no place in the header.
fn set_time(entry: &mut EntryWriter<'_>, time: Timestamp) -> bool {
    let nanos = u64::try_from(time.unix_nanos()).unwrap_or(0);
    if nanos > 0 {
        entry.set_time_unix_nano(nanos);
        entry.set_utc_offset_minutes(time.utc_offset_minutes());
    }
    nanos > 0
}

fn write_object(mut cursor: Cursor<'_>, entry: &mut EntryWriter<'_>, scratch: &mut Scratch) {
    let mut header = Header::default();
    let [key_scratch, nested_scratch, keys @ ..] = &mut scratch.keys;
    cursor.enter();
    while cursor.next_child() {
        let key = cursor.key().decode(key_scratch);
        match recognise::part(key) {
            Some(Part::Nested) if cursor.shape() == Shape::Object => {
                write_nested(key, &mut cursor, entry, &mut header, nested_scratch, keys, &mut scratch.value);
                continue;
            }
            Some(part) if header.take(part, key, cursor, entry, &mut scratch.value) => {
                cursor.skip();
                continue;
            }
            _ => {}
        }
        let mut attributes = entry.attributes();
        write_member(&mut cursor, attributes.slot(key), nested_scratch, keys, &mut scratch.value);
    }
    entry.set_trace(header.trace);
}

/// Writes the value at the cursor to `slot`, or steps behind it where it is not wanted.
fn write_member(
    cursor: &mut Cursor<'_>,
    slot: ValueWriter<'_, '_>,
    key: &mut String,
    keys: &mut [String],
    value: &mut String,
) {
    if slot.is_inert() {
        cursor.skip();
        return;
    }
    // The object's own keys go to `key`; the levels below have the rest.
    match cursor.shape() {
        Shape::Object => write_map(cursor, &mut slot.map(), key, keys, value),
        _ => write_value(cursor, slot, keys, value),
    }
}

/// An object whose members may be parts of the header: those that are not become a map of the same name, unless all were.
fn write_nested(
    parent: &str,
    cursor: &mut Cursor<'_>,
    entry: &mut EntryWriter<'_>,
    header: &mut Header,
    key_scratch: &mut String,
    keys: &mut [String],
    value: &mut String,
) {
    let mut members = *cursor;
    let (mut taken, mut left) = (0_u64, 0_u64);
    members.enter();
    let mut index = 0_u32;
    while members.next_child() {
        let key = members.key().decode(key_scratch);
        let part = recognise::nested_part(parent, key);
        let told = part.is_some_and(|part| header.take(part, key, members, entry, value));
        if told && index < u64::BITS {
            taken |= 1 << index;
        } else {
            left += 1;
        }
        index += 1;
        members.skip();
    }
    if left == 0 && taken != 0 {
        *cursor = members;
        return;
    }
    let mut attributes = entry.attributes();
    let slot = attributes.slot(parent);
    if slot.is_inert() {
        *cursor = members;
        return;
    }
    let mut map = slot.map();
    cursor.enter();
    let mut index = 0_u32;
    while cursor.next_child() {
        let key = cursor.key().decode(key_scratch);
        if index < u64::BITS && taken >> index & 1 == 1 {
            cursor.skip();
        } else {
            write_value(cursor, map.slot(key), keys, value);
        }
        index += 1;
    }
}

fn write_map(
    cursor: &mut Cursor<'_>,
    map: &mut MapWriter<'_, '_>,
    key_scratch: &mut String,
    keys: &mut [String],
    value: &mut String,
) {
    cursor.enter();
    while !map.is_full() {
        if !cursor.next_child() {
            return;
        }
        let key = cursor.key().decode(key_scratch);
        write_value(cursor, map.slot(key), keys, value);
    }
    map.drop_rest(Some(cursor.skip_rest(true)));
}

/// Writes the value at the cursor and steps behind it. Recursion ends where the fuse cuts: a container that is too deep is
/// stepped over, whatever is in it.
pub(super) fn write_value(
    cursor: &mut Cursor<'_>,
    out: ValueWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
) {
    match cursor.shape() {
        Shape::Null => {
            cursor.skip();
            out.null();
        }
        shape @ (Shape::True | Shape::False) => {
            cursor.skip();
            out.bool(shape == Shape::True);
        }
        Shape::String => out.str(cursor.string().decode(value)),
        Shape::Number => write_number(cursor.number(), out),
        Shape::Object => {
            let mut own = String::new();
            let (key, keys) =
                keys.split_first_mut().map_or((&mut own, &mut [][..]), |(key, keys)| (key, keys));
            write_map(cursor, &mut out.map(), key, keys, value);
        }
        Shape::Array => {
            let mut array = out.array();
            cursor.enter();
            while !array.is_full() {
                if !cursor.next_child() {
                    return;
                }
                write_value(cursor, array.slot(), keys, value);
            }
            array.drop_rest(Some(cursor.skip_rest(false)));
        }
    }
}

/// Integers of up to 128 bits exactly, other numbers as the nearest double. A number that neither can hold stays text.
fn write_number(text: &str, out: ValueWriter<'_, '_>) {
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer && text != "-0" {
        if let Ok(number) = text.parse() {
            return out.i64(number);
        }
        if let Ok(number) = text.parse() {
            return out.u64(number);
        }
        if let Ok(number) = text.parse() {
            return out.i128(number);
        }
        if let Ok(number) = text.parse() {
            return out.u128(number);
        }
        return out.str(text);
    }
    match text.parse() {
        Ok(number) if f64::is_finite(number) => out.f64(number),
        _ => out.str(text),
    }
}

/// A record of OpenTelemetry's encoding: its own fields, its attributes, then its resource and scope.
fn write_record(record: otlp::Record<'_>, entry: &mut EntryWriter<'_>, scratch: &mut Scratch) {
    let mut header = Header::default();
    let [key_scratch, keys @ ..] = &mut scratch.keys;
    let mut cursor = record.record;
    cursor.enter();
    while cursor.next_child() {
        let key = cursor.key().decode(key_scratch);
        match key {
            "attributes" => otlp::write_list(Some(cursor), &mut entry.attributes()),
            "body" => {
                let text = cursor.member("stringValue");
                if !text.is_some_and(|text| header.take(Part::Body, key, text, entry, &mut scratch.value)) {
                    otlp::write_any(Some(cursor), entry.attributes().slot(key));
                }
            }
            _ => {
                let part = recognise::part(key).filter(|part| *part != Part::Nested);
                // The number says more than the text, whichever comes first.
                let is_spare = key == "severityText" && record.record.member("severityNumber").is_some();
                let told = part.is_some_and(|part| {
                    !is_spare && header.take(part, key, cursor, entry, &mut scratch.value)
                });
                if !told && !(is_spare && is_canonical_text(cursor, record.record)) {
                    write_value(&mut cursor, entry.attributes().slot(key), keys, &mut scratch.value);
                    continue;
                }
            }
        }
        cursor.skip();
    }
    if let Some(mut name) = record.scope.and_then(|scope| scope.member("name")) {
        if name.shape() == Shape::String {
            entry.set_target(name.string().decode(&mut scratch.value));
        }
    }
    if let Some(list) = record.resource {
        let mut attributes = entry.attributes();
        otlp::write_list(Some(list), &mut attributes.slot("resource").map());
    }
    entry.set_trace(header.trace);
}

/// Whether the text of the severity at `text` is the name of the record's severity number.
fn is_canonical_text(mut text: Cursor<'_>, record: Cursor<'_>) -> bool {
    let mut scratch = String::new();
    let number = record.member("severityNumber").and_then(|mut number| number.number().parse().ok());
    let name = number.and_then(|number| Severity::from_number(number).name());
    text.shape() == Shape::String && name == Some(text.string().decode(&mut scratch))
}
