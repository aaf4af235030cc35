//! The reports of damage during a count.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fusewire::log::LogEvent;

use crate::output::losses;

/// The maximum number of reports about one file. The metrics count all lost bytes.
const MOST: u32 = 10;

/// The number of reports about each damaged file.
#[derive(Default)]
pub(super) struct Reports {
    by_file: HashMap<PathBuf, u32>,
}

impl Reports {
    /// Returns a message if `event` is damage: `FILE: lost bytes 8208..8720: cause`.
    pub(super) fn describe(&mut self, event: &LogEvent<'_>) -> Option<String> {
        match event {
            LogEvent::Lost { source, range } if range.is_damage() => {
                self.of_file(source.path(), || losses::describe(range))
            }
            LogEvent::DamagedHeader { source, error } => self.of_file(source.path(), || error.to_string()),
            LogEvent::Unreadable { source, frame, error } => self.of_file(source.path(), || {
                format!("offset {}: {}", frame.offset, losses::describe_invalid(error))
            }),
            _ => None,
        }
    }

    fn of_file(&mut self, path: &Path, describe: impl FnOnce() -> String) -> Option<String> {
        if !self.by_file.contains_key(path) {
            self.by_file.insert(path.to_owned(), 0);
        }
        let count = self.by_file.get_mut(path)?;
        *count = count.saturating_add(1);
        match *count {
            ..MOST => Some(format!("{}: {}", path.display(), describe())),
            MOST => Some(format!("{}: {}; further damage is not reported", path.display(), describe())),
            _ => None,
        }
    }
}
