//! `fusewire completions` and `fusewire man`: generate completion scripts and man pages.

use std::fs;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::outcome::Outcome;
use crate::output::Terminal;

/// Prints a completion script.
pub(crate) fn completions(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fusewire", &mut script);
    terminal.push_bytes(&script)?;
    Ok(Outcome::Clean)
}

/// Writes the man pages.
pub(crate) fn pages(args: &ManArgs) -> Result<Outcome> {
    let about = || args.to.display().to_string();
    fs::create_dir_all(&args.to).with_context(about)?;
    clap_mangen::generate_to(Cli::command(), &args.to).with_context(about)?;
    Ok(Outcome::Clean)
}
