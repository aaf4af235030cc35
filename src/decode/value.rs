//! A view of one value.

use crate::kind::{Kind, UnknownValue};
use crate::text::Text;
use crate::time::Timestamp;

use super::path;
use super::tape::Children;

/// A value of an entry, borrowed from the bytes of the entry.
///
/// An integer that fits in 64 bits is an `Int` or a `Uint`, even if its node stores it in 128 bits.
///
/// The enum is exhaustive. If a version of this crate adds a kind, the compiler names each `match` that has no arm for it. A
/// reader of an earlier version returns a value of this kind as `Unknown`.
///
/// ```
/// use fusewire::decode::{EntryRef, Value};
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("ports", &[80_u16, 443]))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let Some(Value::Array(ports)) = entry.get("ports") else { panic!("ports is an array") };
/// let ports: Vec<_> = ports.iter().flatten().map(|port| port.value.as_i128()).collect();
/// assert_eq!(ports, [Some(80), Some(443)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// The absence of a value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A signed integer that needs more than 64 bits.
    Int128(i128),
    /// An unsigned integer that needs more than 64 bits.
    Uint128(u128),
    /// A double.
    Float(f64),
    /// Text.
    String(Text<'a>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An instant.
    Timestamp(Timestamp),
    /// A span of time in nanoseconds.
    Duration(i128),
    /// An ordered sequence of values.
    Array(Children<'a>),
    /// Keys and values in order.
    Map(Children<'a>),
    /// A value of a kind that a later version of the format defines.
    Unknown(UnknownValue),
}

impl<'a> Value<'a> {
    /// Returns the kind of the value, or `None` for an unknown kind.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) | Self::Int128(_) => Kind::Int,
            Self::Uint(_) | Self::Uint128(_) => Kind::Uint,
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Duration(_) => Kind::Duration,
            Self::Array(_) => Kind::Array,
            Self::Map(_) => Kind::Map,
            Self::Unknown(_) => return None,
        })
    }

    /// Returns the value at `path` below this container, as [`EntryRef::get`](super::EntryRef::get) does below an
    /// entry.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    /// use fusewire::map;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.attr("request", &map! { headers = &["accept", "host"] });
    /// })?;
    /// let request = EntryRef::new(entry.into_bytes())?.get("request").unwrap();
    /// assert_eq!(request.get("headers[0]").and_then(|header| header.as_str()), Some("accept"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Self> {
        match self {
            Self::Array(children) | Self::Map(children) => path::find(children.iter(), path),
            _ => None,
        }
    }

    /// Returns the text if the value is a string of valid UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        if let Self::String(text) = self { text.to_str().ok() } else { None }
    }

    /// Returns the number if the value is an integer in the range of `i128`.
    #[inline]
    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some((*value).into()),
            Self::Uint(value) => Some((*value).into()),
            Self::Int128(value) => Some(*value),
            Self::Uint128(value) => i128::try_from(*value).ok(),
            Self::Null
            | Self::Bool(_)
            | Self::Float(_)
            | Self::String(_)
            | Self::Bytes(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Array(_)
            | Self::Map(_)
            | Self::Unknown(_) => None,
        }
    }

    /// Returns the number if the value is a number. Integers are rounded as by the operator `as`.
    ///
    /// ```
    /// use fusewire::decode::Value;
    ///
    /// assert_eq!(Value::Int(-3).as_f64(), Some(-3.0));
    /// assert_eq!(Value::Float(0.5).as_f64(), Some(0.5));
    /// assert_eq!(Value::Bool(true).as_f64(), None);
    /// ```
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Uint128(value) => Some(*value as f64),
            _ => self.as_i128().map(|value| value as f64),
        }
    }
}
