//! The command line of Fusewire.

mod args;
mod call_site;
mod check;
mod commands;
mod html;
mod input;
mod kernel;
mod metrics;
mod outcome;
mod output;
mod postmortem;
mod slo;
mod statistics;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::outcome::{Outcome, is_closed_pipe};
use crate::output::Terminal;

fn main() -> ExitCode {
    // If another program truncates a file, the command reports an error. Without this handler, SIGBUS ends the command.
    #[cfg(unix)]
    fusewire::segment::handle_sigbus();
    let cli = Cli::parse();
    let mut terminal = Terminal::new(cli.color);
    if !cli.no_pager && cli.command.is_for_reading() {
        terminal.page();
    }
    let result = match &cli.command {
        Command::Demo(args) => commands::demo::run(args, &mut terminal),
        Command::Import(args) => commands::import::run(args, &mut terminal),
        Command::Cat(args) => commands::cat::run(args, &mut terminal),
        Command::Query(args) => commands::query::run(args, &mut terminal),
        Command::Stats(args) => commands::stats::run(args, &mut terminal),
        Command::Histogram(args) => commands::histogram::run(args, &mut terminal),
        Command::Trace(args) => commands::trace::run(args, &mut terminal),
        Command::Postmortem(args) => commands::postmortem::run(args, &mut terminal),
        Command::Check(args) => commands::check::run(args, &mut terminal),
        Command::Slo(args) => commands::slo::run(args, &mut terminal),
        Command::Metrics(args) => commands::metrics::run(args, &mut terminal),
        Command::Tail(args) => commands::tail::run(args, &mut terminal),
        Command::Ls(args) => commands::ls::run(args, &mut terminal),
        Command::Info(args) => commands::info::run(args, &mut terminal),
        Command::Verify(args) => commands::verify::run(args, &mut terminal),
        Command::Recover(args) => commands::recover::run(args, &mut terminal),
        Command::Completions(args) => commands::manual::completions(args, &mut terminal),
        Command::Man(args) => commands::manual::pages(args),
    };
    let result = result.and_then(|outcome| terminal.finish().map(|()| outcome).map_err(Into::into));
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Prints the output before the failure. The failure is reported, so an error of this write is ignored.
            let _ = terminal.finish();
            terminal.complain(&error);
            Outcome::Failed.into()
        }
    }
}
