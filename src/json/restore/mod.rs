//! The conversion of lines that [`write_entry`](super::write_entry) has written back to their entries.

mod exact;
mod notes;
mod values;
mod write;
mod written;

use crate::encode::EntryWriter;

use super::object::Scratch;

pub(crate) use written::Written;

/// A converter from JSON lines, written by [`write_entry`](super::write_entry), to the original entries. It reuses
/// its memory for each line. It allocates only if a line contains a longer escaped text than all lines before.
///
/// ```
/// use fusewire::{Limits, decode::EntryRef, encode::encode, json::{Restorer, write_entry}};
///
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.set_body("retrying");
///     entry.attr("backoff", &std::time::Duration::from_millis(250)).attr("key", &fusewire::encode::Bytes(b"\0\xff"));
/// })?;
/// let mut line = String::new();
/// write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut line).unwrap();
///
/// let mut other = [0; 1024];
/// let mut restorer = Restorer::new();
/// let restored = encode(&mut other, &Limits::default(), |entry| assert!(restorer.restore(&line, entry)))?;
/// # let entry = EntryRef::new(entry.bytes()).unwrap().to_owned();
/// assert_eq!(EntryRef::new(restored.bytes()).unwrap().to_owned(), entry);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Default)]
pub struct Restorer {
    scratch: Scratch,
}

impl Restorer {
    /// Creates a restorer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether [`write_entry`](super::write_entry) can have written `line`, without its line end. The line
    /// must be one object with the members of the first table of `schema/JSON.md`, in that order and in exactly the
    /// form that the table specifies. Characters that are not ASCII may be escaped, because the command line escapes
    /// those that a terminal interprets.
    #[must_use]
    pub fn recognises(line: &str) -> bool {
        Written::read(line).is_some()
    }

    /// Writes the entry from which `line` was written to the empty writer `entry`, and returns `true`. Returns
    /// `false` and writes nothing if [`recognises`](Self::recognises) returns `false` for the line. The method can be
    /// called again for the same line.
    ///
    /// The limits of `entry` apply. If they are the original limits or greater, the circuit breaker does not trip
    /// again (`schema/JSON.md` describes two exceptions), and the report is the report of the original entry. Lower
    /// limits cut values, and their trips are added to the original trips. The limits must permit the kinds that the
    /// original limits permitted.
    pub fn restore(&mut self, line: &str, entry: &mut EntryWriter<'_>) -> bool {
        let written = Written::read(line);
        if let Some(written) = &written {
            written.write_to(entry, &mut self.scratch);
        }
        written.is_some()
    }
}
