//! The check of logs against rules.

mod baseline;
pub(crate) mod config;
mod entries;
mod files;
mod findings;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod sarif;
mod secrets;
mod shape;
pub(crate) mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fusewire::log::Scanned;

use crate::args::AccessArgs;
use crate::input::selection::Selection;
use crate::output::progress;
pub(crate) use baseline::Baseline;
use config::{Allowed, Config};
use entries::Inspector;
pub(crate) use files::Role;
use findings::{Findings, Place};
use report::Report;
use rules::{DROPPED, EXPIRED, RULES};

/// The input of a check.
pub(crate) struct Options<'a> {
    pub(crate) paths: &'a [PathBuf],
    pub(crate) config: &'a Config,
    pub(crate) selection: &'a Selection,
    pub(crate) role: Option<Role>,
    pub(crate) baseline: &'a Baseline,
    /// The number of dropped entries, from loss records.
    pub(crate) dropped: u64,
    /// Current time, in nanoseconds since the Unix epoch.
    pub(crate) now: u64,
    pub(crate) access: &'a AccessArgs,
}

/// Checks the logs in the paths. Unreadable data is in the scan, and also in the report unless the rule is off.
///
/// # Errors
/// Returns an error if a path cannot be read.
pub(crate) fn run(options: &Options<'_>) -> Result<(Report, Scanned<()>)> {
    let Options { paths, config, selection, now, .. } = *options;
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let query = selection.to_query()?;
    let looking = progress::looking();
    let scan = options.access.scan(paths).wanted(query.wanted());
    let scanned = scan.run(|entry| query.matches(entry), || Inspector::new(config, now)).with_context(names);
    looking.finish_and_clear();
    let (inspectors, scanned) = scanned?.split();
    let mut all = Inspector::new(config, now);
    inspectors.into_iter().for_each(|inspector| all.merge(inspector));
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let mut findings = std::mem::take(&mut all.findings);
    files::damage(&scanned, &mut findings);
    files::segments(paths, &options.access.lines, options.role, config, now, &mut findings)?;
    files::levels(&all, config, first, &mut findings);
    if options.dropped > 0 {
        let detail = crate::output::numbers::counted(options.dropped, "entry", "entries");
        findings.add_of_file(DROPPED, "", detail, options.dropped, Place::at(first, 0));
    }
    for allow in config.allows.iter().filter(|allow| allow.is_over(now)) {
        let rule = &config.rules[allow.rule].id;
        findings.add_of_file(
            EXPIRED,
            rule,
            format!("the reason was: {}", allow.reason),
            1,
            Place::at(first, 0),
        );
    }
    drop_what_is_allowed(&mut findings, &all, config);
    Ok((report::make(findings, config, options.baseline, all.entries), scanned))
}

/// Removes the findings of disabled rules, and the findings of custom rules that do not exceed their limit.
fn drop_what_is_allowed(findings: &mut Findings, all: &Inspector<'_>, config: &Config) {
    let counts = |rule: usize| match rule.checked_sub(RULES.len()) {
        None => true,
        Some(own) => match config.own[own].allowed {
            Allowed::AtMost(most) => all.own[own] > most,
            Allowed::Share(share) => all.own[own] as f64 > share * all.entries as f64,
        },
    };
    let stays = |rule: usize| config.rules[rule].level.is_some() && counts(rule);
    findings.groups.retain(|key, _| stays(key.rule));
    findings.others.retain(|rule, _| stays(*rule));
}
