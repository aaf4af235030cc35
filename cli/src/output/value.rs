//! The text of single values and of trips.

use std::fmt::Write;

use fusewire::decode::Value;
use fusewire::{Trip, TripCause};

use super::colour::Palette;
use super::escape;
use super::numbers::grouped;
use super::time::{push_duration, push_timestamp};

/// The mark of a trip. It precedes the name of the cause.
pub(crate) const MARK: &str = "⟂";

/// Maximum number of printed bytes of a byte string. JSON output contains all bytes.
const BYTES_SHOWN: usize = 32;

/// Appends a value that is not a container.
pub(crate) fn push_scalar(value: Value<'_>, palette: &Palette, out: &mut String) {
    _ = match value {
        Value::Null => write!(out, "null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Uint(value) => write!(out, "{value}"),
        Value::Int128(value) => write!(out, "{value}"),
        Value::Uint128(value) => write!(out, "{value}"),
        // `Debug` writes large numbers with an exponent, and whole numbers with a fraction, such as `1.0`.
        Value::Float(value) => write!(out, "{value:?}"),
        Value::String(text) => {
            escape::push_value(text.as_bytes(), &palette.escape, out);
            Ok(())
        }
        Value::Bytes(bytes) => push_bytes(bytes, out),
        Value::Timestamp(time) => {
            push_timestamp(time, out);
            Ok(())
        }
        Value::Duration(nanos) => {
            push_duration(nanos, out);
            Ok(())
        }
        // The callers print the children of containers.
        Value::Array(_) => write!(out, "[…]"),
        Value::Map(_) => write!(out, "{{…}}"),
        Value::Unknown(unknown) => write!(out, "{unknown}"),
    };
}

/// Appends a trip, for example `width ×2 (999,744 dropped)`.
pub(crate) fn push_trip(trip: &Trip, out: &mut String) {
    _ = write!(out, "{} ×{}", trip.cause.name(), grouped(u64::from(trip.count)));
    let what = match trip.cause {
        // The count is sufficient, or the lost amount is unknown.
        TripCause::Depth | TripCause::FormattedBytes | TripCause::ValueError => return,
        TripCause::Width | TripCause::Type | TripCause::EntryBytes => "dropped",
        TripCause::StringBytes | TripCause::KeyBytes => "bytes cut",
    };
    match trip.lost {
        Some(lost) if lost == u64::from(trip.count) && what == "dropped" => {}
        Some(lost) => _ = write!(out, " ({} {what})", grouped(lost)),
        None => out.push_str(" (unknown number dropped)"),
    }
}

fn push_bytes(bytes: &[u8], out: &mut String) -> std::fmt::Result {
    out.push_str("0x");
    for byte in bytes.iter().take(BYTES_SHOWN) {
        write!(out, "{byte:02x}")?;
    }
    if bytes.len() > BYTES_SHOWN {
        write!(out, "…({} bytes)", grouped(bytes.len() as u64))?;
    }
    Ok(())
}
