//! Text in a buffer that may contain invalid UTF-8.

use core::fmt;
use core::str::Utf8Error;
use std::borrow::Cow;

/// A string in an entry, borrowed from the bytes of the entry.
///
/// The writer of this crate writes only UTF-8, but a damaged or hostile file can contain other bytes. A check of each
/// string at each access takes longer than the access. Therefore this type is a view of bytes, which can be compared
/// and printed without a check. [`to_str`](Self::to_str) returns a checked `&str`.
///
/// ```
/// use fusewire::Text;
///
/// let text = Text::new(b"caf\xc3\xa9 \xff");
/// assert!(text.to_str().is_err());
/// assert_eq!(text.to_str_lossy(), "café \u{fffd}");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Returns these bytes as text.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the text.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Returns whether the text is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the text is valid UTF-8. For short ASCII text, this is faster than [`to_str`](Self::to_str).
    ///
    /// ```
    /// use fusewire::Text;
    ///
    /// assert!(Text::new("é".as_bytes()).is_utf8());
    /// assert!(!Text::new(b"\xff").is_utf8());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_utf8(self) -> bool {
        is_ascii(self.0) || self.to_str().is_ok()
    }

    /// Returns the text as a checked string.
    ///
    /// # Errors
    /// The text is not valid UTF-8.
    pub fn to_str(self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.0)
    }

    /// Returns the text with U+FFFD in place of each invalid sequence. Allocates only if the text is not valid UTF-8.
    ///
    /// ```
    /// use fusewire::Text;
    ///
    /// assert_eq!(Text::new(b"a\xffb").to_str_lossy(), "a\u{fffd}b");
    /// ```
    #[must_use]
    pub fn to_str_lossy(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

/// Returns whether all bytes are ASCII. Short text is read in two words that can overlap.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    let wide = |word: Option<&[u8; 8]>| word.map_or(0, |word| u64::from_le_bytes(*word));
    let narrow = |word: Option<&[u8; 4]>| word.map_or(0, |word| u32::from_le_bytes(*word).into());
    let any = match bytes.len() {
        0..4 => bytes.iter().fold(0, |any, byte| any | u64::from(*byte)),
        4..8 => narrow(bytes.first_chunk()) | narrow(bytes.last_chunk()),
        8..=16 => wide(bytes.first_chunk()) | wide(bytes.last_chunk()),
        _ => return bytes.is_ascii(),
    };
    any & 0x8080_8080_8080_8080 == 0
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text<'_> {
    /// Writes the text with U+FFFD in place of each invalid sequence. Allocates no memory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(text) = self.to_str() {
            return f.pad(text);
        }
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text<'_> {
    /// Writes a quoted string. Bytes that are not UTF-8 have the form `\xNN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for chunk in self.0.utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str("\"")
    }
}

/// Returns whether formatting `args` results in exactly `text`.
#[cfg(feature = "json")]
pub(crate) fn is_written(text: &str, args: fmt::Arguments<'_>) -> bool {
    struct Rest<'t>(&'t str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    fmt::Write::write_fmt(&mut rest, args).is_ok() && rest.0.is_empty()
}
