//! Lost bytes in words, and what a log says of entries that were not written.

use fusewire::decode::{Attribute, EntryRef, Value};
use fusewire::segment::{FrameKind, FrameRef, LostRange};

use crate::input::time_point::Range;

/// How many entries were not written, where `frame` is a record of that in `range`.
pub(crate) fn count(frame: &FrameRef<'_>, range: Range) -> u64 {
    if frame.kind != FrameKind::Loss {
        return 0;
    }
    match EntryRef::new(frame.payload) {
        Ok(record) if range.contains(record.time_unix_nano()) => match record.get("count") {
            Some(Value::Uint(count)) => count,
            _ => 0,
        },
        _ => 0,
    }
}

/// What a record of entries that were not written counts under `key`, as `causes` and `dropped`.
pub(crate) fn told(record: &EntryRef<'_>, key: &str) -> Vec<(String, u64)> {
    let Some(Value::Map(counts)) = record.get(key) else { return Vec::new() };
    let counts = counts.iter().filter_map(Result::ok);
    let of = |count: Attribute<'_>| match count.value {
        Value::Uint(number) => Some((count.key.to_string(), number)),
        _ => None,
    };
    counts.filter_map(of).collect()
}

/// `lost bytes 8208..8720 (512 bytes): the checksum is wrong`.
pub(crate) fn describe(range: &LostRange) -> String {
    let verb = if range.is_loss() { "lost " } else { "" };
    let LostRange { start, end, reason, .. } = range;
    format!(
        "{verb}bytes {start}..{end} ({}): {reason}",
        super::numbers::counted(range.len(), "byte", "bytes")
    )
}

/// The same as the reason why a strict read stops: `byte 8208: the checksum is wrong`.
pub(crate) fn fault(range: &LostRange) -> String {
    format!("byte {}: {}", range.start, range.reason)
}
