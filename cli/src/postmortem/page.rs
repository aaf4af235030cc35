//! The HTML page of a post-mortem.

use maud::{Markup, html};

use super::report::{Finding, Interval, LEVELS, LastEntry, MemoryPoint, Process, Report, Site};
use super::words::{candidate, producer, signed};
use crate::html::{Bars, Chart, Line, Unit, page, shown, table};
use crate::output::numbers::{bytes, counted, grouped, lasted};
use crate::output::producer::End;
use crate::output::time::Clock;

/// Returns the HTML page.
pub(crate) fn write(report: &Report, clock: &mut Clock) -> String {
    let title = match &report.process {
        Some(process) => format!("Post-mortem of {}", producer(process)),
        None => format!("Post-mortem of {}", report.paths.join(", ")),
    };
    let body = html! {
        (head(report, clock))
        h2 { "Findings" }
        (verdicts(report))
        (timeline(report, clock))
        (sites(report))
        (threads(report, clock))
        (kernel(report, clock))
        (segments(report))
    };
    page(&title, &body)
}

fn head(report: &Report, clock: &mut Clock) -> Markup {
    let (from, to) = (clock.describe(report.window.0), clock.describe(report.window.1));
    let Some(process) = &report.process else {
        return html! {
            h1 { (shown(&report.paths.join(", "))) }
            p.dim { "files of lines or frames, " (from) " to " (to) "; the producer is unknown" }
        };
    };
    let (class, end) = match process.end {
        End::Alive => ("lives", "is alive"),
        End::Stopped => ("lives", "stopped"),
        End::Died => ("died", "died"),
        End::Unknown => ("dim", "has an unknown end"),
    };
    html! {
        h1 { (shown(&producer(process))) " " span class=(class) { (end) } }
        dl {
            @for (title, fact) in process.facts(clock) { dt { (title) } dd { (shown(&fact)) } }
            dt { "input" } dd { (shown(&report.paths.join(", "))) ", from " (from) " to " (to) }
            @if !report.others.is_empty() { dt { "other processes" } dd { (others(&report.others, clock)) } }
        }
    }
}

fn others(others: &[Process], clock: &mut Clock) -> String {
    let named: Vec<String> = others.iter().take(5).map(|process| shown(&candidate(process, clock))).collect();
    let more = others.len().saturating_sub(named.len());
    if more > 0 { format!("{}, and {more} more", named.join("; ")) } else { named.join("; ") }
}

fn verdicts(report: &Report) -> Markup {
    html! {
        ol.verdicts {
            @for verdict in &report.verdicts {
                li class=[(verdict.found == Finding::Found).then_some("found")] {
                    p { @if verdict.found == Finding::Unknown { "? " } (shown(&verdict.text)) }
                    p.because { span.rule { (verdict.rule) } ": " (shown(&verdict.because)) }
                }
            }
        }
    }
}

fn timeline(report: &Report, clock: &mut Clock) -> Markup {
    let memory = memory(report).map(|chart| chart.draw(clock));
    let has = |of: fn(&Interval) -> u64| report.volume.intervals.iter().any(|interval| of(interval) > 0);
    let entries = has(|interval| interval.entries.iter().sum())
        .then(|| volume(report, "Entries by level", Unit::Count, |interval| interval.entries).draw(clock));
    let sizes = has(|interval| interval.bytes.iter().sum())
        .then(|| volume(report, "Bytes by level", Unit::Bytes, |interval| interval.bytes).draw(clock));
    let trips = has(|interval| interval.tripped + interval.dropped).then(|| trips(report).draw(clock));
    html! {
        h2 { "Timeline" }
        @match memory { Some(chart) => (chart), None => p.dim { "The log contains no samples of the memory recorder." } }
        @if !report.growth.is_empty() {
            p.dim { "growth: " (report.growth.iter().map(|growth| format!("{}/s over the last {}", signed(growth.per_second), lasted(growth.nanos))).collect::<Vec<_>>().join(", ")) }
        }
        @for chart in [entries, sizes, trips].into_iter().flatten() { (chart) }
    }
}

/// Returns the times of important events and their labels.
fn marks(report: &Report) -> Vec<(u64, String)> {
    let mut marks: Vec<(u64, String)> = Vec::new();
    if let Some(process) = &report.process {
        marks.extend(process.last.map(|last| (last, "last entry".to_owned())));
    }
    marks.extend(report.kernel.iter().filter_map(|kill| Some((kill.time?, "killed".to_owned()))));
    marks.extend(
        report
            .verdicts
            .iter()
            .filter(|verdict| verdict.found == Finding::Found)
            .filter_map(|verdict| Some((verdict.at?, verdict.rule.to_owned()))),
    );
    // The marks are in the order of time, so that labels of adjacent marks have different heights.
    marks.sort();
    marks.truncate(8);
    marks
}

