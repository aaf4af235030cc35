//! One value, or all attributes of an entry, as JSON.

use core::fmt;

use crate::decode::{EntryRef, Value};
use crate::text::Text;

use super::number;
use super::out::{Out, Sink};
use super::string::string;
use super::tagged::{not_finite, tagged};
use super::write::{looks_like_a_tag, tree};

/// Appends `value` to `out` in the form of the JSON line of its entry. Unreadable values of a container are omitted.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::{Limits, encode, json, map};
///
/// let mut buffer = [0; 512];
/// let encoded = encode::encode(&mut buffer, &Limits::DEFAULT, |entry| {
///     entry.attr("request", &map! { path = "/pay", bytes = 17u8 });
/// })?;
/// let entry = EntryRef::new(encoded.bytes())?;
/// let mut out = Vec::new();
/// json::append_value(&entry.get("request").unwrap(), &mut out);
/// assert_eq!(out, br#"{"path":"/pay","bytes":17}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append_value(value: &Value<'_>, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = write(*value, &mut Out::new(out));
}

/// Appends the attributes of `entry` to `out` as an object, in the form of the JSON line of the entry. The object is
/// empty if there are no attributes. Unreadable values are omitted.
///
/// ```
/// use fusewire::{decode::EntryRef, encode::encode, json};
///
/// let mut buffer = [0; 512];
/// let encoded = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("amount", &7))?;
/// let mut out = Vec::new();
/// json::append_attributes(&EntryRef::new(encoded.bytes())?, &mut out);
/// assert_eq!(out, br#"{"amount":7}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append_attributes(entry: &EntryRef<'_>, out: &mut Vec<u8>) {
    let mut out = Out::new(out);
    let _ = attributes(entry, &mut out);
}

fn attributes<S: Sink>(entry: &EntryRef<'_>, out: &mut Out<'_, S>) -> fmt::Result {
    out.token(b"{")?;
    let _ = tree(entry.walk(), out)?;
    out.token(b"}")?;
    out.flush()
}

fn write<S: Sink>(value: Value<'_>, out: &mut Out<'_, S>) -> fmt::Result {
    match value {
        Value::Null => out.token(b"null")?,
        Value::Bool(false) => out.token(b"false")?,
        Value::Bool(true) => out.token(b"true")?,
        Value::Int(value) => {
            if value < 0 {
                out.token(b"-")?;
            }
            out.decimal(value.unsigned_abs())?;
        }
        Value::Uint(value) => out.decimal(value)?,
        Value::Float(value) if value.is_finite() => number::finite(out, value)?,
        Value::Float(value) => not_finite(out, value)?,
        Value::String(text) if Text::is_utf8(text) => string(out, text)?,
        Value::Array(children) => {
            out.token(b"[")?;
            let _ = tree(children.walk(true), out)?;
            out.token(b"]")?;
        }
        Value::Map(children) => {
            let wrapped = looks_like_a_tag(children);
            out.token(b"{")?;
            if wrapped {
                out.token(b"\"$map\":{")?;
            }
            let _ = tree(children.walk(false), out)?;
            if wrapped {
                out.token(b"}")?;
            }
            out.token(b"}")?;
        }
        // `tagged` has an arm for each other kind.
        value => tagged(out, value)?,
    }
    out.flush()
}
