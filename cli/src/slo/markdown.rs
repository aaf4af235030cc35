//! The Markdown output of an SLO report, for a web page or a pull request.

use std::fmt::Write;

use super::report::{Kept, Report, Row, SHOWN};
use super::text::{percent, said};
use crate::output::escape;
use crate::output::numbers::{counted, grouped, lasted};
use crate::output::time::Clock;

/// Appends `report` to `out`. A write to a `String` cannot fail.
pub(crate) fn print(report: &Report, clock: &mut Clock, out: &mut String) {
    let (from, to) = report.span;
    _ = writeln!(out, "# Service level objectives");
    // Without a matching entry, the report has no times.
    if to > 0 {
        _ = writeln!(out, "\n{} to {}", clock.describe(from), clock.describe(to));
    }
    for kept in &report.objectives {
        objective(kept, clock, out);
    }
    if report.others > 0 {
        _ = writeln!(
            out,
            "\n{} only partly counted: more than 1,000 targets or 200,000 minutes.",
            counted(report.others, "entry is", "entries are")
        );
    }
}

fn objective(kept: &Kept, clock: &mut Clock, out: &mut String) {
    _ = writeln!(
        out,
        "\n## {}\n\nObjective: {} of entries within {} and without error. Result: {}.\n",
        safe(&kept.name),
        percent(kept.objective),
        lasted(kept.threshold_nanos),
        if kept.all.total == 0 { "no matching entry".to_owned() } else { said(&kept.all) }
    );
    if kept.all.total == 0 {
        return;
    }
    out.push_str("| target | entries | slow | failed | bad | burned | 5m | 1h | 6h | p50 | p99 | max |\n");
    out.push_str("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    kept.targets.iter().take(SHOWN).for_each(|target| row(target, out));
    if kept.targets.len() > 1 {
        row(&kept.all, out);
    }
    if let Some(more) = kept.targets.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        _ = writeln!(out, "\n{} not shown.", counted(more as u64, "more target is", "more targets are"));
    }
    if !kept.worst_minutes.is_empty() {
        out.push_str("\n| worst minute | target | bad | entries |\n|---|---|--:|--:|\n");
    }
    for minute in &kept.worst_minutes {
        let time = clock.describe(minute.time_unix_nano);
        _ = writeln!(
            out,
            "| {time} | {} | {} | {} |",
            safe(&minute.target),
            grouped(minute.bad),
            grouped(minute.total)
        );
    }
    if !kept.look_at.is_empty() {
        out.push_str(
            "\n| trace id | time | duration | level | target | message |\n|---|---|--:|---|---|---|\n",
        );
    }
    for entry in &kept.look_at {
        _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |",
            entry.trace_id.as_deref().unwrap_or("no trace id"),
            clock.describe(entry.time_unix_nano),
            lasted(entry.latency_nanos as u64),
            entry.level,
            safe(&entry.target),
            safe(&entry.message)
        );
    }
}

fn row(row: &Row, out: &mut String) {
    let time = |nanos: Option<f64>| nanos.map_or_else(|| "-".to_owned(), |nanos| lasted(nanos as u64));
    let rates = row.burn_rates.map(|rate| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")));
    let target = row.target.as_deref().map_or_else(|| "**all**".to_owned(), safe);
    _ = writeln!(
        out,
        "| {target} | {} | {} | {} | {:.3} % | {:.0} % | {} | {} | {} | {} |",
        grouped(row.total),
        grouped(row.slow),
        grouped(row.failed),
        row.bad as f64 * 100.0 / row.total.max(1) as f64,
        row.burned * 100.0,
        rates.join(" | "),
        time(row.p50),
        time(row.p99),
        time(row.max),
    );
}

/// Escapes a logged text, so that it contains no Markdown, no HTML and no line end.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if escape::is_unsafe(c) => out.push('\u{fffd}'),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_no_markup() {
        assert_eq!(
            safe("a|b\n[x](http://y) <script> `z` \u{202e}"),
            "a\\|b\u{fffd}\\[x\\]\\(http\\:\\/\\/y\\) &lt;script&gt; \\`z\\` \u{fffd}"
        );
    }
}
