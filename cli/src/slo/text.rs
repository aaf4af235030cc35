//! The terminal output of an SLO report.

use std::fmt::Write;

use super::report::{Alert, Kept, Report, Row, SHOWN};
use crate::output::colour::Palette;
use crate::output::escape;
use crate::output::numbers::{counted, grouped, lasted};
use crate::output::time::Clock;

/// Appends `report` to `out`. A write to a `String` cannot fail.
pub(crate) fn print(report: &Report, clock: &mut Clock, palette: &Palette, out: &mut String) {
    let (from, to) = report.span;
    // Without a matching entry, the report has no times.
    if to > 0 {
        let span = format_args!("{} to {}", clock.describe(from), clock.describe(to));
        _ = writeln!(out, "{}", palette.dim.of(span));
    }
    for kept in &report.objectives {
        objective(kept, clock, palette, out);
    }
    if report.others > 0 {
        _ = writeln!(
            out,
            "\n{} only partly counted: more than 1,000 targets or 200,000 minutes",
            counted(report.others, "entry is", "entries are")
        );
    }
}

fn objective(kept: &Kept, clock: &mut Clock, palette: &Palette, out: &mut String) {
    let name = palette.strong.of(safe(&kept.name, palette));
    _ = writeln!(
        out,
        "\n{name}: {} of entries within {} and without error",
        percent(kept.objective),
        lasted(kept.threshold_nanos)
    );
    if kept.all.total == 0 {
        _ = writeln!(out, "  no matching entry: no selected entry has a duration field");
        return;
    }
    let title = format!(
        "  {:>11}{:>8}{:>8}{:>9}{:>9}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}  TARGET",
        "ENTRIES", "SLOW", "FAILED", "BAD", "BURNED", "5m", "1h", "6h", "P50", "P99", "MAX"
    );
    _ = writeln!(out, "{}", palette.dim.of(title));
    for target in kept.targets.iter().take(SHOWN) {
        row(target, palette, out);
    }
    if let Some(more) = kept.targets.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        _ = writeln!(out, "{:>106}  and {}", "", counted(more as u64, "more target", "more targets"));
    }
    if kept.targets.len() > 1 {
        row(&kept.all, palette, out);
    }
    verdict(&kept.all, palette, out);
    if !kept.worst_minutes.is_empty() {
        _ = writeln!(out, "  {}", palette.dim.of("worst minutes: bad entries, target"));
    }
    for minute in &kept.worst_minutes {
        let mut time = String::new();
        clock.write(minute.time_unix_nano, &mut time);
        time.truncate(16);
        let (bad, total, target) =
            (grouped(minute.bad), grouped(minute.total), safe(&minute.target, palette));
        _ = writeln!(out, "    {time}  {bad:>8} of {total:>8}  {}", palette.target.of(target));
    }
    if !kept.look_at.is_empty() {
        _ = writeln!(out, "  {}", palette.dim.of("slowest bad entries; to show a trace: fusewire trace ID"));
    }
    for entry in &kept.look_at {
        let mut time = String::new();
        clock.write(entry.time_unix_nano, &mut time);
        time.truncate(19);
        let trace = entry.trace_id.as_deref().unwrap_or("no trace id                     ");
        let (target, message) = (safe(&entry.target, palette), safe(&entry.message, palette));
        _ = writeln!(
            out,
            "    {trace}  {time}  {:>9}  {:<5}  {}  {message}",
            lasted(entry.latency_nanos as u64),
            entry.level,
            palette.target.of(target)
        );
    }
}

fn row(row: &Row, palette: &Palette, out: &mut String) {
    let time = |nanos: Option<f64>| nanos.map_or_else(|| "-".to_owned(), |nanos| lasted(nanos as u64));
    let share = row.bad as f64 * 100.0 / row.total.max(1) as f64;
    let burned = format!("{:>8.0}%", (row.burned * 100.0).min(99_999.0));
    let burned = if row.burned > 1.0 { palette.bad.of(burned) } else { burned };
    let rates = row.burn_rates.map(|rate| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")));
    let target = match &row.target {
        Some(target) => palette.target.of(safe(target, palette)),
        None => palette.strong.of("all"),
    };
    _ = writeln!(
        out,
        "  {:>11}{:>8}{:>8}{share:>8.3}%{burned}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}  {target}",
        grouped(row.total),
        grouped(row.slow),
        grouped(row.failed),
        rates[0],
        rates[1],
        rates[2],
        time(row.p50),
        time(row.p99),
        time(row.max),
    );
}

fn verdict(all: &Row, palette: &Palette, out: &mut String) {
    let text = said(all);
    let painted = match (all.burned > 1.0, all.alert) {
        (true, _) | (_, Alert::Page) => palette.bad.of(text),
        (_, Alert::Ticket) => palette.fuse.of(text),
        _ => palette.good.of(text),
    };
    _ = writeln!(out, "  {painted}");
}

/// Returns the result of an objective as one phrase.
pub(super) fn said(all: &Row) -> String {
    let budget = if all.burned > 1.0 { "error budget exceeded" } else { "error budget kept" };
    let alert = match all.alert {
        Alert::None => "",
        Alert::Ticket => "; alert: ticket (the burn rate is too high for a 30-day budget)",
        Alert::Page => "; alert: page (the burn rate requires immediate action)",
    };
    format!("{budget}, {:.0} % used{alert}", all.burned * 100.0)
}

/// Formats a share in percent, for example `99.9 %`.
pub(super) fn percent(share: f64) -> String {
    // Rounding restores the decimal number of the configuration.
    let percent = (share * 100.0 * 1e9).round() / 1e9;
    format!("{percent} %")
}

fn safe(text: &str, palette: &Palette) -> String {
    let mut safe = String::new();
    escape::push_line(text.as_bytes(), &palette.escape, &mut safe);
    safe
}
