//! A printer of entries as JSON, one object per line.

use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;
use fusewire::json::write_entry;

use super::escape;

/// Appends `entry` to `out` as one line.
///
/// # Errors
/// Returns an error if the bytes are not an entry. The line contains the readable part and a mark.
pub(crate) fn print(entry: &EntryRef<'_>, out: &mut String) -> Result<(), DecodeError> {
    let start = out.len();
    // A write to a `String` cannot fail.
    _ = write_entry(entry, out);
    escape::secure_json(out, start);
    // The mark is a string, and it is the last member. Therefore, an entry with an error ends in this way.
    let may_be_marked = out.ends_with("\"}");
    out.push('\n');
    if may_be_marked { entry.walk().find_map(Result::err).map_or(Ok(()), Err) } else { Ok(()) }
}

/// Appends a loss record to `out` as one line. The first member of the object is `"frame":"loss"`.
///
/// # Errors
/// Returns an error in the same cases as [`print()`].
pub(crate) fn print_loss(record: &EntryRef<'_>, out: &mut String) -> Result<(), DecodeError> {
    let start = out.len();
    let result = print(record, out);
    // A record contains at least a time, so a member follows the brace.
    if out[start..].starts_with('{') {
        out.insert_str(start + 1, r#""frame":"loss","#);
    }
    result
}
