//! The full verification of an entry against the format.

use crate::error::{DecodeError, DecodeFault};
use crate::format::entry as layout;
use crate::kind::{Kind, NodeFlags};
use crate::limits::Limits;
use crate::text::Text;

use super::entry::{EntryRef, name};
use super::root::Field;
use super::tape::{Node, Tape};
use super::value::Value;
use super::{fault, like, one_pass, out_of_bounds};

pub(super) fn verify(entry: &EntryRef<'_>) -> Result<(), DecodeError> {
    let has_trips = entry.position(Field::Trips).is_some();
    if entry.is_canonical() && !has_trips && one_pass::is_valid(entry.buffer()) {
        return Ok(());
    }
    if entry.like().is_empty() { every_rule(entry) } else { like::verify(entry) }
}

/// Checks the rules one after the other, and returns the first fault.
#[inline(never)]
fn every_rule(entry: &EntryRef<'_>) -> Result<(), DecodeError> {
    aligned(entry, Field::Text, 4, 1)?;
    for field in [Field::Target, Field::Body, Field::Thread] {
        string(entry, field)?;
    }
    aligned(entry, Field::Attributes, 8, layout::NODE_LEN)?;
    aligned(entry, Field::Trips, 8, layout::TRIP_LEN)?;
    for (field, alignment) in [(Field::Time, 8), (Field::Trace, 8), (Field::UtcOffset, 2)] {
        multiple(entry.position(field).unwrap_or(0), name(field), alignment)?;
    }
    nodes(entry.tape())
}

/// Checks a FlatBuffers string: inside the buffer, aligned, terminated by NUL, valid UTF-8.
fn string(entry: &EntryRef<'_>, field: Field) -> Result<(), DecodeError> {
    let Some((start, bytes)) = aligned(entry, field, 4, 1)? else { return Ok(()) };
    let end = start + bytes.len();
    match entry.buffer().get(end) {
        None => return Err(out_of_bounds(start, name(field), end as u64 + 1, entry.buffer().len())),
        Some(0) => {}
        Some(found) => {
            let invalid =
                DecodeFault::Invalid { found: (*found).into(), expected: "a NUL byte after the string" };
            return Err(fault(end, name(field), invalid));
        }
    }
    if Text::new(bytes).is_utf8() { Ok(()) } else { Err(fault(start, name(field), DecodeFault::NotUtf8)) }
}

/// Returns a vector after a check of its alignment. The elements must begin at a multiple of `alignment`, and the
/// offset and the length of the vector at multiples of 4.
fn aligned<'a>(
    entry: &EntryRef<'a>,
    field: Field,
    alignment: u8,
    element: usize,
) -> Result<Option<(usize, &'a [u8])>, DecodeError> {
    let Some((start, bytes)) = entry.vector(field, element)? else { return Ok(None) };
    multiple(entry.position(field).unwrap_or(0), name(field), 4)?;
    multiple(start, name(field), alignment)?;
    Ok(Some((start, bytes)))
}

fn multiple(at: usize, field: &'static str, alignment: u8) -> Result<(), DecodeError> {
    if at.is_multiple_of(alignment.into()) {
        Ok(())
    } else {
        Err(fault(at, field, DecodeFault::Misaligned { alignment }))
    }
}

/// An open container.
#[derive(Clone, Copy, Default)]
struct Open {
    /// The index after the last node of the container.
    end: usize,
    /// The number of remaining children.
    left: u32,
    /// Whether a marker of dropped children must be the last node.
    marker: bool,
    is_array: bool,
}

/// Checks that every node is readable, and that the counts of children and subtrees are correct. Uses constant
/// memory, because the nesting is at most 64 levels deep.
fn nodes(tape: Tape<'_>) -> Result<(), DecodeError> {
    let mut open = [Open::default(); Limits::MAX_DEPTH as usize + 1];
    open[0] = Open { end: tape.nodes.len(), left: u32::MAX, ..Open::default() };
    let mut depth = 0;
    let mut index = 0;
    loop {
        while depth > 0 && open[depth].left == 0 && open[depth].end == index {
            if open[depth].marker {
                return Err(invalid(&tape, index, "container", 0, "a marker of dropped children"));
            }
            depth -= 1;
        }
        let level = &mut open[depth];
        if index >= level.end {
            let missing = if depth == 0 { 0 } else { level.left };
            return if missing == 0 {
                Ok(())
            } else {
                Err(invalid(&tape, index, "container", missing.into(), "0 missing children"))
            };
        }
        let Some(node) = tape.node(index) else { return Ok(()) };
        if level.left == 0 {
            if !(level.marker && node.kind == layout::KIND_DROPPED && level.end == index + 1) {
                return Err(invalid(
                    &tape,
                    index,
                    "subtree",
                    level.end as u64,
                    "an end after the last child",
                ));
            }
            level.marker = false;
            index += 1;
            continue;
        }
        level.left -= 1;
        let (end, in_array) = (level.end, level.is_array);
        value(&tape, index, node, end, in_array)?;
        index += 1;
        if node.is_container() {
            depth += 1;
            let Some(level) = open.get_mut(depth) else {
                return Err(invalid(&tape, index - 1, "depth", depth as u64, "at most 64"));
            };
            *level = Open {
                end: index + node.subtree(),
                left: node.low(),
                marker: node.flags.contains(NodeFlags::CHILDREN_DROPPED),
                is_array: node.kind == Kind::Array as u8,
            };
        }
    }
}

fn value(tape: &Tape<'_>, index: usize, node: Node, end: usize, in_array: bool) -> Result<(), DecodeError> {
    if node.kind == layout::KIND_DROPPED {
        return Err(invalid(tape, index, "kind", node.kind.into(), "the kind of a value"));
    }
    if in_array && node.key_length != 0 {
        return Err(invalid(tape, index, "key length", node.key_length.into(), "0 in an array"));
    }
    let attribute = tape.attribute(index, node, end)?;
    if !attribute.key.is_utf8() {
        return Err(fault(tape.offset(index), "key", DecodeFault::NotUtf8));
    }
    match attribute.value {
        Value::String(text) if !text.is_utf8() => {
            Err(fault(tape.offset(index), "string", DecodeFault::NotUtf8))
        }
        Value::Bool(_) if node.value > 1 => Err(invalid(tape, index, "bool", node.value, "0 or 1")),
        Value::Null if node.value != 0 => Err(invalid(tape, index, "null", node.value, "0")),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Int128(_)
        | Value::Uint128(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Unknown(_) => Ok(()),
    }
}

#[cold]
fn invalid(
    tape: &Tape<'_>,
    index: usize,
    field: &'static str,
    found: u64,
    expected: &'static str,
) -> DecodeError {
    fault(tape.offset(index), field, DecodeFault::Invalid { found, expected })
}
