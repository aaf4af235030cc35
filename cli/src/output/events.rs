//! A printer of reader events: entries go to standard output, reports of damage to standard error.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use fusewire::decode::EntryRef;
use fusewire::error::DecodeError;
use fusewire::log::{FileChange, LogEvent};
use fusewire::query::Field;
use fusewire::segment::{FrameRef, LostRange, LostReason, Mode};

use super::entries::EntryPrinter;
use super::losses::Holes;
use super::numbers::counted;
use super::producer::stream_name;
use super::{Terminal, losses};
use crate::input::selection::Selection;
use crate::outcome::Outcome;

/// A printer of reader events. It records the worst outcome.
pub(crate) struct EventPrinter {
    entries: EntryPrinter,
    mode: Mode,
    /// Whether a selection applies. If it does, the outcome of an empty output is `NoMatch`.
    asked: bool,
    /// The paths of the command line.
    input: Vec<PathBuf>,
    outcome: Outcome,
    /// The files with holes of NUL bytes: the first hole, and all holes.
    holes: Vec<(PathBuf, LostRange, Holes)>,
}

impl EventPrinter {
    /// Returns a printer that prints with `entries`. In [`Mode::Strict`], the first damage is an error.
    pub(crate) fn new(entries: EntryPrinter, mode: Mode, selection: &Selection, input: &[PathBuf]) -> Self {
        let asked = !selection.is_everything();
        Self { entries, mode, asked, input: input.to_vec(), outcome: Outcome::Clean, holes: Vec::new() }
    }

    /// Returns the selected attributes that no printed entry had.
    pub(crate) fn unseen(&self) -> &[Field] {
        self.entries.unseen()
    }

    /// Returns the number of printed entries.
    pub(crate) fn printed(&self) -> u64 {
        self.entries.printed()
    }

    /// Reports the counted problems at the end of the input, and returns the outcome.
    ///
    /// # Errors
    /// Returns the errors of the output.
    pub(crate) fn finish(&mut self, terminal: &mut Terminal) -> Result<Outcome> {
        self.entries.finish(terminal);
        for (path, first, holes) in self.holes.drain(..) {
            if let Some(more) = holes.describe_more(&first) {
                terminal.report(&format!("{}: {more}", path.display()))?;
            }
        }
        Ok(self.outcome())
    }

    /// Returns the outcome up to now.
    pub(crate) fn outcome(&self) -> Outcome {
        let nothing = self.asked && self.entries.printed() == 0;
        self.outcome.max(if nothing { Outcome::NoMatch } else { Outcome::Clean })
    }

    /// Records another outcome.
    pub(crate) fn note(&mut self, outcome: Outcome) {
        self.outcome = self.outcome.max(outcome);
    }

