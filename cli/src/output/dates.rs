//! The lines with the date, for entries whose lines contain only the time of day.

use super::Terminal;
use super::time::{Clock, Zone};

/// A printer of the date when it changes.
pub(crate) struct Dates {
    clock: Clock,
    /// The date of the last entry, or an empty text.
    last: String,
}

impl Dates {
    /// Returns a printer of dates in `zone`.
    pub(crate) fn new(zone: Zone) -> Self {
        Self { clock: Clock::new(zone), last: String::new() }
    }

    /// Prints the date before the first entry of a day. `time` is the time of the next entry; a time of 0 has no date.
    pub(crate) fn print(&mut self, time: u64, terminal: &mut Terminal) {
        if time == 0 {
            return;
        }
        let date = self.clock.date(time);
        if date == self.last {
            return;
        }
        // In reverse order, the date follows the last entry of the day.
        if terminal.is_backwards() {
            let last = std::mem::replace(&mut self.last, date.to_owned());
            push(&last, terminal);
        } else {
            self.last.clear();
            self.last.push_str(date);
            push(&self.last, terminal);
        }
    }

    /// Prints the date of the last day, if the newest entry is printed first.
    pub(crate) fn finish(&mut self, terminal: &mut Terminal) {
        if terminal.is_backwards() {
            push(&std::mem::take(&mut self.last), terminal);
        }
    }
}

fn push(date: &str, terminal: &mut Terminal) {
    if date.is_empty() {
        return;
    }
    let line = terminal.palette.dim.of(date);
    terminal.out.push_str(&line);
    terminal.out.push('\n');
    // In reverse order, the line is a separate piece. If this write fails, the next flush fails too.
    _ = terminal.flush_if_full();
}
