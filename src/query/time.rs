//! Moments as they are written in queries.

use crate::time::Timestamp;

use super::QueryOptions;
use super::syntax::{Literal, Range};

const DAY: i128 = 86_400_000_000_000;

/// The moment that a text names, in nanoseconds since the Unix epoch: a date, with hours and minutes, with seconds, with an
/// offset from UTC; without one it is the offset of the options.
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

/// The same of a value.
pub(super) fn moment_of(literal: &Literal, options: &QueryOptions) -> Option<i128> {
    match literal {
        Literal::Now(ago) => Some(i128::from(options.now_unix_nano) - ago),
        Literal::Word(word) if word == "today" => Some(midnight(options)),
        Literal::Word(word) if word == "yesterday" => Some(midnight(options) - DAY),
        Literal::Text(text) | Literal::Word(text) => moment(text, options),
        _ => None,
    }
}

/// From when to before when.
pub(super) fn range(range: &Range, options: &QueryOptions) -> (i128, i128) {
    let now = i128::from(options.now_unix_nano);
    let midnight = midnight(options);
    match range {
        // What is stamped at this very moment, or ahead of a clock that is late, is meant as well.
        Range::Last(nanos) => (now.saturating_sub(*nanos), i128::MAX),
        Range::Today => (midnight, midnight + DAY),
        Range::Yesterday => (midnight - DAY, midnight),
    }
}

/// When today began.
fn midnight(options: &QueryOptions) -> i128 {
    let offset = i128::from(options.utc_offset_seconds) * 1_000_000_000;
    let local = i128::from(options.now_unix_nano) + offset;
    local - local.rem_euclid(DAY) - offset
}
