//! The wall clock.

/// Returns the time in nanoseconds since the Unix epoch. Each entry reads this clock, and the conversion of a
/// `SystemTime` costs more than the system's clock itself.
#[cfg(all(unix, not(loom)))]
#[inline]
pub(crate) fn unix_nanos_now() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for writes, and the function writes nothing else. If it fails, `now` stays 0.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    // A time before the epoch is 0, as with `SystemTime`.
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

/// Returns the time in nanoseconds since the Unix epoch.
#[cfg(not(all(unix, not(loom))))]
pub(crate) fn unix_nanos_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
