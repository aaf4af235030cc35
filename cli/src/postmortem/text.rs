//! The terminal output of a post-mortem.

use std::fmt::{Display, Write};

use super::report::{Finding, LEVELS, MemoryPoint, Report, Site};
use super::words::{candidate, name, producer, signed};
use crate::output::colour::{Paint, Palette};
use crate::output::escape;
use crate::output::numbers::{bytes, counted, grouped, lasted, total};
use crate::output::producer::End;
use crate::output::time::Clock;
use crate::output::wrap;

/// Maximum number of rows of the memory table.
const ROWS: usize = 20;

/// A printer of the report.
pub(crate) struct Printer<'a> {
    pub(crate) report: &'a Report,
    pub(crate) clock: &'a mut Clock,
    pub(crate) palette: &'a Palette,
    /// Width of the output in columns.
    pub(crate) columns: usize,
    pub(crate) out: &'a mut String,
}

impl Printer<'_> {
    /// Appends the complete report to the output.
    pub(crate) fn print(&mut self) {
        self.process();
        self.verdicts();
        self.memory();
        self.sites();
        self.threads();
        self.kernel();
    }

    /// Appends a line to the output.
    fn line(&mut self, text: impl Display) {
        // A write to a `String` cannot fail.
        _ = writeln!(self.out, "{text}");
    }

    fn title(&mut self, text: impl Display) {
        let text = self.palette.strong.of(text);
        self.line(format_args!("\n{text}"));
    }

    fn safe(&self, text: &str) -> String {
        let mut safe = String::new();
        escape::push_line(text.as_bytes(), &self.palette.escape, &mut safe);
        safe
    }

    /// Appends a long text in several lines. Each line begins with `indent` blanks.
    fn wrapped(&mut self, indent: usize, paint: &Paint, text: &str) {
        let width = self.columns.saturating_sub(indent).max(30);
        for line in wrap::lines(text, width) {
            let line = paint.of(self.safe(&line));
            self.line(format_args!("{:indent$}{line}", ""));
        }
    }

    fn process(&mut self) {
        let Some(process) = &self.report.process else {
            let (from, to) = self.report.window;
            let (from, to) = (self.clock.describe(from), self.clock.describe(to));
            return self.line(format_args!("files of lines or frames, {from} to {to}"));
        };
        let end = match process.end {
            End::Alive => self.palette.good.of("is alive"),
            End::Stopped => self.palette.good.of("stopped"),
            End::Died => self.palette.bad.of("died"),
            End::Unknown => self.palette.fuse.of("has an unknown end"),
        };
        let title = self.palette.strong.of(self.safe(&producer(process)));
        self.line(format_args!("{title} {end}"));
        for (title, fact) in process.facts(self.clock) {
            self.fact(title, &fact);
        }
        for other in self.report.others.iter().take(5) {
            let other = candidate(other, self.clock);
            self.fact("others", &other);
        }
        if let Some(more) = self.report.others.len().checked_sub(5).filter(|more| *more > 0) {
            self.fact("", &format!("and {}", counted(more as u64, "more process", "more processes")));
        }
    }

    fn fact(&mut self, title: &str, text: &str) {
        let title = self.palette.dim.of(format_args!("{title:<13}"));
        let text = self.safe(text);
        self.line(format_args!("  {title}{text}"));
    }

    fn verdicts(&mut self) {
        self.title("Findings");
        let palette = self.palette;
        for verdict in &self.report.verdicts {
            let (mark, paint) = match verdict.found {
                Finding::Found => ("!", &palette.bad),
                Finding::NotFound => ("-", &palette.dim),
                Finding::Unknown => ("?", &palette.dim),
            };
            let start = self.out.len();
            self.wrapped(
                4,
                if verdict.found == Finding::Found { &palette.strong } else { &palette.dim },
                &verdict.text,
            );
            // The mark replaces the first blanks.
            self.out.replace_range(start..start + 4, &format!("  {} ", paint.of(mark)));
            self.wrapped(4, &palette.dim, &format!("[{}] {}", verdict.rule, verdict.because));
        }
    }

    fn memory(&mut self) {
        let report = self.report;
        let heaps: Vec<&MemoryPoint> = report.memory.iter().filter(|point| point.heap().is_some()).collect();
        let (Some(first), Some(last)) = (heaps.first(), heaps.last()) else { return };
        self.title(format_args!("Memory ({})", counted(heaps.len() as u64, "sample", "samples")));
        let limit = last.limit.unwrap_or(0);
        let top = heaps.iter().filter_map(|point| point.resident.max(point.container)).max().unwrap_or(1);
        // A limit of four times the highest value or more would leave only short bars.
        let whole = if limit > 0 && limit < top.saturating_mul(4) { limit.max(top) } else { top };
        let width = self.columns.saturating_sub(52).clamp(10, 60);
        let title = format!(
            "  {:<12}  {:<width$}{:>9}{:>9}{:>9}  {:>7}",
            "TIME", "ANONYMOUS ▇ OTHER ░", "ANON", "TOTAL", "ALLOC", "LOGGED"
        );
        let title = self.palette.dim.of(title);
        self.line(title);
        let (span, mut shown, mut logged) = (last.time.saturating_sub(first.time), 0, first.log_bytes);
        for row in 0..ROWS.min(heaps.len()) {
            let rows = ROWS.min(heaps.len()) as u64;
            let passed = u128::from(span) * (row as u128 + 1) / u128::from(rows);
            let until = first.time.saturating_add(u64::try_from(passed).unwrap_or(span));
            let end = heaps.partition_point(|point| point.time <= until);
            let Some(point) = heaps[shown..end].last() else { continue };
            shown = end;
            self.row(point, &mut logged, whole, width);
        }
        if let Some(limit) = last.limit {
            let share = last.share.unwrap_or(0.0) * 100.0;
            self.line(format_args!("  last sample: {share:.1} % of the nearest limit, {}", bytes(limit)));
        }
        let growth: Vec<String> = report
            .growth
            .iter()
            .map(|growth| format!("{}/s over the last {}", signed(growth.per_second), lasted(growth.nanos)))
            .collect();
        if !growth.is_empty() {
            self.wrapped(2, &Paint::default(), &format!("growth: {}", growth.join(", ")));
        }
    }

    fn row(&mut self, point: &MemoryPoint, logged: &mut Option<u64>, whole: u64, width: usize) {
        let cells = |size: u64| (size as f64 / whole.max(1) as f64 * width as f64).round() as usize;
        let anonymous = point.heap().unwrap_or(0);
        let all = point.resident.max(point.container).unwrap_or(anonymous);
        let full = cells(anonymous).min(width);
        let rest = cells(all).min(width).saturating_sub(full);
        let bar =
            format!("{}{}{:blank$}", "▇".repeat(full), "░".repeat(rest), "", blank = width - full - rest);
        let near = point.share.is_some_and(|share| share >= 0.9);
        let bar = if near { self.palette.bad.of(bar) } else { bar };
        let written = logged.zip(point.log_bytes).map(|(before, now)| now.saturating_sub(before));
        *logged = point.log_bytes;
        let size = |size: Option<u64>| size.map_or_else(|| "-".to_owned(), bytes);
        let mut time = String::new();
        self.clock.write(point.time, &mut time);
        // The date is in the head of the report; here the time of day is sufficient.
        let time = time.get(11..23).unwrap_or("-");
        self.line(format_args!(
            "  {time}  {bar}{:>9}{:>9}{:>9}  {:>7}",
            size(Some(anonymous)).replace("iB", ""),
            size(Some(all)).replace("iB", ""),
            size(point.allocated).replace("iB", ""),
            size(written).replace("iB", ""),
        ));
    }

    fn sites(&mut self) {
        let sites = &self.report.sites;
        let over = lasted(self.report.window.1.saturating_sub(self.report.recent_since));
        self.title(format_args!(
            "Call sites in the last {over}: {}, {}, {}",
            counted(sites.total.entries, "entry", "entries"),
            bytes(sites.total.bytes),
            counted(sites.total.tripped, "entry with trips", "entries with trips")
        ));
        for (title, list) in
            [("BY BYTES", &sites.by_bytes), ("BY ENTRIES", &sites.by_entries), ("BY TRIPS", &sites.by_trips)]
        {
            if list.is_empty() {
                continue;
            }
            let head = format!(
                "  {:>12}{:>10}{:>10}{:>8}{:>8}  {title}",
                "ENTRIES", "BYTES", "LARGEST", "ERRORS", "TRIPS"
            );
            let head = self.palette.dim.of(head);
            self.line(head);
            for site in list.iter().take(5) {
                self.site(site);
            }
        }
        if sites.others > 0 {
            self.line(format_args!(
                "  {} of further call sites, counted in the totals only",
                counted(sites.others, "entry", "entries")
            ));
        }
        let dropped = total(self.report.volume.intervals.iter().map(|interval| interval.dropped));
        let mut levels = [0; LEVELS.len()];
        for interval in &self.report.volume.intervals {
            levels.iter_mut().zip(interval.entries).for_each(|(sum, count)| *sum += count);
        }
        let levels: Vec<String> = levels
            .iter()
            .zip(LEVELS)
            .filter(|(count, _)| **count > 0)
            .map(|(count, name)| format!("{name} {}", grouped(*count)))
            .collect();
        let over = lasted(self.report.window.1 - self.report.window.0);
        self.wrapped(
            2,
            &Paint::default(),
            &format!("entries in the last {over}: {}; dropped {}", levels.join(", "), grouped(dropped)),
        );
    }

    fn site(&mut self, site: &Site) {
        let room = self.columns.saturating_sub(52).max(20);
        let mut name = name(site);
        if let Some((at, _)) = name.char_indices().nth(room) {
            name.truncate(at);
        }
        let (name, tripped) = (self.safe(&name), site.counts.tripped);
        let trips = if tripped == 0 {
            format!("{:>8}", "-")
        } else {
            self.palette.fuse.of(format_args!("{:>8}", grouped(tripped)))
        };
        self.line(format_args!(
            "  {:>12}{:>10}{:>10}{:>8}{trips}  {name}",
            grouped(site.counts.entries),
            bytes(site.counts.bytes),
            bytes(site.largest),
            grouped(site.errors),
        ));
    }

    fn threads(&mut self) {
        let report = self.report;
        if report.threads.is_empty() {
            return;
        }
        self.title("Last entries of each thread");
        for thread in &report.threads {
            let name =
                if thread.name.is_empty() { "unknown thread".to_owned() } else { self.safe(&thread.name) };
            let name = self.palette.target.of(name);
            self.line(format_args!("  {name}"));
            for entry in &thread.entries {
                let mut time = String::new();
                self.clock.write(entry.time, &mut time);
                let cut = if entry.tripped {
                    self.palette.fuse.of(" (limited by the circuit breaker)")
                } else {
                    String::new()
                };
                let attributes = if entry.attributes == "{}" { "" } else { &entry.attributes };
                let room = self.columns.saturating_sub(42).max(40);
                let text: String =
                    format!("{} {} {attributes}", entry.target, entry.message).chars().take(room).collect();
                let (time, text) = (self.palette.dim.of(time), self.safe(text.trim()));
                self.line(format_args!("    {time} {:<5} {text}{cut}", entry.level));
            }
        }
        if report.threads_left_out > 0 {
            self.line(format_args!(
                "  and {}",
                counted(report.threads_left_out, "more thread", "more threads")
            ));
        }
    }

    fn kernel(&mut self) {
        let report = self.report;
        if report.kernel.is_empty() {
            return;
        }
        self.title("Kernel records");
        for kill in &report.kernel {
            let when = kill
                .time
                .map(|time| self.clock.describe(time))
                .unwrap_or_else(|| "at an unknown time".to_owned());
            let who = format!(
                "{} {}",
                kill.task.as_deref().unwrap_or("?"),
                kill.pid.map(|pid| pid.to_string()).unwrap_or_default()
            );
            self.wrapped(2, &Paint::default(), &format!("{when}: killed {who} ({})", kill.place));
            let facts = kill.facts();
            self.wrapped(4, &self.palette.dim, &facts.join(", "));
        }
    }
}
