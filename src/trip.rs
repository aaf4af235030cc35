//! Reports of the circuit breaker: causes, places and counts of its trips.

/// The cause of a trip. The numbers are those of `TripCause` in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TripCause {
    /// A container exceeded the depth limit. The loss is the number of such containers.
    Depth = 0,
    /// A container exceeded the width limit. The loss is a number of children.
    Width = 1,
    /// A value had a refused type. The loss is a number of values.
    Type = 2,
    /// A string or a byte string exceeded its limit. The loss is a number of bytes.
    StringBytes = 3,
    /// A key exceeded its limit. The loss is a number of bytes.
    KeyBytes = 4,
    /// Formatted text exceeded its limit. The loss is unknown, because the formatter was stopped.
    FormattedBytes = 5,
    /// The entry exceeded its limit. The loss is a number of values; the bytes of cut values are not counted.
    EntryBytes = 6,
    /// The formatter of a value returned an error. The loss is unknown.
    ValueError = 7,
}

impl TripCause {
    /// All causes, in the order of their numbers.
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

    /// Returns the cause with this number, or `None` if the number has no cause.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < Self::ALL.len() { Some(Self::ALL[number as usize]) } else { None }
    }

    /// Returns the short name in lower case that tools print and that queries use.
    ///
    /// ```
    /// use fusewire::TripCause;
    ///
    /// let names: Vec<_> = TripCause::ALL.iter().map(|cause| cause.name()).collect();
    /// assert_eq!(names, ["depth", "width", "type", "string", "key", "formatted", "entry", "value"]);
    /// ```
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

/// A set of parts of an entry in which the circuit breaker tripped.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::trip::Places;
/// use fusewire::Limits;
///
/// let limits = Limits { max_string_bytes: 4, ..Limits::default() };
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &limits, |entry| {
///     entry.set_body("a long message");
///     entry.attr("name", "a long name");
/// })?;
/// let trip = entry.report().iter().next().unwrap();
/// assert_eq!(trip.places, Places::BODY.with(Places::ATTRIBUTES));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Places(u8);

impl Places {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// The attributes.
    pub const ATTRIBUTES: Self = Self(1);
    /// The body.
    pub const BODY: Self = Self(1 << 1);
    /// The target.
    pub const TARGET: Self = Self(1 << 2);
    /// The thread name.
    pub const THREAD: Self = Self(1 << 3);

    /// Returns the places with these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Returns the bits of the set.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the union of this set and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether this set contains all places of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The number of trips of one cause in an entry, and the loss.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::{Limits, TripCause};
///
/// let limits = Limits { max_string_bytes: 4, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("a", "12345678").attr("b", "123456"))?;
/// let trip = EntryRef::new(entry.into_bytes())?.trips().next().unwrap();
/// assert_eq!((trip.cause, trip.count, trip.lost), (TripCause::StringBytes, 2, Some(6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trip {
    /// The cause of the trips.
    pub cause: TripCause,
    /// The parts of the entry in which the circuit breaker tripped.
    pub places: Places,
    /// The number of trips, at least 1.
    pub count: u32,
    /// The loss in the unit of the cause, or `None` if it is unknown.
    pub lost: Option<u64>,
}

const CAUSES: usize = TripCause::ALL.len();

/// The trips of the circuit breaker in one entry, by cause.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::{Limits, TripCause};
///
/// let limits = Limits { max_string_bytes: 8, ..Limits::default() };
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &limits, |entry| entry.set_body("a long message"))?;
/// let trip = entry.report().iter().next().unwrap();
/// assert_eq!((trip.cause, trip.count, trip.lost), (TripCause::StringBytes, 1, Some(6)));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct TripReport {
    any: bool,
    places: [Places; CAUSES],
    counts: [u32; CAUSES],
    /// `u64::MAX` means an unknown loss.
    lost: [u64; CAUSES],
}

impl TripReport {
    /// The report without trips.
    pub(crate) const CLEAN: Self =
        Self { any: false, places: [Places::NONE; CAUSES], counts: [0; CAUSES], lost: [0; CAUSES] };

    /// Returns whether the circuit breaker did not trip.
    ///
    /// ```
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_body("short"))?;
    /// assert!(entry.report().is_clean());
    /// # Ok::<(), fusewire::error::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        !self.any
    }

    /// Returns the number of trips of `cause`.
    #[must_use]
    pub const fn count(&self, cause: TripCause) -> u32 {
        self.counts[cause as usize]
    }

    /// Returns an iterator over the causes that tripped, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Trip> + '_ {
        TripCause::ALL.into_iter().filter_map(|cause| {
            let i = cause as usize;
            let lost = Some(self.lost[i]).filter(|lost| *lost != u64::MAX);
            let trip = Trip { cause, places: self.places[i], count: self.counts[i], lost };
            (trip.count > 0).then_some(trip)
        })
    }

    /// Sets the places, the count and the loss of one cause.
    pub(crate) fn set(&mut self, cause: TripCause, places: Places, count: u32, lost: u64) {
        let i = cause as usize;
        self.any |= count > 0;
        self.places[i] = places;
        self.counts[i] = count;
        self.lost[i] = lost;
    }

    /// Adds the trips of another report.
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

    /// Adds one trip. The sum of the losses saturates; `None` makes the sum unknown.
    pub(crate) fn record(&mut self, cause: TripCause, place: Places, lost: Option<u64>) {
        self.record_in_run(cause, place, lost, true);
    }

    /// Adds a loss to a run of losses. Only the `first` loss of a run counts as a trip.
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
