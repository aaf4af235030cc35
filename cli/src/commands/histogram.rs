//! `fusewire histogram`: counts entries over time.

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context, Result};
use fusewire::query::aggregate::{Aggregation, Counted, Group, Interval};
use serde_json::json;

use super::count;
use crate::args::{HistogramArgs, LineArgs, OutputFormat};
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::numbers::{counted, grouped};
use crate::output::time::Clock;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
/// The default intervals.
const INTERVALS: [u64; 18] = [
    SECOND / 1000,
    SECOND / 100,
    SECOND / 10,
    SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    DAY,
];
/// The maximum number of lines with the default interval.
const LINES: u64 = 30;
/// The maximum number of adjacent empty intervals that are shown as lines.
const EMPTY: u64 = 3;
/// The length of the longest bar, in columns.
const BAR: u64 = 40;

/// Runs the command.
pub(crate) fn run(args: &HistogramArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let zone = args.zone.zone();
    let selection = args.select.selection(&zone)?;
    let every = match &args.every {
        Some(every) => every.clone().in_zone(zone.shared()),
        None => Interval::of(interval(&paths, &selection, &args.access.lines)?, zone.shared()),
    };
    let asked = Aggregation::new().each(every.clone());
    let found = count::run(&asked, &paths, &selection, &args.access)?;
    let outcome = count::report(&found.scanned, &args.paths, terminal)?;
    match args.output {
        OutputFormat::Json => print_json(&found, &every, terminal),
        OutputFormat::Text => print(&found, &every, &mut Clock::new(zone), terminal),
    }
    let nothing = if found.entries == 0 { Outcome::NoMatch } else { Outcome::Clean };
    Ok(outcome.max(nothing).max(unread))
}

/// Returns the default interval for the selected time range.
fn interval(paths: &[PathBuf], selection: &Selection, lines: &LineArgs) -> Result<NonZero<u64>> {
    let mut times: Option<(u64, u64)> = None;
    for path in paths {
        let listing = lines.list(path).with_context(|| path.display().to_string())?;
        let of_segments = listing.segments.iter().filter_map(|segment| segment.times);
        let of_files =
            listing.files.iter().filter_map(|file| file.contents.and_then(|contents| contents.times));
        for (first, last) in of_segments.chain(of_files) {
            let (from, to) = times.unwrap_or((first, last));
            times = Some((from.min(first), to.max(last)));
        }
    }
    let (first, last) = times.unwrap_or_default();
    let first = selection.range.since.map_or(first, |since| since.max(first));
    let last = selection.range.until.map_or(last, |until| until.min(last));
    let span = last.saturating_sub(first);
    let fitting = INTERVALS.into_iter().find(|interval| span / interval < LINES);
    let days = (span / LINES).next_multiple_of(DAY);
    NonZero::new(fitting.unwrap_or(days)).context("--every: expected an interval, found an empty one")
}

fn print(found: &Counted, every: &Interval, clock: &mut Clock, terminal: &mut Terminal) {
    let most = found.groups().iter().map(|group| group.count).max().unwrap_or(0);
    let mut expected = None;
    for group in found.groups() {
        let since = group.since.unwrap_or(0);
        let missing = expected.map_or(0, |expected| every.count(expected, since));
        if missing > EMPTY {
            let gap = format!("{:>19}  ({} empty intervals of {every})\n", "...", grouped(missing));
            terminal.out.push_str(&terminal.palette.dim.of(gap));
        } else if let Some(mut at) = expected {
            for _ in 0..missing {
                line(at, 0, most, every, clock, terminal);
                at = every.around(at).1;
            }
        }
        line(since, group.count, most, every, clock, terminal);
        expected = Some(every.around(since).1);
    }
    if found.without_time > 0 {
        let told = counted(found.without_time, "entry without a time", "entries without a time");
        terminal.out.push_str(&format!("{:>19}  {told}\n", "-"));
    }
    let total = counted(found.entries, "entry", "entries");
    let total = format!("{total}; interval {every}\n");
    terminal.out.push_str(&terminal.palette.dim.of(total));
}

fn line(since: u64, count: u64, most: u64, every: &Interval, clock: &mut Clock, terminal: &mut Terminal) {
    let mut time = String::new();
    clock.write(since, &mut time);
    // The time contains a fraction only if the interval is shorter than a second.
    let (begin, end) = every.around(since);
    time.truncate(if end - begin < SECOND { 23 } else { 19 });
    let eighths = (u128::from(count) * u128::from(BAR * 8)).div_ceil(u128::from(most.max(1)));
    let eighths = usize::try_from(eighths).unwrap_or(0);
    let mut bar = "\u{2588}".repeat(eighths / 8);
    bar.extend(
        ['\u{258f}', '\u{258e}', '\u{258d}', '\u{258c}', '\u{258b}', '\u{258a}', '\u{2589}']
            .get((eighths % 8).wrapping_sub(1)),
    );
    let (dim, bar) = (terminal.palette.dim.of(time), terminal.palette.good.of(bar));
    terminal.out.push_str(&format!("{dim}{:>13}  {bar}\n", grouped(count)));
}

/// Prints one object for each interval.
fn print_json(found: &Counted, every: &Interval, terminal: &mut Terminal) {
    let line = |group: &Group| {
        let (begin, end) = every.around(group.since.unwrap_or(0));
        json!({"since_unix_nano": group.since, "every_nanos": end - begin, "count": group.count}).to_string()
    };
    for group in found.groups() {
        terminal.out.push_str(&line(group));
        terminal.out.push('\n');
    }
}
