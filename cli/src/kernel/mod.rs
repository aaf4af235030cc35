//! The kernel's records of OOM kills: a parser of dmesg, kern.log, syslog and journald output. The lines of a kill are
//! joined into one record.

mod draft;
mod join;
mod journal;
mod killed;
mod line;
mod message;
mod prefix;
mod record;
mod sizes;
mod stamp;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

pub(crate) use record::{Constraint, OomKill};
#[cfg(test)]
use record::{Invoker, Reaped};
#[cfg(test)]
use stamp::Stamp;

use join::Joiner;
use line::{Lines, Read};
use prefix::Heads;

/// The OOM kills in a kernel log.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// One record for each killed process, in the order of the log; only the last [`Records::MOST`] records.
    pub(crate) kills: Vec<OomKill>,
    /// Number of earlier kills, whose records were discarded.
    pub(crate) left_out: u64,
    /// Number of lines.
    pub(crate) lines: u64,
    /// Number of skipped lines. A skipped line is longer than all lines of the kernel.
    pub(crate) too_long: u64,
}

impl Records {
    /// Maximum number of records.
    pub(crate) const MOST: usize = 2_048;
}

/// Reads a kernel log: the output of `dmesg` (all formats of times, priorities and facilities), the output of `journalctl`
/// (`-o json`, `json-seq`, `cat`, `with-unit` and the `short` formats), kern.log, syslog (RFC 3164, RFC 3339, RFC 5424) or
/// /dev/kmsg.
///
/// A line counts only if its message is complete, begins with a text of the kernel, and has no other program as its origin.
/// Therefore a program cannot forge a record with a quoted message. Two formats do not prove the origin: `dmesg -t` does not
/// contain it, and every program can write to syslog as `kernel`. The JSON of the journal proves the origin.
///
/// Other lines can be between the lines of a kill. If the kernel kills many processes, it writes only the last line of each
/// kill. The record then contains only the data of this line.
///
/// # Errors
/// Returns the errors of the input. The content of the log is never an error.
pub(crate) fn records(input: impl BufRead) -> io::Result<Records> {
    let mut lines = Lines::new(input);
    let mut joiner = Joiner::new();
    let mut heads = Heads::default();
    let mut records = Records::default();
    while let Some(read) = lines.next()? {
        records.lines += 1;
        let Read::Line(bytes) = read else {
            records.too_long += 1;
            continue;
        };
        let text = line::cleaned(bytes);
        let text = text.as_ref();
        if text.starts_with('{') {
            if let Some(told) = journal::parse(text) {
                joiner.take(records.lines, &told.head());
            }
        } else if let Some(head) = heads.parse(text) {
            joiner.take(records.lines, &head);
        }
    }
    (records.kills, records.left_out) = joiner.finish();
    Ok(records)
}
