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

/// What a kernel's log says of kills for want of memory.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// One a process killed, in the order of the log: the last [`Records::MOST`] of them.
    pub(crate) kills: Vec<OomKill>,
    /// How many earlier ones there were, which are not kept.
    pub(crate) left_out: u64,
    /// How many lines were read.
    pub(crate) lines: u64,
    /// How many of them were longer than any that the kernel writes, and were passed over.
    pub(crate) too_long: u64,
}

impl Records {
    /// How many records are kept, whatever is in a log.
    pub(crate) const MOST: usize = 2_048;
}

/// Reads a kernel's log: the output of `dmesg` (any of its ways to write times, priorities, facilities), of `journalctl`
/// (`-o json`, `json-seq`, `cat`, `with-unit` and the `short` ones), kern.log or syslog (RFC 3164, RFC 3339, RFC 5424),
/// /dev/kmsg.
///
/// A line counts only if the message begins with what the kernel writes there, is whole, and no other program is named
/// as its origin: who quotes such a line in a message of its own is not believed. Where a log does not say where a line
/// comes from, as `dmesg -t`, or is a syslog, into which everybody may write as "kernel", this cannot be told apart;
/// the journal's JSON can. Other lines may be between those of a kill. Where many die, the kernel leaves out all but the
/// last line of each: such a record has no more than that line.
///
/// # Errors
/// Those of reading. What is read never is one.
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
