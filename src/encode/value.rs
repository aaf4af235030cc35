//! The trait of values in an entry, and its implementations for primitive types.

use core::fmt;
use std::borrow::Cow;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::text::Text;
use crate::time::Timestamp;

use super::slot::ValueWriter;

/// A value that can be written into an entry.
///
/// An implementation writes exactly one value, or none. A container that exceeds the depth limit does not visit its
/// children, so a value that contains itself ends at this limit.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{LogValue, ValueWriter, encode};
///
/// struct Point { x: f64, y: f64 }
///
/// impl LogValue for Point {
///     fn log_value(&self, out: ValueWriter<'_, '_>) {
///         out.map().entry("x", &self.x).entry("y", &self.y);
///     }
/// }
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     entry.attr("at", &Point { x: 1.5, y: -2.0 });
/// })?;
/// let entry = EntryRef::new(entry.into_bytes()).unwrap();
/// assert_eq!(entry.get("at.x").and_then(|x| x.as_f64()), Some(1.5));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
pub trait LogValue {
    /// Writes this value to `out`.
    fn log_value(&self, out: ValueWriter<'_, '_>);
}

macro_rules! written_as {
    ($($method:ident($as:ty): $($type:ty),*;)*) => {$($(
        impl LogValue for $type {
            #[inline(always)]
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                out.$method(<$as>::from(*self));
            }
        }
    )*)*};
}
written_as! {
    bool(bool): bool;
    i64(i64): i8, i16, i32, i64;
    u64(u64): u8, u16, u32, u64;
    i128(i128): i128;
    u128(u128): u128;
    f64(f64): f32, f64;
    timestamp(Timestamp): Timestamp, SystemTime;
}

// Rust supports no platform with pointers of more than 64 bits.
impl LogValue for isize {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.i64(*self as i64);
    }
}

impl LogValue for usize {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.u64(*self as u64);
    }
}

macro_rules! non_zero {
    ($($int:ty),*) => {$(
        impl LogValue for NonZero<$int> {
            #[inline(always)]
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                self.get().log_value(out);
            }
        }
    )*};
}
non_zero!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl LogValue for () {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.null();
    }
}

impl LogValue for str {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.str(self);
    }
}

impl LogValue for String {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.str(self);
    }
}

impl LogValue for Text<'_> {
    /// Writes a string. Text that is not UTF-8 is written as bytes; only other writers produce such text.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self.to_str() {
            Ok(text) => out.str(text),
            Err(_) => out.bytes(self.as_bytes()),
        }
    }
}

impl LogValue for char {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.str(self.encode_utf8(&mut [0; 4]));
    }
}

impl LogValue for Duration {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        // At most 2^64 seconds, which need 94 bits.
        out.duration_nanos(self.as_nanos().cast_signed());
    }
}

impl<V: LogValue> LogValue for Option<V> {
    /// Writes the value, or a null for `None`.
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Some(value) => value.log_value(out),
            None => out.null(),
        }
    }
}

impl<V: LogValue, E: LogValue> LogValue for Result<V, E> {
    /// Writes a map with one entry, `ok` or `err`.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Ok(value) => out.map().entry("ok", value),
            Err(error) => out.map().entry("err", error),
        };
    }
}

macro_rules! transparent {
    ($($type:ty),*) => {$(
        impl<V: LogValue + ?Sized> LogValue for $type {
            #[inline(always)]
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                V::log_value(self, out);
            }
        }
    )*};
}
transparent!(&V, &mut V, Box<V>, Rc<V>, Arc<V>);

impl<V: LogValue + ToOwned + ?Sized> LogValue for Cow<'_, V> {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        V::log_value(self, out);
    }
}

/// A value that is written as bytes and not as an array of numbers.
///
/// ```
/// use fusewire::Kind;
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{Bytes, encode};
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("key", &Bytes(b"\0\xff")))?;
/// let entry = EntryRef::new(entry.into_bytes()).unwrap();
/// assert_eq!(entry.get("key").and_then(|key| key.kind()), Some(Kind::Bytes));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl LogValue for Bytes<'_> {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.bytes(self.0);
    }
}

