//! Entries and values that own their data, for programs that keep an entry longer than its segment.

use crate::decode::{Attribute, Children, EntryRef, Value};
use crate::encode::{EntryWriter, LogValue, MapWriter, ValueWriter};
use crate::error::DecodeError;
use crate::kind::{NodeFlags, UnknownValue};
use crate::severity::Severity;
use crate::time::Timestamp;
use crate::trace::TraceContext;
use crate::trip::Trip;

/// An entry that owns its data.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::owned::OwnedValue;
///
/// let mut buffer = [0; 1024];
/// let bytes = encode(&mut buffer, &Default::default(), |entry| {
///     entry.set_body("paid");
///     entry.attr("amount", &7);
/// })?
/// .into_bytes();
/// let entry = EntryRef::new(bytes)?.to_owned()?;
/// assert_eq!(entry.body, "paid");
/// assert_eq!(entry.attributes[0].value, OwnedValue::Int(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Entry {
    /// The time in nanoseconds since the Unix epoch, or 0 if unknown.
    pub time_unix_nano: u64,
    /// The zone offset in minutes east of UTC, if known.
    pub utc_offset_minutes: Option<i16>,
    /// The severity.
    pub severity: Severity,
    /// The trace and the span of the entry.
    pub trace: TraceContext,
    /// The origin of the entry in the program.
    pub target: String,
    /// The message text.
    pub body: String,
    /// The thread name.
    pub thread: String,
    /// The attributes, in order.
    pub attributes: Vec<OwnedAttribute>,
    /// The trips of the circuit breaker, by cause.
    pub trips: Vec<Trip>,
    /// The number of dropped top-level attributes.
    pub dropped_attributes_count: u32,
}

/// A key with its value and its flags.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedAttribute {
    /// The key, with U+FFFD in place of invalid UTF-8.
    pub key: String,
    /// The value.
    pub value: OwnedValue,
    /// The flags of the node.
    pub flags: NodeFlags,
}

/// A value that owns its data. Integers are equal if kind and number are equal; floats compare as `f64`.
///
/// The enum is exhaustive, as [`Value`] is.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::owned::OwnedValue;
///
/// let mut buffer = [0; 512];
/// let value = OwnedValue::Array { values: Vec::new(), dropped: Some(0) };
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("tags", &value))?;
/// assert_eq!(EntryRef::new(entry.into_bytes())?.to_owned()?.attributes[0].value, value);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    /// The absence of a value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    Int(i128),
    /// An unsigned integer.
    Uint(u128),
    /// A double.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes, or text that was not valid UTF-8.
    Bytes(Vec<u8>),
    /// An instant.
    Timestamp(Timestamp),
    /// A span of time in nanoseconds.
    Duration(i128),
    /// An ordered sequence of values.
    Array {
        /// The kept values, with empty keys.
        values: Vec<OwnedAttribute>,
        /// The number of dropped values, or `None` if unknown.
        dropped: Option<u64>,
    },
    /// Keys and values in order.
    Map {
        /// The kept entries of the map.
        entries: Vec<OwnedAttribute>,
        /// The number of dropped entries, or `None` if unknown.
        dropped: Option<u64>,
    },
    /// A value whose kind a later format version defines.
    Unknown(UnknownValue),
}

impl Entry {
    /// Writes the header and the attributes to `entry`. The limits of `entry` apply. The `trips` and the flags are
    /// not written.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    /// use fusewire::owned::Entry;
    ///
    /// let entry = Entry { body: "paid".to_owned(), ..Entry::default() };
    /// let mut buffer = [0; 512];
    /// let encoded = encode(&mut buffer, &Default::default(), |writer| entry.write_to(writer))?;
    /// assert_eq!(EntryRef::new(encoded.into_bytes())?.to_owned()?, entry);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_to(&self, entry: &mut EntryWriter<'_>) {
        entry.set_time_unix_nano(self.time_unix_nano);
        entry.set_utc_offset_minutes(self.utc_offset_minutes);
        entry.set_severity(self.severity);
        entry.set_trace(self.trace);
        entry.set_target(&self.target);
        entry.set_body(&self.body);
        entry.set_thread(&self.thread);
        write_entries(&mut entry.attributes(), &self.attributes, Some(0));
    }
}

