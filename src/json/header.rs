//! The parts of an entry's header, taken from the members of an object.

use crate::encode::EntryWriter;
use crate::severity::Severity;
use crate::time::Timestamp;
use crate::trace::TraceContext;

use super::cursor::{Cursor, Shape};
use super::recognise::{self, Part};

/// Which parts of the entry have been set: the first that names a part wins, later ones are attributes.
#[derive(Default)]
pub(super) struct Header {
    seen: u16,
    pub(super) trace: TraceContext,
}

impl Header {
    /// Sets `part` from the value at `cursor`. `true` where the value is in the header now and can be told from it;
    /// otherwise it has to become an attribute as well.
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
