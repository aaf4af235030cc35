//! Standard output, or a pager.

use std::env;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::process::{Child, Command, Stdio};

/// The destination of results.
pub(super) enum Output {
    Stdout(StdoutLock<'static>),
    Pager(Child),
}

/// Starts a pager if standard output is a terminal and the pager is not `cat`.
pub(super) fn start() -> Option<Child> {
    if !io::stdout().is_terminal() || env::var_os("TERM").is_none_or(|term| term == "dumb") {
        return None;
    }
    let pager = ["FUSEWIRE_PAGER", "PAGER"].iter().find_map(|name| env::var(name).ok());
    let pager = pager.unwrap_or_else(|| "less".to_owned());
    if pager.trim().is_empty() || pager.trim() == "cat" {
        return None;
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {pager}")).stdin(Stdio::piped());
    // F: no pager if the output fits on the screen. R: unchanged colours. X: the output remains on the screen.
    if env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    // Without a pager program, the output is not paged.
    let is_there = pager.split_whitespace().next().is_some_and(|program| {
        Command::new("sh")
            .arg("-c")
            .arg(format!("command -v {program}"))
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    let pager = if is_there { command.spawn().ok() } else { None };
    if pager.is_some() {
        // The pager handles Ctrl-C and continues. This process ends after the pager.
        let _ = ctrlc::set_handler(|| ());
    }
    pager
}

impl Output {
    /// Writes the remaining output and waits for the end of the pager.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::Pager(pager) = self {
            drop(pager.stdin.take());
            pager.wait()?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Pager(pager) => match &mut pager.stdin {
                Some(stdin) => stdin.write(bytes),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Pager(pager) => pager.stdin.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}