impl EntryRef<'_> {
    /// Returns an owned copy of the entry. The copy has at most 64 levels, because [`verify`](Self::verify) accepts
    /// no more.
    ///
    /// # Errors
    /// Returns the first error that [`verify`](Self::verify) finds.
    pub fn to_owned(&self) -> Result<Entry, DecodeError> {
        self.verify()?;
        Ok(Entry {
            time_unix_nano: self.time_unix_nano(),
            utc_offset_minutes: self.utc_offset_minutes(),
            severity: self.severity(),
            trace: self.trace(),
            target: self.target().to_str_lossy().into_owned(),
            body: self.body().to_str_lossy().into_owned(),
            thread: self.thread().to_str_lossy().into_owned(),
            attributes: self.attributes().map(owned).collect::<Result<_, _>>()?,
            trips: self.trips().collect(),
            dropped_attributes_count: self.dropped_attributes_count(),
        })
    }
}

fn owned(attribute: Result<Attribute<'_>, DecodeError>) -> Result<OwnedAttribute, DecodeError> {
    let Attribute { key, value, flags } = attribute?;
    let children = |children: Children<'_>| children.iter().map(owned).collect::<Result<Vec<_>, _>>();
    let value = match value {
        Value::Null => OwnedValue::Null,
        Value::Bool(value) => OwnedValue::Bool(value),
        Value::Int(value) => OwnedValue::Int(value.into()),
        Value::Uint(value) => OwnedValue::Uint(value.into()),
        Value::Int128(value) => OwnedValue::Int(value),
        Value::Uint128(value) => OwnedValue::Uint(value),
        Value::Float(value) => OwnedValue::Float(value),
        Value::String(text) => match text.to_str() {
            Ok(text) => OwnedValue::String(text.to_owned()),
            Err(_) => OwnedValue::Bytes(text.as_bytes().to_vec()),
        },
        Value::Bytes(bytes) => OwnedValue::Bytes(bytes.to_vec()),
        Value::Timestamp(time) => OwnedValue::Timestamp(time),
        Value::Duration(nanos) => OwnedValue::Duration(nanos),
        Value::Array(list) => OwnedValue::Array { values: children(list)?, dropped: list.dropped() },
        Value::Map(list) => OwnedValue::Map { entries: children(list)?, dropped: list.dropped() },
        Value::Unknown(unknown) => OwnedValue::Unknown(unknown),
    };
    Ok(OwnedAttribute { key: key.to_str_lossy().into_owned(), value, flags })
}

fn write_entries(map: &mut MapWriter<'_, '_>, entries: &[OwnedAttribute], dropped: Option<u64>) {
    for (i, OwnedAttribute { key, value, .. }) in entries.iter().enumerate() {
        if map.is_full() {
            map.drop_rest(dropped.map(|dropped| dropped.saturating_add((entries.len() - i) as u64)));
            return;
        }
        map.entry(key, value);
    }
}

impl LogValue for OwnedValue {
    /// Writes the value. A value of a kind that a later format version defines is refused.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => out.bool(*value),
            Self::Int(value) => out.i128(*value),
            Self::Uint(value) => out.u128(*value),
            Self::Float(value) => out.f64(*value),
            Self::String(text) => out.str(text),
            Self::Bytes(bytes) => out.bytes(bytes),
            Self::Timestamp(time) => out.timestamp(*time),
            Self::Duration(nanos) => out.duration_nanos(*nanos),
            Self::Map { entries, dropped } => write_entries(&mut out.map(), entries, *dropped),
            Self::Array { values, .. } => {
                out.array().extend(values.iter().map(|child| &child.value));
            }
            Self::Unknown(_) => out.refuse("unknown (from a later format version)"),
        }
    }
}
