//! The trips of an entry as JSON.

use core::fmt::{self, Write};

use crate::decode::{EntryRef, Value, Visit, Walk};
use crate::kind::NodeFlags;
use crate::text::{Text, is_written};
use crate::trip::Places;

use super::out::{Out, Sink};
use super::string::escaped;
use super::write::LEVELS;

/// The names of the places of a trip.
pub(super) const PLACES: [(Places, &str); 4] = [
    (Places::ATTRIBUTES, "attributes"),
    (Places::BODY, "body"),
    (Places::TARGET, "target"),
    (Places::THREAD, "thread"),
];

/// The names of the cut parts of a value.
pub(super) const CUTS: [(NodeFlags, &str); 6] = [
    (NodeFlags::VALUE_CUT, "value"),
    (NodeFlags::KEY_CUT, "key"),
    (NodeFlags::KEY_HASHED, "key_hashed"),
    (NodeFlags::CHILDREN_DROPPED, "children"),
    (NodeFlags::DEPTH_CUT, "depth"),
    (NodeFlags::TYPE_REPLACED, "type"),
];

/// Writes the trips by cause, and the list of values with trips.
pub(super) fn fuse<S: Sink>(entry: &EntryRef<'_>, out: &mut Out<'_, S>) -> fmt::Result {
    out.write_str("{\"trips\":{")?;
    for (i, trip) in entry.trips().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        write!(out, "{comma}\"{}\":{{\"count\":{},\"lost\":", trip.cause.name(), trip.count)?;
        match trip.lost {
            Some(lost) => write!(out, "{lost}")?,
            None => out.write_str("null")?,
        }
        out.write_str(",\"in\":[")?;
        names(
            out,
            PLACES.into_iter().filter(|(place, _)| trip.places.contains(*place)).map(|(_, name)| name),
        )?;
        out.write_str("]}")?;
    }
    out.write_str("},\"values\":[")?;
    values(entry, out)?;
    out.write_str("]}")
}

/// Writes a list of names.
fn names(out: &mut impl Write, names: impl Iterator<Item = &'static str>) -> fmt::Result {
    for (i, name) in names.enumerate() {
        let comma = if i > 0 { "," } else { "" };
        write!(out, "{comma}\"{name}\"")?;
    }
    Ok(())
}

/// Writes the values with trips, in the order of the entry.
fn values<S: Sink>(entry: &EntryRef<'_>, out: &mut Out<'_, S>) -> fmt::Result {
    let mut comma = "";
    let (mut walk, mut path) = (entry.walk(), Path::default());
    // A walk that begins after the last listed value.
    let (mut whole, mut whole_path) = (walk.clone(), path);
    while let Some(Ok(visit)) = walk.next() {
        path.step(&visit);
        if !visit.attribute.flags.is_tripped() {
            continue;
        }
        write!(out, "{comma}{{\"path\":\"")?;
        path.write(visit.depth, out)?;
        out.write_char('"')?;
        let passed = path.met_before(visit.depth, &mut whole, &mut whole_path);
        if passed > 0 {
            write!(out, ",\"passed\":{passed}")?;
        }
        tripped(out, &visit)?;
        comma = ",";
        // One clone for each listed value: such values are rare.
        (whole, whole_path) = (walk.clone(), path);
    }
    Ok(())
}

/// The keys and indexes that lead to the current value.
#[derive(Clone, Copy)]
struct Path<'a>([(Text<'a>, Option<u32>); LEVELS]);

impl Default for Path<'_> {
    fn default() -> Self {
        Self([(Text::default(), None); LEVELS])
    }
}

impl<'a> Path<'a> {
    fn step(&mut self, visit: &Visit<'a>) {
        let place = &mut self.0[visit.depth];
        *place = (visit.attribute.key, visit.in_array.then(|| place.1.map_or(0, |index| index + 1)));
        if let Some(child) = self.0.get_mut(visit.depth + 1) {
            child.1 = None;
        }
    }

    fn write<S: Sink>(&self, depth: usize, out: &mut Out<'_, S>) -> fmt::Result {
        for (key, index) in &self.0[..=depth] {
            match index {
                Some(index) => write!(out, "/{index}")?,
                None => pointer(out, *key)?,
            }
        }
        Ok(())
    }

    /// Returns the number of values with the path of the current value between `walk` and the current value. The
    /// current value at `depth` is the next one with a trip. Values can have equal paths only if keys repeat.
    /// Advances `walk` to the current value.
    fn met_before(&self, depth: usize, walk: &mut Walk<'a>, path: &mut Self) -> u32 {
        // The number of levels, from the top, that are equal in both paths.
        let mut same = (0..=depth).take_while(|level| self.is_same(path, *level)).count();
        let mut met = 0;
        while let Some(Ok(visit)) = walk.next() {
            path.step(&visit);
            if visit.attribute.flags.is_tripped() {
                break;
            }
            same = same.min(visit.depth);
            if same == visit.depth && same <= depth && self.is_same(path, same) {
                same += 1;
                met += u32::from(visit.depth == depth);
            }
        }
        met
    }

    fn is_same(&self, other: &Self, level: usize) -> bool {
        let ((key, index), (other_key, other_index)) = (self.0[level], other.0[level]);
        let chars = |key: Text<'a>| {
            key.as_bytes().utf8_chunks().flat_map(|chunk| {
                let replaced = (!chunk.invalid().is_empty()).then_some('\u{fffd}');
                chunk.valid().chars().chain(replaced)
            })
        };
        // Keys are compared in their written form. A key of digits equals an index, and all invalid UTF-8 is equal.
        let is_digits = |key: Text<'a>, index: u32| {
            key.to_str().is_ok_and(|key| is_written(key, format_args!("{index}")))
        };
        match (index, other_index) {
            (Some(index), Some(other)) => index == other,
            (Some(index), None) => is_digits(other_key, index),
            (None, Some(other)) => is_digits(key, other),
            (None, None) => key == other_key || chars(key).eq(chars(other_key)),
        }
    }
}

/// Writes a key as a step of a JSON Pointer (RFC 6901).
fn pointer<S: Sink>(out: &mut Out<'_, S>, key: Text<'_>) -> fmt::Result {
    out.write_char('/')?;
    for chunk in key.as_bytes().utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(['~', '/']) {
            escaped(out, &rest[..at])?;
            out.write_str(if rest[at..].starts_with('~') { "~0" } else { "~1" })?;
            rest = &rest[at + 1..];
        }
        escaped(out, rest)?;
        if !chunk.invalid().is_empty() {
            out.write_char('\u{fffd}')?;
        }
    }
    Ok(())
}

/// Writes the cut parts of a value and the number of dropped children.
fn tripped(out: &mut impl Write, visit: &Visit<'_>) -> fmt::Result {
    out.write_str(",\"cut\":[")?;
    let flags = visit.attribute.flags;
    names(out, CUTS.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| name))?;
    out.write_char(']')?;
    if let Value::Array(children) | Value::Map(children) = visit.attribute.value {
        match children.dropped() {
            Some(0) => {}
            Some(dropped) => write!(out, ",\"dropped\":{dropped}")?,
            None => out.write_str(",\"dropped\":null")?,
        }
    }
    out.write_char('}')
}
