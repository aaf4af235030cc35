//! The header of an entry, taken from the members of an object.

use crate::encode::{Bytes, EntryWriter};
use crate::names::{self, Name, Part};
use crate::time::Timestamp;
use crate::trace::TraceContext;
use crate::zone::Zone;

use super::cursor::{Cursor, RawString, Shape};
use super::{ids, levels, times};

/// The parts of the header that are set. The first member for a part is used; later members become attributes. A name of
/// a severity has priority over a number.
#[derive(Default)]
pub(super) struct Header<'j> {
    seen: u16,
    pub(super) trace: TraceContext,
    /// The object of the line.
    object: Option<Cursor<'j>>,
    /// Whether a number determined the severity.
    is_numbered: bool,
    /// The member with this number, if it is not an attribute.
    number: Option<(RawString<'j>, Cursor<'j>)>,
    /// The zone of times without an offset, if it is set.
    zone: Option<&'j Zone>,
    /// Whether a member for the time is not understood. A missing value is understood.
    is_time_refused: bool,
}

impl<'j> Header<'j> {
    /// Returns a header for the object at `object`. Times without an offset are in `zone`; without a zone, they are in UTC.
    pub(super) fn of(object: Cursor<'j>, zone: Option<&'j Zone>) -> Self {
        Self { object: Some(object), zone, ..Self::default() }
    }

    fn has(&self, part: Part) -> bool {
        self.seen & 1 << part as u16 != 0
    }

    /// Returns whether the object contains a time that is not understood, and no other time.
    pub(super) fn has_other_time(&self) -> bool {
        self.is_time_refused && !self.has(Part::Time)
    }

    fn note(&mut self, part: Part) {
        self.seen |= 1 << part as u16;
    }

    /// Returns the part to which the member `key` refers.
    #[inline]
    pub(super) fn part(&self, key: &str) -> Option<Part> {
        names::meaning(key).and_then(|name| self.part_of(name))
    }

    /// Returns the part to which a name refers in this object.
    #[inline]
    pub(super) fn part_of(&self, name: Name) -> Option<Part> {
        match name {
            Name::Of(part) => Some(part),
            Name::Perhaps(part, needs) => self.may_be(part, needs).then_some(part),
        }
    }

    /// Returns whether a name that is not specific to `part` refers to it: the object has no specific name, and has one of the
    /// members `needs`.
    #[cold]
    fn may_be(&self, part: Part, needs: &[&str]) -> bool {
        let Some(mut object) = self.object.filter(|_| !self.has(part)) else { return false };
        let mut is_met = needs.is_empty();
        let mut scratch = String::new();
        object.enter();
        while object.next_child() {
            let key = object.key().decode(&mut scratch);
            if names::meaning(key) == Some(Name::Of(part)) && !is_empty(object) {
                return false;
            }
            is_met |= needs.contains(&key);
            object.skip();
        }
        is_met
    }

    /// Sets `part` from the value at `cursor`. Returns `true` if the value can be restored from the header. Otherwise
    /// the value must also become an attribute.
    pub(super) fn take(
        &mut self,
        part: Part,
        key: RawString<'j>,
        mut cursor: Cursor<'j>,
        entry: &mut EntryWriter<'_>,
        text: &mut String,
    ) -> bool {
        let mut own = String::new();
        let (raw, key) = (key, key.decode(&mut own));
        let at = cursor;
        if self.has(part) && !(part == Part::Severity && self.is_numbered) {
            return false;
        }
        let shape = cursor.shape();
        let value = match shape {
            Shape::String => cursor.string().decode(text),
            Shape::Number => cursor.number(),
            Shape::Object => {
                let told = self.take_object(part, cursor, entry, text);
                self.is_time_refused |= part == Part::Time && !self.has(part);
                return told;
            }
            Shape::Array if part == Part::Body && key == "MESSAGE" => {
                return self.byte_array(key, cursor, entry, text);
            }
            Shape::True if part == Part::TraceFlags => "1",
            _ => {
                self.is_time_refused |= part == Part::Time && !is_empty(at);
                return false;
            }
        };
        let is_text = shape == Shape::String;
        let told = match part {
            Part::Time => self.time(key, value, is_text).map(|(time, told)| set_time(entry, time) && told),
            Part::Severity => return self.severity(raw, key, value, is_text, at, entry),
            // An empty text is the same as an absent text.
            Part::Body | Part::Target | Part::Thread if !is_text || value.is_empty() => None,
            Part::Body if key == "log" => {
                // The text of Docker ends with a line end.
                let line = value.strip_suffix('\n').unwrap_or(value);
                entry.set_body(line.strip_suffix('\r').unwrap_or(line));
                Some(true)
            }
            Part::Body => Some(set_text(value, |text| entry.set_body(text))),
            Part::Target => Some(set_text(value, |text| entry.set_target(text))),
            Part::Thread => Some(set_text(value, |text| entry.set_thread(text))),
            Part::TraceId if key == "traceparent" => ids::traceparent(value).map(|trace| {
                let is_free = !self.has(Part::SpanId) && !self.has(Part::TraceFlags);
                if is_free {
                    self.trace = trace;
                    self.note(Part::SpanId);
                    self.note(Part::TraceFlags);
                } else {
                    self.trace.trace_id = trace.trace_id;
                }
                is_free
            }),
            Part::TraceId => {
                let id = if is_text {
                    ids::trace_id(value)
                } else {
                    ids::decimal(value).map(|id| (id.into(), false))
                };
                id.map(|(id, told)| self.set_trace(|trace| trace.trace_id = id) && told)
            }
            Part::SpanId => {
                let id =
                    if is_text { ids::span_id(value) } else { ids::decimal(value).map(|id| (id, false)) };
                id.map(|(id, told)| self.set_trace(|trace| trace.span_id = id) && told)
            }
            Part::TraceFlags => {
                let flags = if is_text { ids::flags(value) } else { value.parse().ok() };
                // Flags of 0 are the same as absent flags.
                flags.map(|flags| self.set_trace(|trace| trace.flags = flags) && flags != 0)
            }
        };
        if told.is_some() {
            self.note(part);
        }
        self.is_time_refused |= part == Part::Time && told.is_none() && !is_empty(at);
        told == Some(true)
    }

