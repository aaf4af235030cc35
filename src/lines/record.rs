//! The parts of a line of text.

use crate::encode::EntryWriter;
use crate::severity::Severity;

use super::stamp::Stamp;

/// The maximum number of attributes that a format finds in a line.
const MOST: usize = 20;

/// A value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'l> {
    Text(&'l str),
    Number(i64),
}

/// The content of a record in addition to its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// The body is the text of a message.
    Message,
    /// The body can be a line of another format.
    Line,
    /// The body is the text of a JSON object, whose members become the attributes and the header.
    Object,
    /// The format has converted the line to a JSON object, in the memory of the recogniser.
    Converted,
}

/// The parts of a line. The body is the end of the line; the parts before it are the header of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'l> {
    pub(super) time: Option<Stamp>,
    pub(super) severity: Severity,
    pub(super) target: &'l str,
    pub(super) thread: &'l str,
    pub(super) body: &'l str,
    pub(super) inner: Inner,
    attributes: [(&'l str, Value<'l>); MOST],
    used: usize,
}

impl<'l> Record<'l> {
    /// Creates a record with a body, which must be the end of the line.
    pub(super) fn new(body: &'l str) -> Self {
        Self {
            time: None,
            severity: Severity::UNSPECIFIED,
            target: "",
            thread: "",
            body,
            inner: Inner::Message,
            attributes: [("", Value::Number(0)); MOST],
            used: 0,
        }
    }

    pub(super) fn at(body: &'l str, time: Stamp) -> Self {
        Self { time: Some(time), ..Self::new(body) }
    }

    pub(super) fn push(&mut self, key: &'l str, value: Value<'l>) {
        if let Some(slot) = self.attributes.get_mut(self.used) {
            *slot = (key, value);
            self.used += 1;
        }
    }

    /// Adds a text, unless it is empty or `-`, which means that there is no value.
    pub(super) fn text(&mut self, key: &'l str, text: &'l str) {
        if !text.is_empty() && text != "-" {
            self.push(key, Value::Text(text));
        }
    }

    pub(super) fn number(&mut self, key: &'l str, number: i64) {
        self.push(key, Value::Number(number));
    }

    /// Adds a number. A text of another form becomes a text.
    pub(super) fn number_of(&mut self, key: &'l str, text: &'l str) {
        match text.parse() {
            Ok(number) => self.number(key, number),
            Err(_) => self.text(key, text),
        }
    }

    /// Adds the parts of a record of the body. The parts of the inner record have priority, except for the time: the time
    /// of the inner record applies if it is more complete.
    pub(super) fn merge(&mut self, inner: &Record<'l>) {
        let is_more_complete = inner
            .time
            .is_some_and(|time| time.is_complete() && !self.time.is_some_and(|own| own.is_complete()));
        if self.time.is_none()
            || is_more_complete
            || matches!(self.time, Some(Stamp::Yearless { .. }))
                && matches!(inner.time, Some(Stamp::Dated(_)))
        {
            self.time = inner.time.or(self.time);
        }
        if inner.severity != Severity::UNSPECIFIED {
            self.severity = inner.severity;
        }
        if !inner.target.is_empty() {
            self.target = inner.target;
        }
        if !inner.thread.is_empty() {
            self.thread = inner.thread;
        }
        for (key, value) in inner.attributes.iter().take(inner.used) {
            self.push(key, *value);
        }
        (self.body, self.inner) = (inner.body, inner.inner);
    }

    /// Writes the parts except for the time and the body.
    pub(super) fn write_to(&self, entry: &mut EntryWriter<'_>) {
        if self.severity != Severity::UNSPECIFIED {
            entry.set_severity(self.severity);
        }
        if !self.target.is_empty() {
            entry.set_target(self.target);
        }
        if !self.thread.is_empty() {
            entry.set_thread(self.thread);
        }
        for (key, value) in self.attributes.iter().take(self.used) {
            match value {
                Value::Text(text) => entry.attr(key, *text),
                Value::Number(number) => entry.attr(key, number),
            };
        }
    }

    /// Returns the part of `line` before the body, up to the end of the word in which the body begins.
    pub(super) fn header(&self, line: &'l str) -> &'l str {
        let at = line.len() - self.body.len().min(line.len());
        let before = line.get(..at).unwrap_or("");
        if before.is_empty() || before.ends_with([' ', '\t', '\n']) {
            return before.trim_end();
        }
        let word = self.body.find([' ', '\t', '\n']).unwrap_or(self.body.len());
        line.get(..at + word).unwrap_or(before)
    }
}
