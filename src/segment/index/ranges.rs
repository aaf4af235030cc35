//! The search for the parts of a segment that may contain wanted entries.

use std::ops::{Deref, Range};

use crate::format::frame::ALIGN;
use crate::format::index::{
    self as layout, Extent, IRREGULAR, NAMED_TARGETS, OTHER_FRAMES, Section, WITHOUT_TIME, Zone,
};
use crate::format::segment::Trailer;
use crate::severity::Severity;
use crate::trip::TripCause;

use super::{Column, SegmentIndex, filter};

/// The conditions for an entry that an index can check. Parts of a segment that the index excludes need not be read.
///
/// An entry is wanted if it meets all conditions. The default has no conditions.
///
/// ```
/// use fusewire::Severity;
/// use fusewire::segment::Wanted;
///
/// let mut wanted = Wanted::default();
/// wanted.traces.push(0xABC);
/// wanted.of_severities([Severity::ERROR, Severity::FATAL]);
/// assert!(!wanted.is_anything());
/// assert!(Wanted::default().is_anything());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A bit for each permitted severity. `None` permits every severity.
    severities: Option<u32>,
    /// The earliest permitted time, in nanoseconds since the Unix epoch. Entries without a time are excluded.
    pub since: Option<u64>,
    /// The end of the permitted time, exclusive, in nanoseconds since the Unix epoch. Entries without a time are
    /// excluded.
    pub until: Option<u64>,
    /// The permitted trace ids. An empty list permits every entry.
    pub traces: Vec<u128>,
    /// The permitted targets. An empty list permits every entry.
    pub targets: Vec<Box<[u8]>>,
    /// A bit for each cause of trips, of which the entry must have at least one. 0 permits every entry.
    trips: u16,
}

impl Wanted {
    /// Restricts the entries to the given severities.
    pub fn of_severities(&mut self, severities: impl IntoIterator<Item = Severity>) {
        let bits =
            severities.into_iter().fold(0, |bits, severity| bits | layout::severity_bit(severity.number()));
        self.severities = Some(self.severities.unwrap_or(u32::MAX) & bits);
    }

    /// Restricts the entries to those in which the circuit breaker tripped for one of `causes`. If the
    /// method is called repeatedly, one of the causes of any call suffices.
    pub fn of_trips(&mut self, causes: impl IntoIterator<Item = TripCause>) {
        self.trips |= causes.into_iter().fold(0, |bits, cause| bits | 1 << cause as u16);
    }

    /// Returns whether there are no conditions.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether an entry of this severity may be wanted.
    pub(crate) fn admits_severity(&self, number: u8) -> bool {
        self.severities.is_none_or(|bits| bits & layout::severity_bit(number) != 0)
    }

    /// Returns whether every entry of the zone has a permitted severity.
    pub(crate) fn admits_all_severities_of(&self, zone: &Zone) -> bool {
        self.severities.is_none_or(|bits| zone.severities & !bits == 0)
    }

    /// Returns whether a segment with this trailer may contain wanted entries. A segment without entries may contain
    /// other frames that a reader reports.
    #[cfg(unix)]
    pub(crate) fn admits_segment(&self, trailer: &Trailer) -> bool {
        trailer.entries == 0 || self.admits_times((trailer.min_time, trailer.max_time))
    }

    /// Returns whether a segment or a zone may contain wanted entries if its times are in this range. The range is 0
    /// if no entry has a time.
    pub(crate) fn admits_times(&self, (min, max): (u64, u64)) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        max != 0 && self.since.is_none_or(|since| max >= since) && self.until.is_none_or(|until| min < until)
    }
}

/// The position of a search that advances from zone to zone.
#[derive(Default)]
pub(crate) struct Position {
    next: usize,
    zone: Option<Zone>,
    place: Place,
}

/// A position among the entries of a zone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// The next entry to check, and its slot.
    entry: usize,
    slot: u32,
}

/// A search in an index: the intact sections, and the conditions that depend on the segment. `I` dereferences to the
/// index, and `W` to the conditions.
pub(crate) struct Search<I, W> {
    index: I,
    wanted: W,
    zones: Extent,
    column: Option<Extent>,
    filters: Option<Extent>,
    /// A bit for each permitted target.
    targets: u64,
}

impl SegmentIndex {
    fn target_bits(&self, wanted: &Wanted) -> u64 {
        let Some(counts) = self.counts() else { return u64::MAX };
        let number = |target: &[u8]| counts.targets.iter().position(|(name, ..)| *name == *target);
        let bits = wanted
            .targets
            .iter()
            .map(|target| 1 << number(target).unwrap_or(NAMED_TARGETS).min(NAMED_TARGETS));
        bits.fold(0, |all, bit: u64| all | bit)
    }
}

impl<I: Deref<Target = SegmentIndex>, W: Deref<Target = Wanted>> Search<I, W> {
    /// Creates a search for `wanted` in `index`. Returns `None` if the index has no usable zones.
    pub(crate) fn new(index: I, wanted: W) -> Option<Self> {
        let zones = index.zones()?;
        let filled =
            |section| index.section(section).map(|(_, extent)| extent).filter(|extent| extent.len > 0);
        let filters = filled(Section::Traces).filter(|_| !wanted.traces.is_empty());
        let column = filled(Section::Column);
        let targets = if wanted.targets.is_empty() { u64::MAX } else { index.target_bits(&wanted) };
        Some(Self { index, wanted, zones, column, filters, targets })
    }

