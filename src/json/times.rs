//! The times in the members of objects.

use crate::time::Timestamp;
use crate::time_text::number::{from_nanos, of_14_digits};
use crate::time_text::whole::whole;
use crate::zone::Zone;

pub(super) use crate::time_text::number::of_number as of_epoch;

/// Returns the instant of a text, and whether the text can be restored from the instant. A time without an offset is a time
/// in `zone`; without a zone, it is a time in UTC.
pub(super) fn of_text(text: &str, zone: Option<&Zone>) -> Option<(Timestamp, bool)> {
    if let Some(spelled) = whole(text) {
        return Some((spelled.instant(zone)?, spelled.is_exact));
    }
    if let Some(time) = of_number(text, zone) {
        return Some(time);
    }
    let text = text.trim();
    let inside = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/"))?;
    of_epoch(inside).map(|(time, _)| (time, false))
}

/// Returns the instant of a number, and whether the number can be restored from the instant. A number of 14 digits is a
/// date and a time: `20260301100000`. Any other number counts from the epoch.
pub(super) fn of_number(text: &str, zone: Option<&Zone>) -> Option<(Timestamp, bool)> {
    match of_14_digits(text) {
        Some(spelled) => Some((spelled.instant(zone)?, false)),
        None => of_epoch(text),
    }
}

/// Returns the instant of a number of nanoseconds since the epoch, for keys that define this unit.
pub(super) fn of_nanos(text: &str) -> Option<(Timestamp, bool)> {
    Some((from_nanos(text.parse::<u64>().ok()?.into())?, true))
}

/// Returns the instant of a number of milliseconds since the epoch.
pub(super) fn of_millis(text: &str) -> Option<Timestamp> {
    from_nanos(i128::from(text.parse::<i64>().ok()?) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_what_it_states() {
        let table = include_str!("../../schema/JSON.md").split("### Spellings of times").nth(1).unwrap();
        let table = table.split("\n\n").find(|part| part.starts_with('|')).unwrap();
        let (mut times, mut others) = (0, 0);
        for row in table.lines().skip(2) {
            let cells: Vec<&str> = row.split('|').collect();
            let is_time = !cells[1].contains("no times");
            for example in cells[2].split('`').skip(1).step_by(2) {
                let found = of_text(example, None).map(|(time, _)| time.to_string());
                assert_eq!(found.is_some(), is_time, "{example}: {found:?}");
                let is_expected = |time: String| time.starts_with("2026-03-01T10:00:00");
                assert!(found.is_none_or(is_expected), "{example}");
                *(if is_time { &mut times } else { &mut others }) += 1;
            }
        }
        assert!(times >= 30 && others >= 8, "{times}, {others}");
    }
}
