//! Moments in queries.

use crate::time::Timestamp;

use super::QueryOptions;
use super::syntax::{Literal, Range};

const DAY: i128 = 86_400_000_000_000;

/// Parses a moment. Returns nanoseconds since the Unix epoch.
///
/// The text contains a date, or a date and a time with or without seconds and an offset from UTC. Without an
/// offset, the offset of the options applies.
fn moment(text: &str, options: &QueryOptions) -> Option<i128> {
    let padded = match text.len() {
        10 => format!("{text}T00:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let time = Timestamp::parse_rfc3339(&padded)?;
    let is_utc = padded.ends_with(['Z', 'z']) || time.utc_offset_minutes().is_some();
    let offset = if is_utc { 0 } else { i128::from(options.utc_offset_seconds) * 1_000_000_000 };
    Some(time.unix_nanos() - offset)
}

/// Returns the moment that a literal denotes, in nanoseconds since the Unix epoch.
pub(super) fn moment_of(literal: &Literal, options: &QueryOptions) -> Option<i128> {
    match literal {
        Literal::Now(ago) => Some(i128::from(options.now_unix_nano) - ago),
        Literal::Word(word) if word == "today" => Some(midnight(options)),
        Literal::Word(word) if word == "yesterday" => Some(midnight(options) - DAY),
        Literal::Text(text) | Literal::Word(text) => moment(text, options),
        _ => None,
    }
}

/// Returns the first moment of a range and the first moment after it.
pub(super) fn range(range: &Range, options: &QueryOptions) -> (i128, i128) {
    let now = i128::from(options.now_unix_nano);
    let midnight = midnight(options);
    match range {
        // There is no upper limit: the clock of a producer can be ahead of this clock.
        Range::Last(nanos) => (now.saturating_sub(*nanos), i128::MAX),
        Range::Today => (midnight, midnight + DAY),
        Range::Yesterday => (midnight - DAY, midnight),
    }
}

/// Returns the beginning of the current day.
fn midnight(options: &QueryOptions) -> i128 {
    let offset = i128::from(options.utc_offset_seconds) * 1_000_000_000;
    let local = i128::from(options.now_unix_nano) + offset;
    local - local.rem_euclid(DAY) - offset
}
