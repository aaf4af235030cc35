//! Trace and span ids.

use core::fmt;

/// The ids that tie an entry to a trace (W3C Trace Context). Zero is "none", as in that specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct TraceContext {
    /// 16 bytes, the number that the 32 hexadecimal digits spell; 0 is no trace.
    pub trace_id: u128,
    /// 8 bytes, the number that the 16 hexadecimal digits spell; 0 is no span.
    pub span_id: u64,
    /// W3C trace flags; bit 0 is "sampled".
    pub flags: u8,
}

impl TraceContext {
    /// No trace, no span.
    pub const NONE: Self = Self { trace_id: 0, span_id: 0, flags: 0 };

    /// Whether neither a trace nor a span is named.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.trace_id == 0 && self.span_id == 0
    }

    /// The trace id that 32 hexadecimal digits spell; `None` for other text and for the invalid all-zero id.
    #[must_use]
    pub fn parse_trace_id(hex: &str) -> Option<u128> {
        let plain = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u128::from_str_radix(hex, 16).ok().filter(|id| *id != 0) } else { None }
    }

    /// The span id that 16 hexadecimal digits spell; `None` for other text and for the invalid all-zero id.
    #[must_use]
    pub fn parse_span_id(hex: &str) -> Option<u64> {
        let plain = hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u64::from_str_radix(hex, 16).ok().filter(|id| *id != 0) } else { None }
    }
}

impl fmt::Display for TraceContext {
    /// `trace_id-span_id-flags` in W3C's hexadecimal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}
