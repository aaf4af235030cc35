//! The writer of an entry as one line of JSON. It does not allocate or recurse.

use core::fmt;

use crate::decode::{Children, EntryRef, Step, Value, Walk};
use crate::digits;
use crate::error::DecodeError;
use crate::kind::Kind;
use crate::limits::Limits;
use crate::severity::Severity;
use crate::text::Text;

use super::fuse::fuse;
use super::number;
use super::out::{AsText, Out, Sink};
use super::string::{is_plain, string, string_behind};
use super::tagged::{TAGS, not_finite, tagged};

/// The maximum number of levels of values, including the top level.
pub(super) const LEVELS: usize = Limits::MAX_DEPTH as usize + 1;

/// Writes `entry` as one JSON object without a line end. `schema/JSON.md` specifies the form of each value.
///
/// If a value of a damaged entry cannot be read, the attributes end before it, and the member `"unreadable"` contains
/// the reason.
///
/// ```
/// use fusewire::{decode::EntryRef, encode::encode, json};
///
/// let mut buffer = [0; 512];
/// let encoded = encode(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
/// let mut line = String::new();
/// json::write_entry(&EntryRef::new(encoded.bytes())?, &mut line)?;
/// assert_eq!(line, r#"{"body":"paid"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns the errors of `out`.
pub fn write_entry(entry: &EntryRef<'_>, out: &mut impl fmt::Write) -> fmt::Result {
    write_to(entry, &mut AsText(out))
}

/// Appends `entry` to `out` as [`write_entry`] does. This is faster, because the bytes are not checked for valid
/// UTF-8 again.
///
/// ```
/// use fusewire::{Limits, Severity, decode::EntryRef, encode::encode, json};
///
/// let mut buffer = [0; 512];
/// let encoded = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.set_severity(Severity::INFO);
///     entry.set_body("paid");
///     entry.attr("amount", &7);
/// })?;
/// let mut line = Vec::new();
/// json::append_entry(&EntryRef::new(encoded.bytes())?, &mut line);
/// assert_eq!(line, br#"{"severity":"INFO","body":"paid","attributes":{"amount":7}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append_entry(entry: &EntryRef<'_>, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = write_to(entry, out);
}

/// Writes `entry` to a sink as [`write_entry`] does.
pub(crate) fn write_to(entry: &EntryRef<'_>, sink: &mut impl Sink) -> fmt::Result {
    let mut out = Out::new(sink);
    object(entry, &mut out)?;
    out.flush()
}

fn object<S: Sink>(entry: &EntryRef<'_>, out: &mut Out<'_, S>) -> fmt::Result {
    out.token(b"{")?;
    let mut line = Line { out, first: true };
    header(entry, &mut line)?;
    for (key, text) in [(b"\"target\":", entry.target()), (b"\"thread\":", entry.thread())] {
        if !text.is_empty() {
            string(line.member(key)?, text)?;
        }
    }
    let body = entry.body();
    if !body.is_empty() {
        string(line.member(b"\"body\":")?, body)?;
    }
    let mut fault = None;
    let mut tripped = false;
    if entry.attributes().next().is_some() {
        let out = line.member(b"\"attributes\":{")?;
        (tripped, fault) = tree(entry.walk(), out)?;
        line.out.token(b"}")?;
    }
    if entry.dropped_attributes_count() > 0 {
        let dropped = entry.dropped_attributes_count();
        line.member(b"\"dropped_attributes_count\":")?.decimal(dropped.into())?;
    }
    if tripped || entry.is_tripped() {
        fuse(entry, line.member(b"\"fuse\":")?)?;
    }
    if let Some(fault) = fault {
        fmt::Write::write_fmt(line.member(b"\"unreadable\":")?, format_args!("\"{fault}\""))?;
    }
    line.out.token(b"}")
}

