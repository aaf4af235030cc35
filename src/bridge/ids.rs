//! Trace ids and span ids in fields.

use core::fmt::{self, Write};

use crate::context::Context;
use crate::encode::EntryWriter;
use crate::trace::TraceContext;

/// The kind of an id, which the name of the field determines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Trace,
    Span,
}

impl Which {
    #[inline]
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "trace_id" => Some(Self::Trace),
            "span_id" => Some(Self::Span),
            _ => None,
        }
    }
}

/// The known ids. An unknown id is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ids(pub(super) TraceContext);

impl Ids {
    /// Sets the id that `hex` spells. Returns false if `hex` is not an id.
    pub(super) fn take_hex(&mut self, which: Which, hex: &str) -> bool {
        match which {
            Which::Trace => TraceContext::parse_trace_id(hex).is_some_and(|id| self.take_number(which, id)),
            Which::Span => {
                TraceContext::parse_span_id(hex).is_some_and(|id| self.take_number(which, id.into()))
            }
        }
    }

    /// Sets an id from a number. Returns false if the number is not an id, or if another id is known.
    pub(super) fn take_number(&mut self, which: Which, number: u128) -> bool {
        match (which, u64::try_from(number)) {
            (_, Ok(0)) | (Which::Span, Err(_)) => return false,
            (Which::Trace, _) if self.0.trace_id == 0 => self.0.trace_id = number,
            (Which::Span, Ok(number)) if self.0.span_id == 0 => self.0.span_id = number,
            (Which::Trace, _) => return self.0.trace_id == number,
            (Which::Span, Ok(span_id)) => return self.0.span_id == span_id,
        }
        true
    }

    /// Copies from `other` the ids that are unknown here.
    #[inline]
    pub(super) fn fill(&mut self, other: &Self) {
        if self.0.trace_id == 0 {
            (self.0.trace_id, self.0.flags) = (other.0.trace_id, other.0.flags);
        }
        if self.0.span_id == 0 {
            self.0.span_id = other.0.span_id;
        }
    }

    /// Returns these ids, with unknown ids from `outer`.
    #[inline]
    pub(super) fn over(mut self, outer: &Self) -> Self {
        self.fill(outer);
        self
    }

    pub(super) fn are_none(&self) -> bool {
        self.0.is_none()
    }

    /// Writes the ids into the entry. Unknown ids come from the current context.
    #[inline]
    pub(crate) fn write(mut self, entry: &mut EntryWriter<'_>) {
        if self.0.is_none() {
            return;
        }
        if !self.are_known() {
            self.fill(&Self(Context::current().trace()));
        }
        entry.set_trace(self.0);
    }

    pub(super) fn are_known(&self) -> bool {
        self.0.trace_id != 0 && self.0.span_id != 0
    }
}

/// A text that can be an id. The capacity is slightly larger than the longest id.
pub(super) struct ShortText {
    bytes: [u8; 48],
    len: usize,
}

impl ShortText {
    /// Formats `value` with `Debug`. Returns `None` if the text is longer than an id, or if the formatting
    /// fails.
    pub(super) fn of(value: &dyn fmt::Debug) -> Option<Self> {
        let mut text = Self { bytes: [0; 48], len: 0 };
        write!(text, "{value:?}").ok()?;
        Some(text)
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}

impl Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}
