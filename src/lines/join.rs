//! The records of more than one line.
//!
//! A line continues the record before it if the record has a time and the line begins no record of any format. A line with a
//! time that is not understood continues no record. A format can have another rule. Empty lines belong to a record if a line
//! after them continues it. A record has at most [`MOST_LINES`] lines and [`MOST_BYTES`] bytes after its first line. The next
//! line then begins a new record.
//!
//! Lines that together are JSON objects, or an array of objects, are also one record, of at most [`MOST_OBJECT_BYTES`] bytes.
//! If the lines do not become objects, each of them is a record.

use super::objects::{Objects, State};
use super::recognise::{Recogniser, text_of};
use super::stamp;

/// The maximum number of lines of a record.
pub(crate) const MOST_LINES: usize = 1024;
/// The maximum number of bytes that follow the first line of a record.
pub(crate) const MOST_BYTES: usize = 256 << 10;
/// The maximum number of bytes of objects that have several lines.
pub(crate) const MOST_OBJECT_BYTES: usize = 16 << 20;
/// The byte order mark in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns whether a message in a container is a part of a stack trace.
pub(super) fn is_stack(message: &[u8]) -> bool {
    const BEGINS: [&[u8]; 5] = [b"\t", b"  ", b"Caused by: ", b"Traceback (most recent call last):", b"\\t"];
    BEGINS.iter().any(|begin| message.starts_with(begin))
}

/// The progress of the search for the end of a record.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Joint {
    /// The format of the record.
    format: usize,
    /// The objects of a record of JSON.
    objects: Option<Objects>,
    /// Whether the record has a time, if it is known.
    has_time: Option<bool>,
    /// The begin of the last line.
    last: usize,
    /// The length of the first line, with its end.
    first: usize,
    /// The length of the record so far, with the end of its last line.
    pub(crate) end: usize,
    /// The length of the lines that were added.
    at: usize,
    lines: usize,
}

/// The decision on the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The line continues the record, or may do so.
    Continues,
    /// The record is complete. [`Joint::end`] is its length. It contains the line only if the line completes JSON objects.
    Complete,
}

impl Joint {
    /// Begins with the first line of a record, including its end. Returns `None` if the record has one line only.
    pub(crate) fn begin(first: &[u8], recogniser: &mut Recogniser) -> Option<Self> {
        let format = recogniser.format_of(first);
        let text = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
        let objects = if format.is_none() { Objects::begin(text) } else { None };
        let format = if objects.is_some() { 0 } else { format? };
        let len = first.len();
        Some(Self { format, objects, has_time: None, last: 0, first: len, end: len, at: len, lines: 1 })
    }

    /// Returns the position of the next line.
    pub(crate) fn next_line(&self) -> usize {
        self.at
    }

    /// Returns the number of bytes of the record and of the empty lines after it. Other lines that were added are new records.
    pub(crate) fn consumed(&self) -> usize {
        if self.objects.is_some() { self.end } else { self.at }
    }

    /// Returns whether a line of `len` bytes is too long for the record.
    pub(crate) fn is_full(&self, len: usize) -> bool {
        if self.objects.is_some() {
            return self.at + len > MOST_OBJECT_BYTES;
        }
        self.lines >= MOST_LINES || self.at - self.first + len > MOST_BYTES
    }

    /// Decides on the next line. `bytes` contains the record, and `len` bytes of the next line at [`next_line`](Self::next_line).
    pub(crate) fn next(&mut self, bytes: &[u8], len: usize, recogniser: &mut Recogniser) -> Next {
        let line = bytes.get(self.at..self.at + len).unwrap_or(&[]);
        if self.is_full(len) || line.contains(&0) {
            return Next::Complete;
        }
        if let Some(objects) = &mut self.objects {
            let state = objects.add(line);
            if state != State::Other {
                self.at += len;
            }
            if state == State::Complete {
                self.end = self.at;
            }
            return if state == State::Open { Next::Continues } else { Next::Complete };
        }
        let is_empty = line.iter().all(u8::is_ascii_whitespace);
        if !is_empty && !self.continues(bytes, line, recogniser) {
            return Next::Complete;
        }
        if !is_empty {
            self.last = self.at;
        }
        self.at += len;
        self.lines += 1;
        if !is_empty {
            self.end = self.at;
        }
        Next::Continues
    }

    fn continues(&mut self, bytes: &[u8], line: &[u8], recogniser: &mut Recogniser) -> bool {
        let first = bytes.get(..self.first).unwrap_or(&[]);
        let last = bytes.get(self.last..self.end).unwrap_or(&[]);
        recogniser.continues(self.format, last, line).unwrap_or_else(|| {
            // Most lines begin a record.
            !recogniser.begins_after(self.format, line)
                && !stamp::resembles(&text_of(line))
                && *self.has_time.get_or_insert_with(|| recogniser.has_time(first))
        })
    }
}
