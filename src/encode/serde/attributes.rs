//! The serializer that writes a value as all attributes of an entry.

use core::fmt;

use serde_core::{Serialize, Serializer};

use crate::encode::container::MapWriter;

use super::AsSerde;
use super::compound::{Array, Map, Struct};
use super::raw;
use super::stop::Stop;
use super::token::{Fields, Token};
use super::value::ValueSerializer;

/// Writes maps and structs as attributes, and other values as one attribute.
pub(super) struct AttributesSerializer<'a, 'b> {
    pub(super) map: MapWriter<'a, 'b>,
    pub(super) wrappers: u8,
    /// The meaning of a string.
    pub(super) token: Token,
}

/// The key of the attribute for a value without a name.
const UNNAMED: &str = "value";

impl<'a, 'b> AttributesSerializer<'a, 'b> {
    fn named(self, key: &'static str) -> ValueSerializer<'a, 'b> {
        ValueSerializer { out: self.map.into_slot(key), wrappers: self.wrappers, token: self.token }
    }

    fn inner<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        if self.wrappers >= AsSerde::MAX_WRAPPERS {
            self.map.into_slot(UNNAMED).cut();
            return Err(Stop::Enough);
        }
        value.serialize(Self { map: self.map, wrappers: self.wrappers + 1, token: self.token })
    }
}

macro_rules! unnamed {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, value: $type) -> Result<(), Stop> {
            self.named(UNNAMED).$method(value)
        }
    )*};
}

impl<'a, 'b> Serializer for AttributesSerializer<'a, 'b> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Array<'a, 'b>;
    type SerializeTuple = Array<'a, 'b>;
    type SerializeTupleStruct = Array<'a, 'b>;
    type SerializeTupleVariant = Array<'a, 'b>;
    type SerializeMap = Map<'a, 'b>;
    type SerializeStruct = Fields<'a, 'b>;
    type SerializeStructVariant = Struct<'a, 'b>;

    unnamed! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_bytes(&[u8]);
    }

    fn serialize_str(mut self, value: &str) -> Result<(), Stop> {
        if self.token == Token::Raw && raw::json_members(value, &mut self.map) {
            return Ok(());
        }
        self.named(UNNAMED).serialize_str(value)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.named(UNNAMED).collect_str(value)
    }

    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.inner(value)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Stop> {
        self.inner(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        super::write(self.map.slot(variant), value, self.wrappers);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Array<'a, 'b>, Stop> {
        self.named(UNNAMED).serialize_seq(len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Array<'a, 'b>, Stop> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Array<'a, 'b>, Stop> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Array<'a, 'b>, Stop> {
        self.named(variant).serialize_seq(Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Map<'a, 'b>, Stop> {
        Ok(Map::new(self.map, len, self.wrappers))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Fields<'a, 'b>, Stop> {
        match Token::of(name) {
            Token::None => Ok(Fields::Struct(Struct::new(self.map, Some(len), self.wrappers))),
            token => Ok(Fields::Attributes(Some(self.map), token, self.wrappers)),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Struct<'a, 'b>, Stop> {
        let Self { map, wrappers, .. } = self;
        let map = map.into_slot(variant).map();
        if map.is_open() { Ok(Struct::new(map, Some(len), wrappers)) } else { Err(Stop::Enough) }
    }
}
