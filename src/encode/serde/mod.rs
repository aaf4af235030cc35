//! `serde::Serialize` values, streamed through the fuse: nothing is collected, nothing is allocated.
//!
//! How a value is stopped: when a container is full or too deep, the `Serialize` code that feeds it is told so with an
//! error, which it hands up as it hands up any; the next of our frames above takes the error for what it is, and the
//! rest of the value goes on. So a value that contains itself ends at the depth limit and a sequence of a million at
//! the width limit, after as many steps.

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

/// A `serde::Serialize` value as a value of the log.
///
/// | serde | here |
/// |---|---|
/// | bool, integers to 128 bits, floats | the same |
/// | char, string; `collect_str` | string; formatted text, bounded by [`Limits::max_formatted_bytes`](crate::Limits) |
/// | `serialize_bytes` | bytes |
/// | unit, unit struct, `None` | null |
/// | `Some`, newtype struct | what it holds |
/// | sequence, tuple, tuple struct | array |
/// | map, struct | map, in the order it comes |
/// | unit variant | its name |
/// | newtype, tuple, struct variant | a map of one entry: its name, and an array or a map where it has more than one field |
///
/// `serde_json` and `toml` mark some values as structs with private names. They are values here, too:
///
/// | value | here |
/// |---|---|
/// | `serde_json::Number`, under `arbitrary_precision` | an integer of up to 128 bits; else a float, if its shortest decimal form has the value of the number (`1.50` and `15e-1` are 1.5); else its text as a string |
/// | `serde_json::value::RawValue` | the value that its JSON spells, with numbers as above and under all limits |
/// | `toml::value::Datetime` | its text as a string |
///
/// A `RawValue` of more than [`MAX_RAW_BYTES`](Self::MAX_RAW_BYTES) is a string: its text, cut as any string. Nothing is
/// allocated for any of them.
///
/// Keys become text as those of [`LogKey`](super::LogKey) do. Floats are written as Rust's `Debug` does, unit and `None`
/// as `null`, bytes that are no UTF-8 in hexadecimal; a key that is a container fails.
///
/// Where `Serialize` fails, what it had written stays, its container counts the rest as dropped, the entry has a
/// [`TripCause::ValueError`](crate::TripCause::ValueError), and the values around it are written. A panic is not caught here;
/// whoever catches it finds writer and buffer usable, and the same record in the entry.
///
/// Depth and width are cut while the value serializes itself. `Some` and newtypes are no containers, but one inside the
/// other [`MAX_WRAPPERS`](Self::MAX_WRAPPERS) times are cut as if they were. A `Serialize` that recurses without asking its serializer
/// for anything cannot be stopped.
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
    /// How many `Some` and newtypes may be around a value, in all the containers that it is in.
    pub const MAX_WRAPPERS: u8 = 32;

    /// The longest text of a `serde_json::value::RawValue` that is read as JSON: 1 MiB. The limit bounds the time that one
    /// value takes.
    pub const MAX_RAW_BYTES: usize = 1 << 20;
}

impl<T: Serialize + ?Sized> LogValue for AsSerde<'_, T> {
    #[inline]
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        write(out, self.0, 0);
    }
}

/// Writes one value, inside `wrappers` others. What stops it stops nothing else.
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

/// Writes a value as all the attributes.
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
