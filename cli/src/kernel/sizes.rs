//! Numbers in the kernel's lines.

/// Maximum process id of Linux (`PID_MAX_LIMIT`).
const HIGHEST_PID: u32 = 4 * 1024 * 1024;

/// A limit of at least this number of bytes means that there is no limit. In this case, the kernel writes a maximum that
/// depends on the page size.
const NO_LIMIT: u64 = 1 << 62;

/// Parses `65536kB` and returns bytes.
pub(super) fn kib(text: &str) -> Option<u64> {
    decimal::<u64>(text.strip_suffix("kB")?)?.checked_mul(1024)
}

/// Returns `bytes`, or `None` if the number means that there is no limit.
pub(super) fn limit(bytes: u64) -> Option<u64> {
    (bytes < NO_LIMIT).then_some(bytes)
}

/// Parses a process id, from 1.
pub(super) fn pid(text: &str) -> Option<u32> {
    decimal(text).filter(|pid| (1..=HIGHEST_PID).contains(pid))
}

/// Parses a number that consists of digits only, without sign or blanks.
pub(super) fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Parses a number from -1000 to 1000, for example an adjustment or an order.
pub(super) fn small(text: &str) -> Option<i32> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    decimal::<i32>(digits)?;
    text.parse().ok().filter(|number: &i32| (-1000..=1000).contains(number))
}

/// Parses seconds with an optional fraction, for example `514.682838`, and returns nanoseconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > 9 {
        return None;
    }
    let scale = (fraction.len()..9).fold(1_u64, |scale, _| scale * 10);
    let nanos = decimal::<u64>(fraction)? * scale;
    decimal::<u64>(whole)?.checked_mul(1_000_000_000)?.checked_add(nanos)
}