/// Writes the values of `walk`, without the brackets around them. Returns whether the circuit breaker tripped on one
/// of them, and the error of the first unreadable value, if there is one.
#[inline(always)]
pub(super) fn tree<S: Sink>(
    mut walk: Walk<'_>,
    out: &mut Out<'_, S>,
) -> Result<(bool, Option<DecodeError>), fmt::Error> {
    let mut tree = Tree::new(out);
    let (mut tripped, mut fault) = (false, None);
    while let Some(step) = walk.step() {
        let written = match step {
            Ok(step) => {
                tripped |= step.flags().is_tripped();
                tree.write(&walk, &step)?
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            fault = Some(error);
            break;
        }
    }
    tree.leave_to(0)?;
    Ok((tripped, fault))
}

/// Writes the time, the severity and the ids.
#[inline]
fn header<S: Sink>(entry: &EntryRef<'_>, line: &mut Line<'_, '_, S>) -> fmt::Result {
    if let Some(time) = entry.timestamp() {
        let out = line.member(b"\"time\":\"")?;
        out.bytes(time.to_text().as_bytes())?;
        out.token(b"\"")?;
    }
    match (entry.severity(), entry.severity().name()) {
        (Severity::UNSPECIFIED, _) => {}
        (_, Some(name)) => {
            let out = line.member(b"\"severity\":\"")?;
            out.bytes(name.as_bytes())?;
            out.token(b"\"")?;
        }
        (severity, None) => {
            line.member(b"\"severity_number\":")?.decimal(severity.number().into())?;
        }
    }
    let trace = entry.trace();
    if trace.trace_id != 0 {
        let out = line.member(b"\"trace_id\":\"")?;
        for part in [96, 64, 32, 0] {
            out.token(&digits::hex(low(trace.trace_id >> part)))?;
        }
        out.token(b"\"")?;
    }
    if trace.span_id != 0 {
        let out = line.member(b"\"span_id\":\"")?;
        for part in [32, 0] {
            out.token(&digits::hex(low((trace.span_id >> part).into())))?;
        }
        out.token(b"\"")?;
    }
    if trace.flags != 0 {
        line.member(b"\"trace_flags\":")?.decimal(trace.flags.into())?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are asked for")]
const fn low(number: u128) -> u32 {
    number as u32
}

/// The members of the outermost object.
struct Line<'o, 's, S> {
    out: &'o mut Out<'s, S>,
    first: bool,
}

impl<'s, S: Sink> Line<'_, 's, S> {
    /// Begins a member: writes its key and the constant text before its value.
    #[inline(always)]
    fn member<const N: usize>(&mut self, key: &[u8; N]) -> Result<&mut Out<'s, S>, fmt::Error> {
        if !self.first {
            self.out.token(b",")?;
        }
        self.first = false;
        self.out.token(key)?;
        Ok(self.out)
    }
}

/// Returns whether the map looks like a tagged value of another kind.
pub(super) fn looks_like_a_tag(map: Children<'_>) -> bool {
    map.len() == 1
        && map
            .iter()
            .next()
            .is_some_and(|child| child.is_ok_and(|child| TAGS.iter().any(|tag| child.key == **tag)))
}

/// The brackets that close a container.
#[derive(Clone, Copy)]
enum Close {
    Array,
    Map,
    /// The end of a wrapped map.
    Maps,
}

/// A writer of the values of a walk.
struct Tree<'o, 's, S> {
    out: &'o mut Out<'s, S>,
    depth: usize,
    /// The closing brackets of each open container. The caller closes the outermost container.
    open: [Close; LEVELS],
    /// Whether the innermost container has a child.
    behind_another: bool,
}

impl<'o, 's, S: Sink> Tree<'o, 's, S> {
    fn new(out: &'o mut Out<'s, S>) -> Self {
        Self { out, depth: 0, open: [Close::Map; LEVELS], behind_another: false }
    }

    #[inline(always)]
    fn leave_to(&mut self, depth: usize) -> fmt::Result {
        while self.depth > depth {
            match self.open[self.depth] {
                Close::Array => self.out.token(b"]")?,
                Close::Map => self.out.token(b"}")?,
                Close::Maps => self.out.token(b"}}")?,
            }
            self.depth -= 1;
            self.behind_another = true;
        }
        Ok(())
    }

    /// Writes the value of `step`. Returns an inner error if the value cannot be read.
    #[inline(always)]
    fn write(&mut self, walk: &Walk<'_>, step: &Step<'_>) -> Result<Result<(), DecodeError>, fmt::Error> {
        let Some(kind) = step.plain_kind() else { return self.write_other(walk, step) };
        // The value must be readable before any part of it is written.
        let text = match kind {
            Kind::String => match walk.text(step) {
                Ok(text) => text,
                Err(error) => return Ok(Err(error)),
            },
            Kind::Null | Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => Text::default(),
            // `tagged` has an arm for each other kind.
            _ => return self.write_other(walk, step),
        };
        let (out, bits) = (self.key(step)?, step.bits());
        match kind {
            Kind::Null => out.token(b"null")?,
            Kind::Bool if bits == 0 => out.token(b"false")?,
            Kind::Bool => out.token(b"true")?,
            Kind::Int => {
                if bits.cast_signed() < 0 {
                    out.token(b"-")?;
                }
                out.decimal(bits.cast_signed().unsigned_abs())?;
            }
            Kind::Uint => out.decimal(bits)?,
            Kind::Float if f64::from_bits(bits).is_finite() => number::finite(out, f64::from_bits(bits))?,
            Kind::Float => not_finite(out, f64::from_bits(bits))?,
            _ if is_plain(text.as_bytes()) => out.between(b"\"", text.as_bytes(), b"\"")?,
            _ if text.is_utf8() => string(out, text)?,
            _ => tagged(out, Value::String(text))?,
        }
        Ok(Ok(()))
    }

    /// Writes containers and rare values as [`write`](Self::write) does.
    #[inline(never)]
    fn write_other(
        &mut self,
        walk: &Walk<'_>,
        step: &Step<'_>,
    ) -> Result<Result<(), DecodeError>, fmt::Error> {
        let value = match walk.value(step) {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        let out = self.key(step)?;
        let close = match value {
            Value::Array(_) => {
                out.token(b"[")?;
                Close::Array
            }
            Value::Map(children) => {
                let looks_like_a_tag = looks_like_a_tag(children);
                out.token(b"{")?;
                if looks_like_a_tag {
                    out.token(b"\"$map\":{")?;
                }
                if looks_like_a_tag { Close::Maps } else { Close::Map }
            }
            value => return tagged(out, value).map(Ok),
        };
        self.depth = step.depth + 1;
        self.open[self.depth] = close;
        self.behind_another = false;
        Ok(Ok(()))
    }

    /// Closes containers that have ended, and writes the key.
    #[inline(always)]
    fn key(&mut self, step: &Step<'_>) -> Result<&mut Out<'s, S>, fmt::Error> {
        self.leave_to(step.depth)?;
        match (core::mem::replace(&mut self.behind_another, true), step.in_array) {
            (true, false) => string_behind(self.out, b",\"", step.key, b"\":")?,
            (false, false) => string_behind(self.out, b"\"", step.key, b"\":")?,
            (true, true) => self.out.token(b",")?,
            (false, true) => {}
        }
        Ok(self.out)
    }
}
