//! Byte limits for the output of `Display` and `Debug` implementations.

use core::fmt::{self, Write};

use crate::kind::{Kind, NodeFlags};
use crate::trip::{Places, TripCause};

use super::tape::Tape;

/// A sink that appends to the text of the tape until the budget is spent. After that it returns an error, which is
/// the only signal that stops a formatter.
struct Bounded<'t, 'b> {
    tape: &'t mut Tape<'b>,
    written: usize,
    /// The number of bytes of the budget that are left. It is 0 after a stop.
    left: usize,
    /// The cause of the stop, if the formatter was stopped.
    stopped: Option<TripCause>,
}

impl Write for Bounded<'_, '_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The other function also handles an empty text, which is an error after a stop.
        if !text.is_empty() && text.len() <= self.left && self.tape.out.try_push_tail(text.as_bytes()) {
            self.left -= text.len();
            self.written += text.len();
            return Ok(());
        }
        self.write_part(text)
    }
}

impl Bounded<'_, '_> {
    /// Writes the beginning of a text that the limits allow.
    #[cold]
    #[inline(never)]
    fn write_part(&mut self, text: &str) -> fmt::Result {
        if self.stopped.is_some() {
            return Err(fmt::Error);
        }
        let room = self.left.min(self.tape.left());
        let kept = &text[..text.floor_char_boundary(room)];
        self.tape.take(kept.len());
        self.tape.out.push_tail(kept.as_bytes());
        self.written += kept.len();
        self.left -= kept.len();
        if kept.len() == text.len() {
            return Ok(());
        }
        let at_budget = self.left < 4;
        self.left = 0;
        self.stopped = Some(if at_budget { TripCause::FormattedBytes } else { TripCause::EntryBytes });
        Err(fmt::Error)
    }
}

/// Formats `args` at the end of the text, up to `budget` bytes. Returns the length of the text and the flags of the
/// node.
pub(crate) fn format(
    tape: &mut Tape<'_>,
    args: fmt::Arguments<'_>,
    budget: u32,
    place: Places,
) -> (usize, NodeFlags) {
    let mut out = Bounded { tape, written: 0, left: budget as usize, stopped: None };
    let result = out.write_fmt(args);
    let Bounded { written, stopped, .. } = out;
    let cause = match (stopped, result) {
        (None, Ok(())) => return (written, NodeFlags::FORMATTED),
        (Some(cause), _) => cause,
        (None, Err(fmt::Error)) => TripCause::ValueError,
    };
    let lost = if cause == TripCause::EntryBytes { Some(0) } else { None };
    tape.report.record(cause, place, lost);
    (written, NodeFlags::FORMATTED.with(NodeFlags::VALUE_CUT))
}

/// A sink that fills the space for one text. After the limit, it returns an error, as [`format`] does.
pub(crate) struct Slice<'s> {
    out: &'s mut [u8],
    written: usize,
    is_stopped: bool,
}

impl<'s> Slice<'s> {
    /// Creates a sink for at most `max` bytes, which `out` has.
    pub(crate) fn new(out: &'s mut [u8], max: usize) -> Self {
        let len = max.min(out.len());
        Self { out: &mut out[..len], written: 0, is_stopped: false }
    }

    /// Formats `args`. Returns the length of the text, and the cause if the text is not complete.
    pub(crate) fn format(&mut self, args: fmt::Arguments<'_>) -> (usize, Option<TripCause>) {
        let result = self.write_fmt(args);
        let cause = match (self.is_stopped, result) {
            (true, _) => Some(TripCause::FormattedBytes),
            (false, Ok(())) => None,
            (false, Err(fmt::Error)) => Some(TripCause::ValueError),
        };
        (self.written, cause)
    }
}

impl Write for Slice<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_stopped {
            return Err(fmt::Error);
        }
        let room = &mut self.out[self.written..];
        let kept =
            if text.len() <= room.len() { text } else { &text[..text.floor_char_boundary(room.len())] };
        room[..kept.len()].copy_from_slice(kept.as_bytes());
        self.written += kept.len();
        self.is_stopped = kept.len() < text.len();
        if self.is_stopped { Err(fmt::Error) } else { Ok(()) }
    }
}

/// A sink for text of this crate that comes in pieces. The limit of strings applies, and cut bytes are counted.
#[cfg(feature = "serde")]
struct Pieces<'t, 'b> {
    tape: &'t mut Tape<'b>,
    written: usize,
    /// The number of cut bytes.
    lost: u64,
}

#[cfg(feature = "serde")]
impl Write for Pieces<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let budget = self.tape.limits.max_string_bytes as usize;
        // After a cut, all further text is ignored: a string has no gaps.
        let room = if self.lost > 0 { 0 } else { (budget - self.written).min(self.tape.left()) };
        let kept = &text[..text.floor_char_boundary(room)];
        self.tape.take(kept.len());
        self.tape.out.push_tail(kept.as_bytes());
        self.written += kept.len();
        self.lost += (text.len() - kept.len()) as u64;
        Ok(())
    }
}

/// Writes `args`, which formats only values of this crate, at the end of the text. Returns the length of the text and
/// the flags of the node.
#[cfg(feature = "serde")]
pub(crate) fn pieces(tape: &mut Tape<'_>, args: fmt::Arguments<'_>) -> (usize, NodeFlags) {
    let mut out = Pieces { tape, written: 0, lost: 0 };
    let _ = out.write_fmt(args);
    let Pieces { tape, written, lost } = out;
    if lost == 0 {
        return (written, NodeFlags::NONE);
    }
    let at_budget = (tape.limits.max_string_bytes as usize) - written < 4;
    let (cause, lost) = if at_budget { (TripCause::StringBytes, lost) } else { (TripCause::EntryBytes, 0) };
    tape.report.record(cause, Places::ATTRIBUTES, Some(lost));
    (written, NodeFlags::VALUE_CUT)
}

/// The kind of formatted text.
pub(crate) const KIND: Kind = Kind::String;
