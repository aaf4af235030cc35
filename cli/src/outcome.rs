//! How a command ended, and the exit code that says so.

use std::io;
use std::process::ExitCode;

/// How a command ended. Ordered: of two outcomes the greater one is the one to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Everything asked for was done and nothing was wrong.
    Clean,
    /// Nothing was wrong, and nothing was found.
    NoMatch,
    /// It finished, but bytes were lost before or on the way. They have been named.
    Lossy,
    /// It could not be done, at least in part. The reason has been given.
    Failed,
}

impl Outcome {
    /// The exit code of a usage error; clap's own, too.
    const NO_MATCH: u8 = 1;
    const FAILED: u8 = 2;
    const LOSSY: u8 = 3;
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => Self::SUCCESS,
            Outcome::NoMatch => Self::from(Outcome::NO_MATCH),
            Outcome::Lossy => Self::from(Outcome::LOSSY),
            Outcome::Failed => Self::from(Outcome::FAILED),
        }
    }
}

/// Whether `error` is the reader of our output having gone away, which is no error: `fusewire cat logs | head`.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
