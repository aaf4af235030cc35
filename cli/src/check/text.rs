//! The report of a check as text.

use std::fmt::Write;

use super::config::Held;
use super::report::{Finding, Report};
use super::rules::Level;
use crate::output::colour::{Paint, Palette};
use crate::output::escape;
use crate::output::numbers::{counted, grouped};
use crate::output::time::Clock;

/// The number of call sites that are shown per rule.
const SHOWN: usize = 10;

/// Appends `report` to `out`. A write to a `String` cannot fail.
pub(crate) fn print(report: &Report, all: bool, clock: &mut Clock, palette: &Palette, out: &mut String) {
    for of_rule in report.findings.chunk_by(|a, b| a.rule == b.rule) {
        let shown: Vec<&Finding> =
            of_rule.iter().filter(|finding| all || finding.known != Some(true)).collect();
        let Some(first) = shown.first() else { continue };
        let level = paint(first.level, palette).of(format_args!(
            "{}[{}]",
            first.level.name(),
            safe(&first.rule, palette)
        ));
        _ = writeln!(
            out,
            "{level} {}: {}",
            palette.strong.of(safe(&first.name, palette)),
            safe(&first.what, palette)
        );
        for finding in shown.iter().take(SHOWN) {
            one(finding, clock, palette, out);
        }
        if let Some(more) = shown.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            _ = writeln!(out, "  and {}", counted(more as u64, "more call site", "more call sites"));
        }
        out.push('\n');
    }
    for (rule, count) in &report.others {
        _ = writeln!(out, "{rule}: {} more, not grouped by call site", grouped(*count));
    }
    summary(report, palette, out);
}

fn one(finding: &Finding, clock: &mut Clock, palette: &Palette, out: &mut String) {
    let known = if finding.known == Some(true) { " (known)" } else { "" };
    let count = format!("{:>9} x", grouped(finding.count));
    let what = finding.describe();
    let what = if what.is_empty() { "entries without a target and a message" } else { &what };
    _ = writeln!(out, "{count} {}{known}", safe(what, palette));
    let place = finding.places.first().map(|place| {
        let file = safe(&place.file.display().to_string(), palette);
        match place.line {
            Some(line) => format!("{file}:{line}"),
            None if place.offset > 0 => format!("{file}, offset {}", place.offset),
            None => file,
        }
    });
    let when = finding.times.map(|(from, _)| format!("first {}", clock.describe(from)));
    let where_and_when: Vec<String> = place.into_iter().chain(when).collect();
    _ = writeln!(out, "            {}", palette.dim.of(where_and_when.join(", ")));
}

fn summary(report: &Report, palette: &Palette, out: &mut String) {
    let count = |level| {
        report.findings.iter().filter(|finding| finding.level == level && finding.known != Some(true)).count()
            as u64
    };
    let parts: Vec<String> = [
        (Level::Error, "error", "errors"),
        (Level::Warning, "warning", "warnings"),
        (Level::Note, "note", "notes"),
    ]
    .into_iter()
    .map(|(level, one, many)| (level, counted(count(level), one, many), count(level)))
    .filter(|(_, _, found)| *found > 0)
    .map(|(level, text, _)| paint(level, palette).of(text))
    .collect();
    let known = report.findings.iter().filter(|finding| finding.known == Some(true)).count() as u64;
    let known = if known > 0 { format!("; {} known", grouped(known)) } else { String::new() };
    let found = if parts.is_empty() { palette.good.of("no findings") } else { parts.join(", ") };
    _ = writeln!(out, "{found} in {}{known}", counted(report.entries, "entry", "entries"));
}

/// Appends the explanation of a rule to `out`.
pub(crate) fn explain(rule: &Held, palette: &Palette, out: &mut String) {
    let level = rule.level.map_or("off", Level::name);
    _ = writeln!(out, "{} {} ({level})\n\n{}", palette.strong.of(&rule.id), rule.name, rule.what);
    for (title, text) in [("Why", &rule.why), ("What to do", &rule.fix)] {
        if !text.is_empty() {
            _ = writeln!(out, "\n{}: {text}", palette.strong.of(title));
        }
    }
}

/// Appends the list of rules to `out`.
pub(crate) fn list(rules: &[Held], palette: &Palette, out: &mut String) {
    for rule in rules {
        let level = match rule.level {
            Some(level) => paint(level, palette).of(format_args!("{:<7}", level.name())),
            None => palette.dim.of(format_args!("{:<7}", "off")),
        };
        _ = writeln!(out, "{:<6} {level} {:<20} {}", rule.id, rule.name, rule.what);
    }
}

fn paint(level: Level, palette: &Palette) -> &Paint {
    match level {
        Level::Error => &palette.bad,
        Level::Warning => &palette.fuse,
        Level::Note => &palette.target,
    }
}

fn safe(text: &str, palette: &Palette) -> String {
    let mut safe = String::new();
    escape::push_line(text.as_bytes(), &palette.escape, &mut safe);
    safe
}
