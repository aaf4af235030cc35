//! The parser of the members of a written line.

use crate::encode::EntryWriter;
use crate::json::cursor::RawString;
use crate::json::fuse::PLACES;
use crate::json::object::Scratch;
use crate::severity::Severity;
use crate::time::Timestamp;
use crate::trace::TraceContext;
use crate::trip::{Places, TripCause, TripReport};

use super::exact::Exact;
use super::values::Values;
use super::write::write_map;

/// The key of the attribute with the reason why the attributes of a damaged entry end.
const UNREADABLE: &str = "fusewire.unreadable";

/// A written line after a check of all its members.
pub(crate) struct Written<'j> {
    time: Option<Timestamp>,
    severity: Severity,
    trace: TraceContext,
    target: Option<RawString<'j>>,
    thread: Option<RawString<'j>>,
    body: Option<RawString<'j>>,
    /// The position of the attributes, after the brace.
    attributes: Option<Exact<'j>>,
    dropped: u32,
    report: TripReport,
    /// The position of the list of values with trips.
    notes: Option<Exact<'j>>,
    unreadable: Option<RawString<'j>>,
}

impl<'j> Written<'j> {
    /// Parses a line. Returns `None` if the line does not have the written form.
    pub(crate) fn read(line: &'j str) -> Option<Self> {
        let mut members = Members { text: Exact::new(line), any: false };
        members.text.expect("{")?;
        let mut written = Self::header(&mut members)?;
        if members.meets("attributes") {
            let value = members.text;
            members.text.skip();
            let mut attributes = value;
            attributes.expect("{")?;
            written.attributes = Some(attributes);
        }
        let behind_attributes = members.text;
        if members.meets("dropped_attributes_count") {
            written.dropped = members.text.integer().filter(|dropped| *dropped > 0)?;
        }
        if members.meets("fuse") {
            written.report = trips(&mut members.text)?;
            members.text.expect(",\"values\":[")?;
            written.notes = Some(members.text);
        }
        let none = Exact::new("}");
        let values = Values::new(written.attributes.unwrap_or(none), written.notes);
        let (end, behind_notes) = values.check()?;
        if written.attributes.is_some() && !end.is_where(&behind_attributes) {
            return None;
        }
        if let (Some(notes), Some(behind_notes)) = (written.notes, behind_notes) {
            let is_told = !notes.is_where(&behind_notes) || !written.report.is_clean();
            members.text = behind_notes;
            members.text.expect("]}").filter(|()| is_told)?;
        }
        if members.meets("unreadable") {
            written.unreadable = Some(members.text.string()?);
        }
        let is_empty = written.attributes.is_some_and(|attributes| attributes.starts_with("}"));
        members.text.expect("}")?;
        (members.text.is_at_end() && (!is_empty || written.unreadable.is_some())).then_some(written)
    }

    /// Parses the members before the attributes.
    fn header(members: &mut Members<'j>) -> Option<Self> {
        let mut header = Self {
            time: None,
            severity: Severity::UNSPECIFIED,
            trace: TraceContext::NONE,
            target: None,
            thread: None,
            body: None,
            attributes: None,
            dropped: 0,
            report: TripReport::default(),
            notes: None,
            unreadable: None,
        };
        if members.meets("time") {
            members.text.expect("\"")?;
            let time = Timestamp::from_display(members.text.plain()?)?;
            header.time = Some(time).filter(|time| nanos(*time) > 0);
            header.time?;
        }
        if members.meets("severity") {
            members.text.expect("\"")?;
            let name = members.text.plain()?;
            header.severity = (1..=24).map(Severity::from_number).find(|known| known.name() == Some(name))?;
        } else if members.meets("severity_number") {
            header.severity = Severity::from_number(members.text.integer().filter(|number| *number > 24)?);
        }
        if members.meets("trace_id") {
            header.trace.trace_id = members.id(32)?;
        }
        if members.meets("span_id") {
            header.trace.span_id = u64::try_from(members.id(16)?).ok()?;
        }
        if members.meets("trace_flags") {
            header.trace.flags = members.text.integer().filter(|flags| *flags > 0)?;
        }
        for (name, text) in
            [("target", &mut header.target), ("thread", &mut header.thread), ("body", &mut header.body)]
        {
            if members.meets(name) {
                *text = Some(members.text.string().filter(|text| !text.raw().is_empty())?);
            }
        }
        Some(header)
    }

