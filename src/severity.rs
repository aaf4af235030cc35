//! Severity numbers of the OpenTelemetry log data model.

use core::fmt;

/// How severe an entry is: OpenTelemetry's severity number, 1 to 24, or 0 for "unspecified".
///
/// Numbers come in six ranges of four (trace, debug, info, warn, error, fatal); the first of each range is the
/// plain one. Bytes over 24 can only come from a foreign buffer: they are kept and print as the number.
///
/// Source: OpenTelemetry, *Logs Data Model*, "Field: SeverityNumber".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Severity(u8);

impl Severity {
    /// No severity was given.
    pub const UNSPECIFIED: Self = Self(0);
    /// 1: fine-grained debugging.
    pub const TRACE: Self = Self(1);
    /// 5: debugging.
    pub const DEBUG: Self = Self(5);
    /// 9: an event happened.
    pub const INFO: Self = Self(9);
    /// 13: not an error, but more than an event.
    pub const WARN: Self = Self(13);
    /// 17: something went wrong.
    pub const ERROR: Self = Self(17);
    /// 21: the program cannot go on.
    pub const FATAL: Self = Self(21);

    /// The severity with this number; numbers over 24 are kept as they are.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// The number, 0 to 24 where the producer kept to the data model.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// OpenTelemetry's short name (`INFO`, `WARN3`), or `None` for a number over 24. `UNSPECIFIED` is 0.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 25] = [
            "UNSPECIFIED",
            "TRACE",
            "TRACE2",
            "TRACE3",
            "TRACE4",
            "DEBUG",
            "DEBUG2",
            "DEBUG3",
            "DEBUG4",
            "INFO",
            "INFO2",
            "INFO3",
            "INFO4",
            "WARN",
            "WARN2",
            "WARN3",
            "WARN4",
            "ERROR",
            "ERROR2",
            "ERROR3",
            "ERROR4",
            "FATAL",
            "FATAL2",
            "FATAL3",
            "FATAL4",
        ];
        if (self.0 as usize) < NAMES.len() { Some(NAMES[self.0 as usize]) } else { None }
    }

    /// The severity a name stands for, whatever its case: OpenTelemetry's short names and the usual spellings of
    /// other loggers (`warning`, `critical`, `notice`, ...). `None` for a name nobody uses.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(number) =
            (0..=24).find(|n| Self(*n).name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        {
            return Some(Self(number));
        }
        const OTHERS: [(&str, Severity); 20] = [
            ("verbose", Severity::TRACE),
            ("finest", Severity::TRACE),
            ("finer", Severity::TRACE),
            ("fine", Severity::DEBUG),
            ("config", Severity::DEBUG),
            ("dbg", Severity::DEBUG),
            ("information", Severity::INFO),
            ("informational", Severity::INFO),
            ("inf", Severity::INFO),
            ("notice", Severity(10)),
            ("warning", Severity::WARN),
            ("wrn", Severity::WARN),
            ("err", Severity::ERROR),
            ("eror", Severity::ERROR),
            ("severe", Severity::ERROR),
            ("critical", Severity::FATAL),
            ("crit", Severity::FATAL),
            ("alert", Severity(22)),
            ("emergency", Severity(23)),
            ("panic", Severity::FATAL),
        ];
        OTHERS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, severity)| *severity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "SEVERITY({})", self.0),
        }
    }
}

impl fmt::Debug for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
