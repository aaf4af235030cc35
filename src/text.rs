//! Text as it lies in a buffer: UTF-8 by promise of whoever wrote it, bytes by what a reader can know.

use core::fmt;
use core::str::Utf8Error;
use std::borrow::Cow;

/// A string inside an entry, borrowed from the entry's bytes.
///
/// Our writer only writes UTF-8 here, but the bytes may come from a hostile or damaged file, and checking each
/// string at each access would cost more than reading it. So this is a view of bytes: compare and print it as it
/// is, or ask for a checked `&str`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text these bytes are.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether the bytes are UTF-8. Faster than [`to_str`](Self::to_str) for the short ASCII that most text is.
    #[must_use]
    #[inline]
    pub fn is_utf8(self) -> bool {
        let (words, rest) = self.0.as_chunks::<8>();
        let any = words.iter().fold(0, |any, word| any | u64::from_le_bytes(*word));
        let any = rest.iter().fold(any, |any, byte| any | u64::from(*byte));
        any & 0x8080_8080_8080_8080 == 0 || self.to_str().is_ok()
    }

    /// The text as a checked string.
    ///
    /// # Errors
    /// Where the bytes are not UTF-8.
    pub fn to_str(self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.0)
    }

    /// The text with U+FFFD for each run of bytes that is not UTF-8. Allocates only where there is one.
    #[must_use]
    pub fn to_str_lossy(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
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
    /// Without allocation, U+FFFD for what is not UTF-8.
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
    /// A quoted string; bytes that are not UTF-8 as `\xNN`.
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

/// Whether `args` gives `text`.
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
