//! Conversion of integers to decimal digits. It is faster than `core::fmt`.

/// The two digits of each number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0_u8;
    while n < 100 {
        pairs[n as usize] = [b'0' + n / 10, b'0' + n % 10];
        n += 1;
    }
    pairs
};

/// Returns the two digits of `n`, which is below 100.
#[inline(always)]
pub(crate) fn pair(n: u8) -> [u8; 2] {
    PAIRS[usize::from(n) % 100]
}

/// Returns the number of digits of `number`.
#[inline(always)]
pub(crate) const fn count(number: u64) -> usize {
    match number.checked_ilog10() {
        Some(digits) => digits as usize + 1,
        None => 1,
    }
}

/// Fills `room` with the digits of `number` and with leading zeros. `room` has at least as many bytes as `number` has
/// digits.
#[inline(always)]
pub(crate) fn fill(room: &mut [u8], mut number: u64) {
    let (odd, pairs) = room.as_rchunks_mut::<2>();
    for two in pairs.iter_mut().rev() {
        *two = pair((number % 100) as u8);
        number /= 100;
    }
    if let [first] = odd {
        *first = b'0' + (number % 10) as u8;
    }
}

/// The length of the longest integer: `i128::MIN` has 40 characters.
const LONGEST: usize = 40;

/// The decimal digits of an integer, with its sign.
pub(crate) struct Digits {
    bytes: [u8; LONGEST],
    start: usize,
}

impl Digits {
    #[inline(always)]
    pub(crate) fn new(number: u64) -> Self {
        let mut digits = Self { bytes: [b'0'; LONGEST], start: LONGEST };
        digits.push(number);
        digits
    }

    #[inline(always)]
    pub(crate) fn signed(number: i64) -> Self {
        let mut digits = Self::new(number.unsigned_abs());
        if number < 0 {
            digits.push_sign();
        }
        digits
    }

    pub(crate) fn wide(mut number: u128) -> Self {
        const STEP: u128 = 10_000_000_000_000_000;
        let mut digits = Self { bytes: [b'0'; LONGEST], start: LONGEST };
        let mut end = LONGEST;
        loop {
            if let Ok(number) = u64::try_from(number) {
                digits.push(number);
                return digits;
            }
            digits.push((number % STEP) as u64);
            number /= STEP;
            // The buffer contains zeros, so a group of fewer than sixteen digits needs no padding.
            end -= 16;
            digits.start = end;
        }
    }

    pub(crate) fn wide_signed(number: i128) -> Self {
        let mut digits = Self::wide(number.unsigned_abs());
        if number < 0 {
            digits.push_sign();
        }
        digits
    }

    /// Writes the digits of `number` before the digits that are already present.
    #[inline(always)]
    fn push(&mut self, number: u64) {
        let end = self.start;
        self.start = end.saturating_sub(count(number));
        fill(&mut self.bytes[self.start..end], number);
    }

    fn push_sign(&mut self) {
        self.start -= 1;
        self.bytes[self.start] = b'-';
    }

    #[inline(always)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("")
    }
}

/// Returns the hexadecimal digits of a number.
#[cfg(feature = "json")]
pub(crate) fn hex(number: u32) -> [u8; 8] {
    // Move each digit to a separate byte. The first digit is in the highest byte.
    let mut digits = u64::from(number);
    digits = (digits << 16 | digits) & 0x0000_FFFF_0000_FFFF;
    digits = (digits << 8 | digits) & 0x00FF_00FF_00FF_00FF;
    digits = (digits << 4 | digits) & 0x0F0F_0F0F_0F0F_0F0F;
    // 1 for each digit that is a letter. `a` is 39 after the character that follows `9`.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (digits + 0x3030_3030_3030_3030 + letters * 39).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_fmt_does() {
        let mut numbers = vec![0, 1, 9, 10, 99, 100, u128::MAX, u64::MAX.into(), u128::from(u64::MAX) + 1];
        for shift in 0..128 {
            numbers.extend([
                1 << shift,
                (1 << shift) - 1,
                0x0123_4567_89ab_cdef_0123_4567_89ab_cdef >> shift,
            ]);
        }
        let mut power = 1_u128;
        for _ in 0..38 {
            power *= 10;
            numbers.extend([power - 1, power, power + 1]);
        }
        for number in numbers {
            assert_eq!(Digits::wide(number).as_str(), number.to_string());
            let signed = number.cast_signed();
            assert_eq!(Digits::wide_signed(signed).as_str(), signed.to_string());
            let (low, small) = (number as u64, number as i64);
            assert_eq!(Digits::new(low).as_str(), low.to_string());
            assert_eq!(Digits::signed(small).as_str(), small.to_string());
            #[cfg(feature = "json")]
            assert_eq!(hex(number as u32), *format!("{:08x}", number as u32).as_bytes());
        }
        assert_eq!(Digits::wide_signed(i128::MIN).as_str(), i128::MIN.to_string());
    }
}