    /// Prints `event`.
    ///
    /// # Errors
    /// Returns an error if the event is damage and the mode is strict.
    pub(crate) fn print(&mut self, event: &LogEvent<'_>, terminal: &mut Terminal) -> Result<()> {
        match event {
            LogEvent::Entry { source, frame, entry } => self.entry(frame, entry, source.path(), terminal),
            LogEvent::Frame { source, frame } => self.frame(frame, source.path(), terminal),
            LogEvent::Unreadable { source, frame, error } => {
                self.unreadable(frame, error, source.path(), terminal)
            }
            LogEvent::Lost { source, range } => self.lost(range, source.path(), terminal),
            LogEvent::DamagedHeader { source, error } => {
                self.fault(source.path(), &error.to_string(), terminal)
            }
            LogEvent::Changed { file, change } => self.changed(&file.path, *change, terminal),
            LogEvent::Missed { stream_id, sequences } => {
                let count = counted(sequences.end() - sequences.start() + 1, "segment", "segments");
                let stream = stream_name(*stream_id);
                let (first, last) = (sequences.start(), sequences.end());
                terminal.report(&format!(
                    "stream {stream}: missed {count} (numbers {first} to {last}), deleted before they were read"
                ))?;
                self.note(Outcome::Lossy);
                Ok(())
            }
            LogEvent::UnreadableFile { path, error } => {
                if self.mode == Mode::Strict {
                    return Err(anyhow!(error.to_string())).with_context(|| path.display().to_string());
                }
                terminal.report(&Outcome::message_of_unreadable(path, error))?;
                self.note(Outcome::of_unreadable(path, &self.input, error));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reports a file that was truncated or replaced.
    fn changed(&mut self, path: &Path, change: FileChange, terminal: &mut Terminal) -> Result<()> {
        let message = match change {
            FileChange::Truncated { read, len } => {
                // The unread data from before the truncation is lost.
                self.note(Outcome::Lossy);
                format!("truncated to {len} bytes after {read} bytes were read; reading restarts at offset 0")
            }
            FileChange::Replaced => {
                "replaced by another file; reading continues with the new file".to_owned()
            }
            _ => return Ok(()),
        };
        terminal.report(&format!("{}: {message}", path.display()))?;
        Ok(())
    }

    /// Prints an entry.
    pub(crate) fn entry(
        &mut self,
        frame: &FrameRef<'_>,
        entry: &EntryRef<'_>,
        path: &Path,
        terminal: &mut Terminal,
    ) -> Result<()> {
        if let Err(error) = self.entries.print(entry, terminal) {
            self.unreadable(frame, &error, path, terminal)?;
        }
        terminal.flush_if_full()?;
        Ok(())
    }

    /// Prints an entry that is not in a frame.
    pub(crate) fn bare(&mut self, entry: &EntryRef<'_>, terminal: &mut Terminal) -> Result<()> {
        // The printed line marks the invalid part, so the error is ignored.
        let _ = self.entries.print(entry, terminal);
        terminal.flush_if_full()?;
        Ok(())
    }

    /// Prints a loss record; ignores other frames.
    pub(crate) fn frame(&mut self, frame: &FrameRef<'_>, path: &Path, terminal: &mut Terminal) -> Result<()> {
        let Some(record) = frame.loss_record() else { return Ok(()) };
        match record.and_then(|record| self.entries.print_loss(&record, terminal)) {
            Ok(()) => Ok(terminal.flush_if_full()?),
            Err(error) => self.unreadable(frame, &error, path, terminal),
        }
    }

    /// Reports an intact frame without a valid entry.
    pub(crate) fn unreadable(
        &mut self,
        frame: &FrameRef<'_>,
        error: &DecodeError,
        path: &Path,
        terminal: &mut Terminal,
    ) -> Result<()> {
        let offset = frame.offset;
        self.fault(path, &format!("offset {offset}: {}", losses::describe_invalid(error)), terminal)
    }

    /// Reports lost bytes.
    pub(crate) fn lost(&mut self, range: &LostRange, path: &Path, terminal: &mut Terminal) -> Result<()> {
        if !range.is_loss() {
            return Ok(());
        }
        if self.mode == Mode::Strict {
            return Err(anyhow!(losses::fault(range))).with_context(|| path.display().to_string());
        }
        if range.reason == LostReason::Nul {
            if let Some((_, _, holes)) = self.holes.iter_mut().find(|(known, _, _)| known == path) {
                holes.add(range);
                return Ok(());
            }
            let mut holes = Holes::default();
            holes.add(range);
            self.holes.push((path.to_owned(), *range, holes));
        }
        self.fault(path, &losses::describe(range), terminal)
    }

    /// Reports damage of a file.
    pub(crate) fn fault(&mut self, path: &Path, message: &str, terminal: &mut Terminal) -> Result<()> {
        if self.mode == Mode::Strict {
            return Err(anyhow!(message.to_owned())).with_context(|| path.display().to_string());
        }
        terminal.report(&format!("{}: {message}", path.display()))?;
        self.note(Outcome::Lossy);
        Ok(())
    }
}
