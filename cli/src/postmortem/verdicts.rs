//! The verdicts of a post-mortem. Each verdict contains its rule, its numbers and its threshold.

use super::report::{Finding, Kill, MemoryPoint, Process, Report, Verdict};
use super::words::{name, signed};
use crate::output::numbers::{bytes, counted, grouped, lasted, total};
use crate::output::producer::End;
use crate::output::time::Clock;
use crate::statistics::{self, Series};

/// Minimum used share of a limit at which the limit counts as reached.
const AT_LIMIT: f64 = 0.9;

/// Minimum share of the memory limit at which a log on tmpfs counts as a cause.
const LOG_IN_MEMORY: f64 = 0.25;

/// Minimum share of the bytes or trips at which a call site is dominant.
const DOMINANT: f64 = 0.5;

/// Minimum number of lines for a verdict about missing lines.
const LINES: u64 = 20;

/// Threshold of the correlation coefficient. If the 95 % interval is above it, two series correlate.
const TOGETHER: f64 = 0.3;

/// Returns all verdicts: first the conditions that apply, then the conditions that do not apply, then the unknown ones.
pub(super) fn all(report: &Report, clock: &mut Clock) -> Vec<Verdict> {
    let mut verdicts =
        vec![death(report, clock), limit(report, clock), leak(report, clock), parted(report, clock)];
    verdicts.push(volume(report));
    verdicts.extend(in_memory(report));
    verdicts.extend(dominant(report, clock));
    verdicts.extend(tripping(report));
    verdicts.extend(dropped(report));
    verdicts.extend(missing_lines(report, clock));
    verdicts.sort_by_key(|verdict| verdict.found);
    verdicts
}

fn verdict(
    rule: &'static str,
    found: Finding,
    text: impl Into<String>,
    because: impl Into<String>,
) -> Verdict {
    Verdict { rule, found, text: text.into(), because: because.into(), at: None }
}

impl Verdict {
    fn since(mut self, at: Option<u64>) -> Self {
        self.at = at;
        self
    }
}

/// Determines how the process ended.
fn death(report: &Report, clock: &mut Clock) -> Verdict {
    const RULE: &str = "death";
    let Some(process) = &report.process else {
        return verdict(
            RULE,
            Finding::Unknown,
            "the end of the process is unknown",
            "the input has no segments; files of lines or frames do not identify the process that wrote them",
        );
    };
    if let Some(kill) = report.kernel.first() {
        return killed(process, kill, clock);
    }
    let at = process.last.map(|last| clock.describe(last)).unwrap_or_default();
    match process.end {
        End::Alive => {
            verdict(RULE, Finding::NotFound, "the process is alive", "it holds the lock on its segment")
        }
        End::Stopped => verdict(
            RULE,
            Finding::NotFound,
            "the process stopped: it closed its log or exited with status 0",
            format!("the last of {} has a close record", counted(process.segments, "segment", "segments")),
        ),
        End::Unknown => {
            let because = if process.unsealed.is_empty() {
                "the last segment is sealed and has no close record: an import or an earlier version wrote it, or later segments were deleted"
            } else {
                "the file system of its segments does not support locks"
            };
            verdict(RULE, Finding::Unknown, "the end of the process is unknown", because)
        }
        End::Died => {
            let unfinished = match process.unfinished_count {
                0 => "no append was incomplete".to_owned(),
                count => format!("{} incomplete", counted(count, "append was", "appends were")),
            };
            let kernel = if report.kernel_was_asked {
                "the kernel log has no record of the process; possible causes: a signal, an abort, or a kernel log that does not cover this time"
            } else {
                "pass --kern-log to search the kernel log for a kill"
            };
            let boot = if process.other_boot { "; the machine has restarted since then" } else { "" };
            verdict(
                RULE,
                Finding::Found,
                format!("the process died after {at} without closing its log"),
                format!(
                    "its lock is free and its last segment has no close record, {} unsealed; {unfinished}{boot}; {kernel}",
                    counted(process.unsealed.len() as u64, "segment is", "segments are")
                ),
            )
        }
    }
}

