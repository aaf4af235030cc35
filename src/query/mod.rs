//! A language to ask for entries in (C5): `level >= warn and request.status == 500 and time in last 15m`.
//!
//! What it is, rule by rule, `schema/QUERY.md` says.
//!
//! ```
//! use fusewire::log::{Log, LogEvent, LogReader};
//! use fusewire::query::Query;
//! use fusewire::{Severity, event, map};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-query-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! event!(log, Severity::INFO, "paid", duration_ms = 31, request = map! { status = 200 });
//! event!(log, Severity::ERROR, "payment failed", duration_ms = 5310, request = map! { status = 502 });
//!
//! let query: Query = "level >= warn and duration_ms > 5s and request.status in (500, 502)".parse()?;
//! let mut reader = LogReader::options().query(&query).open(&[directory.clone()])?;
//! let mut bodies = Vec::new();
//! while let Some(event) = reader.next() {
//!     if let LogEvent::Entry { entry, .. } = event {
//!         bodies.push(entry.body().to_string());
//!     }
//! }
//! assert_eq!(bodies, ["payment failed"]);
//!
//! let error = "level >= loud".parse::<Query>().unwrap_err();
//! assert_eq!(error.column(), 10);
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(unix)]
#[cfg(unix)]
pub mod aggregate;
mod error;
mod eval;
mod field;
mod hints;
mod lexer;
mod literal;
mod number;
mod parser;
mod plan;
mod resolve;
mod syntax;
mod time;

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::decode::EntryRef;
use crate::segment::Wanted;

pub use error::QueryError;
pub use field::Field;
use hints::Hints;
use plan::Plan;
use syntax::Expr;

/// What `now` and `today` are to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryOptions {
    /// Now, in nanoseconds since the Unix epoch.
    pub now_unix_nano: u64,
    /// Of times without an offset, and of days: seconds east of UTC.
    pub utc_offset_seconds: i32,
}

impl Default for QueryOptions {
    /// This moment, and UTC.
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { now_unix_nano: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX), utc_offset_seconds: 0 }
    }
}

/// A condition on entries.
///
/// Two are equal where they say the same in the same order. `{}` writes one so that parsing it gives an equal one.
#[derive(Clone)]
pub struct Query {
    expr: Expr,
    options: QueryOptions,
    plan: Arc<Plan>,
    hints: Hints,
}

impl Query {
    /// What `text` asks for, as of now, in UTC. An empty text asks for everything.
    ///
    /// # Errors
    /// Where the text is no query: where, what was expected, and what was found.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_with(text, &QueryOptions::default())
    }

    /// The same with a clock and an offset from UTC.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_with(text: &str, options: &QueryOptions) -> Result<Self, QueryError> {
        let expr = parser::parse(text, options)?;
        let whole = |message| QueryError::new(text, 0, text.len(), message);
        let mut plan = resolve::plan(&expr, options).map_err(whole)?;
        plan.order();
        let hints = Hints::of(&plan);
        Ok(Self { expr, options: *options, plan: Arc::new(plan), hints })
    }

    /// Whether `entry` is asked for. Allocates nothing; what cannot be read in a damaged entry is not there.
    #[must_use]
    #[inline]
    pub fn matches(&self, entry: &EntryRef<'_>) -> bool {
        self.plan.holds(entry)
    }

    /// What holds for every entry that matches, as far as an index can tell it.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.hints.wanted()
    }

    /// Whether every entry for which [`wanted`](Self::wanted) holds matches: see
    /// [`Scan::wanted_exactly`](crate::log::Scan::wanted_exactly).
    #[must_use]
    pub fn is_told_by_wanted(&self) -> bool {
        self.hints.exact
    }

    /// What `now` and `today` are to it.
    #[must_use]
    pub fn options(&self) -> QueryOptions {
        self.options
    }
}

#[cfg(unix)]
impl crate::log::ReadOptions {
    /// Only entries that `query` asks for: [`filter`](Self::filter) with what it says.
    #[must_use]
    pub fn query(self, query: &Query) -> Self {
        let plan = Arc::clone(&query.plan);
        self.filter(query.wanted(), move |entry| plan.holds(entry))
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({self})")
    }
}
