//! Structs with private names, which `serde_json` and `toml` use to mark numbers, JSON texts and dates for their own
//! serializers.

use serde_core::Serialize;
use serde_core::ser::SerializeStruct;

use crate::encode::container::MapWriter;
use crate::encode::slot::ValueWriter;

use super::attributes::AttributesSerializer;
use super::compound::Struct;
use super::stop::Stop;
use super::value::ValueSerializer;

/// The meaning of a string that is the only field of a marked struct.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// No special meaning.
    None,
    /// The digits of a number: `serde_json::Number` with its feature `arbitrary_precision`.
    Number,
    /// The JSON text of a value: `serde_json::value::RawValue`.
    Raw,
    /// A date, a time or both: `toml::value::Datetime`.
    Datetime,
}

impl Token {
    /// Returns the token of a struct with this name.
    #[inline(always)]
    pub(super) fn of(name: &str) -> Self {
        if name.as_bytes().first() == Some(&b'$') { Self::of_private(name) } else { Self::None }
    }

    #[cold]
    fn of_private(name: &str) -> Self {
        match name {
            "$serde_json::private::Number" => Self::Number,
            "$serde_json::private::RawValue" => Self::Raw,
            // The name contains an upper-case letter. The name of the field contains none.
            "$__toml_private_Datetime" | "$__toml_private_datetime" => Self::Datetime,
            _ => Self::None,
        }
    }
}

/// A struct, or the value that a marked struct represents.
pub(super) enum Fields<'a, 'b> {
    Struct(Struct<'a, 'b>),
    /// The writer of the value until the value is written.
    Value(Option<ValueWriter<'a, 'b>>, Token, u8),
    /// The writer of the attributes until the value is written as attributes.
    Attributes(Option<MapWriter<'a, 'b>>, Token, u8),
}

impl SerializeStruct for Fields<'_, '_> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        match self {
            Self::Struct(fields) => fields.serialize_field(key, value),
            Self::Value(out, token, wrappers) => match out.take() {
                Some(out) => value.serialize(ValueSerializer { out, wrappers: *wrappers, token: *token }),
                None => Ok(()),
            },
            Self::Attributes(map, token, wrappers) => match map.take() {
                Some(map) => {
                    value.serialize(AttributesSerializer { map, wrappers: *wrappers, token: *token })
                }
                None => Ok(()),
            },
        }
    }

    #[inline]
    fn end(self) -> Result<(), Stop> {
        match self {
            Self::Struct(fields) => SerializeStruct::end(fields),
            Self::Value(..) | Self::Attributes(..) => Ok(()),
        }
    }
}
