//! What people and programs see: results on standard output, everything else on standard error.

pub(crate) mod colour;
pub(crate) mod entries;
pub(crate) mod escape;
pub(crate) mod events;
pub(crate) mod json;
pub(crate) mod losses;
pub(crate) mod numbers;
pub(crate) mod producer;
pub(crate) mod progress;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod value;

use std::fmt::Write as _;
use std::io::{self, IsTerminal, StdoutLock, Write};

use anstream::AutoStream;
use fusewire::query::QueryError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::args::ColorChoice;
use colour::Palette;

/// Both streams, and whether each of them has colour.
pub(crate) struct Terminal {
    /// Text for standard output that is not written yet. Commands append to it.
    pub(crate) out: String,
    /// The colours of standard output.
    pub(crate) palette: Palette,
    stdout: StdoutLock<'static>,
    diagnostics: Palette,
}

/// Bytes that are collected before they are written. Large, so that a million entries are few system calls; small
/// enough to stay in the cache.
const BUFFER: usize = 64 << 10;

impl Terminal {
    /// The process's streams.
    pub(crate) fn new(choice: ColorChoice) -> Self {
        let wanted = |found: anstream::ColorChoice| match choice {
            ColorChoice::Auto => found != anstream::ColorChoice::Never,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self {
            out: String::with_capacity(BUFFER + (BUFFER >> 2)),
            palette: Palette::new(wanted(AutoStream::choice(&io::stdout()))),
            diagnostics: Palette::new(wanted(AutoStream::choice(&io::stderr()))),
            stdout: io::stdout().lock(),
        }
    }

    /// Writes what has been collected once it is worth a system call. To be called after each entry or line.
    pub(crate) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.out.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    /// Writes what has been collected.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let written = self.stdout.write_all(self.out.as_bytes()).and_then(|()| self.stdout.flush());
        self.out.clear();
        written.map_err(|error| io::Error::new(error.kind(), format!("standard output: {error}")))
    }

    /// Whether nobody can read standard output any more: the other end of a pipe was closed.
    pub(crate) fn is_closed(&self) -> bool {
        let gone = PollFlags::ERR | PollFlags::HUP;
        let mut stdout = [PollFd::new(&self.stdout, PollFlags::empty())];
        // It does not wait. Where it cannot tell, the next write does.
        poll(&mut stdout, Some(&Timespec::default())).is_ok() && stdout[0].revents().intersects(gone)
    }

    /// Columns of standard output, where it is a terminal that says so: what is longer may be cut.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(&self.stdout).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// Whether somebody watches standard error.
    pub(crate) fn has_watcher() -> bool {
        io::stderr().is_terminal()
    }

    /// Reports why a command failed: `fusewire: FILE: byte N: cause`.
    pub(crate) fn complain(&self, error: &anyhow::Error) {
        self.diagnose(&format!("{error:#}"));
        // The text of a query, and what is wrong in it.
        if let Some(error) = error.chain().find_map(|cause| cause.downcast_ref::<QueryError>()) {
            let shown = format!("{error:#}");
            for line in shown.lines().skip(1) {
                let mut safe = String::new();
                escape::push_line(line.as_bytes(), &self.diagnostics.escape, &mut safe);
                safe.push('\n');
                let _ = io::stderr().lock().write_all(safe.as_bytes());
            }
        }
    }

    /// Reports what is wrong with the input and does not end the command: `FILE: lost bytes 8208..8720: cause`.
    pub(crate) fn report(&mut self, message: &str) -> io::Result<()> {
        // Results before the fault are seen before the report of it, where both streams are one terminal.
        self.flush()?;
        self.diagnose(message);
        Ok(())
    }

    fn diagnose(&self, message: &str) {
        let mut line = String::new();
        let paint = &self.diagnostics.bad;
        // Writing to a String cannot fail.
        let _ = write!(line, "{}fusewire:{} ", paint.on, paint.off);
        escape::push_line(message.as_bytes(), &self.diagnostics.escape, &mut line);
        line.push('\n');
        // Where standard error is closed there is nobody left to tell.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}
