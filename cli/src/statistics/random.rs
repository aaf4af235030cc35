//! Random numbers for tests, identical in each run.

/// A SplitMix64 generator (Steele, Lea and Flood).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a uniformly distributed number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number with the standard normal distribution, by the Box-Muller method.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Returns a generator of AR(1) values with the coefficient `share` and the standard deviation `spread`.
    pub(super) fn dependent(&mut self, share: f64, spread: f64) -> impl FnMut(&mut Self) -> f64 + use<> {
        let mut value = self.normal() * spread;
        let new = spread * (1.0 - share * share).sqrt();
        move |random| {
            value = share * value + new * random.normal();
            value
        }
    }
}
