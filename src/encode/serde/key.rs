//! Conversion of keys of any type to text, by the rules of [`LogKey`].

use core::fmt::{self, Write};

use serde_core::ser::{Impossible, SerializeStruct};
use serde_core::{Serialize, Serializer};

use crate::encode::key::LogKey;

use super::AsSerde;
use super::stop::Stop;
use super::token::Token;

/// The maximum length in bytes of a key that is formatted, or that comes in a separate call. It exceeds the default
/// of [`Limits::max_key_bytes`](crate::Limits::max_key_bytes) by 4 bytes, so that the tape also cuts and flags a
/// longer key.
const MAX: usize = 1028;

/// An owned copy of the text of a key.
pub(super) struct KeyText {
    bytes: [u8; MAX],
    len: usize,
    /// The number of cut bytes.
    lost: u64,
}

impl KeyText {
    const EMPTY: Self = Self { bytes: [0; MAX], len: 0, lost: 0 };

    /// Returns the key `text`, which has already lost `lost` bytes.
    pub(super) fn new(text: &str, lost: u64) -> Self {
        let mut key = Self::EMPTY;
        key.push(text);
        key.lost = key.lost.saturating_add(lost);
        key
    }

    /// Returns the key that `args` format. A long key is cut. The cut bytes that the formatter offered are counted.
    pub(super) fn of(args: fmt::Arguments<'_>) -> Self {
        let mut key = Self::EMPTY;
        let _ = key.write_fmt(args);
        key
    }

    fn push(&mut self, text: &str) {
        // After a cut, all further text is ignored: a key has no gaps.
        let room = if self.lost > 0 { 0 } else { MAX - self.len };
        let kept = &text[..text.floor_char_boundary(room)];
        self.bytes[self.len..self.len + kept.len()].copy_from_slice(kept.as_bytes());
        self.len += kept.len();
        self.lost = self.lost.saturating_add((text.len() - kept.len()) as u64);
    }

    pub(super) fn text(&self) -> &str {
        // Only whole characters were copied.
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}

impl Write for KeyText {
    /// Appends `text`. Returns an error after a cut, to stop the formatter.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        if self.lost > 0 { Err(fmt::Error) } else { Ok(()) }
    }
}

/// A serializer that calls `use_key` once with the text of a key and the number of cut bytes.
pub(super) struct KeySerializer<F> {
    use_key: F,
    wrappers: u8,
}

impl<R, F: FnOnce(&str, u64) -> R> KeySerializer<F> {
    #[inline]
    pub(super) fn new(use_key: F) -> Self {
        Self { use_key, wrappers: 0 }
    }

    fn inner<T: Serialize + ?Sized>(self, value: &T) -> Result<R, Stop> {
        if self.wrappers >= AsSerde::MAX_WRAPPERS {
            return Err(Stop::Failed);
        }
        value.serialize(Self { wrappers: self.wrappers + 1, ..self })
    }

    fn formatted(self, args: fmt::Arguments<'_>) -> Result<R, Stop> {
        let mut key = KeyText::EMPTY;
        if key.write_fmt(args).is_err() && key.lost() == 0 {
            return Err(Stop::Failed);
        }
        Ok((self.use_key)(key.text(), key.lost()))
    }

    fn fixed<K: LogKey + ?Sized>(self, key: &K) -> Result<R, Stop> {
        Ok(key.with_key(|text| (self.use_key)(text, 0)))
    }
}

/// A key in the form of a marked struct. The only field of the struct is the key.
pub(super) struct KeyStruct<R, F> {
    key: Option<KeySerializer<F>>,
    result: Option<R>,
}

impl<R, F: FnOnce(&str, u64) -> R> SerializeStruct for KeyStruct<R, F> {
    type Ok = R;
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Stop> {
        self.result = Some(value.serialize(self.key.take().ok_or(Stop::Failed)?)?);
        Ok(())
    }

    fn end(self) -> Result<R, Stop> {
        self.result.ok_or(Stop::Failed)
    }
}

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

macro_rules! fixed {
    ($($method:ident($type:ty);)*) => {$(
        #[inline]
        fn $method(self, key: $type) -> Result<R, Stop> {
            self.fixed(&key)
        }
    )*};
}

impl<R, F: FnOnce(&str, u64) -> R> Serializer for KeySerializer<F> {
    type Ok = R;
    type Error = Stop;
    type SerializeSeq = Impossible<R, Stop>;
    type SerializeTuple = Impossible<R, Stop>;
    type SerializeTupleStruct = Impossible<R, Stop>;
    type SerializeTupleVariant = Impossible<R, Stop>;
    type SerializeMap = Impossible<R, Stop>;
    type SerializeStruct = KeyStruct<R, F>;
    type SerializeStructVariant = Impossible<R, Stop>;

    fixed! {
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
        serialize_char(char);
        serialize_str(&str);
    }

    fn serialize_f32(self, key: f32) -> Result<R, Stop> {
        self.formatted(format_args!("{key:?}"))
    }

    fn serialize_f64(self, key: f64) -> Result<R, Stop> {
        self.formatted(format_args!("{key:?}"))
    }

    fn serialize_bytes(self, key: &[u8]) -> Result<R, Stop> {
        match core::str::from_utf8(key) {
            Ok(text) => self.serialize_str(text),
            Err(_) => self.formatted(format_args!("{}", Hex(key))),
        }
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, key: &T) -> Result<R, Stop> {
        self.formatted(format_args!("{key}"))
    }

    fn serialize_none(self) -> Result<R, Stop> {
        self.serialize_str("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<R, Stop> {
        self.inner(value)
    }

    fn serialize_unit(self) -> Result<R, Stop> {
        self.serialize_str("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<R, Stop> {
        self.serialize_str("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<R, Stop> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<R, Stop> {
        self.inner(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<R, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        Err(Stop::Failed)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, Stop> {
        match Token::of(name) {
            Token::Number | Token::Datetime => Ok(KeyStruct { key: Some(self), result: None }),
            Token::Raw | Token::None => Err(Stop::Failed),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        Err(Stop::Failed)
    }
}
