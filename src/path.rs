//! A short path of keys, kept without allocation.

use core::fmt;

const CAPACITY: usize = 120;

/// Where a value stands, as people write it: `request.headers[3]`. Kept inline, so that an error on the append path
/// allocates nothing; a path over 120 bytes keeps its end and begins with `…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyPath {
    // Filled from the end: paths are built from the innermost key outwards.
    bytes: [u8; CAPACITY],
    start: u8,
    cut: bool,
}

impl KeyPath {
    /// The path to the attributes themselves.
    pub(crate) const fn empty() -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "CAPACITY is 120")]
        Self { bytes: [0; CAPACITY], start: CAPACITY as u8, cut: false }
    }

    /// Puts `segment` in front. Once something did not fit, nothing more is taken.
    pub(crate) fn prepend(&mut self, segment: &str) {
        if self.cut {
            return;
        }
        let room = usize::from(self.start);
        let mut keep_from = segment.len().saturating_sub(room);
        self.cut = keep_from > 0;
        while !segment.is_char_boundary(keep_from) {
            keep_from += 1;
        }
        let kept = &segment.as_bytes()[keep_from..];
        let start = room - kept.len();
        self.bytes[start..room].copy_from_slice(kept);
        #[expect(clippy::cast_possible_truncation, reason = "start <= CAPACITY = 120")]
        {
            self.start = start as u8;
        }
    }

    /// The path, without the `…` of a cut one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[usize::from(self.start)..]).unwrap_or("")
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cut {
            f.write_str("…")?;
        }
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
