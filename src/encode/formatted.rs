//! Foreign `Display` and `Debug` code, stopped at a budget (A5, A6).

use core::fmt::{self, Write};

use crate::kind::{Kind, NodeFlags};
use crate::trip::{Places, TripCause};

use super::tape::Tape;

/// Writes into the tape's text until the budget is spent, then answers with an error, which is all that a formatter
/// heeds.
struct Bounded<'t, 'b> {
    tape: &'t mut Tape<'b>,
    written: usize,
    budget: usize,
    /// What stopped it, if something did.
    stopped: Option<TripCause>,
}

impl Write for Bounded<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.stopped.is_some() {
            return Err(fmt::Error);
        }
        let room = (self.budget - self.written).min(self.tape.left());
        let kept = &text[..text.floor_char_boundary(room)];
        self.tape.take(kept.len());
        self.tape.out.push_tail(kept.as_bytes());
        self.written += kept.len();
        if kept.len() == text.len() {
            return Ok(());
        }
        let at_budget = self.budget - self.written < 4;
        self.stopped = Some(if at_budget { TripCause::FormattedBytes } else { TripCause::EntryBytes });
        Err(fmt::Error)
    }
}

/// Formats `args` at the end of the text, at most `budget` bytes of it. Returns its length and what happened to it.
pub(crate) fn format(
    tape: &mut Tape<'_>,
    args: fmt::Arguments<'_>,
    budget: u32,
    place: Places,
) -> (usize, NodeFlags) {
    let mut out = Bounded { tape, written: 0, budget: budget as usize, stopped: None };
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

/// The kind of formatted text.
pub(crate) const KIND: Kind = Kind::String;
