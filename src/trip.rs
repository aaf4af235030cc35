//! What the fuse did: causes, places, counts (A7).

/// Why the fuse tripped. The numbers are those of `TripCause` in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TripCause {
    /// A container was deeper than the limit (A1). Lost: the container, counted as 1.
    Depth = 0,
    /// A container had more children than the limit (A2). Lost: children.
    Width = 1,
    /// A value was of a refused type (A3). Lost: values.
    Type = 2,
    /// A string or bytes were over their budget (A5). Lost: bytes.
    StringBytes = 3,
    /// A key was over its budget (A5). Lost: bytes.
    KeyBytes = 4,
    /// Formatted text was over its budget (A5). Lost: unknown, the formatter was stopped.
    FormattedBytes = 5,
    /// The entry was over its budget (A5). Lost: values, bytes of a cut one not counted.
    EntryBytes = 6,
    /// A value's own formatter returned an error. Lost: unknown.
    ValueError = 7,
}

impl TripCause {
    /// Every cause, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Depth,
        Self::Width,
        Self::Type,
        Self::StringBytes,
        Self::KeyBytes,
        Self::FormattedBytes,
        Self::EntryBytes,
        Self::ValueError,
    ];

    /// The cause with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < Self::ALL.len() { Some(Self::ALL[number as usize]) } else { None }
    }

    /// A short name in lower case, as tools print it and queries spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Width => "width",
            Self::Type => "type",
            Self::StringBytes => "string",
            Self::KeyBytes => "key",
            Self::FormattedBytes => "formatted",
            Self::EntryBytes => "entry",
            Self::ValueError => "value",
        }
    }
}

/// Which parts of an entry a cause tripped in: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Places(u8);

impl Places {
    /// Nowhere.
    pub const NONE: Self = Self(0);
    /// In the attributes.
    pub const ATTRIBUTES: Self = Self(1);
    /// In the body.
    pub const BODY: Self = Self(1 << 1);
    /// In the target.
    pub const TARGET: Self = Self(1 << 2);
    /// In the thread's name.
    pub const THREAD: Self = Self(1 << 3);

    /// The places with these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// These places and `other`'s.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every place of `other` is in the set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How often one cause tripped in an entry, and what it cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trip {
    /// Why.
    pub cause: TripCause,
    /// Where.
    pub places: Places,
    /// How often; at least 1.
    pub count: u32,
    /// What is not in the entry, in the unit of the cause; `None` where nobody knows.
    pub lost: Option<u64>,
}

const CAUSES: usize = TripCause::ALL.len();

/// What the fuse did to one entry, by cause. Returned with every encoded entry.
#[derive(Clone, Copy, Default)]
pub struct TripReport {
    any: bool,
    places: [Places; CAUSES],
    counts: [u32; CAUSES],
    /// `u64::MAX` where nobody knows.
    lost: [u64; CAUSES],
}

impl TripReport {
    /// Whether nothing tripped.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        !self.any
    }

    /// How often `cause` tripped.
    #[must_use]
    pub const fn count(&self, cause: TripCause) -> u32 {
        self.counts[cause as usize]
    }

    /// The causes that tripped, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Trip> + '_ {
        TripCause::ALL.into_iter().filter_map(|cause| {
            let i = cause as usize;
            let lost = Some(self.lost[i]).filter(|lost| *lost != u64::MAX);
            let trip = Trip { cause, places: self.places[i], count: self.counts[i], lost };
            (trip.count > 0).then_some(trip)
        })
    }

    /// Sets what is known of one cause.
    pub(crate) fn set(&mut self, cause: TripCause, places: Places, count: u32, lost: u64) {
        let i = cause as usize;
        self.any |= count > 0;
        self.places[i] = places;
        self.counts[i] = count;
        self.lost[i] = lost;
    }

    /// Adds what another report says.
    #[inline]
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.any {
            for i in 0..CAUSES {
                self.places[i] = self.places[i].with(other.places[i]);
                self.counts[i] = self.counts[i].saturating_add(other.counts[i]);
                self.lost[i] = self.lost[i].saturating_add(other.lost[i]);
            }
            self.any = true;
        }
    }

    /// Adds one trip. `lost` is saturating; `None` makes the sum unknown for good.
    pub(crate) fn record(&mut self, cause: TripCause, place: Places, lost: Option<u64>) {
        self.record_in_run(cause, place, lost, true);
    }

    /// The same; only the `first` of a run of losses counts as a trip.
    pub(crate) fn record_in_run(&mut self, cause: TripCause, place: Places, lost: Option<u64>, first: bool) {
        let i = cause as usize;
        self.any = true;
        self.places[i] = self.places[i].with(place);
        self.counts[i] = self.counts[i].saturating_add(u32::from(first));
        self.lost[i] = self.lost[i].saturating_add(lost.unwrap_or(u64::MAX));
    }
}

impl core::fmt::Debug for TripReport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for TripReport {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TripReport {}
