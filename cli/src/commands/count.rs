//! Counts of selected entries. Several threads scan the log.

use std::path::PathBuf;

use anyhow::{Context, Result};
use fusewire::log::{LogEvent, Scanned};
use fusewire::query::aggregate::{Aggregation, Counted};
use fusewire::segment::Wanted;

use crate::args::AccessArgs;
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::losses::{self, Holes};
use crate::output::{Terminal, progress, timeless};

/// Prints the number of selected entries in `paths`. `input` contains the paths of the command line.
pub(super) fn print(
    paths: &[PathBuf],
    input: &[PathBuf],
    selection: &Selection,
    access: &AccessArgs,
    terminal: &mut Terminal,
) -> Result<Outcome> {
    let counted = run(&Aggregation::new(), paths, selection, access)?;
    terminal.out.push_str(&format!("{}\n", counted.entries));
    let nothing = if counted.entries == 0 { Outcome::NoMatch } else { Outcome::Clean };
    Ok(nothing.max(report(&counted.scanned, input, terminal)?))
}

/// Counts the selected entries in `paths`.
pub(super) fn run(
    asked: &Aggregation,
    paths: &[PathBuf],
    selection: &Selection,
    access: &AccessArgs,
) -> Result<Counted> {
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let query = selection.to_query()?;
    let looking = progress::looking();
    let counted = asked.run(&access.scan(paths), &query).with_context(names);
    looking.finish_and_clear();
    counted
}

/// Reports lost bytes, invalid entries and unreadable files.
pub(super) fn report<V>(scanned: &Scanned<V>, input: &[PathBuf], terminal: &mut Terminal) -> Result<Outcome> {
    let mut outcome = Outcome::Clean;
    // The ranges of a file are adjacent and in order.
    for lost in scanned.lost.chunk_by(|(a, _), (b, _)| a == b) {
        let (mut holes, mut first) = (Holes::default(), None);
        for (path, range) in lost {
            if holes.add(range) {
                if first.is_some() {
                    continue;
                }
                first = Some(*range);
            }
            terminal.report(&format!("{}: {}", path.display(), losses::describe(range)))?;
            outcome = outcome.max(Outcome::Lossy);
        }
        if let (Some((path, _)), Some(first)) = (lost.first(), first)
            && let Some(more) = holes.describe_more(&first)
        {
            terminal.report(&format!("{}: {more}", path.display()))?;
        }
    }
    for (path, offset, error) in &scanned.unreadable_entries {
        let invalid = losses::describe_invalid(error);
        terminal.report(&format!("{}: offset {offset}: {invalid}", path.display()))?;
        outcome = outcome.max(Outcome::Lossy);
    }
    for (path, error) in &scanned.unreadable {
        terminal.report(&Outcome::message_of_unreadable(path, error))?;
        outcome = outcome.max(Outcome::of_unreadable(path, input, error));
    }
    timeless::report(scanned.without_time, false, terminal)?;
    Ok(outcome)
}

/// Returns the number of dropped entries in the selected range, from loss records.
pub(super) fn dropped(paths: &[PathBuf], selection: &Selection, access: &AccessArgs) -> Result<u64> {
    let mut nothing = Wanted::default();
    nothing.of_severities([]);
    let options = Selection::of_range(selection.range).options(access).filter(nothing, |_| false);
    let mut reader = input::open_logs(paths, options)?;
    let mut dropped = 0_u64;
    while let Some(event) = reader.next() {
        if let LogEvent::Frame { frame, .. } = event {
            dropped = dropped.saturating_add(losses::count(&frame, selection.range));
        }
    }
    Ok(dropped)
}
