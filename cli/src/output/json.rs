//! Entries as JSON, one object a line.

use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;
use fusewire::json::write_entry;

use super::escape;

/// Appends `entry` to `out` as one line.
///
/// # Errors
/// Where the entry's bytes are not an entry; the line has what could be read, and says so.
pub(crate) fn print(entry: &EntryRef<'_>, out: &mut String) -> Result<(), DecodeError> {
    let start = out.len();
    // Writing to a String cannot fail.
    _ = write_entry(entry, out);
    escape::secure_json(out, start);
    out.push('\n');
    entry.walk().find_map(Result::err).map_or(Ok(()), Err)
}
