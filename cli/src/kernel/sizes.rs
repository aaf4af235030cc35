//! Numbers in the kernel's lines.

/// The highest process id that Linux gives out (`PID_MAX_LIMIT`).
const HIGHEST_PID: u32 = 4 * 1024 * 1024;

/// A limit from here on is none: the kernel counts pages, and its highest count is less than this by architecture.
const NO_LIMIT: u64 = 1 << 62;

/// `65536kB` in bytes.
pub(super) fn kib(text: &str) -> Option<u64> {
    decimal::<u64>(text.strip_suffix("kB")?)?.checked_mul(1024)
}

/// `limit`, unless it stands for none.
pub(super) fn limit(bytes: u64) -> Option<u64> {
    (bytes < NO_LIMIT).then_some(bytes)
}

/// A process: from 1 on.
pub(super) fn pid(text: &str) -> Option<u32> {
    decimal(text).filter(|pid| (1..=HIGHEST_PID).contains(pid))
}

/// Digits and nothing else: no sign, no blank.
pub(super) fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// A number of a small range that may be negative: an adjustment, -1000 to 1000, an order.
pub(super) fn small(text: &str) -> Option<i32> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    decimal::<i32>(digits)?;
    text.parse().ok().filter(|number: &i32| (-1000..=1000).contains(number))
}

/// `514.682838` in nanoseconds: seconds and their fraction, of which there may be none.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > 9 {
        return None;
    }
    let scale = (fraction.len()..9).fold(1_u64, |scale, _| scale * 10);
    let nanos = decimal::<u64>(fraction)? * scale;
    decimal::<u64>(whole)?.checked_mul(1_000_000_000)?.checked_add(nanos)
}
