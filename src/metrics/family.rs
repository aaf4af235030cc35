//! The properties of a metric: name, kind, unit and help text.

/// The samples with the same name.
///
/// ```
/// use fusewire::metrics::{Family, Metrics, Unit};
///
/// static REQUESTS: Family = Family::counter("shop_requests_total", "Served requests.");
///
/// assert_eq!(REQUESTS.unit(), Unit::Count);
/// let text = Metrics::new().add(&REQUESTS, &[("path", "/pay")], 3).to_prometheus();
/// assert!(text.ends_with("shop_requests_total{path=\"/pay\"} 3\n"));
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    name: &'static str,
    kind: FamilyKind,
    help: &'static str,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// A value that only increases, from 0 at the start of the process.
    Counter,
    /// A value that increases and decreases.
    Gauge,
}

/// The unit of a metric. The name also contains the unit, as Prometheus recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of items.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Ratio,
}

impl Family {
    /// Creates a counter. The name must end in `_total`.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: FamilyKind::Counter, help }
    }

    /// Creates a gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: FamilyKind::Gauge, help }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> FamilyKind {
        self.kind
    }

    /// Returns the help text, a sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// Returns the unit, which the name contains.
    ///
    /// ```
    /// use fusewire::metrics::{Family, Unit};
    ///
    /// static SENT: Family = Family::counter("shop_sent_bytes_total", "Bytes of all responses.");
    /// assert_eq!(SENT.unit(), Unit::Bytes);
    /// ```
    #[must_use]
    pub fn unit(&self) -> Unit {
        let name = self.name.strip_suffix("_total").unwrap_or(self.name);
        match name.rsplit('_').next() {
            Some("bytes") => Unit::Bytes,
            Some("seconds") => Unit::Seconds,
            Some("ratio") => Unit::Ratio,
            _ => Unit::Count,
        }
    }
}

/// Converts a text to a valid label name.
pub(super) fn label_name(name: &str) -> String {
    let mut safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if safe.is_empty() || safe.starts_with(|c: char| c.is_ascii_digit()) {
        safe.insert(0, '_');
    }
    // Prometheus reserves names that begin with two underscores.
    let own = safe.len() - safe.trim_start_matches('_').len();
    if own > 1 { safe.split_off(own - 1) } else { safe }
}
