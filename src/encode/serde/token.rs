//! Structs that are not structs: the private names by which `serde_json` and `toml` mark numbers, texts of JSON and dates
//! for serializers of theirs.

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
    /// None: a string is a string.
    None,
    /// `serde_json::Number` under its feature `arbitrary_precision`: the digits of a number.
    Number,
    /// `serde_json::value::RawValue`: the text of a value.
    Raw,
    /// `toml::value::Datetime`: a date, a time, or both.
    Datetime,
}

impl Token {
    /// The token that a struct of this name is.
    #[inline(always)]
    pub(super) fn of(name: &str) -> Self {
        if name.as_bytes().first() == Some(&b'$') { Self::of_private(name) } else { Self::None }
    }

    #[cold]
    fn of_private(name: &str) -> Self {
        match name {
            "$serde_json::private::Number" => Self::Number,
            "$serde_json::private::RawValue" => Self::Raw,
            // The name has an upper-case letter, the field has not.
            "$__toml_private_Datetime" | "$__toml_private_datetime" => Self::Datetime,
            _ => Self::None,
        }
    }
}

/// A struct, or the value that a marked one stands for.
pub(super) enum Fields<'a, 'b> {
    Struct(Struct<'a, 'b>),
    /// The place of the value, until it is written.
    Value(Option<ValueWriter<'a, 'b>>, Token, u8),
    /// The attributes, as which the value is written, until it is.
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