fn killed(process: &Process, kill: &Kill, clock: &mut Clock) -> Verdict {
    let did = if kill.confirmed { "killed" } else { "selected" };
    let when = kill.time.or(process.last).map(|time| clock.describe(time)).unwrap_or_default();
    let what = match (&kill.group, kill.limit) {
        (Some(group), Some(limit)) => format!("the memory limit of {group}, {}, was reached", bytes(limit)),
        (Some(group), None) => format!("the memory limit of {group} was reached"),
        _ => "the machine was out of memory".to_owned(),
    };
    let sizes: Vec<String> = [
        ("anon-rss", kill.anon_rss),
        ("file-rss", kill.file_rss),
        ("shmem-rss", kill.shmem_rss),
        ("total-vm", kill.total_vm),
    ]
    .into_iter()
    .filter_map(|(name, size)| Some(format!("{name} {}", bytes(size?))))
    .collect();
    let behind = kill.behind_last.map_or_else(String::new, |nanos| {
        let side = if nanos < 0 { "before" } else { "after" };
        format!(", {} {side} the last entry", lasted(nanos.unsigned_abs()))
    });
    verdict(
        "death",
        Finding::Found,
        format!("the kernel's OOM killer {did} the process at {when}: {what}"),
        format!("{}: record matched by {}{behind}; {}", kill.place, kill.matched_by, sizes.join(", ")),
    )
}

/// Determines whether the process reached its memory limit.
fn limit(report: &Report, clock: &mut Clock) -> Verdict {
    const RULE: &str = "limit";
    let Some(last) = report.memory.last() else {
        return verdict(
            RULE,
            Finding::Unknown,
            "the memory use of the process is unknown",
            "the log contains no samples of the memory recorder",
        );
    };
    let (Some(share), Some(limit)) = (last.share, last.limit) else {
        return verdict(
            RULE,
            Finding::Unknown,
            "the memory limit of the process is unknown",
            format!("no limit is recorded in {}", counted(report.memory.len() as u64, "sample", "samples")),
        );
    };
    let before = match report.window.1.saturating_sub(last.time) {
        0 => "taken at the last entry".to_owned(),
        nanos => format!("taken {} before the last entry", lasted(nanos)),
    };
    let because = format!(
        "the process used {:.1} % of {} in the last sample, {before}; the threshold is 90 %",
        share * 100.0,
        bytes(limit)
    );
    if share < AT_LIMIT {
        return verdict(
            RULE,
            Finding::NotFound,
            "the process was below 90 % of its memory limit at the end",
            because,
        );
    }
    let first = report
        .memory
        .iter()
        .rev()
        .take_while(|point| point.share.is_some_and(|share| share >= AT_LIMIT))
        .last();
    let since = first.map(|first| clock.describe(first.time)).unwrap_or_default();
    verdict(
        RULE,
        Finding::Found,
        format!("the process used 90 % or more of its memory limit from {since} on"),
        because,
    )
    .since(first.map(|first| first.time))
}

fn series(points: &[MemoryPoint], of: impl Fn(&MemoryPoint) -> Option<u64>) -> Series {
    Series::new(points.iter().filter_map(|point| Some((point.time, of(point)?))))
}

/// Determines whether memory leaked.
fn leak(report: &Report, clock: &mut Clock) -> Verdict {
    const RULE: &str = "leak";
    let series = series(&report.memory, MemoryPoint::heap);
    let Some(leak) = statistics::leak(&series) else {
        let found = counted(series.len() as u64, "sample", "samples");
        return verdict(
            RULE,
            Finding::Unknown,
            "a memory leak can be neither confirmed nor excluded",
            format!(
                "found {found}; the test needs at least {}, spread over the whole time",
                statistics::SAMPLES
            ),
        );
    };
    let slope = leak.slope.map_or_else(String::new, |slope| {
        format!(
            ", slope {}/s (95 % interval {}/s to {}/s)",
            signed(slope.per_second),
            signed(slope.interval.0),
            signed(slope.interval.1)
        )
    });
    let after = if leak.before > 0.0 {
        let before = lasted((leak.before * 1e9) as u64);
        format!(", after {before} in which memory varied by less than a quarter of the growth")
    } else {
        String::new()
    };
    let because = format!(
        "{} over {}{after}; minima of 16 intervals: trend p {}{slope}, {} of {} steps rise, growth {}, largest step {:.0} % of the growth; \
         thresholds: p < {}, {} of 15 rising steps or an even rise of the minima of 4 intervals, largest step 40 %",
        counted(leak.samples as u64, "sample", "samples"),
        lasted((leak.seconds * 1e9) as u64),
        small(leak.p),
        leak.rises.0,
        leak.rises.1,
        signed(leak.growth),
        (leak.greatest * 100.0).clamp(-999.0, 999.0),
        statistics::SIGNIFICANCE,
        statistics::RISES,
    );
    match leak.but {
        Some(but) => verdict(RULE, Finding::NotFound, format!("no memory leak is detected: {but}"), because),
        None => {
            let at = began(&report.memory);
            let began = at.map(|time| format!(" from {} on", clock.describe(time))).unwrap_or_default();
            verdict(
                RULE,
                Finding::Found,
                format!("memory leak: growth of {}{began}", signed(leak.growth)),
                because,
            )
            .since(at)
        }
    }
}

