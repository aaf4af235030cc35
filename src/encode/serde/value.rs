//! The serializer of one value.

use core::fmt;

use serde_core::{Serialize, Serializer};

use crate::encode::container::MapWriter;
use crate::encode::slot::ValueWriter;
use crate::kind::Kind;

use super::AsSerde;
use super::compound::{Array, Map, Struct};
use super::raw;
use super::stop::Stop;
use super::token::{Fields, Token};
use super::variant::Variant;

/// Writes the value to one slot.
pub(super) struct ValueSerializer<'a, 'b> {
    pub(super) out: ValueWriter<'a, 'b>,
    /// The number of `Some` and newtypes around the value.
    pub(super) wrappers: u8,
    /// The meaning of a string.
    pub(super) token: Token,
}

impl<'a, 'b> ValueSerializer<'a, 'b> {
    /// Serializes the value in a `Some` or a newtype. This recursion has no container, so it is counted here.
    #[inline]
    fn inner<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        if self.wrappers >= AsSerde::MAX_WRAPPERS {
            self.out.cut();
            return Err(Stop::Enough);
        }
        value.serialize(Self { out: self.out, wrappers: self.wrappers + 1, token: self.token })
    }

    fn array(self, len: Option<usize>) -> Result<Array<'a, 'b>, Stop> {
        let array = self.out.array();
        if !array.is_open() {
            return Err(Stop::Enough);
        }
        Ok(Array::new(array, len, self.wrappers))
    }

    #[inline]
    fn map(self) -> Result<MapWriter<'a, 'b>, Stop> {
        let map = self.out.map();
        if map.is_open() { Ok(map) } else { Err(Stop::Enough) }
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty) => $write:ident($as:ty);)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), Stop> {
            self.out.$write(<$as>::from(value));
            Ok(())
        }
    )*};
}

/// Methods that only call a function with the parts of the writer in registers. So each of them is small enough to be
/// part of the `Serialize` implementation of a struct.
macro_rules! short_scalars {
    ($($method:ident($type:ty) => $kind:ident($as:ty);)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), Stop> {
            self.out.scalar_apart(Kind::$kind, <$as>::from(value) as u64);
            Ok(())
        }
    )*};
}

impl<'a, 'b> Serializer for ValueSerializer<'a, 'b> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Array<'a, 'b>;
    type SerializeTuple = Array<'a, 'b>;
    type SerializeTupleStruct = Array<'a, 'b>;
    type SerializeTupleVariant = Variant<'a, 'b>;
    type SerializeMap = Map<'a, 'b>;
    type SerializeStruct = Fields<'a, 'b>;
    type SerializeStructVariant = Variant<'a, 'b>;

    short_scalars! {
        serialize_bool(bool) => Bool(u8);
        serialize_i8(i8) => Int(i64);
        serialize_i16(i16) => Int(i64);
        serialize_i32(i32) => Int(i64);
        serialize_i64(i64) => Int(i64);
        serialize_u8(u8) => Uint(u64);
        serialize_u16(u16) => Uint(u64);
        serialize_u32(u32) => Uint(u64);
        serialize_u64(u64) => Uint(u64);
    }

    scalars! {
        serialize_i128(i128) => i128(i128);
        serialize_u128(u128) => u128(u128);
        serialize_bytes(&[u8]) => bytes(&[u8]);
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), Stop> {
        self.serialize_f64(value.into())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Stop> {
        self.out.scalar_apart(Kind::Float, value.to_bits());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        match self.token {
            Token::None | Token::Datetime => self.out.str_apart(value),
            Token::Number => raw::number(value, self.out),
            Token::Raw => raw::json(value, self.out),
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Stop> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.out.fmt(format_args!("{value}"));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.inner(value)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.out.null();
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Stop> {
        self.inner(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        let wrappers = self.wrappers;
        super::write(self.map()?.slot(variant), value, wrappers);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Array<'a, 'b>, Stop> {
        self.array(len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Array<'a, 'b>, Stop> {
        self.array(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Array<'a, 'b>, Stop> {
        self.array(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Variant<'a, 'b>, Stop> {
        Variant::new(self.out, Kind::Array, variant, len, self.wrappers)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Map<'a, 'b>, Stop> {
        let wrappers = self.wrappers;
        Ok(Map::new(self.map()?, len, wrappers))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Fields<'a, 'b>, Stop> {
        let wrappers = self.wrappers;
        match Token::of(name) {
            Token::None => Ok(Fields::Struct(Struct::new(self.map()?, Some(len), wrappers))),
            token => Ok(Fields::Value(Some(self.out), token, wrappers)),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Variant<'a, 'b>, Stop> {
        Variant::new(self.out, Kind::Map, variant, len, self.wrappers)
    }
}
