//! The text of numbers, sizes and durations.

use std::time::Duration;

/// Returns a sum, or `u64::MAX` if the sum is greater, because files can contain any number.
pub(crate) fn total(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// Returns a number with grouped digits: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a size with three digits and a binary unit: `64.0 MiB`. A size below 10 KiB is exact.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 10_240 {
        return format!("{} B", grouped(number));
    }
    let mut size = number as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(size < 100.0);
    format!("{size:.digits$} {}", UNITS[unit])
}

/// Returns a number with its noun: `1 entry`, `2 entries`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Returns a duration: `812 ns`, `3.1 µs`, `12 ms`, `1.25 s`.
pub(crate) fn spent(elapsed: Duration) -> String {
    let nanos = elapsed.as_nanos() as f64;
    let (scaled, unit) = match nanos {
        ..1e3 => (nanos, "ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let digits = usize::from(scaled < 100.0) + usize::from(scaled < 10.0);
    format!("{scaled:.digits$} {unit}")
}

/// Returns a duration with three digits, or to the second: `12 ms`, `56.1 s`, `2h 3m 4s`, `12d 4h 0m 9s`.
pub(crate) fn lasted(nanos: u64) -> String {
    if nanos < 100_000_000_000 {
        return spent(Duration::from_nanos(nanos));
    }
    let seconds = nanos / 1_000_000_000;
    let parts = [(seconds / 86_400, 'd'), (seconds / 3_600 % 24, 'h'), (seconds / 60 % 60, 'm')];
    let mut out = String::new();
    for (number, unit) in parts.into_iter().skip_while(|(number, _)| *number == 0) {
        out.push_str(&format!("{number}{unit} "));
    }
    out + &format!("{}s", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn small_sizes_are_exact_and_large_ones_short() {
        for (number, text) in
            [(8208, "8,208 B"), (64 << 20, "64.0 MiB"), (500 << 20, "500 MiB"), (1 << 30, "1.0 GiB")]
        {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn long_times_are_told_to_the_second_and_short_ones_by_three_digits() {
        for (nanos, text) in [
            (0, "0.00 ns"),
            (326_644_607, "327 ms"),
            (56_105_068_517, "56.1 s"),
            (100_999_000_000, "1m 40s"),
            (7_384_000_000_000, "2h 3m 4s"),
            (86_400_000_000_000, "1d 0h 0m 0s"),
        ] {
            assert_eq!(lasted(nanos), text);
        }
    }
}
