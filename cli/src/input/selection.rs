//! The selection of entries by time and by query.

use anyhow::{Context, Result};
use fusewire::Timestamp;
use fusewire::decode::EntryRef;
use fusewire::log::ReadOptions;
use fusewire::query::{Field, Query, QueryOptions};

use super::time_point::Range;
use crate::args::{AccessArgs, RangeArgs};
use crate::output::time::Zone;

/// Returns query options with the current time in `zone`.
///
/// # Errors
/// Returns an error if the system clock is outside the years 1970 to 2554.
pub(crate) fn query_options(zone: &Zone) -> Result<QueryOptions> {
    let now = zone.now();
    Ok(QueryOptions {
        now_unix_nano: u64::try_from(now.timestamp().as_nanosecond())
            .context("the system clock is before the year 1970 or after 2554")?,
        zone: zone.shared(),
    })
}

/// A selection of entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) range: Range,
    query: Option<Query>,
}

impl Selection {
    /// Returns the selection of `range` and `query`, relative to the current time in `zone`.
    ///
    /// # Errors
    /// Returns an error if the range or the query is invalid.
    pub(crate) fn new(range: &RangeArgs, query: Option<&str>, zone: &Zone) -> Result<Self> {
        let options = query_options(zone)?;
        let parse = |text| Query::parse_with(text, &options).context("query");
        Ok(Self { range: range.range(zone)?, query: query.map(parse).transpose()? })
    }

    /// Returns the selection of all entries in `range`.
    pub(crate) fn of_range(range: Range) -> Self {
        Self { range, query: None }
    }

    /// Returns the selection of the matches of `query`.
    pub(crate) fn of_query(query: Query) -> Self {
        Self { range: Range::default(), query: Some(query) }
    }

    /// Returns the fields that the query names.
    pub(crate) fn fields(&self) -> Vec<Field> {
        self.query.as_ref().map(Query::fields).unwrap_or_default()
    }

    /// Returns whether the selection contains all entries.
    pub(crate) fn is_everything(&self) -> bool {
        !self.range.is_bounded() && self.query.is_none()
    }

    /// Returns whether the selection depends on the times of entries.
    pub(crate) fn is_timed(&self) -> bool {
        let is_timed = |query: &Query| {
            let wanted = query.wanted();
            wanted.since.is_some() || wanted.until.is_some()
        };
        self.range.is_bounded() || self.query.as_ref().is_some_and(is_timed)
    }

    /// Returns whether the selection contains `entry`.
    pub(crate) fn admits(&self, entry: &EntryRef<'_>) -> bool {
        self.range.contains(entry.time_unix_nano())
            && self.query.as_ref().is_none_or(|query| query.matches(entry))
    }

    /// Returns the selection as one query.
    ///
    /// # Errors
    /// Returns an error if a time is out of range.
    pub(crate) fn to_query(&self) -> Result<Query> {
        let time = |nanos: u64| {
            let seconds = i64::try_from(nanos / 1_000_000_000)?;
            let time = Timestamp::new(seconds, u32::try_from(nanos % 1_000_000_000)?)
                .context("the time is out of range")?;
            anyhow::Ok(time)
        };
        let mut conditions: Vec<String> = Vec::new();
        if let Some(since) = self.range.since {
            conditions.push(format!("time >= \"{}\"", time(since)?));
        }
        if let Some(until) = self.range.until {
            conditions.push(format!("time < \"{}\"", time(until)?));
        }
        let options = self.query.as_ref().map(Query::options).unwrap_or_default();
        conditions.extend(
            self.query
                .iter()
                .map(Query::to_string)
                .filter(|text| !text.is_empty())
                .map(|text| format!("({text})")),
        );
        Ok(Query::parse_with(&conditions.join(" and "), &options)?)
    }

    /// Returns the read options of the selection.
    pub(crate) fn options(&self, access: &AccessArgs) -> ReadOptions {
        let mut options = access.options();
        if let Some(since) = self.range.since {
            options = options.since(since);
        }
        if let Some(until) = self.range.until {
            options = options.until(until);
        }
        match &self.query {
            Some(query) => options.query(query),
            None => options,
        }
    }
}
