//! Trace ids and span ids.

use core::fmt;

/// The ids of the trace and the span of an entry, as in W3C Trace Context. An id of 0 means "none".
///
/// ```
/// use fusewire::TraceContext;
///
/// let trace = TraceContext { trace_id: 0xABC, span_id: 1, flags: 1 };
/// assert_eq!(trace.to_string(), "00000000000000000000000000000abc-0000000000000001-01");
/// assert!(TraceContext::NONE.is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct TraceContext {
    /// The trace id: 16 bytes, the number that the 32 hexadecimal digits represent. 0 means no trace.
    pub trace_id: u128,
    /// The span id: 8 bytes, the number that the 16 hexadecimal digits represent. 0 means no span.
    pub span_id: u64,
    /// The W3C trace flags. Bit 0 means "sampled".
    pub flags: u8,
}

impl TraceContext {
    /// A context without a trace and without a span.
    pub const NONE: Self = Self { trace_id: 0, span_id: 0, flags: 0 };

    /// Returns whether both ids are 0.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.trace_id == 0 && self.span_id == 0
    }

    /// Parses a trace id of 32 hexadecimal digits. Returns `None` for other text and for the invalid id 0.
    ///
    /// ```
    /// use fusewire::TraceContext;
    ///
    /// let id = TraceContext::parse_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
    /// assert_eq!(id, Some(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736));
    /// ```
    #[must_use]
    pub fn parse_trace_id(hex: &str) -> Option<u128> {
        let plain = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u128::from_str_radix(hex, 16).ok().filter(|id| *id != 0) } else { None }
    }

    /// Parses a span id of 16 hexadecimal digits. Returns `None` for other text and for the invalid id 0.
    ///
    /// ```
    /// use fusewire::TraceContext;
    ///
    /// assert_eq!(TraceContext::parse_span_id("00f067aa0ba902b7"), Some(0x00f0_67aa_0ba9_02b7));
    /// assert_eq!(TraceContext::parse_span_id("0000000000000000"), None);
    /// ```
    #[must_use]
    pub fn parse_span_id(hex: &str) -> Option<u64> {
        let plain = hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u64::from_str_radix(hex, 16).ok().filter(|id| *id != 0) } else { None }
    }
}

impl fmt::Display for TraceContext {
    /// Writes `trace_id-span_id-flags` in the hexadecimal form of W3C.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}
