//! Ranges of time, and the durations of options.

use anyhow::{Context, Result, anyhow};
use fusewire::query::{Moment, QueryOptions, parse_duration};

use super::selection::query_options;
use crate::output::time::Zone;

/// Parses a duration such as `800ms`, `15m` or `90d`; returns nanoseconds, never 0.
///
/// # Errors
/// Returns the expected form if `text` is not a duration.
pub(crate) fn length(text: &str) -> Result<u64, String> {
    match u64::try_from(parse_duration(text)?) {
        Ok(0) => Err(format!("`{text}` is not a duration: expected more than 0")),
        Ok(nanos) => Ok(nanos),
        Err(_) => Err(format!("`{text}` is not a duration: expected less than 584 years")),
    }
}

/// Returns a moment in nanoseconds since the Unix epoch.
///
/// # Errors
/// Returns an error if the time is not between the years 1970 and 2554.
fn unix_nanos(moment: &Moment, options: &QueryOptions) -> Result<u64> {
    let nanos = moment.unix_nano(options);
    u64::try_from(nanos).map_err(|_| anyhow!("expected a time between the years 1970 and 2554"))
}

/// The range of `--since` and `--until`, in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    /// The start of the range.
    pub(crate) since: Option<u64>,
    /// The end of the range, exclusive.
    pub(crate) until: Option<u64>,
}

impl Range {
    /// Returns the range relative to the current time in `zone`.
    pub(crate) fn new(since: Option<&Moment>, until: Option<&Moment>, zone: &Zone) -> Result<Self> {
        let options = query_options(zone)?;
        let nanos = |moment: Option<&Moment>, name: &str| {
            moment.map(|moment| unix_nanos(moment, &options).with_context(|| name.to_owned())).transpose()
        };
        let range = Self { since: nanos(since, "--since")?, until: nanos(until, "--until")? };
        match (range.since, range.until) {
            (Some(since), Some(until)) if since >= until => {
                Err(anyhow!("--since: expected a time before --until"))
            }
            _ => Ok(range),
        }
    }

    /// Returns the range from `within` nanoseconds before `moment` to `within` nanoseconds after it. Both ends are in the
    /// range.
    pub(crate) fn around(moment: &Moment, within: u64, zone: &Zone) -> Result<Self> {
        let middle = unix_nanos(moment, &query_options(zone)?).context("--around")?;
        let until = middle.saturating_add(within).saturating_add(1);
        Ok(Self { since: Some(middle.saturating_sub(within)), until: Some(until) })
    }

    /// Returns whether the range has a start or an end.
    pub(crate) fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Returns whether the range overlaps the times from the first to the last of `times`.
    pub(crate) fn overlaps(&self, times: (u64, u64)) -> bool {
        self.since.is_none_or(|since| times.1 >= since) && self.until.is_none_or(|until| times.0 < until)
    }

    /// Returns whether the range contains an entry of this time. A bounded range contains no entry without a time.
    pub(crate) fn contains(&self, unix_nanos: u64) -> bool {
        let begun = self.since.is_none_or(|since| unix_nanos >= since);
        let ended = self.until.is_some_and(|until| unix_nanos >= until);
        !self.is_bounded() || (unix_nanos != 0 && begun && !ended)
    }
}
