//! An entry as one line of JSON: without allocation, without recursion.

use core::fmt::{self, Write};

use crate::decode::{EntryRef, Value, Visit};
use crate::limits::Limits;
use crate::severity::Severity;
use crate::text::Text;
use crate::time::Timestamp;

use super::base64;
use super::fuse::fuse;

/// Levels of values, the top one counted.
pub(super) const LEVELS: usize = Limits::MAX_DEPTH as usize + 1;

/// Keys that stand for a kind of value: a map whose only key is one of them would be taken for such a value, and is
/// wrapped in another.
pub(super) const TAGS: [&str; 7] = ["$float", "$bytes", "$text", "$time", "$nanos", "$kind", "$map"];

/// Writes `entry` as one JSON object, without a line end. See `schema/JSON.md` for the form of each value.
///
/// What a hostile entry has that cannot be read ends the attributes there; `"unreadable"` then says why.
///
/// # Errors
/// Those of `out`.
pub fn write_entry(entry: &EntryRef<'_>, out: &mut impl Write) -> fmt::Result {
    let mut line = Line { out, first: true };
    line.out.write_char('{')?;
    if let Some(time) = entry.timestamp() {
        write!(line.key("time")?, "\"{time}\"")?;
    }
    match entry.severity() {
        Severity::UNSPECIFIED => {}
        severity => match severity.name() {
            Some(name) => write!(line.key("severity")?, "\"{name}\"")?,
            None => write!(line.key("severity_number")?, "{}", severity.number())?,
        },
    }
    let trace = entry.trace();
    if trace.trace_id != 0 {
        write!(line.key("trace_id")?, "\"{:032x}\"", trace.trace_id)?;
    }
    if trace.span_id != 0 {
        write!(line.key("span_id")?, "\"{:016x}\"", trace.span_id)?;
    }
    if trace.flags != 0 {
        write!(line.key("trace_flags")?, "{}", trace.flags)?;
    }
    for (key, text) in [("target", entry.target()), ("thread", entry.thread()), ("body", entry.body())] {
        if !text.is_empty() {
            string(line.key(key)?, text)?;
        }
    }
    let mut fault = None;
    let mut tripped = false;
    if entry.attributes().next().is_some() {
        let out = line.key("attributes")?;
        out.write_char('{')?;
        let mut tree = Tree::new(out);
        for visit in entry.walk() {
            match visit {
                Ok(visit) => {
                    tripped |= visit.attribute.flags.is_tripped();
                    tree.visit(&visit)?;
                }
                Err(error) => fault = Some(error),
            }
        }
        tree.leave_to(0)?;
        out.write_char('}')?;
    }
    if entry.dropped_attributes_count() > 0 {
        write!(line.key("dropped_attributes_count")?, "{}", entry.dropped_attributes_count())?;
    }
    if tripped || entry.is_tripped() {
        fuse(entry, line.key("fuse")?)?;
    }
    if let Some(fault) = fault {
        write!(line.key("unreadable")?, "\"{fault}\"")?;
    }
    line.out.write_char('}')
}

/// The members of the outermost object.
struct Line<'o, W> {
    out: &'o mut W,
    first: bool,
}

impl<W: Write> Line<'_, W> {
    fn key(&mut self, key: &str) -> Result<&mut W, fmt::Error> {
        if !self.first {
            self.out.write_char(',')?;
        }
        self.first = false;
        write!(self.out, "\"{key}\":")?;
        Ok(self.out)
    }
}

/// What closes a container.
#[derive(Clone, Copy, Default)]
struct Open {
    close: &'static str,
    children: u32,
}

/// The attributes, written as the walk meets them.
struct Tree<'o, W> {
    out: &'o mut W,
    depth: usize,
    open: [Open; LEVELS],
}

impl<'o, W: Write> Tree<'o, W> {
    fn new(out: &'o mut W) -> Self {
        Self { out, depth: 0, open: [Open::default(); LEVELS] }
    }

