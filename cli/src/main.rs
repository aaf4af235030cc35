//! The command line of Fusewire.

mod args;
mod call_site;
mod check;
mod commands;
mod fields;
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

use anyhow::Result;

use crate::args::{Cli, ColorChoice, Command};
use crate::outcome::{Outcome, is_closed_pipe};
use crate::output::Terminal;

fn main() -> ExitCode {
    // If another program truncates a file, the command reports an error. Without this handler, SIGBUS ends the command.
    #[cfg(unix)]
    fusewire::segment::handle_sigbus();
    let mut cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            Terminal::new(ColorChoice::Auto).complain(&error);
            return Outcome::Failed.into();
        }
    };
    let mut terminal = Terminal::new(cli.color);
    if !cli.no_pager && cli.command.is_for_reading() {
        terminal.page();
    }
    let spooled = input::spool::replace_streams(cli.command.spooled_paths());
    let result = spooled.and_then(|()| run(&cli.command, &mut terminal));
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

/// Runs a command.
fn run(command: &Command, terminal: &mut Terminal) -> Result<Outcome> {
    match command {
        Command::Demo(args) => commands::demo::run(args, terminal),
        Command::Import(args) => commands::import::run(args, terminal),
        Command::Cat(args) => commands::cat::run(args, terminal),
        Command::Query(args) => commands::query::run(args, terminal),
        Command::Stats(args) => commands::stats::run(args, terminal),
        Command::Fields(args) => commands::fields::run(args, terminal),
        Command::Histogram(args) => commands::histogram::run(args, terminal),
        Command::Trace(args) => commands::trace::run(args, terminal),
        Command::Postmortem(args) => commands::postmortem::run(args, terminal),
        Command::Check(args) => commands::check::run(args, terminal),
        Command::Slo(args) => commands::slo::run(args, terminal),
        Command::Metrics(args) => commands::metrics::run(args, terminal),
        Command::Tail(args) => commands::tail::run(args, terminal),
        Command::Ls(args) => commands::ls::run(args, terminal),
        Command::Info(args) => commands::info::run(args, terminal),
        Command::Verify(args) => commands::verify::run(args, terminal),
        Command::Recover(args) => commands::recover::run(args, terminal),
        Command::Completions(args) => commands::manual::completions(args, terminal),
        Command::Man(args) => commands::manual::pages(args),
    }
}
