//! The serialization of entries with serde.

use serde_core::ser::{Error, SerializeMap, SerializeSeq};
use serde_core::{Serialize, Serializer};

use crate::kind::UnknownValue;
use crate::limits::Limits;
use crate::text::Text;
use crate::time::Timestamp;

use super::tape::Attributes;
use super::{EntryRef, Value};

impl Serialize for Text<'_> {
    /// Serializes a string. Text that is not UTF-8 is serialized as bytes; only other writers produce such text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_str() {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(self.as_bytes()),
        }
    }
}

impl Serialize for Timestamp {
    /// Serializes a string: RFC 3339 with nanoseconds, and with the zone offset if known.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for UnknownValue {
    /// Serializes a map with the key `$kind`, whose value is a sequence of the two numbers, as in JSON.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("$kind", &(self.kind, self.value))?;
        map.end()
    }
}

impl Serialize for Value<'_> {
    /// Serializes each kind as the matching type of serde. An instant becomes RFC 3339 text, a duration an integer of
    /// nanoseconds. A kind of a later version becomes an [`UnknownValue`]. Fails if the entry is damaged, or if it is nested
    /// deeper than [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        At { value: *self, depth: 0 }.serialize(serializer)
    }
}

/// A value inside `depth` containers.
struct At<'a> {
    value: Value<'a>,
    depth: u8,
}

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, depth } = self;
        if *depth > Limits::MAX_DEPTH {
            return Err(S::Error::custom(format_args!(
                "nesting too deep: expected at most {} levels",
                Limits::MAX_DEPTH
            )));
        }
        match value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Uint(value) => serializer.serialize_u64(*value),
            Value::Int128(value) => serializer.serialize_i128(*value),
            Value::Uint128(value) => serializer.serialize_u128(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::String(text) => text.serialize(serializer),
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Value::Timestamp(time) => time.serialize(serializer),
            Value::Duration(nanos) => match i64::try_from(*nanos) {
                Ok(nanos) => serializer.serialize_i64(nanos),
                Err(_) => serializer.serialize_i128(*nanos),
            },
            Value::Array(children) => {
                let mut seq = serializer.serialize_seq(Some(children.len() as usize))?;
                for child in children.iter() {
                    let value = child.map_err(S::Error::custom)?.value;
                    seq.serialize_element(&At { value, depth: depth + 1 })?;
                }
                seq.end()
            }
            Value::Map(children) => {
                map(serializer, Some(children.len() as usize), children.iter(), depth + 1)
            }
            Value::Unknown(unknown) => unknown.serialize(serializer),
        }
    }
}

/// Serializes a map. Invalid UTF-8 in keys becomes U+FFFD.
fn map<S: Serializer>(
    serializer: S,
    len: Option<usize>,
    children: Attributes<'_>,
    depth: u8,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(len)?;
    for child in children {
        let child = child.map_err(S::Error::custom)?;
        map.serialize_entry(&*child.key.to_str_lossy(), &At { value: child.value, depth })?;
    }
    map.end()
}

impl Serialize for Attributes<'_> {
    /// Serializes a map, in order. Repeated keys are kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let len = self.take_while(Result::is_ok).count();
        map(serializer, Some(len), *self, 0)
    }
}

impl Serialize for EntryRef<'_> {
    /// Serializes a map with the keys `time`, `severity_number`, `trace_id` and `span_id` (hexadecimal),
    /// `trace_flags`, `target`, `thread`, `body`, `attributes` and `dropped_attributes_count`. All keys are always
    /// present; absent values are null or empty.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let trace = self.trace();
        let mut map = serializer.serialize_map(Some(10))?;
        map.serialize_entry("time", &self.timestamp())?;
        map.serialize_entry("severity_number", &self.severity().number())?;
        map.serialize_entry("trace_id", &Id { id: trace.trace_id, digits: 32 })?;
        map.serialize_entry("span_id", &Id { id: trace.span_id.into(), digits: 16 })?;
        map.serialize_entry("trace_flags", &trace.flags)?;
        map.serialize_entry("target", &self.target())?;
        map.serialize_entry("thread", &self.thread())?;
        map.serialize_entry("body", &self.body())?;
        map.serialize_entry("attributes", &self.attributes())?;
        map.serialize_entry("dropped_attributes_count", &self.dropped_attributes_count())?;
        map.end()
    }
}

/// An id as hexadecimal digits, or null if it is 0.
struct Id {
    id: u128,
    digits: usize,
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.id {
            0 => serializer.serialize_none(),
            id => serializer.collect_str(&format_args!("{id:0digits$x}", digits = self.digits)),
        }
    }
}
