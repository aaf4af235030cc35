//! The output: results go to standard output, messages to standard error.

mod backwards;
pub(crate) mod colour;
pub(crate) mod columns;
mod dates;
pub(crate) mod entries;
pub(crate) mod escape;
pub(crate) mod events;
pub(crate) mod hidden;
pub(crate) mod json;
pub(crate) mod losses;
pub(crate) mod markdown;
pub(crate) mod numbers;
mod pager;
pub(crate) mod producer;
pub(crate) mod progress;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod timeless;
pub(crate) mod value;
pub(crate) mod wrap;

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use fusewire::query::QueryError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::args::ColorChoice;
use crate::input::spool;
use backwards::Backwards;
use colour::Palette;
use pager::Output;

/// Standard output and standard error, with their colours.
pub(crate) struct Terminal {
    /// Buffered text for standard output. Commands append to it.
    pub(crate) out: String,
    /// The colours of standard output.
    pub(crate) palette: Palette,
    stdout: Output,
    diagnostics: Palette,
    /// The output in reverse order, if the newest entry is printed first.
    backwards: Option<Backwards>,
    /// Buffered binary data for standard output.
    bytes: Vec<u8>,
}

/// Size of the buffer in bytes. It is large, so that the output needs few system calls, and small enough for the cache of the
/// processor.
const BUFFER: usize = 64 << 10;

impl Terminal {
    /// Returns the terminal of this process.
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
            stdout: Output::Stdout(io::stdout().lock()),
            backwards: None,
            bytes: Vec::new(),
        }
    }

    /// Writes the buffer if it is full. Commands call this function after each entry or line.
    pub(crate) fn flush_if_full(&mut self) -> io::Result<()> {
        if let Some(backwards) = &mut self.backwards {
            backwards.push(self.out.as_bytes())?;
            self.out.clear();
            backwards.push(&self.bytes)?;
            self.bytes.clear();
            return Ok(());
        }
        if self.out.len() < BUFFER && self.bytes.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    /// Appends binary data to the buffer.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.out.is_empty() {
            self.flush()?;
        }
        self.bytes.extend_from_slice(bytes);
        self.flush_if_full()
    }

    /// Buffers the following output, to print its last entry first.
    pub(crate) fn print_backwards(&mut self) -> io::Result<()> {
        self.flush()?;
        self.backwards = Some(Backwards::new()?);
        Ok(())
    }

    /// Sends the following output to a pager if standard output is a terminal.
    pub(crate) fn page(&mut self) {
        if let Some(pager) = pager::start() {
            self.stdout = Output::Pager(pager);
        }
    }

    /// Writes the buffer, and waits for the pager.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        // The rest of the buffer is the last piece.
        self.flush_if_full()?;
        if let Some(backwards) = self.backwards.take() {
            backwards.replay(&mut self.stdout)?;
        }
        self.flush()?;
        self.stdout.finish()
    }

    /// Writes the buffer.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.backwards.is_some() {
            return Ok(());
        }
        let written = self.stdout.write_all(self.out.as_bytes());
        let written =
            written.and_then(|()| self.stdout.write_all(&self.bytes)).and_then(|()| self.stdout.flush());
        self.out.clear();
        self.bytes.clear();
        written.map_err(|error| io::Error::new(error.kind(), format!("standard output: {error}")))
    }

    /// Returns whether the other end of standard output is closed.
    pub(crate) fn is_closed(&self) -> bool {
        let gone = PollFlags::ERR | PollFlags::HUP;
        let Output::Stdout(stdout) = &self.stdout else { return false };
        let mut stdout = [PollFd::new(stdout, PollFlags::empty())];
        // This call does not wait. If it fails, the next write detects a closed pipe.
        poll(&mut stdout, Some(&Timespec::default())).is_ok() && stdout[0].revents().intersects(gone)
    }

    /// Returns whether a person or a file gets the output: standard output is a terminal or a regular file.
    pub(crate) fn is_kept(&self) -> bool {
        let is_file = || {
            rustix::fs::fstat(io::stdout())
                .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file())
        };
        matches!(self.stdout, Output::Pager(_)) || io::stdout().is_terminal() || is_file()
    }

    /// Returns the width of standard output in columns if it is a terminal.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// Returns the width for output that is not to a terminal: of the variable COLUMNS, of standard error if it is a terminal, or
    /// 80 columns.
    pub(crate) fn width(&self) -> usize {
        let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
        let watcher = || Some(usize::from(rustix::termios::tcgetwinsize(io::stderr()).ok()?.ws_col));
        let known = self.columns().or_else(variable).or_else(watcher);
        known.filter(|columns| *columns > 0).unwrap_or(80)
    }

    /// Returns whether the newest entry is printed first.
    pub(crate) fn is_backwards(&self) -> bool {
        self.backwards.is_some()
    }

    /// Returns whether standard error is a terminal.
    pub(crate) fn has_watcher() -> bool {
        io::stderr().is_terminal()
    }

    /// Prints the error of a failed command: `fusewire: FILE: byte N: cause`.
    pub(crate) fn complain(&self, error: &anyhow::Error) {
        self.diagnose(&format!("{error:#}"));
        // The further lines contain the text of the query and a mark under the error.
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

    /// Reports a problem of the input that does not end the command: `FILE: lost bytes 8208..8720: cause`.
    pub(crate) fn report(&mut self, message: &str) -> io::Result<()> {
        // On a terminal, earlier results appear before the report.
        self.flush()?;
        self.diagnose(message);
        Ok(())
    }

    fn diagnose(&self, message: &str) {
        let mut line = String::new();
        let paint = &self.diagnostics.bad;
        // A write to a `String` cannot fail.
        let _ = write!(line, "{}fusewire:{} ", paint.on, paint.off);
        let message = spool::with_names(message);
        escape::push_line(message.as_bytes(), &self.diagnostics.escape, &mut line);
        line.push('\n');
        // A closed standard error is not a failure.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}
