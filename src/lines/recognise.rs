//! The recognition of the format of a line.

use std::borrow::Cow;

use crate::time::Timestamp;
use crate::zone::Zone;

use super::formats::{FIELDS, FORMATS};
use super::record::{Inner, Record};
use super::years::Years;
use super::{Context, LineFormat};
use super::{ansi, docker};

/// The formats that accept many forms. They are never tried before the other formats.
const GENERAL: [&str; 2] = ["prefix", "plain"];
/// The index of the form of Docker, which is not a format of text.
const DOCKER: usize = usize::MAX;
/// The maximum number of formats inside one another.
const DEEPEST: usize = 4;

/// The state of the recognition in one file or stream.
#[derive(Default)]
pub(crate) struct Recogniser {
    /// The format of the last record. It is tried first.
    last: usize,
    /// The format of the line after the last record, if it is known.
    known: Option<usize>,
    pub(super) years: Years,
    context: Context,
    /// The JSON text of a converted record.
    pub(super) converted: String,
}

/// A recognised line.
pub(super) struct Recognised<'l> {
    pub(super) format: &'static str,
    pub(super) record: Record<'l>,
    pub(super) time: Option<Timestamp>,
}

impl Recogniser {
    /// Sets the time of the last change of the file, in seconds since the epoch.
    pub(crate) fn set_latest(&mut self, seconds: i64) {
        self.years.latest = Some(seconds);
    }

    /// Sets the zone of times without an offset.
    pub(crate) fn set_zone(&mut self, zone: Zone) {
        self.years.zone = Some(zone);
    }

    /// Parses a line. Returns `None` if no format recognises it.
    pub(super) fn recognise<'l>(&mut self, line: &'l str) -> Option<Recognised<'l>> {
        if let Some(fields) = line.strip_prefix(FIELDS) {
            self.context.fields.clear();
            self.context.fields.push_str(fields);
        }
        let mut converted = std::mem::take(&mut self.converted);
        let found = self.parse(line, &mut converted);
        self.converted = converted;
        let (format, record) = found?;
        self.last = format;
        let time = record.time.and_then(|time| self.years.resolve(time));
        Some(Recognised { format: FORMATS.get(format)?.name(), record, time })
    }

    /// Returns the formats in the order in which they are tried, with their indexes.
    fn order(&self) -> impl Iterator<Item = (usize, &'static dyn LineFormat)> + use<> {
        let last = self.known.unwrap_or(self.last);
        let first = FORMATS.get(last).filter(|format| !GENERAL.contains(&format.name()));
        let first = first.map(|format| (last, *format));
        first
            .into_iter()
            .chain(FORMATS.into_iter().enumerate().filter(move |(at, _)| first.is_none() || *at != last))
    }

    fn parse<'l>(&self, line: &'l str, converted: &mut String) -> Option<(usize, Record<'l>)> {
        let (format, mut record) = self
            .order()
            .find_map(|(at, format)| Some((at, format.parse(line, &self.context, converted)?)))?;
        self.nest(&mut record, converted);
        Some((format, record))
    }

    /// Parses the body of a record that can contain a line of another format.
    fn nest<'l>(&self, record: &mut Record<'l>, converted: &mut String) {
        for _ in 1..DEEPEST {
            if record.inner != Inner::Line {
                break;
            }
            // The mark of the Common Event Expression.
            let object = record.body.strip_prefix("@cee:").map_or(record.body, str::trim_start);
            if object.starts_with('{') {
                (record.body, record.inner) = (object, Inner::Object);
                break;
            }
            record.inner = Inner::Message;
            let body = record.body;
            let inner = FORMATS.iter().find_map(|format| format.parse(body, &self.context, converted));
            let Some(inner) = inner else { break };
            record.merge(&inner);
        }
    }

    /// Parses a message that another program wrote inside its own form. Returns whether the message has a known format.
    pub(super) fn parse_inner<'l>(&mut self, record: &mut Record<'l>) -> bool {
        let mut converted = std::mem::take(&mut self.converted);
        let outer = record.body;
        self.nest(record, &mut converted);
        self.converted = converted;
        record.inner != Inner::Message || record.body.len() != outer.len()
    }

    /// Returns the index of the format of the first line of a record. Returns `None` if the record has one line only.
    pub(super) fn format_of(&mut self, line: &[u8]) -> Option<usize> {
        if line.trim_ascii_start().first().is_none_or(|first| *first == b'{') {
            self.known = None;
            return docker::is_line(line).then_some(DOCKER);
        }
        if let Some(known) = self.known.take() {
            return Some(known);
        }
        self.begins(&text_of(line))
    }

    fn begins(&self, line: &str) -> Option<usize> {
        if line.starts_with([' ', '\t']) {
            return None;
        }
        self.order().find(|(_, format)| format.begins(line, &self.context)).map(|(at, _)| at)
    }

    /// Returns whether `line` continues the record of the format with the index `format`, whose last line is `last`. Returns
    /// `None` if the general rule decides.
    pub(super) fn continues(&mut self, format: usize, last: &[u8], line: &[u8]) -> Option<bool> {
        self.known = None;
        if format == DOCKER {
            return Some(docker::continues(&text_of(last), &text_of(line)));
        }
        let trimmed = line.trim_ascii();
        if trimmed.starts_with(b"{") && trimmed.ends_with(b"}") {
            return Some(false);
        }
        FORMATS.get(format)?.continues(last, line)
    }

    /// Returns whether a line contains a time.
    pub(super) fn has_time(&self, line: &[u8]) -> bool {
        self.parse(&text_of(line), &mut String::new()).is_some_and(|(_, record)| record.time.is_some())
    }

    /// Returns whether a line that follows a record of the format with the index `format` begins a record.
    pub(super) fn begins_after(&mut self, format: usize, line: &[u8]) -> bool {
        let line = text_of(line);
        let of =
            FORMATS.get(format).filter(|of| !GENERAL.contains(&of.name()) && !line.starts_with([' ', '\t']));
        let is_same = of.is_some_and(|of| of.begins(&line, &self.context));
        self.known = if is_same { Some(format) } else { self.begins(&line) };
        self.known.is_some()
    }

    /// Returns the text of the lines of a record as one line, if the format of the record divides lines.
    pub(super) fn joined(&self, record: &str) -> Option<String> {
        let mut out = String::new();
        FORMATS
            .iter()
            .any(|format| {
                out.clear();
                format.joined(record, &mut out)
            })
            .then_some(out)
    }
}

/// Returns the text of a line without its end and without colours.
pub(super) fn text_of(line: &[u8]) -> Cow<'_, str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match core::str::from_utf8(line) {
        Ok(text) => ansi::without_colours(text),
        Err(_) => Cow::Owned(ansi::without_colours(&String::from_utf8_lossy(line)).into_owned()),
    }
}