    fn time(&self, key: &str, value: &str, is_text: bool) -> Option<(Timestamp, bool)> {
        match key {
            "timeUnixNano" | "time_unix_nano" | "observedTimeUnixNano" | "observed_time_unix_nano" => {
                times::of_nanos(value).filter(|(time, _)| time.unix_nanos() > 0)
            }
            "timestampSeconds" => {
                let nanos = self.object.and_then(|object| object.member("timestampNanos"));
                let nanos = nanos.filter(|nanos| (*nanos).clone().shape() == Shape::Number);
                let nanos = nanos.map_or(Some(0), |mut nanos| nanos.number().parse().ok())?;
                Some((Timestamp::new(value.parse().ok()?, nanos)?, false))
            }
            _ if is_text => times::of_text(value, self.zone),
            _ => times::of_number(value, self.zone),
        }
    }

    fn severity(
        &mut self,
        raw: RawString<'j>,
        key: &str,
        value: &str,
        is_text: bool,
        at: Cursor<'j>,
        entry: &mut EntryWriter<'_>,
    ) -> bool {
        if let Some((severity, told)) = is_text.then(|| levels::of_text(value)).flatten() {
            entry.set_severity(severity);
            // A name has priority over the number before it.
            if let Some((key, mut number)) = self.number.take() {
                let mut own = String::new();
                super::object::write_number(number.number(), entry.attributes().slot(key.decode(&mut own)));
            }
            self.is_numbered = false;
            self.note(Part::Severity);
            return told;
        }
        let is_named = matches!(names::meaning(key), Some(Name::Of(_)));
        let Some(number) = value.parse().ok().filter(|_| is_named && !self.has(Part::Severity)) else {
            return false;
        };
        let Some((severity, told)) = levels::of_number(key, number, self.object) else { return false };
        entry.set_severity(severity);
        self.note(Part::Severity);
        self.is_numbered = true;
        // A number in quotes stays an attribute, except in the export of journald.
        let told = told && (!is_text || key == "PRIORITY");
        self.number = (told && !is_text).then_some((raw, at));
        told
    }

    /// Sets `part` from an object: an instant, the level of loguru, the thread of the Elastic Common Schema.
    #[cold]
    fn take_object(
        &mut self,
        part: Part,
        cursor: Cursor<'j>,
        entry: &mut EntryWriter<'_>,
        text: &mut String,
    ) -> bool {
        let string = |key: &str| cursor.member(key).filter(|value| (*value).clone().shape() == Shape::String);
        match part {
            Part::Time => self.instant(cursor, entry),
            Part::Severity => {
                let name = string("name").map(|mut name| name.string().decode(text));
                if let Some((severity, _)) = name.and_then(levels::of_text) {
                    entry.set_severity(severity);
                    self.note(part);
                }
                false
            }
            Part::Thread => {
                let Some(mut name) = string("name") else { return false };
                let is_set = set_text(name.string().decode(text), |text| entry.set_thread(text));
                if is_set {
                    self.note(part);
                }
                is_set && members(cursor) == 1
            }
            _ => false,
        }
    }

    fn set_trace(&mut self, set: impl FnOnce(&mut TraceContext)) -> bool {
        set(&mut self.trace);
        true
    }

