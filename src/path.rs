//! A short path of keys in a buffer of fixed size.

use core::fmt;

const CAPACITY: usize = 120;

/// The path of a value, for example `request.headers[3]`. A path allocates no memory, so an error during an append
/// allocates none. If the path exceeds 120 bytes, the text contains only its end, after `…`.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::error::EncodeError;
/// use fusewire::limits::{Limits, OnWidth};
/// use fusewire::map;
///
/// let limits = Limits { max_width: 2, on_width: OnWidth::Reject, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let refused = encode(&mut buffer, &limits, |entry| _ = entry.attr("request", &map! { tags = &[1, 2, 3] }));
/// let Err(EncodeError::TooWide { path, .. }) = refused else { panic!("refused") };
/// assert_eq!(path.as_str(), "request.tags");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyPath {
    // The buffer is filled from its end, because a path is built from the innermost key outwards.
    bytes: [u8; CAPACITY],
    start: u8,
    cut: bool,
}

impl KeyPath {
    /// Returns the empty path, which is the path of the attributes of an entry.
    pub(crate) const fn empty() -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "CAPACITY is 120")]
        Self { bytes: [0; CAPACITY], start: CAPACITY as u8, cut: false }
    }

    /// Prepends `segment`. After the first segment that did not fit, all segments are ignored.
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

    /// Returns the path. If the path was cut, the text does not contain the `…`.
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
