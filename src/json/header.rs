//! The header of an entry, taken from the members of an object.

use crate::encode::{Bytes, EntryWriter};
use crate::severity::Severity;
use crate::time::Timestamp;
use crate::trace::TraceContext;

use super::cursor::{Cursor, Shape};
use super::recognise::{self, Part};

/// The parts of the header that are set. The first member for a part is used; later members become attributes.
#[derive(Default)]
pub(super) struct Header {
    seen: u16,
    pub(super) trace: TraceContext,
}

impl Header {
    /// Sets `part` from the value at `cursor`. Returns `true` if the value can be restored from the header. Otherwise
    /// the value must also become an attribute.
    pub(super) fn take(
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
            Shape::Array if part == Part::Body && key == "MESSAGE" => {
                return self.byte_array(key, cursor, entry, text);
            }
            _ => return false,
        };
        let is_text = shape == Shape::String;
        let told = match part {
            Part::Time => {
                let time = match (key, is_text) {
                    ("timeUnixNano" | "time_unix_nano", _) => recognise::time_of_nanos(value),
                    (_, true) => recognise::time_of_text(value),
                    (_, false) => recognise::time_of_number(value),
                };
                time.map(|(time, told)| set_time(entry, time) && told)
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
                TraceContext::parse_trace_id(value).map(|id| self.set_trace(|trace| trace.trace_id = id))
            }
            Part::SpanId if is_text => {
                TraceContext::parse_span_id(value).map(|id| self.set_trace(|trace| trace.span_id = id))
            }
            Part::TraceFlags => {
                let flags = if is_text { recognise::flags_of_text(value) } else { value.parse().ok() };
                // Flags of 0 are the same as absent flags.
                flags.map(|flags| self.set_trace(|trace| trace.flags = flags) && flags != 0)
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

    /// Sets the time from the form of log4j2: `{"epochSecond": ..., "nanoOfSecond": ...}`.
    fn instant(&mut self, cursor: Cursor<'_>, entry: &mut EntryWriter<'_>) -> bool {
        let number = |key| cursor.member(key).filter(|value| (*value).clone().shape() == Shape::Number);
        let time = (|| {
            let seconds = number("epochSecond")?.number().parse().ok()?;
            let nanos = number("nanoOfSecond").map_or(Some(0), |mut nanos| nanos.number().parse().ok())?;
            Timestamp::new(seconds, nanos)
        })();
        let is_set = time.is_some_and(|time| set_time(entry, time));
        self.seen |= u16::from(is_set) << Part::Time as u16;
        let known = 1 + u64::from(number("nanoOfSecond").is_some());
        is_set && members(cursor) == known
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

fn set_severity(entry: &mut EntryWriter<'_>, severity: Severity, told: bool) -> bool {
    entry.set_severity(severity);
    told
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
