//! `fusewire slo`: measures service level objectives.

use anyhow::{Context, Result};
use fusewire::query::Query;

use super::count;
use crate::args::{ReportFormat, SloArgs};
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::time::Clock;
use crate::output::{Terminal, escape};
use crate::slo::objective::{self, Latency, Objective};
use crate::slo::{self, markdown, text};

/// Runs the command.
pub(crate) fn run(args: &SloArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let zone = args.zone.zone();
    let selection = Selection::new(&args.range, None, &zone)?;
    let objectives = objectives(args)?;
    let keep = usize::from(args.traces);
    let (report, scanned) = slo::run(&objectives, &paths, &selection, keep, &args.access)?;
    let mut clock = Clock::new(zone);
    match args.output {
        ReportFormat::Text => text::print(&report, &mut clock, &terminal.palette, &mut terminal.out),
        ReportFormat::Markdown => markdown::print(&report, &mut clock, &mut terminal.out),
        ReportFormat::Json => {
            let start = terminal.out.len();
            terminal.out.push_str(&serde_json::to_string(&report)?);
            escape::secure_json(&mut terminal.out, start);
            terminal.out.push('\n');
        }
    }
    for (objective, kept) in objectives.iter().zip(&report.objectives) {
        if kept.all.total == 0 {
            let (name, condition) = (&objective.name, objective.condition());
            terminal.report(&format!("objective `{name}`: no data; no selected entry has {condition}"))?;
        }
    }
    let outcome = if report.is_burned() || report.is_empty() { Outcome::NoMatch } else { Outcome::Clean };
    Ok(outcome.max(unread).max(count::report(&scanned, &args.paths, terminal)?))
}

fn objectives(args: &SloArgs) -> Result<Vec<Objective>> {
    let options = input::selection::query_options(&args.zone.zone())?;
    if let Some(config) = &args.config {
        return objective::read(config, &options);
    }
    let unit = args.unit.as_deref();
    Ok(vec![Objective {
        name: args.field.clone().unwrap_or_else(|| "latency".to_owned()),
        of: args.of.as_deref().map(|of| Query::parse_with(of, &options)).transpose().context("--of")?,
        target: None,
        fields: match &args.field {
            Some(field) => vec![Latency::new(field, unit)?],
            None => Latency::usual(unit)?,
        },
        threshold: objective::threshold(&args.threshold).context("--threshold")?,
        objective: objective::share(args.objective).context("--objective")?,
    }])
}
