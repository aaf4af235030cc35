//! The forms of trace ids, span ids and trace flags of common loggers.

use crate::trace::TraceContext;

/// Returns the trace id of a text, and whether the text can be restored from it. The forms are 32 or 16 hexadecimal digits,
/// with `0x` before them, a UUID, the resource name of Google Cloud, and a decimal number of 17 to 20 digits.
pub(super) fn trace_id(text: &str) -> Option<(u128, bool)> {
    if let Some(id) = TraceContext::parse_trace_id(text) {
        return Some((id, true));
    }
    let hex = text.strip_prefix("0x").unwrap_or(text);
    if let Some(id) = TraceContext::parse_trace_id(hex).or_else(|| span_of_hex(hex).map(u128::from)) {
        return Some((id, true));
    }
    if has_form_of_uuid(text) {
        return TraceContext::parse_trace_id(&text.replace('-', "")).map(|id| (id, true));
    }
    if let Some((_, id)) = text.strip_prefix("projects/").and_then(|text| text.split_once("/traces/")) {
        return TraceContext::parse_trace_id(id).map(|id| (id, false));
    }
    decimal(text).map(|id| (id.into(), false))
}

/// Returns whether a text has the length and the hyphens of a UUID.
pub(crate) fn has_form_of_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23))
}

/// Returns the span id of a text, and whether the text can be restored from it.
pub(super) fn span_id(text: &str) -> Option<(u64, bool)> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    span_of_hex(hex).map(|id| (id, true)).or_else(|| decimal(text).map(|id| (id, false)))
}

fn span_of_hex(hex: &str) -> Option<u64> {
    TraceContext::parse_span_id(hex)
}

/// Parses a decimal id. A shorter number can have another meaning.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let plain = (17..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok().filter(|id| *id != 0) } else { None }
}

/// Parses the header `traceparent` of W3C Trace Context, version 00.
pub(super) fn traceparent(text: &str) -> Option<TraceContext> {
    let mut parts = text.strip_prefix("00-")?.split('-');
    let mut part = || parts.next();
    let trace_id = TraceContext::parse_trace_id(part()?)?;
    let span_id = TraceContext::parse_span_id(part()?)?;
    let flags = flags(part()?)?;
    part().is_none().then_some(TraceContext { trace_id, span_id, flags })
}

/// Parses trace flags of two hexadecimal digits.
pub(super) fn flags(text: &str) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain { u8::from_str_radix(text, 16).ok() } else { None }
}