    fn leave_to(&mut self, depth: usize) -> fmt::Result {
        while self.depth > depth {
            self.out.write_str(self.open[self.depth].close)?;
            self.depth -= 1;
        }
        Ok(())
    }

    fn visit(&mut self, visit: &Visit<'_>) -> fmt::Result {
        self.leave_to(visit.depth)?;
        let level = &mut self.open[visit.depth];
        level.children += 1;
        if level.children > 1 {
            self.out.write_char(',')?;
        }
        if !visit.in_array {
            string(self.out, visit.attribute.key)?;
            self.out.write_char(':')?;
        }
        let close = match visit.attribute.value {
            Value::Array(_) => {
                self.out.write_char('[')?;
                "]"
            }
            Value::Map(children) => {
                let looks_like_a_tag = children.len() == 1
                    && children.iter().next().is_some_and(|child| {
                        child.is_ok_and(|child| TAGS.iter().any(|tag| child.key == **tag))
                    });
                self.out.write_str(if looks_like_a_tag { "{\"$map\":{" } else { "{" })?;
                if looks_like_a_tag { "}}" } else { "}" }
            }
            value => return leaf(self.out, value),
        };
        self.depth = visit.depth + 1;
        self.open[self.depth] = Open { close, children: 0 };
        Ok(())
    }
}

fn leaf(out: &mut impl Write, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Uint(value) => write!(out, "{value}"),
        Value::Int128(value) => write!(out, "{value}"),
        Value::Uint128(value) => write!(out, "{value}"),
        Value::Float(value) => float(out, value),
        Value::String(text) if text.to_str().is_ok() => string(out, text),
        Value::String(text) => tagged_base64(out, "$text", text.as_bytes()),
        Value::Bytes(bytes) => tagged_base64(out, "$bytes", bytes),
        Value::Timestamp(time) => timestamp(out, time),
        Value::Duration(nanos) => write!(out, "{{\"$nanos\":{nanos}}}"),
        Value::Unknown { kind, value } => write!(out, "{{\"$kind\":[{kind},{value}]}}"),
        Value::Array(_) | Value::Map(_) => Ok(()),
    }
}

fn float(out: &mut impl Write, value: f64) -> fmt::Result {
    if value.is_finite() {
        // The shortest text that reads back as the same number, always with a point or an exponent.
        write!(out, "{value:?}")
    } else if value.is_infinite() {
        write!(out, "{{\"$float\":\"{}Infinity\"}}", if value < 0.0 { "-" } else { "" })
    } else if value.to_bits() == f64::NAN.to_bits() {
        out.write_str("{\"$float\":\"NaN\"}")
    } else {
        write!(out, "{{\"$float\":\"NaN:{:016x}\"}}", value.to_bits())
    }
}

fn timestamp(out: &mut impl Write, time: Timestamp) -> fmt::Result {
    write!(out, "{{\"$time\":\"{time}\"}}")
}

fn tagged_base64(out: &mut impl Write, tag: &str, bytes: &[u8]) -> fmt::Result {
    write!(out, "{{\"{tag}\":\"")?;
    base64::write(out, bytes)?;
    out.write_str("\"}")
}

/// A JSON string. What is not UTF-8 becomes U+FFFD; of a value, see `leaf`.
fn string(out: &mut impl Write, text: Text<'_>) -> fmt::Result {
    out.write_char('"')?;
    match text.to_str() {
        Ok(text) => escaped(out, text)?,
        Err(_) => {
            for chunk in text.as_bytes().utf8_chunks() {
                escaped(out, chunk.valid())?;
                if !chunk.invalid().is_empty() {
                    out.write_char('\u{fffd}')?;
                }
            }
        }
    }
    out.write_char('"')
}

pub(super) fn escaped(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7F {
            continue;
        }
        out.write_str(&text[plain..at])?;
        plain = at + 1;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            _ => write!(out, "\\u{byte:04x}")?,
        }
    }
    out.write_str(&text[plain..])
}
