//! The text of lost byte ranges, and the contents of loss records.

use fusewire::decode::{Attribute, EntryRef, Value};
use fusewire::error::DecodeError;
use fusewire::segment::{FrameRef, LostRange, LostReason};

use crate::input::time_point::Range;

/// Returns the number of dropped entries if `frame` is a loss record in `range`, else 0.
pub(crate) fn count(frame: &FrameRef<'_>, range: Range) -> u64 {
    match frame.loss_record() {
        Some(Ok(record)) if range.contains(record.time_unix_nano()) => match record.get("count") {
            Some(Value::Uint(count)) => count,
            _ => 0,
        },
        _ => 0,
    }
}

/// Returns the counts of a loss record under `key`, such as `causes` or `dropped`.
pub(crate) fn told(record: &EntryRef<'_>, key: &str) -> Vec<(String, u64)> {
    let Some(Value::Map(counts)) = record.get(key) else { return Vec::new() };
    let counts = counts.iter().filter_map(Result::ok);
    let of = |count: Attribute<'_>| match count.value {
        Value::Uint(number) => Some((count.key.to_string(), number)),
        _ => None,
    };
    counts.filter_map(of).collect()
}

/// Returns a description: `lost bytes 8208..8720 (512 bytes): bad frame header`.
pub(crate) fn describe(range: &LostRange) -> String {
    // Truncated compressed data has no lost bytes with an offset.
    if range.start == range.end {
        return fault(range);
    }
    let verb = match range.reason {
        // Some bytes of the line are in its entries.
        LostReason::LongLine => "partly read ",
        _ if range.is_loss() => "lost ",
        _ => "",
    };
    let LostRange { start, end, reason, .. } = range;
    format!(
        "{verb}bytes {start}..{end} ({}): {reason}",
        super::numbers::counted(range.len(), "byte", "bytes")
    )
}

/// Returns the description of an intact frame without a valid entry.
pub(crate) fn describe_invalid(error: &DecodeError) -> String {
    format!("the frame is intact, but its entry is invalid: {error}")
}

/// The holes of NUL bytes of a file. A file can have thousands, and one report is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holes {
    count: u64,
    bytes: u64,
}

impl Holes {
    /// Adds a hole. Returns `false` if the range is no hole.
    pub(crate) fn add(&mut self, range: &LostRange) -> bool {
        if range.reason == LostReason::Nul {
            self.count += 1;
            self.bytes += range.len();
        }
        range.reason == LostReason::Nul
    }

    /// Returns a description of the holes after the first one, or `None` if there is only one.
    pub(crate) fn describe_more(&self, first: &LostRange) -> Option<String> {
        let more = self.count.checked_sub(1).filter(|more| *more > 0)?;
        let holes = super::numbers::counted(more, "more hole of NUL bytes", "more holes of NUL bytes");
        let bytes = super::numbers::counted(self.bytes - first.len(), "byte", "bytes");
        Some(format!("{holes} after the hole at offset {} ({bytes})", first.start))
    }
}

/// Returns the error of a strict read: `offset 8208: bad frame checksum: expected 1f2e3d4c, found 00000000`.
pub(crate) fn fault(range: &LostRange) -> String {
    format!("offset {}: {}", range.start, range.reason)
}
