//! The post-mortem of a process, from its log and the kernel's records.

mod gather;
mod kill;
pub(crate) mod page;
mod processes;
pub(crate) mod report;
mod sites;
pub(crate) mod text;
mod threads;
mod timeline;
mod verdicts;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::args::AccessArgs;
use crate::output::producer::End;
use crate::output::time::{Clock, Zone};
use gather::{Asked, gather};
use kill::KernelLog;
use processes::{Found, Known};
use report::{Kill, Report};

/// The options of a post-mortem.
pub(crate) struct Options<'a> {
    pub(crate) paths: &'a [PathBuf],
    /// Process id. If it is `None`, `choose` selects a process.
    pub(crate) pid: Option<u64>,
    /// Length of the examined time before the end, in nanoseconds.
    pub(crate) window: u64,
    /// Length of the time before the end in which call sites are counted, in nanoseconds.
    pub(crate) recent: u64,
    /// Number of last entries for each thread.
    pub(crate) keep: usize,
    /// Path of the kernel log.
    pub(crate) kern_log: Option<&'a Path>,
    /// Time zone of the output, and of times without a zone in a kernel log.
    pub(crate) zone: &'a Zone,
    pub(crate) access: &'a AccessArgs,
}

/// The report, and the problems that occurred during the examination.
pub(crate) struct Examined {
    pub(crate) report: Report,
    pub(crate) complaints: Vec<String>,
    pub(crate) unreadable: Vec<(PathBuf, std::io::Error)>,
    /// Whether the log has damage.
    pub(crate) is_damaged: bool,
}

/// Examines the log and creates the report.
///
/// # Errors
/// Returns an error if a path or the kernel log cannot be read, if no entry has a time, or if no process has the requested
/// id.
pub(crate) fn examine(options: &Options<'_>) -> Result<Examined> {
    let mut clock = Clock::new(options.zone.clone());
    let Found { mut processes, last_of_files, in_memory, unreadable } =
        processes::find(options.paths, &options.access.lines)?;
    let kernel = options.kern_log.map(kill::read).transpose()?;
    let subject = choose(&mut processes, options, kernel.as_ref()).with_context(|| names(options.paths))?;
    let (mut subject, kernel) = subject.unzip();
    let kernel = kernel.unwrap_or_default();
    // Later entries of other processes do not concern this process.
    let end = subject
        .as_ref()
        .map_or(last_of_files, |known| known.process.last.max(last_of_files_of(known, last_of_files)));
    let Some(end) = end else { bail!("{}: expected an entry with a time, found none", names(options.paths)) };
    // The window does not begin before the process.
    let began = subject.as_ref().map_or(0, |known| known.process.began);
    let window = (end.saturating_sub(options.window).max(began.min(end)), end);
    let asked = Asked {
        paths: options.paths,
        window,
        recent_since: end.saturating_sub(options.recent).max(window.0),
        keep: options.keep,
        access: options.access,
    };
    let gathered = gather(&asked, subject.as_mut())?;
    let memory = gathered.memory.into_points();
    let (threads, threads_left_out) = gathered.threads.into_ends();
    let process = subject.map(|known| known.process);
    let mut report = Report {
        paths: options.paths.iter().map(|path| path.display().to_string()).collect(),
        window,
        recent_since: asked.recent_since,
        verdicts: Vec::new(),
        kernel,
        log_in_memory: in_memory,
        kernel_was_asked: options.kern_log.is_some(),
        growth: timeline::growth(&memory),
        memory,
        volume: gathered.volume,
        lines: gathered.lines,
        sites: gathered.sites.into_sites(),
        threads,
        threads_left_out,
        process,
        others: processes.into_iter().map(|known| known.process).collect(),
    };
    report.verdicts = verdicts::all(&report, &mut clock);
    Ok(Examined { report, complaints: gathered.complaints, unreadable, is_damaged: gathered.is_damaged })
}

/// Removes the process of the report from `processes` and returns it with its kill records. If the options contain no process
/// id, this is the first process whose id is in a record. Otherwise it is the first process that matches a record by time, or
/// else the first process.
fn choose(
    processes: &mut Vec<Known>,
    options: &Options<'_>,
    kernel: Option<&KernelLog>,
) -> Result<Option<(Known, Vec<Kill>)>> {
    let kills = |known: &Known| match kernel {
        Some(log) => kill::find(log, &known.process, options.zone),
        None => Ok(Vec::new()),
    };
    if let Some(pid) = options.pid {
        let Some(at) = processes.iter().position(|known| known.process.pid == Some(pid)) else {
            let known: Vec<String> =
                processes.iter().filter_map(|known| known.process.pid).map(|pid| pid.to_string()).collect();
            bail!("expected a segment of process {pid}, found segments of process {}", known.join(", "))
        };
        let known = processes.remove(at);
        let kills = kills(&known)?;
        return Ok(Some((known, kills)));
    }
    let mut best: Option<(u8, usize, Vec<Kill>)> = None;
    for (at, known) in processes.iter().enumerate() {
        let found = kills(known)?;
        let rank = match found.first() {
            Some(kill) if kill::names_the_process(kill) => 0,
            // A process that closed its log was not killed.
            Some(_) if known.process.end != End::Stopped => 1,
            _ => 2,
        };
        if best.as_ref().is_none_or(|best| rank < best.0) {
            best = Some((rank, at, found));
        }
    }
    Ok(best.map(|(_, at, kills)| (processes.remove(at), kills)))
}

/// Returns the latest time in files if it is at most 10 s after the last entry of the process. Such lines are from this
/// process.
fn last_of_files_of(known: &Known, last_of_files: Option<u64>) -> Option<u64> {
    const NEAR: u64 = 10_000_000_000;
    let last = known.process.last?;
    last_of_files.filter(|time| *time <= last.saturating_add(NEAR))
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
