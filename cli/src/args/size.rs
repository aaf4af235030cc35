//! A parser of byte sizes.

use fusewire::Limits;

/// Parses a size in bytes: `4096`, `64KiB`, `64K`, `1.5MiB`, `64MB`. K, M and G without `iB` are powers of 1024, as in
/// `dd`; KB, MB and GB are powers of 1000.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("`{text}` is not a size: expected a number of bytes such as 4096, 64KiB, 1.5MiB or 64MB");
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale).ok_or_else(wrong);
    }
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * scale as f64;
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^63 by the test before it")]
    if bytes.fract() == 0.0 && bytes < 1e15 { Ok(bytes as u64) } else { Err(wrong()) }
}

pub(super) fn parse_segment_size(text: &str) -> Result<u64, String> {
    let size = parse_size(text)?;
    if size % 4096 != 0 || !(16 << 10..=1 << 30).contains(&size) {
        return Err("expected a multiple of 4 KiB from 16 KiB to 1 GiB".to_owned());
    }
    Ok(size)
}

pub(super) fn parse_u32_size(text: &str) -> Result<u32, String> {
    u32::try_from(parse_size(text)?).map_err(|_| "expected at most 4294967295 bytes".to_owned())
}

pub(super) fn parse_entry_bytes(text: &str) -> Result<u32, String> {
    let size = parse_u32_size(text)?;
    if !(Limits::MIN_ENTRY_BYTES..=Limits::MAX_ENTRY_BYTES).contains(&size) {
        return Err("expected 1 KiB to 16 MiB".to_owned());
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4096", 4096),
            ("64KiB", 65_536),
            ("64k", 65_536),
            ("1.5MiB", 1_572_864),
            ("1MB", 1_000_000),
            ("1G", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1.0000001KiB", "12 parsecs", "99999999999999999999", "1e3"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
