//! Values that have no form in JSON. They become objects whose key begins with a dollar sign.

use core::fmt;

use crate::decode::Value;
use crate::digits::Digits;
use crate::kind::UnknownValue;

use super::base64;
use super::number;
use super::out::{Out, Sink};

/// The keys that represent a kind of values. A map whose only key is one of them looks like such a value, so it is
/// wrapped in another map.
pub(super) const TAGS: [&str; 7] = ["$float", "$bytes", "$text", "$time", "$nanos", "$kind", "$map"];

/// Writes values that are rare or have no form in JSON.
#[cold]
#[inline(never)]
pub(super) fn tagged<S: Sink>(out: &mut Out<'_, S>, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Int128(value) => out.bytes(Digits::wide_signed(value).as_bytes()),
        Value::Uint128(value) => out.bytes(Digits::wide(value).as_bytes()),
        Value::String(text) => {
            out.token(b"{\"$text\":\"")?;
            base64::write(out, text.as_bytes())?;
            out.token(b"\"}")
        }
        Value::Bytes(bytes) => {
            out.token(b"{\"$bytes\":\"")?;
            base64::write(out, bytes)?;
            out.token(b"\"}")
        }
        Value::Timestamp(time) => {
            out.token(b"{\"$time\":\"")?;
            out.bytes(time.to_text().as_bytes())?;
            out.token(b"\"}")
        }
        Value::Duration(nanos) => {
            out.token(b"{\"$nanos\":")?;
            out.bytes(Digits::wide_signed(nanos).as_bytes())?;
            out.token(b"}")
        }
        Value::Unknown(UnknownValue { kind, value }) => {
            out.token(b"{\"$kind\":[")?;
            out.decimal(kind.into())?;
            out.token(b",")?;
            out.decimal(value)?;
            out.token(b"]}")
        }
        // A node of 16 bytes may store an integer that 8 bytes can store.
        Value::Int(value) => out.bytes(Digits::wide_signed(value.into()).as_bytes()),
        Value::Uint(value) => out.decimal(value),
        Value::Bool(true) => out.token(b"true"),
        Value::Bool(false) => out.token(b"false"),
        Value::Float(value) if value.is_finite() => number::finite(out, value),
        Value::Float(value) => not_finite(out, value),
        // The callers write containers.
        Value::Null | Value::Array(_) | Value::Map(_) => out.token(b"null"),
    }
}

#[cold]
pub(super) fn not_finite<S: Sink>(out: &mut Out<'_, S>, value: f64) -> fmt::Result {
    if value == f64::INFINITY {
        out.token(b"{\"$float\":\"Infinity\"}")
    } else if value == f64::NEG_INFINITY {
        out.token(b"{\"$float\":\"-Infinity\"}")
    } else if value.to_bits() == f64::NAN.to_bits() {
        out.token(b"{\"$float\":\"NaN\"}")
    } else {
        fmt::Write::write_fmt(out, format_args!("{{\"$float\":\"NaN:{:016x}\"}}", value.to_bits()))
    }
}
