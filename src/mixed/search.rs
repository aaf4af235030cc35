//! Finding on behind bytes that are neither a frame nor a line.

use core::str::from_utf8;

use crate::format::segment::{MAGIC, PAGE, SegmentHeader};
use crate::segment::LostReason;

use super::frame::{self, Outline};
use super::split::{MAX_LINE, Rest};
use super::text;

/// So much text in a row is believed to be text, and not what a damaged frame holds: more than any string in one by the
/// limits that hold where nobody sets others.
const TRUSTED: usize = 32 << 10;
/// So many bytes without anything are told before more are looked at.
const PATIENCE: usize = 1 << 20;
/// So many bytes may be hashed in vain, and so many more for each byte that is passed: a hostile stream could make every byte
/// look like the longest of frames.
const BUDGET: (usize, usize) = (64 << 20, 16);

/// A search for the next frame, segment or line.
pub(super) struct Search {
    reason: LostReason,
    /// Where to look next.
    at: usize,
    /// The first line since the last byte that is in no text.
    line: Option<usize>,
    /// Whether all so far can be one line of text that has NULs in it.
    is_line: bool,
    /// Where it ends at the latest.
    end: Option<usize>,
    budget: usize,
}

/// What a search finds.
pub(super) enum Found {
    /// That it needs more bytes.
    Nothing,
    /// That there is nothing in so many bytes.
    NothingIn(usize),
    /// Something behind so many bytes.
    Behind(usize),
    /// That so many bytes are a line all the same.
    Line(usize),
}

/// What there is at a place.
enum Place {
    Nothing,
    Something,
    /// More bytes are needed to tell.
    Open,
}

impl Search {
    /// Behind damage that begins here.
    pub(super) fn new(reason: LostReason) -> Self {
        Self { reason, at: 1, line: None, is_line: false, end: None, budget: BUDGET.0 }
    }

    /// The same where something may begin behind `end` bytes.
    pub(super) fn at_most(reason: LostReason, end: usize) -> Self {
        Self { end: Some(end), ..Self::new(reason) }
    }

    /// Behind what began as a line and has a NUL at `at`.
    pub(super) fn in_line(at: usize) -> Self {
        // The header of a frame may begin before its first NUL.
        let at = at.saturating_sub(crate::format::frame::HEADER_LEN).max(1);
        Self { at, is_line: true, ..Self::new(LostReason::Neither) }
    }

    pub(super) fn reason(&self) -> LostReason {
        self.reason
    }

    /// Looks on in `bytes`, which begin where they did the last time.
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

    /// What it comes to where nothing more is there.
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
        // A line of which the end is still to come is not given up.
        if self.is_line { Found::Nothing } else { self.pass() }
    }

    /// Gives up what has been looked at.
    fn pass(&mut self) -> Found {
        (self.line, self.is_line, self.end) = (None, false, None);
        Found::NothingIn(core::mem::take(&mut self.at))
    }

    /// What it comes to where something is found.
    fn found(&self, bytes: &[u8]) -> Found {
        let before = bytes.get(..self.at).unwrap_or(&[]);
        match self.line {
            Some(line) => Found::Behind(line),
            None if self.is_line && text::is_text(before) => Found::Line(self.at),
            None => Found::Behind(self.at),
        }
    }

    /// What there is at the place that is next.
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
            // A header of which a part is missing may be any four bytes: only what is still to come tells.
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

    /// Whether a JSON line begins here: behind the end of another one, or behind what is in no text.
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