    /// Sets the time from an object: `{"epochSecond": ..., "nanoOfSecond": ...}` of log4j2, `{"seconds": ..., "nanos": ...}`
    /// of Google Cloud, `{"$date": ...}` of MongoDB, the object with `timestamp` of loguru, or `{"date": ..., "timezone": ...}`
    /// of PHP, if the zone is an offset.
    fn instant(&mut self, cursor: Cursor<'_>, entry: &mut EntryWriter<'_>) -> bool {
        let number = |key: &str| {
            let value = cursor.member(key).filter(|value| (*value).clone().shape() == Shape::Number);
            value.map(|mut value| value.number())
        };
        let pair = |seconds: &str, nanos: &str| {
            let fraction = number(nanos);
            let time =
                Timestamp::new(number(seconds)?.parse().ok()?, fraction.map_or(Some(0), |n| n.parse().ok())?);
            Some((time?, 1 + u64::from(fraction.is_some())))
        };
        let date = || {
            let mut date = cursor.member("$date")?;
            let time = match date.shape() {
                Shape::String => times::of_text(date.string().decode(&mut String::new()), None)?.0,
                Shape::Number => times::of_millis(date.number())?,
                Shape::Object => {
                    let mut long =
                        date.member("$numberLong").filter(|long| (*long).clone().shape() == Shape::String)?;
                    times::of_millis(long.string().raw())?
                }
                _ => return None,
            };
            Some((time, 1))
        };
        let timestamp = || Some((times::of_epoch(number("timestamp")?)?.0, 0));
        let php = || {
            let string = |key: &str| {
                let value = cursor.member(key).filter(|value| (*value).clone().shape() == Shape::String);
                value.map(|mut value| value.string().raw())
            };
            let (date, zone) = (string("date")?, string("timezone")?);
            let offset = if zone == "UTC" { "Z" } else { zone };
            let is_offset = offset == "Z" || offset.len() == 6 && offset.starts_with(['+', '-']);
            Some((times::of_text(&format!("{date}{offset}"), None).filter(|_| is_offset)?.0, 0))
        };
        let found = pair("epochSecond", "nanoOfSecond")
            .or_else(|| pair("seconds", "nanos"))
            .or_else(date)
            .or_else(timestamp)
            .or_else(php);
        let Some((_, known)) = found.filter(|(time, _)| set_time(entry, *time)) else { return false };
        self.note(Part::Time);
        members(cursor) == known
    }

    /// Sets the body from the form that journald uses for a field that is not printable: an array of bytes. Bytes
    /// that are not UTF-8 also become an attribute.
    fn byte_array(
        &mut self,
        key: &str,
        mut cursor: Cursor<'_>,
        entry: &mut EntryWriter<'_>,
        scratch: &mut String,
    ) -> bool {
        let mut bytes = core::mem::take(scratch).into_bytes();
        bytes.clear();
        cursor.enter();
        let mut is_bytes = true;
        while is_bytes && cursor.next_child() {
            is_bytes = cursor.shape() == Shape::Number;
            match cursor.number().parse() {
                Ok(byte) => bytes.push(byte),
                Err(_) => is_bytes = false,
            }
        }
        let is_set = is_bytes && !bytes.is_empty();
        match String::from_utf8(bytes) {
            Ok(text) => {
                if is_set {
                    entry.set_body(&text);
                }
                *scratch = text;
            }
            Err(error) if is_set => {
                entry.set_body(&String::from_utf8_lossy(error.as_bytes()));
                entry.attr(key, &Bytes(error.as_bytes()));
            }
            Err(_) => {}
        }
        self.seen |= u16::from(is_set) << Part::Body as u16;
        is_set
    }
}

/// Returns whether a value is the same as a missing one: null, an empty text, or a time of 0.
fn is_empty(mut value: Cursor<'_>) -> bool {
    match value.shape() {
        Shape::Null => true,
        Shape::String => matches!(value.string().raw(), "" | "0"),
        Shape::Number => value.number() == "0",
        _ => false,
    }
}

/// Returns the number of members of the object at `cursor`.
fn members(mut cursor: Cursor<'_>) -> u64 {
    cursor.enter();
    cursor.skip_rest(true)
}

/// Sets a text of the header. Returns `false` for an empty text, which is the same as an absent text.
fn set_text(text: &str, set: impl FnOnce(&str)) -> bool {
    set(text);
    !text.is_empty()
}

/// Sets the time. Returns `false` for the epoch and earlier times, which the header cannot contain.
fn set_time(entry: &mut EntryWriter<'_>, time: Timestamp) -> bool {
    let nanos = u64::try_from(time.unix_nanos()).unwrap_or(0);
    if nanos > 0 {
        entry.set_time_unix_nano(nanos);
        entry.set_utc_offset_minutes(time.utc_offset_minutes());
    }
    nanos > 0
}