impl LogValue for bytes::Bytes {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.bytes(self);
    }
}

/// A value that is written as its `Debug` text, limited by
/// [`Limits::max_formatted_bytes`](crate::Limits::max_formatted_bytes).
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{AsDebug, encode};
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     entry.attr("state", &AsDebug(&Some("idle")));
/// })?;
/// let entry = EntryRef::new(entry.into_bytes()).unwrap();
/// assert_eq!(entry.get("state").and_then(|state| state.as_str()), Some("Some(\"idle\")"));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct AsDebug<'a>(pub &'a dyn fmt::Debug);

/// A value that is written as its `Display` text, limited by
/// [`Limits::max_formatted_bytes`](crate::Limits::max_formatted_bytes).
#[derive(Clone, Copy)]
pub struct AsDisplay<'a>(pub &'a dyn fmt::Display);

/// An error and its sources, written as `outermost: cause: root cause`.
/// [`Limits::max_formatted_bytes`](crate::Limits::max_formatted_bytes) also limits an endless chain of sources.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{AsError, encode};
///
/// let error = std::io::Error::other("disk full");
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("error", &AsError(&error)))?;
/// let entry = EntryRef::new(entry.into_bytes()).unwrap();
/// assert_eq!(entry.get("error").and_then(|error| error.as_str()), Some("disk full"));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct AsError<'a>(pub &'a (dyn std::error::Error + 'a));

/// A value that a closure writes, made by [`from_fn`].
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{encode, from_fn};
///
/// let point = from_fn(|value| {
///     value.map().entry("x", &1).entry("y", &2);
/// });
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("point", &point))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert_eq!(entry.get("point.y").and_then(|y| y.as_i128()), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

/// Returns a value that `write` writes each time that the value is logged.
///
/// ```
/// # use fusewire::encode::{from_fn, encode};
/// # let mut buffer = [0; 512];
/// # encode(&mut buffer, &fusewire::Limits::default(), |entry| {
/// entry.attr("point", &from_fn(|out| _ = out.map().entry("x", &1).entry("y", &2)));
/// # })?;
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
pub const fn from_fn<F: Fn(ValueWriter<'_, '_>)>(write: F) -> FromFn<F> {
    FromFn(write)
}

impl<F: Fn(ValueWriter<'_, '_>)> LogValue for FromFn<F> {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        (self.0)(out);
    }
}

impl LogValue for AsDebug<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.fmt(format_args!("{:?}", self.0));
    }
}

impl LogValue for AsDisplay<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.fmt(format_args!("{}", self.0));
    }
}

impl LogValue for AsError<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.fmt(format_args!("{}", Chain(self.0)));
    }
}

struct Chain<'a>(&'a (dyn std::error::Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            write!(f, ": {source}")?;
            error = source;
        }
        Ok(())
    }
}

impl LogValue for fmt::Arguments<'_> {
    #[inline(always)]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.fmt(*self);
    }
}

macro_rules! formatted {
    ($($trait:path => $format:literal),*) => {$(
        impl LogValue for dyn $trait + '_ {
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                out.fmt(format_args!($format, self));
            }
        }
    )*};
}
formatted!(fmt::Debug => "{:?}", fmt::Display => "{}");

impl LogValue for dyn std::error::Error + '_ {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.fmt(format_args!("{}", Chain(self)));
    }
}

impl<T: ?Sized> LogValue for *const T {
    /// Refuses the value: an address has no use in a log, and can help an attacker.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.refuse(core::any::type_name::<Self>());
    }
}

impl<T: ?Sized> LogValue for *mut T {
    /// Refuses the value, as for `*const T`.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.refuse(core::any::type_name::<Self>());
    }
}

impl<R> LogValue for fn() -> R {
    /// Refuses the value: a function is not data.
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.refuse(core::any::type_name::<Self>());
    }
}
