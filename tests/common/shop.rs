//! Entries of a service, and conditions on them.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;

use fusewire::decode::EntryRef;
use fusewire::encode::EntryWriter;
use fusewire::segment::Wanted;
use fusewire::{Severity, TraceContext, TripCause};

use super::random::Random;

const START: u64 = 1_700_000_000_000_000_000;

pub fn random(seed: u64) -> Random {
    Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Writes an entry of a service: the severities have typical frequencies, the times are out of order, and
/// a few entries share a trace.
pub fn write(random: &mut Random, n: u64, entry: &mut EntryWriter<'_>) {
    let severity = match random.below(100) {
        0 => Severity::ERROR,
        1..6 => Severity::WARN,
        6..40 => Severity::DEBUG,
        _ => Severity::INFO,
    };
    entry.set_severity(severity);
    if random.below(50) > 0 {
        entry.set_time_unix_nano(START + n * 1_000_000 + random.below(20_000_000));
    }
    if random.below(10) < 7 {
        let trace_id = u128::from(n / 40 * 8 + random.below(8)) + 1;
        entry.set_trace(TraceContext { trace_id, span_id: n + 1, flags: 1 });
    }
    entry.set_target(["shop", "shop::db", "shop::http"][random.below(3) as usize]);
    entry.set_body("the quick brown fox jumps over the lazy dog and does so again and again");
    let text = "x".repeat(random.below(200) as usize);
    entry.attr("n", &n).attr("user", "u-17").attr("text", text.as_str());
    if random.below(500) == 0 {
        entry.attr("long", "y".repeat(17 << 10).as_str());
    }
    if random.below(700) == 0 {
        entry.attributes().slot("wide").array().extend(0..300);
    }
}

pub fn n_of(entry: &EntryRef<'_>) -> i128 {
    entry.get("n").and_then(|n| n.as_i128()).unwrap()
}

/// Returns random conditions, and a predicate that tests the same conditions on one entry.
pub fn wanted(random: &mut Random) -> (Wanted, impl Fn(&EntryRef<'_>) -> bool + Clone + Send + Sync + use<>) {
    let mut wanted = Wanted::default();
    let severities = (random.below(2) == 0).then(|| {
        if random.below(2) == 0 { vec![Severity::ERROR] } else { vec![Severity::WARN, Severity::DEBUG] }
    });
    if let Some(severities) = &severities {
        wanted.of_severities(severities.iter().copied());
    }
    wanted.since = (random.below(3) == 0).then(|| START + random.below(12_000) * 1_000_000);
    wanted.until = (random.below(3) == 0).then(|| START + random.below(12_000) * 1_000_000);
    if random.below(3) == 0 {
        wanted.traces = (0..=random.below(3)).map(|_| u128::from(random.below(2_400)) + 1).collect();
    }
    if random.below(4) == 0 {
        wanted.targets = vec![["shop", "shop::db", "nobody"][random.below(3) as usize].as_bytes().into()];
    }
    let tripped = random.below(4) == 0;
    if tripped {
        wanted.of_trips([TripCause::Width, TripCause::Depth]);
    }
    let conditions = wanted.clone();
    let matches = move |entry: &EntryRef<'_>| {
        let time = entry.time_unix_nano();
        let ranged = conditions.since.is_some() || conditions.until.is_some();
        severities.as_ref().is_none_or(|of| of.contains(&entry.severity()))
            && (!ranged || time != 0)
            && conditions.since.is_none_or(|since| time >= since)
            && conditions.until.is_none_or(|until| time < until)
            && (conditions.traces.is_empty() || conditions.traces.contains(&entry.trace().trace_id))
            && (conditions.targets.is_empty()
                || conditions.targets.iter().any(|target| **target == *entry.target().as_bytes()))
            && (!tripped
                || entry.trips().any(|trip| matches!(trip.cause, TripCause::Width | TripCause::Depth)))
    };
    (wanted, matches)
}

/// Removes the indexes of all segments. Returns the number of removed indexes.
pub fn remove_indexes(directory: &Path) -> usize {
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let indexes: Vec<_> = files.filter(|path| path.extension().is_some_and(|found| found == "fwi")).collect();
    indexes.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    indexes.len()
}
