//! Where one piece of a stream ends and the next begins: frames, lines and segments, told apart by their first bytes.

use crate::format::segment::MAGIC;
use crate::segment::LostReason;

use super::frame::{self, Outline};
use super::search::{Found, Search};
use super::text;

/// What comes behind the bytes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nobody has asked yet.
    Unknown,
    /// Nothing now; maybe later.
    Later,
    /// Nothing.
    End,
}

/// What a stream has next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// More bytes are needed to tell; at the end: there is nothing.
    More,
    /// A line of so many bytes, its end included.
    Line(usize),
    /// So many bytes of a line that is too long for one.
    Part(usize),
    /// An intact frame of so many bytes.
    Frame(usize),
    /// A segment begins.
    Segment,
    /// So many bytes are nothing of this.
    Lost(usize, LostReason),
    /// The same, and what comes next is a part of it.
    Losing(usize, LostReason),
}

/// The longest line that is one.
pub(super) const MAX_LINE: usize = 16 << 20;
/// From so many bytes one can tell whether text begins.
const SIGHT: usize = 64;

/// Splits a stream into its pieces. Whoever has the bytes passes each piece before asking for the next one.
#[derive(Default)]
pub(super) struct Splitter {
    /// Bytes in which no line ends.
    searched: usize,
    /// Whether the line that goes on here has had parts.
    in_parts: bool,
    /// The search for what comes behind damage, where one is on.
    search: Option<Search>,
}

impl Splitter {
    /// The piece that `bytes` begin with.
    #[inline]
    pub(super) fn next(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        if self.search.is_some() {
            return self.find(bytes, rest);
        }
        if bytes.is_empty() {
            return Piece::More;
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
            _ if bytes[0] == 0 => {
                Piece::Lost(bytes.iter().take_while(|byte| **byte == 0).count(), LostReason::Neither)
            }
            _ => self.line(bytes, rest),
        }
    }

    /// Goes on as if it had found damage: what comes here is no piece, though it looks like one.
    pub(super) fn distrust(&mut self, reason: LostReason) {
        self.search = Some(Search::new(reason));
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
        // What begins right behind it tells whether its length is right.
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

    /// Goes on with the search.
    #[cold]
    fn find(&mut self, bytes: &[u8], rest: Rest) -> Piece {
        let Some(search) = &mut self.search else { return Piece::More };
        let reason = search.reason();
        let piece = match search.go_on(bytes, rest) {
            Found::Nothing => return Piece::More,
            Found::NothingIn(0) => return Piece::More,
            Found::NothingIn(len) if rest == Rest::Unknown => return Piece::Losing(len, reason),
            // Told now, though what comes may be a part of it.
            Found::NothingIn(len) if rest == Rest::Later => return Piece::Lost(len, reason),
            Found::Line(len) => Piece::Line(len),
            Found::NothingIn(len) | Found::Behind(len) => Piece::Lost(len, reason),
        };
        self.search = None;
        piece
    }

    /// Whether the line at hand is a part of one that was too long.
    pub(super) fn is_in_parts(&self) -> bool {
        self.in_parts
    }
}

/// Whether something begins at a place, for all that one can see there.
enum Begins {
    /// One has to see more.
    Unknown,
    /// A frame, a segment or an object of JSON.
    Surely,
    /// Text, or nothing.
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