    /// Returns the number of zones.
    pub(crate) fn zones(&self) -> usize {
        self.zones.len as usize / layout::ZONE_LEN
    }

    /// Returns the next part of the segment to read, in bytes. The part consists of whole frames. No wanted entry is
    /// between two parts.
    pub(crate) fn next(&self, position: &mut Position) -> Option<Range<usize>> {
        loop {
            if let Some(zone) = &position.zone
                && let Some(range) = self.next_in(zone, &mut position.place)
            {
                return Some(range);
            }
            if position.next >= self.zones() {
                return None;
            }
            position.zone = self.zone(position.next);
            position.place = Place::default();
            position.next += 1;
        }
    }

    /// Returns the zone of this number if it may contain wanted entries.
    pub(crate) fn zone(&self, number: usize) -> Option<Zone> {
        let zone = self.parse(number)?;
        self.admits(number, &zone).then_some(zone)
    }

    fn parse(&self, number: usize) -> Option<Zone> {
        let (zones, _) = self.index.at(self.zones)?.as_chunks();
        zones.get(number).map(Zone::parse)
    }

    /// Returns the next part of the zone to read.
    pub(crate) fn next_in(&self, zone: &Zone, place: &mut Place) -> Option<Range<usize>> {
        let slots = self.next_slots(zone, place)?;
        let bytes = |slot: u32| (slot as usize).saturating_mul(ALIGN).min(self.index.end);
        Some(bytes(slots.start)..bytes(slots.end))
    }

    /// Returns the severities of the entries in the zone, if the index contains them.
    pub(crate) fn severities(&self, zone: &Zone) -> Option<&[u8]> {
        Some(self.column_of(zone)?.severities)
    }

    /// Returns whether every entry of the zone with a permitted severity meets all conditions.
    pub(crate) fn wants_all_of(&self, zone: &Zone) -> bool {
        let wanted = &*self.wanted;
        let ranged = wanted.since.is_some() || wanted.until.is_some();
        let in_time = !ranged
            || zone.flags & WITHOUT_TIME == 0
                && wanted.since.is_none_or(|since| zone.times.0 >= since)
                && wanted.until.is_none_or(|until| zone.times.1 < until);
        // The last bit represents all targets without a number, so it identifies no single target.
        let told = self.targets == u64::MAX || zone.targets & !(self.targets & !(1 << NAMED_TARGETS)) == 0;
        zone.flags & OTHER_FRAMES == 0 && in_time && told && wanted.traces.is_empty() && wanted.trips == 0
    }

    fn admits(&self, number: usize, zone: &Zone) -> bool {
        if zone.flags & OTHER_FRAMES != 0 {
            // Every reader reports losses and unreadable frames.
            return true;
        }
        let wanted = &*self.wanted;
        let may_hold = |extent: Extent| {
            let (filters, unit) = (self.index.at(extent).unwrap_or(&[]), extent.unit as usize);
            let filter = filters.get(number * unit..(number + 1) * unit).unwrap_or(&[]);
            wanted.traces.iter().any(|id| filter::may_hold(filter, *id))
        };
        wanted.severities.is_none_or(|bits| bits & zone.severities != 0)
            && wanted.admits_times(zone.times)
            && self.targets & zone.targets != 0
            && (wanted.trips == 0 || wanted.trips & zone.trips != 0)
            && self.filters.is_none_or(may_hold)
    }

    fn column_of(&self, zone: &Zone) -> Option<Column<'_>> {
        let (first, entries) = (zone.first_entry as usize, usize::from(zone.entries));
        let last = self.parse(self.zones().checked_sub(1)?)?;
        let total = last.first_entry as usize + usize::from(last.entries);
        Column::of(self.index.at(self.column?)?, total, first..first + entries)
    }

    /// Returns the next run of entries in the zone with a permitted severity, or the whole zone if the index does not
    /// distinguish its entries.
    fn next_slots(&self, zone: &Zone, place: &mut Place) -> Option<Range<u32>> {
        let regular = zone.flags & (OTHER_FRAMES | IRREGULAR) == 0;
        let column = self.column_of(zone).filter(|_| regular);
        let (Some(column), Some(bits)) = (column, self.wanted.severities) else {
            let whole = place.entry == 0;
            place.entry = usize::MAX;
            return whole.then_some(zone.slots.0..zone.slots.1);
        };
        if place.entry == 0 {
            place.slot = zone.first_entry_slot.clamp(zone.slots.0, zone.slots.1);
        }
        let mut start = None;
        while let Some(severity) = column.severities.get(place.entry) {
            if bits & layout::severity_bit(*severity) != 0 {
                start.get_or_insert(place.slot);
            } else if let Some(start) = start {
                return Some(start..place.slot);
            }
            // The gaps come from a file, so their sum may exceed the zone.
            place.slot = place.slot.saturating_add(column.gap(place.entry)).min(zone.slots.1);
            place.entry += 1;
        }
        start.map(|start| start..zone.slots.1)
    }
}
