//! `fusewire metrics`: prints or serves metrics in the Prometheus text format.

use std::fmt::Write;

use anyhow::Result;
use fusewire::metrics::FamilyKind;

use super::tail;
use crate::args::MetricsArgs;
use crate::input;
use crate::metrics::{self, Counts};
use crate::outcome::Outcome;
use crate::output::Terminal;

/// Runs the command.
pub(crate) fn run(args: &MetricsArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if args.list {
        for family in metrics::all() {
            let kind = if family.kind() == FamilyKind::Counter { "counter" } else { "gauge" };
            // A write to a `String` cannot fail.
            _ = writeln!(terminal.out, "{:<52} {kind:<8} {}", family.name(), family.help());
        }
        return Ok(Outcome::Clean);
    }
    let options = args.access.options();
    if let Some(address) = &args.listen {
        let reader = input::open_logs(&args.paths, options.follow(true))?;
        let ended = tail::on_interrupt()?;
        // A closed standard error does not end the server.
        let report = |message: &str| _ = terminal.report(message);
        metrics::serve(reader, &args.paths, address, &ended, report)?;
        return Ok(Outcome::Clean);
    }
    let (paths, mut outcome) = input::usable(&args.paths, terminal)?;
    let mut counts = Counts::default();
    let incomplete = metrics::read(&mut input::open_logs(&paths, options)?, &mut counts);
    for message in incomplete.damaged {
        terminal.report(&message)?;
        outcome = outcome.max(Outcome::Lossy);
    }
    for (path, error) in incomplete.unreadable {
        terminal.report(&format!("{}: {error}", path.display()))?;
        outcome = outcome.max(Outcome::of_unreadable(&path, &args.paths, &error));
    }
    counts.is_caught_up = true;
    let metrics = counts.to_metrics(&metrics::files(&paths)?);
    terminal.out.push_str(&metrics.to_prometheus());
    Ok(outcome)
}
