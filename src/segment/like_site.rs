//! The bases of call sites, in the memory of an encoder of like entries.

/// The base of the last entry of a call site.
#[derive(Clone, Copy, Default)]
pub(super) struct Site {
    /// The address of the call site, or 0.
    pub(super) address: u64,
    /// The slot of the base.
    pub(super) slot: u32,
    /// The index of its record.
    pub(super) index: u16,
    /// The number of entries for which no attempt is made.
    pub(super) pause: u8,
    /// Bits 0 to 6: the number of entries for which no attempt was made after the last failure. Bit 7: whether the base has the
    /// target of the call site and exactly its keys.
    pub(super) state: u8,
}

/// The bit of the state of a call site whose base has its keys.
pub(super) const IS_OF_SITE: u8 = 1 << 7;

/// The length of a site in bytes.
pub(super) const SITE_LEN: usize = 16;
/// The maximum number of entries of a call site between two attempts.
const MAX_PAUSE: u8 = 63;

impl Site {
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(super) fn load(bytes: &[u8; SITE_LEN]) -> Self {
        let word = u128::from_le_bytes(*bytes);
        let [.., low, high, pause, state] = *bytes;
        Self {
            address: word as u64,
            slot: (word >> 64) as u32,
            index: u16::from_le_bytes([low, high]),
            pause,
            state,
        }
    }

    pub(super) fn store(self, bytes: &mut [u8; SITE_LEN]) {
        let [low, high] = self.index.to_le_bytes();
        let rest = u32::from_le_bytes([low, high, self.pause, self.state]);
        let word = u128::from(self.address) | u128::from(self.slot) << 64 | u128::from(rest) << 96;
        *bytes = word.to_le_bytes();
    }

    /// Begins a pause after a failed attempt, which is twice as long as the last one.
    pub(super) fn wait(&mut self) {
        self.pause = ((self.state & !IS_OF_SITE) * 2 + 1).min(MAX_PAUSE);
        self.state = self.pause | self.state & IS_OF_SITE;
    }
}