/// Returns the start of the growth: the time of the last sample with at most a tenth of the increase.
fn began(memory: &[MemoryPoint]) -> Option<u64> {
    let heaps: Vec<(u64, u64)> =
        memory.iter().filter_map(|point| Some((point.time, point.heap()?))).collect();
    let (least, last) = (heaps.iter().map(|heap| heap.1).min()?, heaps.last()?.1);
    let level = least + last.saturating_sub(least) / 10;
    heaps.iter().rev().find(|(_, heap)| *heap <= level).map(|(time, _)| *time)
}

/// Determines whether resident memory grew faster than allocated memory.
fn parted(report: &Report, clock: &mut Clock) -> Verdict {
    const RULE: &str = "parting";
    let allocated = series(&report.memory, |point| point.allocated);
    let resident = series(&report.memory, |point| point.allocator_resident.or(point.heap()));
    if allocated.len() == 0 {
        return verdict(
            RULE,
            Finding::Unknown,
            "the gap between resident and allocated memory cannot be judged",
            "no sample contains the number of allocated bytes",
        );
    }
    if allocated.len().min(resident.len()) < statistics::PARTING_SAMPLES {
        return verdict(
            RULE,
            Finding::Unknown,
            "the gap between resident and allocated memory cannot be judged",
            format!(
                "found {}; the test needs at least {}",
                counted(allocated.len() as u64, "sample", "samples"),
                statistics::PARTING_SAMPLES
            ),
        );
    }
    match statistics::parting(&resident, &allocated) {
        Some(parting) => {
            let at = clock.describe(parting.time);
            verdict(
                RULE,
                Finding::Found,
                format!(
                    "resident memory grew faster than allocated memory from {at} on: fragmentation, or memory that the allocator retains"
                ),
                format!(
                    "the gap is {} before and {} at the end; CUSUM {:.2}; thresholds: CUSUM 1.63 (1 % level) and a permanent widening by 10 %, \
                     4 MiB and 5 percentage points of the resident memory",
                    signed(parting.before),
                    signed(parting.after),
                    parting.statistic
                ),
            )
            .since(Some(parting.time))
        }
        None => verdict(
            RULE,
            Finding::NotFound,
            "resident memory followed allocated memory",
            format!(
                "over {} the gap did not widen significantly and permanently by 10 %, 4 MiB and 5 percentage points of the resident memory",
                counted(allocated.len() as u64, "sample", "samples")
            ),
        ),
    }
}

/// Determines whether memory grew together with the log volume.
fn volume(report: &Report) -> Verdict {
    const RULE: &str = "log-volume-and-memory";
    let heap = series(&report.memory, MemoryPoint::heap);
    let first = report.memory.first().map_or(0, |point| point.time);
    let mut total = 0;
    let logged = report.volume.intervals.iter().enumerate().map(|(at, interval)| {
        total += interval.bytes.iter().sum::<u64>();
        (report.volume.since.saturating_add(report.volume.step * (at as u64 + 1)), total)
    });
    let logged: Vec<(u64, u64)> = logged.filter(|(end, _)| *end >= first).collect();
    let Some(found) = statistics::correlation(&heap, &Series::new(logged)) else {
        return verdict(
            RULE,
            Finding::Unknown,
            "a link between log volume and memory growth can be neither confirmed nor excluded",
            "the test needs 20 intervals with both values, and both must change",
        );
    };
    let because = format!(
        "Spearman's coefficient of the increments, controlled for time, over {} (effectively {:.0}): {:.2}, 95 % interval {:.2} to {:.2}; the whole interval must be above {TOGETHER}",
        counted(found.steps as u64, "interval", "intervals"),
        found.effective,
        found.coefficient,
        found.interval.0,
        found.interval.1
    );
    if found.interval.0 > TOGETHER {
        verdict(RULE, Finding::Found, "memory grew together with the log volume", because)
    } else if found.interval.1 <= TOGETHER {
        verdict(RULE, Finding::NotFound, "memory did not grow together with the log volume", because)
    } else {
        verdict(
            RULE,
            Finding::Unknown,
            "a link between log volume and memory growth can be neither confirmed nor excluded",
            because,
        )
    }
}

