//! What is known of a metric before any sample of it: its name, its kind, its unit, and what it tells.

/// All samples of one name.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    name: &'static str,
    kind: FamilyKind,
    help: &'static str,
}

/// How the samples of a family change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Upwards only, from 0 when the process begins.
    Counter,
    /// Up and down.
    Gauge,
}

/// What is counted. It is in the name, too, as Prometheus has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Ratio,
}

impl Family {
    /// A counter. The name ends in `_total`.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: FamilyKind::Counter, help }
    }

    /// A gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: FamilyKind::Gauge, help }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How its samples change.
    #[must_use]
    pub const fn kind(&self) -> FamilyKind {
        self.kind
    }

    /// What it tells, in a sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// What it counts, as its name says.
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

/// The name of a label, whatever `name` is.
pub(super) fn label_name(name: &str) -> String {
    let mut safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if safe.is_empty() || safe.starts_with(|c: char| c.is_ascii_digit()) {
        safe.insert(0, '_');
    }
    // Two in front are Prometheus' own.
    let own = safe.len() - safe.trim_start_matches('_').len();
    if own > 1 { safe.split_off(own - 1) } else { safe }
}
