//! One pass over a log. It passes entries to a callback and collects losses.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusewire::decode::EntryRef;
use fusewire::log::{FileChange, LogEvent, LogReader, Source};
use fusewire::query::Query;
use pyo3::prelude::*;

use crate::losses::{Found, Loss, OnLoss, lock};
use crate::names;

/// A pass over a log.
pub(crate) struct Pass {
    reader: LogReader,
    /// The filter of the reader. It also accepts some entries that do not match.
    query: Option<Query>,
    losses: Arc<Mutex<Found>>,
    on_loss: OnLoss,
}

/// The reason why a pass stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A stop because the callback has enough entries.
    Enough,
    /// A pause without a match, in which the caller checks for signals.
    Pause,
    /// The end of the log.
    End,
    /// A loss, if losses are errors.
    Lost(Loss),
}

impl Pass {
    pub(crate) fn new(
        reader: LogReader,
        query: Option<Query>,
        losses: Arc<Mutex<Found>>,
        on_loss: OnLoss,
    ) -> Self {
        Self { reader, query, losses, on_loss }
    }

    /// Passes entries to `take` until it returns `Break`.
    pub(crate) fn run(&mut self, mut take: impl FnMut(&EntryRef<'_>, Source<'_>) -> ControlFlow<()>) -> Stop {
        while let Some(event) = self.reader.next() {
            let loss = match event {
                LogEvent::Entry { source, frame, entry } => {
                    if self.query.as_ref().is_some_and(|query| !query.matches(&entry)) {
                        return Stop::Pause;
                    }
                    // A batch contains full entries.
                    match entry.expanded_len() {
                        Ok(_) if take(&entry, source).is_break() => return Stop::Enough,
                        Ok(_) => continue,
                        Err(error) => loss_of(&LogEvent::Unreadable { source, frame, error }),
                    }
                }
                other => loss_of(&other),
            };
            let Some(loss) = loss else { continue };
            lock(&self.losses).add(loss.clone());
            if self.on_loss == OnLoss::Raise {
                return Stop::Lost(loss);
            }
        }
        Stop::End
    }

    /// Passes entries to `take` like [`run`](Self::run), but continues after a pause.
    pub(crate) fn run_on(
        &mut self,
        mut take: impl FnMut(&EntryRef<'_>, Source<'_>) -> ControlFlow<()>,
    ) -> Stop {
        loop {
            match self.run(&mut take) {
                Stop::Pause => {}
                stop => return stop,
            }
        }
    }

    /// Waits for new entries. Returns whether there are any before `timeout`.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<bool> {
        self.reader.wait(timeout)
    }

    /// Emits a warning for each new loss.
    pub(crate) fn warn(&self, py: Python<'_>) -> PyResult<()> {
        if self.on_loss != OnLoss::Warn {
            return Ok(());
        }
        let untold = lock(&self.losses).untold();
        for loss in untold {
            let category = names::LOSS_WARNING.import(py, "fusewire._errors", "LossWarning")?;
            // A C string cannot contain NUL.
            let mut text = loss.__str__().into_bytes();
            text.retain(|byte| *byte != 0);
            let text = std::ffi::CString::new(text).unwrap_or_default();
            PyErr::warn(py, category, &text, 1)?;
        }
        Ok(())
    }
}

/// Converts `loss` to an exception.
pub(crate) fn damage(py: Python<'_>, loss: Loss) -> PyErr {
    let made = || {
        let class = names::DAMAGE_ERROR.import(py, "fusewire._errors", "DamageError")?;
        class.call1((loss.__str__(), loss))
    };
    made().map_or_else(|error: PyErr| error, PyErr::from_value)
}

/// Converts an event to a loss.
fn loss_of(event: &LogEvent<'_>) -> Option<Loss> {
    Some(match event {
        LogEvent::Lost { source, range } if range.is_loss() => {
            Loss::new(range.reason.to_string()).of(source.path()).at(range.start, range.end)
        }
        LogEvent::Unreadable { source, frame, error } => {
            let message = format!("the frame is intact, but its entry is invalid: {error}");
            Loss::new(message).of(source.path()).at(frame.offset, frame.offset)
        }
        LogEvent::DamagedHeader { source, error } => Loss::new(error.to_string()).of(source.path()),
        LogEvent::Missed { stream_id: [a, b, c, d, ..], sequences } => {
            let stream = u32::from_be_bytes([*a, *b, *c, *d]);
            let (first, last) = (sequences.start(), sequences.end());
            Loss::new(format!(
                "segments {first} to {last} of stream {stream:08x} were deleted before they were read"
            ))
        }
        LogEvent::UnreadableFile { path, error } => Loss::new(error.to_string()).of(path),
        LogEvent::Changed { file, change: FileChange::Truncated { read, len } } => {
            let message = format!("the file was truncated to {len} bytes after {read} bytes were read");
            Loss::new(message).of(&file.path)
        }
        LogEvent::Frame { source, frame } => {
            let record = frame.loss_record()?.ok();
            let count = record.and_then(|record| record.get("count")?.as_i128());
            let counted = match count {
                Some(1) => "1 entry was".to_owned(),
                Some(count) => format!("{count} entries were"),
                None => "entries were".to_owned(),
            };
            Loss::new(format!("{counted} not written, because space or time ran out"))
                .of(source.path())
                .at(frame.offset, frame.offset)
        }
        _ => return None,
    })
}
