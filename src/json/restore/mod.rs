//! Lines that [`write_entry`](super::write_entry) wrote, back to the entries they were.

mod exact;
mod notes;
mod values;
mod write;
mod written;

use crate::encode::EntryWriter;

use super::object::Scratch;

pub(super) use written::Written;

/// Makes entries of the lines that they were written to. Reuse it: its memory is kept from line to line, and where lines
/// have no escapes that are longer than any before, nothing is allocated.
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
    /// A restorer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `line` is one that [`write_entry`](super::write_entry) may have written: one object whose members are
    /// those of `schema/JSON.md`'s first table, in that order, and everything in it in the very form that is stated there.
    /// A line end is no part of it. Characters that are not ASCII may be escaped, as the command line does where a terminal
    /// would act on them.
    #[must_use]
    pub fn recognises(line: &str) -> bool {
        Written::read(line).is_some()
    }

    /// Writes the entry that `line` was written from to `entry`, to which nothing was written before; `false`, and nothing
    /// is written, where `line` is none that it [`recognises`](Self::recognises). It can be called again with the same line.
    ///
    /// The fuse that guards `entry` decides anew. Under the limits that the entry was made with, and under larger ones, it
    /// does not trip (for two corners see `schema/JSON.md`), and the report is that of the entry. Under smaller ones it cuts what is too large,
    /// and adds what it does to what was done before. The limits' refusals hold as well: allow the kinds that were allowed.
    pub fn restore(&mut self, line: &str, entry: &mut EntryWriter<'_>) -> bool {
        let written = Written::read(line);
        if let Some(written) = &written {
            written.write_to(entry, &mut self.scratch);
        }
        written.is_some()
    }
}
