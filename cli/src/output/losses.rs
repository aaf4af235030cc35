//! Lost bytes in words.

use fusewire::segment::LostRange;

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
