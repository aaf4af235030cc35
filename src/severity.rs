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
    /// OpenTelemetry, common names of other loggers (`warning`, `critical`, `notice`, ...), letters (`E`), the constants of
    /// syslog (`LOG_ERR`), and names with a difference (`ERROR+4` of slog). Case is ignored, except for letters.
    ///
    /// ```
    /// use fusewire::Severity;
    ///
    /// assert_eq!(Severity::from_name("critical"), Some(Severity::FATAL));
    /// assert_eq!(Severity::from_name("Info2"), Some(Severity::from_number(10)));
    /// assert_eq!(Severity::from_name("LOG_ERR"), Some(Severity::ERROR));
    /// assert_eq!(Severity::from_name("ERROR+4"), Some(Severity::FATAL));
    /// assert_eq!(Severity::from_name("loud"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        /// No name is longer. The bound keeps the search short for texts that are no names.
        const LONGEST: usize = 32;
        if name.len() > LONGEST {
            return None;
        }
        let constant = |prefix: &str| {
            let begin = name.get(..prefix.len())?;
            begin.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
        };
        Self::of_word(name)
            .or_else(|| {
                let (word, difference) = name.split_at(name.find(['+', '-'])?);
                let base = Self::of_word(word).filter(|base| base.0 > 0 && word.len() > 1)?;
                Some(Self(base.0.saturating_add_signed(difference.parse().ok()?).clamp(1, 24)))
            })
            .or_else(|| {
                ["severity_number_", "severity_", "log_"]
                    .into_iter()
                    .find_map(constant)
                    .and_then(Self::of_word)
            })
    }

    fn of_word(word: &str) -> Option<Self> {
        let is_word = |n: &u8| Self(*n).name().is_some_and(|own| own.eq_ignore_ascii_case(word));
        (0..=24)
            .find(is_word)
            .map(Self)
            .or_else(|| find(&WORDS, |other| other.eq_ignore_ascii_case(word)))
            .or_else(|| find(&LETTERS, |letter| letter == word))
    }

    /// Returns the severity of a level of syslog, 0 (emergency) to 7 (debug). The severity is that of the name of the level.
    #[cfg(feature = "json")]
    pub(crate) fn from_syslog(level: i64) -> Option<Self> {
        const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
        usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).and_then(|name| Self::from_name(name))
    }

    /// Returns the severity of a level of Python's `logging`: 10 (debug) to 50 (critical).
    #[cfg(feature = "json")]
    pub(crate) fn from_python(level: i64) -> Option<Self> {
        Some(match level {
            10 => Self::DEBUG,
            20 => Self::INFO,
            30 => Self::WARN,
            40 => Self::ERROR,
            50 => Self::FATAL,
            _ => return None,
        })
    }

    /// Returns the severity of a level of bunyan and pino: 10 (trace) to 60 (fatal).
    #[cfg(feature = "json")]
    pub(crate) fn from_bunyan(level: i64) -> Option<Self> {
        Some(match level {
            10..20 => Self::TRACE,
            20..30 => Self::DEBUG,
            30..40 => Self::INFO,
            40..50 => Self::WARN,
            50..60 => Self::ERROR,
            60 => Self::FATAL,
            _ => return None,
        })
    }
}

fn find(table: &[(&str, Severity)], is_it: impl Fn(&str) -> bool) -> Option<Severity> {
    table.iter().find(|(name, _)| is_it(name)).map(|(_, severity)| *severity)
}

/// The names of other loggers.
pub(crate) const WORDS: [(&str, Severity); 35] = [
    ("verbose", Severity::TRACE),
    ("vrb", Severity::TRACE),
    ("trc", Severity::TRACE),
    ("finest", Severity::TRACE),
    ("finer", Severity::TRACE),
    ("silly", Severity::TRACE),
    ("fine", Severity::DEBUG),
    ("config", Severity::DEBUG),
    ("dbg", Severity::DEBUG),
    // The number that the OpenTelemetry transport of winston uses.
    ("http", Severity(7)),
    ("information", Severity::INFO),
    ("informational", Severity::INFO),
    ("inf", Severity::INFO),
    ("log", Severity::INFO),
    ("notice", Severity(10)),
    ("success", Severity(10)),
    ("warning", Severity::WARN),
    ("wrn", Severity::WARN),
    ("err", Severity::ERROR),
    ("eror", Severity::ERROR),
    ("erro", Severity::ERROR),
    ("fail", Severity::ERROR),
    ("severe", Severity::ERROR),
    ("critical", Severity::FATAL),
    ("crit", Severity::FATAL),
    ("crt", Severity::FATAL),
    ("ftl", Severity::FATAL),
    ("fatl", Severity::FATAL),
    ("panic", Severity::FATAL),
    ("dpanic", Severity::FATAL),
    ("alert", Severity(22)),
    ("alrt", Severity(22)),
    ("emergency", Severity(23)),
    ("emerg", Severity(23)),
    ("emrg", Severity(23)),
];

/// The letters of loggers that abbreviate the name.
pub(crate) const LETTERS: [(&str, Severity); 8] = [
    ("V", Severity::TRACE),
    ("T", Severity::TRACE),
    ("D", Severity::DEBUG),
    ("I", Severity::INFO),
    ("N", Severity(10)),
    ("W", Severity::WARN),
    ("E", Severity::ERROR),
    ("F", Severity::FATAL),
];

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