/// Determines whether the files of the log used the memory. Files on tmpfs count against the memory limit.
fn in_memory(report: &Report) -> Option<Verdict> {
    const RULE: &str = "log-in-memory";
    let held = report.log_in_memory?;
    let limit = report.kernel.first().and_then(|kill| kill.limit);
    let limit = limit.or_else(|| report.memory.last().and_then(|point| point.limit));
    let Some(limit) = limit.filter(|limit| *limit > 0) else {
        return Some(verdict(
            RULE,
            Finding::Unknown,
            format!("the files of the log use {} of memory: the log directory is on tmpfs", bytes(held)),
            "neither a kill record nor a memory sample contains a memory limit",
        ));
    };
    let share = held as f64 / limit as f64;
    let because = format!(
        "the log directory is on tmpfs and its files use {} of the limit of {}: {:.0} %; the threshold is {:.0} %",
        bytes(held),
        bytes(limit),
        share * 100.0,
        LOG_IN_MEMORY * 100.0
    );
    Some(if share >= LOG_IN_MEMORY {
        verdict(RULE, Finding::Found, "the files of the log used a large part of the memory limit", because)
    } else {
        verdict(
            RULE,
            Finding::NotFound,
            "the files of the log used a small part of the memory limit",
            because,
        )
    })
}

/// Determines whether one call site logged most of the bytes.
fn dominant(report: &Report, clock: &mut Clock) -> Option<Verdict> {
    let top = report.sites.by_bytes.first()?;
    let share = top.counts.bytes as f64 / report.sites.total.bytes.max(1) as f64;
    let over = lasted(report.window.1.saturating_sub(report.recent_since));
    let because = format!(
        "{} of {} in the last {over} ({:.0} %); {}, the largest {}; the threshold is 50 %",
        bytes(top.counts.bytes),
        bytes(report.sites.total.bytes),
        share * 100.0,
        counted(top.counts.entries, "entry", "entries"),
        bytes(top.largest),
    );
    Some(if share >= DOMINANT {
        let since = clock.describe(top.times.0);
        verdict(
            "call-site-by-bytes",
            Finding::Found,
            format!("one call site logged most of the bytes: {}, from {since} on", name(top)),
            because,
        )
    } else {
        verdict(
            "call-site-by-bytes",
            Finding::NotFound,
            "no single call site logged most of the bytes",
            because,
        )
    })
}

/// Determines whether one call site caused most trips of the circuit breaker.
fn tripping(report: &Report) -> Option<Verdict> {
    let top = report.sites.by_trips.first()?;
    let share = top.counts.tripped as f64 / report.sites.total.tripped.max(1) as f64;
    let because = format!(
        "the circuit breaker tripped in {} of {} in the last {}; {} of them ({:.0} %) at the top call site; the threshold is 50 %",
        grouped(report.sites.total.tripped),
        counted(report.sites.total.entries, "entry", "entries"),
        lasted(report.window.1.saturating_sub(report.recent_since)),
        grouped(top.counts.tripped),
        share * 100.0
    );
    let found = if share >= DOMINANT { Finding::Found } else { Finding::NotFound };
    let text = if found == Finding::Found {
        format!("one call site caused most trips of the circuit breaker: {}", name(top))
    } else {
        "no single call site caused most trips of the circuit breaker".to_owned()
    };
    Some(verdict("call-site-by-trips", found, text, because))
}

/// Returns a verdict if the log dropped entries.
fn dropped(report: &Report) -> Option<Verdict> {
    let process = report.process.as_ref().filter(|process| !process.dropped.is_empty())?;
    let total = total(process.dropped.iter().map(|(_, count)| *count));
    let causes: Vec<String> =
        process.dropped.iter().map(|(cause, count)| format!("{cause} {}", grouped(*count))).collect();
    Some(verdict(
        "dropped",
        Finding::Found,
        format!("{} dropped", counted(total, "entry was", "entries were")),
        format!("loss records by cause: {}", causes.join(", ")),
    ))
}

/// Determines whether the last lines in files next to the segments are missing, for example lines in a buffer.
fn missing_lines(report: &Report, clock: &mut Clock) -> Option<Verdict> {
    let lines = &report.lines;
    let process =
        report.process.as_ref().filter(|process| process.end == End::Died && lines.count >= LINES)?;
    let silence = process.last?.saturating_sub(lines.last);
    let because = format!(
        "{} up to {}, at most {} apart; the binary log continues for {} after the last line; the threshold is ten times the largest gap and at least 500 ms",
        counted(lines.count, "line", "lines"),
        clock.describe(lines.last),
        lasted(lines.longest_gap),
        lasted(silence)
    );
    let found = silence > lines.longest_gap.saturating_mul(10) && silence > 500_000_000;
    Some(if found {
        let text = format!(
            "the text lines of the last {} are missing: the process died before it wrote them",
            lasted(silence)
        );
        verdict("missing-lines", Finding::Found, text, because)
    } else {
        verdict("missing-lines", Finding::NotFound, "the text lines continue to the end of the log", because)
    })
}

fn small(p: f64) -> String {
    if p < 0.000_1 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}
