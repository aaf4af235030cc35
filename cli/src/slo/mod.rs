//! Service level objectives, measured in a log.

mod count;
pub(crate) mod markdown;
pub(crate) mod objective;
pub(crate) mod report;
pub(crate) mod text;

use std::path::PathBuf;

use anyhow::{Context, Result};
use fusewire::log::Scanned;

use crate::args::AccessArgs;
use crate::input::selection::Selection;
use crate::output::progress;
use count::Counter;
use objective::Objective;
use report::Report;

/// Counts the selected entries of `paths` by objective. The report contains at most `keep` bad entries for each objective.
///
/// # Errors
/// Returns an error if a path cannot be read.
pub(crate) fn run(
    objectives: &[Objective],
    paths: &[PathBuf],
    selection: &Selection,
    keep: usize,
    access: &AccessArgs,
) -> Result<(Report, Scanned<()>)> {
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let query = selection.to_query()?;
    let looking = progress::looking();
    let scan = access.scan(paths).wanted(query.wanted());
    let scanned =
        scan.run(|entry| query.matches(entry), || Counter::new(objectives, keep)).with_context(names);
    looking.finish_and_clear();
    let (counters, scanned) = scanned?.split();
    let mut all = Counter::new(objectives, keep);
    counters.into_iter().for_each(|counter| all.merge(counter));
    Ok((Report::new(objectives, all, keep), scanned))
}
