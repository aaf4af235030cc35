//! The search for the next frame, segment or line after damage.

use core::str::from_utf8;

use crate::format::segment::{MAGIC, PAGE, SegmentHeader};
use crate::segment::LostReason;

use super::frame::{self, Outline};
use super::split::{MAX_LINE, Rest};
use super::text;

/// The minimum length of text, in bytes, that is accepted as text and not as the content of a damaged frame.
/// The length exceeds the default limits for strings.
const TRUSTED: usize = 32 << 10;
/// The number of searched bytes without a result that are reported as lost before the search continues.
const PATIENCE: usize = 1 << 20;
/// The budget for the checksums of invalid frames, in bytes, and its increase for each searched byte. Without
/// a budget, a hostile stream would cost quadratic time: every byte can look like the header of a long frame.
const BUDGET: (usize, usize) = (64 << 20, 16);

/// A search for the next frame, segment or line.
pub(super) struct Search {
    reason: LostReason,
    /// The next position to inspect.
    at: usize,
    /// The beginning of the first line after the last byte that text cannot contain.
    line: Option<usize>,
    /// Whether the searched bytes can be one line of text that contains NULs.
    is_line: bool,
    /// The maximum length of the damage.
    end: Option<usize>,
    budget: usize,
}

/// The result of a search.
pub(super) enum Found {
    /// No result; more bytes are necessary.
    Nothing,
    /// No frame, segment or line in this number of bytes.
    NothingIn(usize),
    /// A frame, segment or line after this number of bytes.
    Behind(usize),
    /// A line of this length: the bytes are not damage.
    Line(usize),
}

/// The content at a position.
enum Place {
    Nothing,
    Something,
    /// Unknown; more bytes are necessary.
    Open,
}

impl Search {
    /// Creates a search after damage that begins at the first byte.
    pub(super) fn new(reason: LostReason) -> Self {
        Self { reason, at: 1, line: None, is_line: false, end: None, budget: BUDGET.0 }
    }

    /// Creates a search after damage that is at most `end` bytes long.
    pub(super) fn at_most(reason: LostReason, end: usize) -> Self {
        Self { end: Some(end), ..Self::new(reason) }
    }

    /// Creates a search in a line that contains a NUL at `at`.
    pub(super) fn in_line(at: usize) -> Self {
        // The header of a frame can begin before its first NUL.
        let at = at.saturating_sub(crate::format::frame::HEADER_LEN).max(1);
        Self { at, is_line: true, ..Self::new(LostReason::Neither) }
    }

    pub(super) fn reason(&self) -> LostReason {
        self.reason
    }

    /// Continues the search. `bytes` have the same beginning as in the previous call.
    pub(super) fn go_on(&mut self, bytes: &[u8], rest: Rest) -> Found {
        while let Some(byte) = bytes.get(self.at) {
            if self.end.is_some_and(|end| self.at >= end) {
                return Found::Behind(self.at);
            }
            match self.look(bytes, rest) {
                Place::Nothing => {}
                Place::Something => return self.found(bytes),
                Place::Open if rest == Rest::Unknown => return Found::Nothing,
                Place::Open => return self.at_rest(bytes, rest),
            }
            if *byte == b'\n' {
                if core::mem::take(&mut self.is_line)
                    && bytes.get(..self.at).is_some_and(|line| from_utf8(line).is_ok())
                {
                    return Found::Line(self.at + 1);
                }
                self.line = self.line.or(Some(self.at + 1));
            } else if text::is_strange(*byte) {
                self.line = None;
                self.is_line &= *byte == 0;
            }
            self.at += 1;
            self.budget = self.budget.saturating_add(BUDGET.1);
            if let Some(line) = self.line.filter(|line| self.at - line >= TRUSTED) {
                return Found::Behind(line);
            }
        }
        if rest == Rest::Unknown {
            return if self.line.is_none() && self.at >= PATIENCE { self.pass() } else { Found::Nothing };
        }
        self.at_rest(bytes, rest)
    }

    /// Returns the result if no more bytes are available.
    fn at_rest(&mut self, bytes: &[u8], rest: Rest) -> Found {
        if let Some(line) = self.line.filter(|line| *line < bytes.len()) {
            return Found::Behind(line);
        }
        if self.end.is_some_and(|end| end == self.at) {
            return Found::Behind(self.at);
        }
        if rest == Rest::End {
            let is_line = self.is_line && from_utf8(bytes).is_ok();
            return if is_line { Found::Line(bytes.len()) } else { Found::NothingIn(bytes.len()) };
        }
        // A line whose end is not available is not lost.
        if self.is_line { Found::Nothing } else { self.pass() }
    }

    /// Reports the searched bytes as lost.
    fn pass(&mut self) -> Found {
        (self.line, self.is_line, self.end) = (None, false, None);
        Found::NothingIn(core::mem::take(&mut self.at))
    }

    /// Returns the result for an item at the current position.
    fn found(&self, bytes: &[u8]) -> Found {
        let before = bytes.get(..self.at).unwrap_or(&[]);
        match self.line {
            Some(line) => Found::Behind(line),
            None if self.is_line && text::is_text(before) => Found::Line(self.at),
            None => Found::Behind(self.at),
        }
    }

    /// Inspects the current position.
    fn look(&mut self, bytes: &[u8], rest: Rest) -> Place {
        let here = bytes.get(self.at..).unwrap_or(&[]);
        match frame::outline(here) {
            Outline::None => {}
            Outline::Frame(len) => match here.get(..len) {
                None if rest == Rest::End => {}
                None => return Place::Open,
                Some(whole) => {
                    if self.spend(len) && frame::check(whole).is_ok() {
                        return Place::Something;
                    }
                }
            },
            // The header is incomplete and can still belong to a frame.
            Outline::Short if rest == Rest::End => {}
            Outline::Short => return Place::Open,
        }
        match here.first() {
            Some(b'{') => self.look_for_json(bytes, rest),
            Some(byte) if *byte == MAGIC[0] && here.iter().zip(MAGIC).all(|(a, b)| *a == b) => {
                match here.get(..PAGE) {
                    Some(page) if SegmentHeader::parse(page).is_ok() => Place::Something,
                    None if rest != Rest::End => Place::Open,
                    _ => Place::Nothing,
                }
            }
            _ => Place::Nothing,
        }
    }

    /// Returns whether a JSON line begins at the current position. The line must follow a line end or a byte
    /// that text cannot contain.
    fn look_for_json(&self, bytes: &[u8], rest: Rest) -> Place {
        let before = self.at.checked_sub(1).and_then(|before| bytes.get(before));
        if before.is_some_and(|byte| *byte != b'\n' && byte.is_ascii() && !text::is_strange(*byte)) {
            return Place::Nothing;
        }
        let here = bytes.get(self.at..).unwrap_or(&[]);
        let here = &here[..here.len().min(MAX_LINE)];
        let end = here.iter().position(|byte| *byte == b'\n' || text::is_strange(*byte));
        match end {
            Some(end) if here[end] == b'\n' && text::is_like_json(&here[..end]) => Place::Something,
            Some(_) => Place::Nothing,
            None if rest == Rest::End && text::is_like_json(here) => Place::Something,
            None if rest == Rest::End || here.len() == MAX_LINE => Place::Nothing,
            None => Place::Open,
        }
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.unwrap_or(self.budget);
        left.is_some()
    }
}
