//! A query language for entries: `level >= warn and request.status == 500 and time in last 15m`.
//!
//! `schema/QUERY.md` specifies the language. Its text follows the example.
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
//!
#![doc = include_str!("../../schema/QUERY.md")]

#[cfg(unix)]
pub mod aggregate;
mod error;
mod eval;
mod field;
mod hints;
mod lexer;
mod literal;
mod moment;
mod number;
mod parser;
mod plan;
mod resolve;
mod syntax;

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use crate::decode::EntryRef;
use crate::map::clock::unix_nanos_now;
use crate::segment::Wanted;
use crate::zone::Zone;

pub use error::QueryError;
pub use field::Field;
use hints::Hints;
pub use moment::{Moment, parse_duration};
use plan::Plan;
use syntax::Expr;

/// The values of `now`, `today` and the local time zone in a query.
///
/// ```
/// use fusewire::Zone;
/// use fusewire::query::{Query, QueryOptions};
///
/// let options = QueryOptions { now_unix_nano: 1_767_225_600_000_000_000, zone: Zone::fixed(3600) };
/// let query = Query::parse_with("time in last 15m", &options)?;
/// assert_eq!(query.wanted().since, Some(options.now_unix_nano - 15 * 60 * 1_000_000_000));
/// # Ok::<(), fusewire::query::QueryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryOptions {
    /// The current time, in nanoseconds since the Unix epoch.
    pub now_unix_nano: u64,
    /// The time zone of days, and of times without an offset.
    pub zone: Zone,
}

impl Default for QueryOptions {
    /// Returns options with the current time and UTC.
    fn default() -> Self {
        Self { now_unix_nano: unix_nanos_now(), zone: Zone::UTC }
    }
}

/// A condition on entries.
///
/// Two queries are equal if they contain the same conditions in the same order; the options are not compared.
/// The text that `{}` writes parses to an equal query.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::query::Query;
/// use fusewire::{Severity, map};
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     entry.set_severity(Severity::ERROR);
///     entry.attr("request", &map! { status = 502 });
/// })?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert!("level >= warn and request.status in (500, 502)".parse::<Query>()?.matches(&entry));
/// assert!(!"request.status == 500".parse::<Query>()?.matches(&entry));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Query {
    expr: Expr,
    options: QueryOptions,
    plan: Arc<Plan>,
    hints: Hints,
}

impl Query {
    /// Parses a query with the current time and UTC. An empty text matches every entry.
    ///
    /// # Errors
    /// Returns an error if `text` is not a query. The error contains the position, the expected and the found
    /// text.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_with(text, &QueryOptions::default())
    }

    /// Parses a query with a given time and time zone.
    ///
    /// # Errors
    /// The same errors as [`parse`](Self::parse).
    pub fn parse_with(text: &str, options: &QueryOptions) -> Result<Self, QueryError> {
        let expr = parser::parse(text, options)?;
        let whole = |message| QueryError::new(text, 0, text.len(), message);
        let mut plan = resolve::plan(&expr, options).map_err(whole)?;
        plan.order();
        let hints = Hints::of(&plan);
        Ok(Self { expr, options: options.clone(), plan: Arc::new(plan), hints })
    }

    /// Returns whether `entry` matches. The method does not allocate. An unreadable field of a damaged entry
    /// counts as missing.
    #[must_use]
    #[inline]
    pub fn matches(&self, entry: &EntryRef<'_>) -> bool {
        self.plan.holds(entry)
    }

    /// Returns the necessary conditions for a match that an index can test.
    ///
    /// ```
    /// use fusewire::query::Query;
    ///
    /// let query: Query = "trace_id == 0abc and duration_ms > 2s".parse()?;
    /// assert_eq!(query.wanted().traces, [0xABC]);
    /// // An index cannot test the duration.
    /// assert!(!query.is_told_by_wanted());
    /// # Ok::<(), fusewire::query::QueryError>(())
    /// ```
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.hints.wanted()
    }

    /// Returns whether the conditions of [`wanted`](Self::wanted) are also sufficient for a match. In this
    /// case, pass these conditions to [`Scan::wanted_exactly`](crate::log::Scan::wanted_exactly).
    #[must_use]
    pub fn is_told_by_wanted(&self) -> bool {
        self.hints.exact
    }

    /// Returns the fields that the query names, in the order of the text. A path with `[*]` ends before it.
    ///
    /// ```
    /// use fusewire::query::Query;
    ///
    /// let query: Query = "level >= warn and (status == 503 or exists tags[*])".parse()?;
    /// let names: Vec<String> = query.fields().iter().map(ToString::to_string).collect();
    /// assert_eq!(names, ["level", "status", "tags"]);
    /// # Ok::<(), fusewire::query::QueryError>(())
    /// ```
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut paths = Vec::new();
        self.expr.paths(&mut paths);
        paths.into_iter().filter_map(|path| Field::parse(&path.before_each().to_string()).ok()).collect()
    }

    /// Returns the options with which the query was parsed.
    #[must_use]
    pub fn options(&self) -> QueryOptions {
        self.options.clone()
    }
}

#[cfg(unix)]
impl crate::log::ReadOptions {
    /// Restricts the reader to entries that match `query`, with [`filter`](Self::filter).
    ///
    /// ```
    /// use fusewire::log::{Log, LogEvent, LogReader};
    /// use fusewire::query::Query;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// for n in 0..10 {
    ///     log.append(|entry| _ = entry.attr("n", &n));
    /// }
    /// let query: Query = "n >= 8".parse()?;
    /// let mut reader = LogReader::options().query(&query).open(&[directory.path().to_owned()])?;
    /// let mut entries = 0;
    /// while let Some(event) = reader.next() {
    ///     entries += i32::from(matches!(event, LogEvent::Entry { .. }));
    /// }
    /// assert_eq!(entries, 2);
    /// # drop(log);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
