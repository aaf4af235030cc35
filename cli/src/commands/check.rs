//! `fusewire check`: checks logs against rules.

use anyhow::{Context, Result};

use super::count;
use crate::args::{CheckArgs, CheckFormat};
use crate::check::config::Config;
use crate::check::{self, Baseline, Options, sarif, text};
use crate::input;
use crate::input::selection::query_options;
use crate::outcome::Outcome;
use crate::output::time::Clock;
use crate::output::{Terminal, escape};

/// Runs the command.
pub(crate) fn run(args: &CheckArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let zone = args.zone.zone();
    let meaning = query_options(&zone)?;
    let config =
        args.config.as_deref().map(|path| Config::read(path, &meaning)).transpose()?.unwrap_or_default();
    if args.list {
        text::list(&config.rules, &terminal.palette, &mut terminal.out);
        return Ok(Outcome::Clean);
    }
    if let Some(name) = &args.explain {
        let is_it = |id: &str| id.eq_ignore_ascii_case(name);
        let rule = config.rules.iter().find(|rule| is_it(&rule.id) || is_it(&rule.name));
        let rule = rule
            .with_context(|| format!("no rule has the id or name `{name}`; run `fusewire check --list`"))?;
        text::explain(rule, &terminal.palette, &mut terminal.out);
        return Ok(Outcome::Clean);
    }
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let selection = args.select.selection(&zone)?;
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?.unwrap_or_default();
    let (report, scanned) = check::run(&Options {
        paths: &paths,
        config: &config,
        selection: &selection,
        role: args.role,
        baseline: &baseline,
        dropped: count::dropped(&paths, &selection, &args.access)?,
        now: meaning.now_unix_nano,
        access: &args.access,
    })?;
    if let Some(path) = &args.write_baseline {
        Baseline::write(path, report.known())?;
    }
    match args.output {
        CheckFormat::Text => {
            let mut clock = Clock::new(zone);
            text::print(&report, args.all, &mut clock, &terminal.palette, &mut terminal.out);
        }
        CheckFormat::Json => print_json(&serde_json::to_value(&report)?, terminal),
        CheckFormat::Sarif => print_json(&sarif::make(&report, &config.rules), terminal),
    }
    let failed = args.fail_on.level().is_some_and(|level| report.new_of(level) > 0);
    let outcome = if failed { Outcome::NoMatch } else { Outcome::Clean };
    // The command reports lost bytes even if the rule for damage is off.
    let outcome = outcome.max(unread);
    Ok(if config.finds_damage() {
        outcome
    } else {
        outcome.max(count::report(&scanned, &args.paths, terminal)?)
    })
}

fn print_json(value: &serde_json::Value, terminal: &mut Terminal) {
    let start = terminal.out.len();
    terminal.out.push_str(&value.to_string());
    escape::secure_json(&mut terminal.out, start);
    terminal.out.push('\n');
}
