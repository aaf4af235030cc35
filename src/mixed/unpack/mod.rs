//! The input of a mixed stream in plain form: compressed data is decompressed, and UTF-16 becomes UTF-8. The first bytes
//! determine the form.

#[cfg(feature = "compressed")]
mod codec;
#[cfg(not(feature = "compressed"))]
#[path = "without.rs"]
mod codec;
mod magic;
mod packed;
mod stage;
mod utf16;

use std::io::{self, Read};

use crate::segment::LostRange;

use stage::Stage;

/// A reader of an input in plain form: it decompresses the input and converts UTF-16 to UTF-8. The first bytes of the input
/// determine its form: gzip, zstd, bzip2, xz, or UTF-16 with a byte order mark. Other bytes are plain.
///
/// The decompression needs the feature `compressed`. At most 128 MiB of memory are used, so hostile data cannot use more.
///
/// ```
/// use std::io::Read;
/// use fusewire::mixed::PlainReader;
///
/// let utf16 = b"\xFF\xFEp\0a\0i\0d\0\n\0";
/// let mut text = String::new();
/// PlainReader::new(&utf16[..]).read_to_string(&mut text)?;
/// assert_eq!(text, "paid\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct PlainReader<R> {
    text: Stage<Stage<R, packed::Stream>, utf16::Text>,
}

impl<R: Read> PlainReader<R> {
    /// Creates a reader of an input from its beginning.
    #[must_use]
    pub fn new(input: R) -> Self {
        Self { text: Stage::new(Stage::new(input)) }
    }

    /// Creates a reader of an input that is in plain form.
    pub(super) fn plain(input: R) -> Self {
        Self { text: Stage::plain(Stage::plain(input)) }
    }

    /// Returns whether the input is not in plain form, so that the offsets of the plain form are not offsets in the input. This
    /// is known after the first read.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.text.is_converted() || self.text.input().is_converted()
    }

    /// Returns the fault of the input after a read has returned no bytes. The range contains offsets in the input. A fault is
    /// returned once.
    pub fn fault(&mut self) -> Option<LostRange> {
        self.take_fault(true)
    }

    /// Returns the fault of the input, as [`fault`](Self::fault). `settle` is whether the input has ended.
    pub(super) fn take_fault(&mut self, settle: bool) -> Option<LostRange> {
        let packed = self.text.input_mut().converter_mut();
        let fault = packed.and_then(|stream| stream.take_fault(settle));
        fault.or_else(|| self.text.converter_mut().filter(|_| settle)?.take_rest())
    }

    /// Returns whether the input ends inside a compressed stream, after a read has returned no bytes.
    #[cfg(unix)]
    pub(super) fn is_cut(&self) -> bool {
        self.text.input().converter().is_some_and(packed::Stream::is_cut)
    }

    /// Returns a reference to the input.
    pub fn get_ref(&self) -> &R {
        self.text.input().input()
    }

    #[cfg(unix)]
    pub(super) fn get_mut(&mut self) -> &mut R {
        self.text.input_mut().input_mut()
    }

    /// Returns the input. Bytes that the reader has buffered are lost.
    pub fn into_inner(self) -> R {
        self.text.into_inner().into_inner()
    }
}

impl<R> std::fmt::Debug for PlainReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainReader").finish_non_exhaustive()
    }
}

impl<R: Read> Read for PlainReader<R> {
    #[inline]
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.text.read(room)
    }
}

/// The beginning of an input in plain form.
#[cfg(all(unix, not(loom)))]
#[derive(Clone, Copy)]
pub(crate) struct Beginning {
    /// The number of bytes.
    pub(crate) len: usize,
    /// Whether the input is compressed or UTF-16.
    pub(crate) is_converted: bool,
    /// Whether the input has no further bytes.
    pub(crate) is_complete: bool,
}

/// Reads the beginning of `input` in plain form to `room`.
///
/// # Errors
/// The errors of the input.
#[cfg(all(unix, not(loom)))]
pub(crate) fn beginning(input: impl Read, room: &mut [u8]) -> io::Result<Beginning> {
    let (mut plain, mut len) = (PlainReader::new(input), 0);
    while len < room.len() {
        match plain.read(&mut room[len..])? {
            0 => break,
            read => len += read,
        }
    }
    // Plain bytes can follow at any time.
    let is_converted = plain.is_converted();
    let is_complete = is_converted && len < room.len() && plain.take_fault(true).is_none();
    Ok(Beginning { len, is_converted, is_complete })
}
