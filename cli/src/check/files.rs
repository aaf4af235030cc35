//! The rules for files, for the shares of levels, and for dropped entries.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fusewire::log::{Life, Owner, Scanned};

use super::config::Config;
use super::entries::Inspector;
use super::findings::{Findings, Place};
use super::rules::*;
use crate::args::LineArgs;
use crate::input::spool::name_of;
use crate::output::losses;
use crate::output::numbers::{counted, lasted};

/// The role of a directory.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A directory of logs that are shipped and deleted soon.
    Local,
    /// A directory of logs that are kept for a long time.
    Archive,
}

/// Adds findings about unsealed segments and about the age of the entries.
pub(super) fn segments(
    paths: &[PathBuf],
    lines: &LineArgs,
    role: Option<Role>,
    config: &Config,
    now: u64,
    findings: &mut Findings,
) -> Result<()> {
    let mut span: Option<(u64, u64, PathBuf)> = None;
    for path in paths.iter().filter(|path| path.is_dir()) {
        let listing = lines.list(path).with_context(|| path.display().to_string())?;
        for segment in &listing.segments {
            if segment.life == Life::Crashed && segment.owner == Owner::Gone && segment.header.is_ok() {
                let detail = counted(segment.entries.unwrap_or(0), "entry", "entries");
                findings.add_of_file(UNSEALED, &name(&segment.path), detail, 1, Place::at(&segment.path, 0));
            }
        }
        let times = listing.segments.iter().filter_map(|segment| Some((segment.times?, &segment.path)));
        let of_files = listing.files.iter().filter_map(|file| Some((file.contents?.times?, &file.path)));
        for ((from, to), file) in times.chain(of_files) {
            let known = span.get_or_insert((from, to, file.clone()));
            if from < known.0 {
                (known.0, known.2) = (from, file.clone());
            }
            known.1 = known.1.max(to);
        }
    }
    let (Some(role), Some((from, _, file))) = (role, span) else { return Ok(()) };
    let age = now.saturating_sub(from);
    match role {
        Role::Local if age > config.thresholds.local_age.0 => {
            let detail = format!(
                "the oldest entry is {} old, expected at most {}",
                lasted(age),
                lasted(config.thresholds.local_age.0)
            );
            findings.add_of_file(TOO_OLD, "", detail, 1, Place::at(&file, 0));
        }
        Role::Archive if age < config.thresholds.archive_age.0 => {
            let detail = format!(
                "the oldest entry is {} old, expected at least {}",
                lasted(age),
                lasted(config.thresholds.archive_age.0)
            );
            findings.add_of_file(TOO_SHORT, "", detail, 1, Place::at(&file, 0));
        }
        _ => {}
    }
    Ok(())
}

/// Adds findings about lost bytes, invalid entries and unreadable files.
pub(super) fn damage<V>(scanned: &Scanned<V>, findings: &mut Findings) {
    for (path, range) in &scanned.lost {
        findings.add_of_file(
            DAMAGED,
            &name(path),
            losses::describe(range),
            range.len(),
            Place::at(path, range.start),
        );
    }
    for (path, offset, error) in &scanned.unreadable_entries {
        findings.add_of_file(
            DAMAGED,
            &name(path),
            losses::describe_invalid(error),
            1,
            Place::at(path, *offset),
        );
    }
    for (path, error) in &scanned.unreadable {
        findings.add_of_file(DAMAGED, &name(path), error.to_string(), 1, Place::at(path, 0));
    }
}

/// Adds findings about targets with many errors and about many debug entries.
pub(super) fn levels(found: &Inspector<'_>, config: &Config, first: &Path, findings: &mut Findings) {
    let thresholds = &config.thresholds;
    for (target, (entries, errors)) in &found.by_target {
        let share = *errors as f64 / *entries as f64;
        if *entries >= 100 && share > thresholds.errors {
            let detail = format!(
                "{errors} of {entries} entries ({:.0} %), expected at most {:.0} %",
                share * 100.0,
                thresholds.errors * 100.0
            );
            findings.add_of_file(MANY_ERRORS, target, detail, *errors, Place::at(first, 0));
        }
    }
    let share = found.debug as f64 / found.entries.max(1) as f64;
    if found.entries >= 1_000 && share > thresholds.debug {
        let detail = format!(
            "{} of {} entries ({:.0} %), expected at most {:.0} %",
            found.debug,
            found.entries,
            share * 100.0,
            thresholds.debug * 100.0
        );
        findings.add_of_file(MUCH_DEBUG, "", detail, found.debug, Place::at(first, 0));
    }
}

fn name(path: &Path) -> String {
    let path = name_of(path);
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