fn memory(report: &Report) -> Option<Chart> {
    let line = |name: &str, filled, of: fn(&MemoryPoint) -> Option<u64>| {
        let points: Vec<(u64, f64)> =
            report.memory.iter().filter_map(|point| Some((point.time, of(point)? as f64))).collect();
        (!points.is_empty()).then(|| Line { name: name.to_owned(), points, filled })
    };
    let lines: Vec<Line> = [
        line("heap and stacks (anonymous)", true, MemoryPoint::heap),
        line("resident", false, |point| point.resident),
        line("allocated", false, |point| point.allocated),
        line("cgroup without inactive page cache", false, |point| point.container),
    ]
    .into_iter()
    .flatten()
    .collect();
    let highest = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1)).fold(0.0, f64::max);
    let limit = report.memory.last()?.limit?;
    // A limit of four times the highest value or more would flatten the curves.
    let limit = ((limit as f64) < highest * 4.0).then(|| (limit as f64, format!("limit {}", bytes(limit))));
    (!lines.is_empty()).then(|| Chart {
        title: format!("Memory ({})", counted(report.memory.len() as u64, "sample", "samples")),
        unit: Unit::Bytes,
        span: report.window,
        lines,
        bars: None,
        limit,
        marks: marks(report),
    })
}

fn volume(report: &Report, title: &str, unit: Unit, of: fn(&Interval) -> [u64; LEVELS.len()]) -> Chart {
    bars(report, title, unit, LEVELS.to_vec(), |interval| of(interval).to_vec())
}

fn trips(report: &Report) -> Chart {
    let of = |interval: &Interval| vec![interval.tripped, interval.dropped];
    bars(report, "Entries with trips, and dropped entries", Unit::Count, vec!["tripped", "dropped"], of)
}

fn bars(
    report: &Report,
    title: &str,
    unit: Unit,
    names: Vec<&'static str>,
    of: impl Fn(&Interval) -> Vec<u64>,
) -> Chart {
    let values = report.volume.intervals.iter().map(of).collect();
    Chart {
        title: format!("{title}, per interval of {}", lasted(report.volume.step)),
        unit,
        span: report.window,
        lines: Vec::new(),
        bars: Some(Bars { since: report.volume.since, step: report.volume.step, names, values }),
        limit: None,
        marks: Vec::new(),
    }
}

fn sites(report: &Report) -> Markup {
    let sites = &report.sites;
    let list = |title: &str, sites: &[Site]| {
        let row = |site: &Site| {
            vec![
                grouped(site.counts.entries),
                bytes(site.counts.bytes),
                bytes(site.largest),
                grouped(site.errors),
                grouped(site.counts.tripped),
                site.target.clone(),
                site.message.clone(),
                site.source.clone().unwrap_or_default(),
            ]
        };
        let rows: Vec<Vec<String>> = sites.iter().map(row).collect();
        let titles = ["entries", "bytes", "largest", "errors", "trips", "target", "message", "source"];
        html! { @if !rows.is_empty() { h3 { (title) } (table(&titles, &[true; 5], &rows)) } }
    };
    let over = lasted(report.window.1.saturating_sub(report.recent_since));
    html! {
        h2 { "Call sites in the last " (over) }
        p.dim { (counted(sites.total.entries, "entry", "entries")) ", " (bytes(sites.total.bytes)) ", " (counted(sites.total.tripped, "entry with trips", "entries with trips")) }
        (list("by bytes", &sites.by_bytes))
        (list("by entries", &sites.by_entries))
        (list("by trips", &sites.by_trips))
        @if sites.others > 0 { p.dim { (counted(sites.others, "entry", "entries")) " of further call sites, counted in the totals only" } }
    }
}

fn threads(report: &Report, clock: &mut Clock) -> Markup {
    let mut entry = |entry: &LastEntry| {
        let mut time = String::new();
        clock.write(entry.time, &mut time);
        html! {
            p.entry {
                span.dim { (time) } " " b { (entry.level) } " " (shown(&entry.target)) " " b { (shown(&entry.message)) }
                @if entry.attributes != "{}" { " " (shown(&entry.attributes)) }
                @if entry.tripped { " " span.cut { "(limited by the circuit breaker)" } }
            }
        }
    };
    html! {
        @if !report.threads.is_empty() {
            h2 { "Last entries of each thread" }
            @for thread in &report.threads {
                h3 { @if thread.name.is_empty() { "unknown thread" } @else { (shown(&thread.name)) } }
                @for last in &thread.entries { (entry(last)) }
            }
            @if report.threads_left_out > 0 { p.dim { "and " (counted(report.threads_left_out, "more thread", "more threads")) } }
        }
    }
}

fn kernel(report: &Report, clock: &mut Clock) -> Markup {
    let rows: Vec<Vec<String>> = report
        .kernel
        .iter()
        .map(|kill| {
            vec![
                kill.time.map(|time| clock.describe(time)).unwrap_or_else(|| "unknown".to_owned()),
                format!(
                    "{} {}",
                    kill.task.as_deref().unwrap_or_default(),
                    kill.pid.map(|pid| pid.to_string()).unwrap_or_default()
                ),
                kill.facts().join(", "),
                kill.matched_by.to_owned(),
                kill.place.clone(),
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Kernel records" }
            (table(&["time", "process", "details", "matched by", "source"], &[], &rows))
        }
    }
}

fn segments(report: &Report) -> Markup {
    let Some(process) = report.process.as_ref().filter(|process| !process.unsealed.is_empty()) else {
        return html! {};
    };
    html! {
        h2 { "Unsealed segments" }
        @for name in process.unsealed.iter().take(50) { p.entry { (shown(name)) } }
        p.dim { "Readers read an unsealed segment up to its last complete entry. No complete entry is lost." }
    }
}
