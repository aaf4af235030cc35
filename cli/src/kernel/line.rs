//! The lines of a log, each in bounded memory.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// Maximum length of a line in bytes. A line of the kernel has at most 2 KiB, and the JSON of journald adds a few KiB.
const LONGEST: usize = 64 * 1024;

/// The lines of the input `R`.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
}

/// A line without its line end.
pub(super) enum Read<'a> {
    Line(&'a [u8]),
    /// A skipped line of more than [`LONGEST`] bytes.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new() }
    }

    /// Returns the next line, or `None` at the end of the input. The last line can lack a line end.
    pub(super) fn next(&mut self) -> io::Result<Option<Read<'_>>> {
        self.line.clear();
        let (mut any, mut whole) = (false, true);
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(buffer, |end| &buffer[..end]);
            whole &= self.line.len() + part.len() <= LONGEST;
            if whole {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(any.then(|| if whole { Read::Line(&self.line) } else { Read::TooLong }))
    }
}

/// Returns the line as text, without colours (`dmesg --color=always`), without a record separator (`journalctl -o json-seq`)
/// and without trailing white space. Replaces invalid UTF-8 with U+FFFD.
pub(super) fn cleaned(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\x1e").unwrap_or(bytes).trim_ascii_end();
    if !bytes.contains(&0x1b) {
        return String::from_utf8_lossy(bytes);
    }
    let mut clean = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|two| two == b"\x1b[") {
        clean.extend_from_slice(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'));
        rest = match end {
            Some(end) => &sequence[end + 1..],
            None => &[],
        };
    }
    clean.extend_from_slice(rest);
    Cow::Owned(String::from_utf8_lossy(&clean).trim_end().to_owned())
}
