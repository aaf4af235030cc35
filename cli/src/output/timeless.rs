//! Reports of entries from lines without a time.

use std::io;

use fusewire::mixed::WithoutTime;

use super::Terminal;
use super::numbers::{counted, grouped};

/// Describes the entries without a time. Returns `None` if there are none.
pub(crate) fn describe(count: WithoutTime) -> Option<String> {
    let all = counted(count.total(), "entry", "entries");
    match (count.previous, count.none) {
        (0, 0) => None,
        (0, _) => Some(all),
        (_, 0) => Some(format!("{all}; the time of the entry before it applies")),
        (previous, none) => Some(format!(
            "{all}; the time of the entry before it applies to {}, and {} have none",
            grouped(previous),
            grouped(none)
        )),
    }
}

/// Reports on standard error how many of the read entries have no time of their own. `is_timed` is true if the selection
/// depends on the times. A log without any times is reported only in this case.
pub(crate) fn report(count: WithoutTime, is_timed: bool, terminal: &mut Terminal) -> io::Result<()> {
    if count.previous > 0 {
        let entries = counted(count.previous, "entry has", "entries have");
        terminal
            .report(&format!("{entries} no time; the time of the entry before it in its file applies"))?;
    }
    if count.none > 0 && is_timed {
        let entries = counted(count.none, "entry has", "entries have");
        terminal.report(&format!("{entries} no time and cannot be in a range of times"))?;
    }
    Ok(())
}
