//! The outcome of a command, and its exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The meaning of each exit code, in order. The help texts, the manual pages and the documentation contain these texts.
pub(crate) const EXIT_CODES: [&str; 4] = [
    "success",
    "no match, or a check found a problem",
    "usage error or failure",
    "finished, but some data was lost or not read",
];

/// The outcome of a command. Of several outcomes, a command reports the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Success.
    Clean,
    /// No matching entry, or a problem that a check found.
    NoMatch,
    /// Completion with a loss: some data was lost or not read. The command has reported the loss.
    Lossy,
    /// Failure of the command or of a part of it. The command has reported the reason.
    Failed,
}

impl Outcome {
    /// Returns the outcome of a command that could not read the file `path` because of `error`. If `path` is its only input,
    /// the command failed. If another program truncated the file during the read, the outcome is a loss, because the command
    /// processed the entries before the end of the file.
    pub(crate) fn of_unreadable(path: &Path, input: &[PathBuf], error: &io::Error) -> Self {
        if input == [path] && !is_of_truncation(error) { Self::Failed } else { Self::Lossy }
    }

    /// Returns the message about the file `path` that could not be read because of `error`.
    pub(crate) fn message_of_unreadable(path: &Path, error: &io::Error) -> String {
        let hint =
            if is_of_truncation(error) { "; use --copy for files that other programs truncate" } else { "" };
        format!("{}: {error}{hint}", path.display())
    }

    const NO_MATCH: u8 = 1;
    /// The exit code of clap for a usage error.
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

/// Returns whether `error` reports that another program truncated a file during the read.
fn is_of_truncation(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// Returns whether `error` is a closed output pipe. A closed pipe is not a failure: `fusewire cat logs | head`.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
