//! Encoding of `serde::Serialize` values. Values are streamed; nothing is collected or allocated.
//!
//! If a container is full or too deep, its `Serialize` implementation receives an error. It returns this error to its
//! caller, as it does with any other error. The next serializer of this module on the call stack handles the error
//! and continues with the remaining values. Thus a value that contains itself ends at the depth limit, and a sequence
//! of a million elements ends at the width limit. In both cases the number of steps is that of the limit.

mod attributes;
mod compound;
mod key;
mod raw;
mod stop;
mod token;
mod value;
mod variant;

use serde_core::Serialize;

use crate::trip::{Places, TripCause};

use super::slot::ValueWriter;
use super::value::LogValue;
use super::writer::EntryWriter;
use stop::Stop;
use token::Token;
use value::ValueSerializer;

/// A `serde::Serialize` value as a value of an entry.
///
/// | serde | entry |
/// |---|---|
/// | bool, integers of up to 128 bits, floats | the same |
/// | char, string; `collect_str` | string; formatted text, limited by [`Limits::max_formatted_bytes`](crate::Limits) |
/// | `serialize_bytes` | bytes |
/// | unit, unit struct, `None` | null |
/// | `Some`, newtype struct | the inner value |
/// | sequence, tuple, tuple struct | array |
/// | map, struct | map, in the order of serialization |
/// | unit variant | its name |
/// | newtype, tuple, struct variant | a map of one entry: the name, and the value of the only field, or an array or a map of several fields |
///
/// `serde_json` and `toml` mark some values as structs with private names. These structs become values:
///
/// | value | entry |
/// |---|---|
/// | `serde_json::Number`, under `arbitrary_precision` | an integer of up to 128 bits; else a float, if its shortest decimal form has the value of the number (`1.50` and `15e-1` are 1.5); else its text as a string |
/// | `serde_json::value::RawValue` | the value of its JSON text, with numbers as above and under all limits |
/// | `toml::value::Datetime` | its text as a string |
///
/// A `RawValue` of more than [`MAX_RAW_BYTES`](Self::MAX_RAW_BYTES) becomes a string with its text, cut at the string
/// limit. None of these conversions allocates memory.
///
/// Keys become text by the rules of [`LogKey`](super::LogKey). Floats have the form of Rust's `Debug`; unit and
/// `None` are `null`; bytes that are not UTF-8 become hexadecimal digits. A key that is a container fails.
///
/// If `Serialize` fails, the values that it has written are kept, and the container counts the remaining values as
/// dropped. The entry then contains a trip of [`TripCause::ValueError`](crate::TripCause::ValueError). The other
/// values of the entry are written. A panic is not caught here. If the program catches it, the writer and the buffer
/// are usable, and the entry contains the same trip.
///
/// Depth and width are limited while the value serializes itself. `Some` and newtypes are not containers. After
/// [`MAX_WRAPPERS`](Self::MAX_WRAPPERS) nested levels of them, the value is cut as at the depth limit. A `Serialize`
/// implementation that recurses without a call to its serializer cannot be stopped.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::encode::{AsSerde, encode};
/// # use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Order { id: u64, tags: Vec<&'static str> }
///
/// let order = Order { id: 7, tags: vec!["eu", "canary"] };
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.attr("order", &AsSerde(&order)); // order.id, order.tags
///     entry.attrs_from(&order);              // id, tags
/// })?;
/// # let entry = fusewire::decode::EntryRef::new(entry.into_bytes()).unwrap();
/// # assert_eq!(entry.get("order.id").and_then(|id| id.as_i128()), entry.get("id").and_then(|id| id.as_i128()));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AsSerde<'a, T: ?Sized>(pub &'a T);

impl AsSerde<'_, ()> {
    /// The maximum number of `Some` and newtypes around a value, summed over all its containers.
    pub const MAX_WRAPPERS: u8 = 32;

    /// The maximum length of a `serde_json::value::RawValue` that is parsed as JSON: 1 MiB. The limit bounds the time
    /// for one value.
    pub const MAX_RAW_BYTES: usize = 1 << 20;
}

impl<T: Serialize + ?Sized> LogValue for AsSerde<'_, T> {
    #[inline]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        write(out, self.0, 0);
    }
}

/// Writes one value inside `wrappers` wrappers. An error in this value does not stop the encoding of other values.
#[inline]
fn write<T: Serialize + ?Sized>(mut out: ValueWriter<'_, '_>, value: &T, wrappers: u8) {
    if out.is_inert() {
        return;
    }
    let offered = out.offered();
    if let Err(Stop::Failed) =
        value.serialize(ValueSerializer { out: out.reborrow(), wrappers, token: Token::None })
    {
        out.fail(offered);
    }
}

/// Writes a value as all attributes of the entry.
#[inline]
pub(super) fn write_attributes<T: Serialize + ?Sized>(entry: &mut EntryWriter<'_>, value: &T) {
    let attributes =
        attributes::AttributesSerializer { map: entry.attributes(), wrappers: 0, token: Token::None };
    if let Err(Stop::Failed) = value.serialize(attributes)
        && let Some((tape, _)) = entry.attributes().ledger()
    {
        tape.report.record(TripCause::ValueError, Places::ATTRIBUTES, None);
    }
}
