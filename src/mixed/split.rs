//! The division of a stream into frames, lines and segments, by their first bytes.

use crate::format::segment::MAGIC;
use crate::segment::LostReason;

use super::frame::{self, Outline};
use super::search::{Found, Search};
use super::text;

/// The availability of bytes after the given ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Not known; the input was not read again.
    Unknown,
    /// No bytes now; more can arrive later.
    Later,
    /// The end of the input.
    End,
}

/// The next piece of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// No piece: more bytes are necessary, or the input has ended.
    More,
    /// A line of this length in bytes, including its end.
    Line(usize),
    /// A part, of this length in bytes, of a line that exceeds [`MAX_LINE`].
    Part(usize),
    /// An intact frame of this length in bytes.
    Frame(usize),
    /// The beginning of a segment.
    Segment,
    /// Lost bytes: their number and the reason.
    Lost(usize, LostReason),
    /// Lost bytes, and the lost range continues.
    Losing(usize, LostReason),
}

/// The maximum length of a line, in bytes.
pub(super) const MAX_LINE: usize = 16 << 20;
/// The number of bytes that is enough to identify text.
const SIGHT: usize = 64;

/// A splitter of a stream. The caller must consume each piece before the next request.
#[derive(Default)]
pub(super) struct Splitter {
    /// The number of bytes that contain no line end.
    searched: usize,
    /// Whether earlier parts of the current line were returned.
    in_parts: bool,
    /// The search after damage, if there is one.
    search: Option<Search>,
    /// Whether the last piece is the beginning of a hole of NUL bytes that can continue.
    in_hole: bool,
}

impl Splitter {
    /// Returns the piece at the beginning of `bytes`.
    #[inline]
    pub(super) fn next(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        if self.search.is_some() {
            return self.find(bytes, rest);
        }
        if bytes.is_empty() {
            return Piece::More;
        }
        if self.in_hole && bytes[0] != 0 {
            self.in_hole = false;
            return Piece::Lost(0, LostReason::Nul);
        }
        if self.in_parts || self.searched > 0 {
            return self.line(bytes, rest);
        }
        let magic = bytes.len().min(MAGIC.len());
        if bytes[..magic] == MAGIC[..magic] {
            if magic == MAGIC.len() {
                return Piece::Segment;
            }
            if rest != Rest::End {
                return Piece::More;
            }
        }
        match frame::outline(bytes) {
            Outline::Frame(len) => self.frame(bytes, len, rest),
            Outline::Short if rest != Rest::End => Piece::More,
            Outline::Short if bytes.contains(&0) => Piece::Lost(bytes.len(), LostReason::Truncated),
            _ if bytes[0] == 0 => self.hole(bytes, rest),
            _ => self.line(bytes, rest),
        }
    }

    /// Treats the next bytes as damage, even if they look like a piece.
    pub(super) fn distrust(&mut self, reason: LostReason) {
        self.search = Some(Search::new(reason));
    }

    /// Returns the NUL bytes at the beginning of `bytes`.
    fn hole(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        let len = bytes.iter().take_while(|byte| **byte == 0).count();
        self.in_hole = len == bytes.len() && rest == Rest::Unknown;
        if self.in_hole { Piece::Losing(len, LostReason::Nul) } else { Piece::Lost(len, LostReason::Nul) }
    }

    fn frame(&mut self, bytes: &[u8], len: usize, rest: Rest) -> Piece {
        let Some(whole) = bytes.get(..len) else {
            if rest != Rest::End {
                return Piece::More;
            }
            self.distrust(LostReason::Truncated);
            return self.find(bytes, rest);
        };
        let Err(fault) = frame::check(whole) else { return Piece::Frame(len) };
        let reason = LostReason::Damaged(fault);
        // The bytes after the frame show whether its length is correct.
        match begins(bytes.get(len..).unwrap_or(&[]), rest) {
            Begins::Unknown => return Piece::More,
            Begins::Surely => return Piece::Lost(len, reason),
            Begins::Maybe => self.search = Some(Search::at_most(reason, len)),
            Begins::Not => self.distrust(reason),
        }
        self.find(bytes, rest)
    }

    fn line(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        let unseen = bytes.get(self.searched..).unwrap_or(&[]);
        let found = if self.in_parts { text::find_line_feed(unseen) } else { text::find_end(unseen) };
        match found.map(|at| at + self.searched) {
            Some(at) if at < MAX_LINE && bytes[at] == b'\n' => {
                (self.searched, self.in_parts) = (0, false);
                Piece::Line(at + 1)
            }
            Some(at) if at < MAX_LINE => {
                self.searched = 0;
                self.search = Some(Search::in_line(at));
                self.find(bytes, rest)
            }
            _ if bytes.len() >= MAX_LINE => {
                (self.searched, self.in_parts) = (0, true);
                Piece::Part(MAX_LINE)
            }
            _ if rest == Rest::End => {
                (self.searched, self.in_parts) = (0, false);
                Piece::Line(bytes.len())
            }
            _ => {
                self.searched = bytes.len();
                Piece::More
            }
        }
    }

    /// Continues the search.
    #[cold]
    fn find(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        let Some(search) = &mut self.search else { return Piece::More };
        let reason = search.reason();
        let piece = match search.go_on(bytes, rest) {
            Found::Nothing => return Piece::More,
            Found::NothingIn(0) => return Piece::More,
            Found::NothingIn(len) if rest == Rest::Unknown => return Piece::Losing(len, reason),
            // The splitter reports the loss now, although the loss can continue.
            Found::NothingIn(len) if rest == Rest::Later => return Piece::Lost(len, reason),
            Found::Line(len) => Piece::Line(len),
            Found::NothingIn(len) | Found::Behind(len) => Piece::Lost(len, reason),
        };
        self.search = None;
        piece
    }

    /// Returns whether the current line is a part of an overlong line.
    pub(super) fn is_in_parts(&self) -> bool {
        self.in_parts
    }
}

/// An estimate of whether a piece begins at a position.
enum Begins {
    /// Too few bytes for a decision.
    Unknown,
    /// Certain: a frame, a segment or a JSON object.
    Surely,
    /// Possible: text, or no bytes.
    Maybe,
    Not,
}

fn begins(bytes: &[u8], rest: Rest) -> Begins {
    if bytes.len() < SIGHT && rest == Rest::Unknown {
        return Begins::Unknown;
    }
    let seen = &bytes[..bytes.len().min(SIGHT)];
    let line = text::find_line_feed(seen).and_then(|end| seen.get(..end)).unwrap_or(seen);
    if line.iter().any(|byte| text::is_strange(*byte)) {
        let is_other = matches!(frame::outline(seen), Outline::Frame(_)) || seen.starts_with(&MAGIC);
        return if is_other { Begins::Surely } else { Begins::Not };
    }
    if line.starts_with(b"{") { Begins::Surely } else { Begins::Maybe }
}
