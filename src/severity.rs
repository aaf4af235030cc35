//! The severity numbers of the OpenTelemetry log data model.

use core::fmt;

/// The severity of an entry: a severity number of OpenTelemetry. The range is 1 to 24; 0 means "unspecified".
///
/// The numbers form six ranges of four numbers: trace, debug, info, warn, error, fatal. The constants are the first
/// numbers of the ranges. A number above 24 is possible only in an entry of another writer; it is kept, and printed
/// as a number.
///
/// Source: OpenTelemetry, *Logs Data Model*, "Field: SeverityNumber".
///
/// ```
/// use fusewire::Severity;
///
/// assert_eq!(Severity::from_name("warning"), Some(Severity::WARN));
/// assert_eq!(Severity::from_number(10).to_string(), "INFO2");
/// assert!(Severity::ERROR > Severity::WARN);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Severity(u8);

impl Severity {
    /// No severity (0).
    pub const UNSPECIFIED: Self = Self(0);
    /// 1: a fine-grained debugging event.
    pub const TRACE: Self = Self(1);
    /// 5: a debugging event.
    pub const DEBUG: Self = Self(5);
    /// 9: an event.
    pub const INFO: Self = Self(9);
    /// 13: an event that is more important than an informational event, but is not an error.
    pub const WARN: Self = Self(13);
    /// 17: an error.
    pub const ERROR: Self = Self(17);
    /// 21: a fatal error, for example a crash of the program.
    pub const FATAL: Self = Self(21);

    /// Returns the severity with this number. Numbers above 24 remain unchanged.
    ///
    /// ```
    /// use fusewire::Severity;
    ///
    /// assert_eq!(Severity::from_number(17), Severity::ERROR);
    /// assert_eq!(Severity::from_number(99).to_string(), "SEVERITY(99)");
    /// ```
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// Returns the number. The data model allows 0 to 24.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns the short name of OpenTelemetry (`INFO`, `WARN3`), `UNSPECIFIED` for 0, or `None` for a number above
    /// 24.
    ///
    /// ```
    /// use fusewire::Severity;
    ///
    /// assert_eq!(Severity::from_number(15).name(), Some("WARN3"));
    /// assert_eq!(Severity::from_number(25).name(), None);
    /// ```
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

    /// Returns the severity with this name, or `None` for an unknown name. The names are the short names of
    /// OpenTelemetry and common names of other loggers (`warning`, `critical`, `notice`, ...). Case is ignored.
    ///
    /// ```
    /// use fusewire::Severity;
    ///
    /// assert_eq!(Severity::from_name("critical"), Some(Severity::FATAL));
    /// assert_eq!(Severity::from_name("Info2"), Some(Severity::from_number(10)));
    /// assert_eq!(Severity::from_name("loud"), None);
    /// ```
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