    /// Writes the entry. The texts are written last, so that they take the same part of the byte budget as in the
    /// original entry.
    pub(crate) fn write_to(&self, entry: &mut EntryWriter<'_>, scratch: &mut Scratch) {
        let Scratch { keys, value, .. } = scratch;
        if let Some(time) = self.time {
            entry.set_time_unix_nano(nanos(time));
            entry.set_utc_offset_minutes(time.utc_offset_minutes());
        }
        entry.set_severity(self.severity);
        entry.set_trace(self.trace);
        entry.restore_report(&self.report);
        if let Some(attributes) = self.attributes {
            let mut values = Values::new(attributes, self.notes);
            write_map(&mut values, &mut entry.attributes(), keys, value);
        }
        if self.dropped > 0 {
            let known = (self.dropped < u32::MAX).then_some(self.dropped.into());
            entry.attributes().restore_dropped(known);
        }
        if let Some(reason) = self.unreadable {
            entry.attr(UNREADABLE, reason.decode(value));
        }
        if let Some(target) = self.target {
            entry.set_target(target.decode(value));
        }
        if let Some(thread) = self.thread {
            entry.set_thread(thread.decode(value));
        }
        if let Some(body) = self.body {
            entry.set_body(body.decode(value));
        }
    }
}

/// Returns the time for the header, or 0 if it is before the epoch or out of range.
fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.unix_nanos()).unwrap_or(0)
}

/// The members of the outermost object, in the expected order.
struct Members<'j> {
    text: Exact<'j>,
    any: bool,
}

impl Members<'_> {
    /// Moves to the value of `name` and returns `true` if that is the next member.
    fn meets(&mut self, name: &str) -> bool {
        let mut text = self.text;
        let found = (!self.any || text.eat(",")) && text.eat("\"") && text.eat(name) && text.eat("\":");
        if found {
            self.text = text;
            self.any = true;
        }
        found
    }

    /// Parses a string of `len` hexadecimal digits.
    fn id(&mut self, len: usize) -> Option<u128> {
        self.text.expect("\"")?;
        let id = self.text.hex(len)?;
        self.text.expect("\"")?;
        Some(id)
    }
}

/// Parses the trips by cause, up to the list of values.
fn trips(text: &mut Exact<'_>) -> Option<TripReport> {
    text.expect("{\"trips\":{")?;
    let mut report = TripReport::default();
    let mut last = None;
    while !text.eat("}") {
        text.expect(if last.is_some() { ",\"" } else { "\"" })?;
        let cause = text.name_of(&TripCause::ALL.map(|cause| (cause, cause.name())))?;
        if last.is_some_and(|last: TripCause| last as u8 >= cause as u8) {
            return None;
        }
        last = Some(cause);
        text.expect(":{\"count\":")?;
        let count = text.integer().filter(|count| *count > 0)?;
        text.expect(",\"lost\":")?;
        let lost =
            if text.eat("null") { u64::MAX } else { text.integer().filter(|lost| *lost < u64::MAX)? };
        text.expect(",\"in\":[")?;
        let mut places = Places::NONE;
        while !text.eat("]") {
            text.expect(if places == Places::NONE { "\"" } else { ",\"" })?;
            let place: Places = text.name_of(&PLACES)?;
            if places.bits() >= place.bits() {
                return None;
            }
            places = places.with(place);
        }
        text.expect("}")?;
        report.set(cause, places, count, lost);
    }
    Some(report)
}
