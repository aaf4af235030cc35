//! The times of entries from lines, and the count of entries from lines without a time.

/// A time of an entry. The default is no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "json"), allow(dead_code, reason = "without this feature, no line is read"))]
pub(crate) struct EntryTime {
    pub(crate) unix_nano: u64,
    pub(crate) utc_offset_minutes: Option<i16>,
}

/// The numbers of entries from lines that contain no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithoutTime {
    /// The number of entries with the time of the entry before them in their file. The attribute `fusewire.import.time` of
    /// these entries is `previous`.
    pub previous: u64,
    /// The number of entries without any time: no entry before them in their file has a time, or their line contains a time
    /// that is not understood.
    pub none: u64,
}

impl WithoutTime {
    /// Returns the number of entries from lines that contain no time.
    #[must_use]
    pub fn total(self) -> u64 {
        self.previous + self.none
    }
}

impl core::ops::AddAssign for WithoutTime {
    fn add_assign(&mut self, other: Self) {
        self.previous += other.previous;
        self.none += other.none;
    }
}
