//! From what somebody looks for to the places where it may be.

use std::ops::{Deref, Range};

use crate::format::frame::ALIGN;
use crate::format::index::{
    self as layout, Extent, IRREGULAR, NAMED_TARGETS, OTHER_FRAMES, Section, WITHOUT_TIME, Zone,
};
use crate::format::segment::Trailer;
use crate::severity::Severity;
use crate::trip::TripCause;

use super::{Column, SegmentIndex, filter};

/// What holds for every entry that somebody looks for, as far as an index can tell it: what it excludes need not be read.
///
/// Each condition is one of all that must hold. The default is that anything may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A bit for each severity that it may have; `None`: any.
    severities: Option<u32>,
    /// Its time is not before this, in nanoseconds since the Unix epoch, and is known.
    pub since: Option<u64>,
    /// Its time is before this, and is known.
    pub until: Option<u64>,
    /// Its trace id is one of these; empty: any.
    pub traces: Vec<u128>,
    /// Its target is one of these; empty: any.
    pub targets: Vec<Box<[u8]>>,
    /// A bit for each cause of a trip of which it has one at least; 0: any.
    trips: u16,
}

impl Wanted {
    /// Only entries of one of `severities`.
    pub fn of_severities(&mut self, severities: impl IntoIterator<Item = Severity>) {
        let bits =
            severities.into_iter().fold(0, |bits, severity| bits | layout::severity_bit(severity.number()));
        self.severities = Some(self.severities.unwrap_or(u32::MAX) & bits);
    }

    /// Only entries in which the fuse tripped for one of `causes`.
    pub fn of_trips(&mut self, causes: impl IntoIterator<Item = TripCause>) {
        self.trips |= causes.into_iter().fold(0, |bits, cause| bits | 1 << cause as u16);
    }

    /// Whether it excludes nothing.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an entry of this severity may be wanted.
    pub(crate) fn admits_severity(&self, number: u8) -> bool {
        self.severities.is_none_or(|bits| bits & layout::severity_bit(number) != 0)
    }

    /// Whether every entry of the zone has a severity that is wanted.
    pub(crate) fn admits_all_severities_of(&self, zone: &Zone) -> bool {
        self.severities.is_none_or(|bits| zone.severities & !bits == 0)
    }

    /// Whether a segment with this trailer may have some that are wanted. One without entries may have other things to tell.
    #[cfg(unix)]
    pub(crate) fn admits_segment(&self, trailer: &Trailer) -> bool {
        trailer.entries == 0 || self.admits_times((trailer.min_time, trailer.max_time))
    }

    /// Whether a segment or a zone with entries of these times, 0 where none has one, may have some that are wanted.
    pub(crate) fn admits_times(&self, (min, max): (u64, u64)) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        max != 0 && self.since.is_none_or(|since| max >= since) && self.until.is_none_or(|until| min < until)
    }
}

/// Where somebody stands in a search that goes from zone to zone.
#[derive(Default)]
pub(crate) struct Position {
    next: usize,
    zone: Option<Zone>,
    place: Place,
}

/// A place among the entries of a zone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// The next entry to look at, and its slot.
    entry: usize,
    slot: u32,
}

/// An index in which somebody looks for something: its parts that were found whole, and what of a [`Wanted`] depends on the
/// segment. `I` leads to the index, and `W` to what is wanted.
pub(crate) struct Search<I, W> {
    index: I,
    wanted: W,
    zones: Extent,
    column: Option<Extent>,
    filters: Option<Extent>,
    /// A bit for each target that is wanted.
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
    /// Looks for `wanted` in `index`. `None` where that is of no use.
    pub(crate) fn new(index: I, wanted: W) -> Option<Self> {
        let zones = index.zones()?;
        let filled =
            |section| index.section(section).map(|(_, extent)| extent).filter(|extent| extent.len > 0);
        let filters = filled(Section::Traces).filter(|_| !wanted.traces.is_empty());
        let column = filled(Section::Column);
        let targets = if wanted.targets.is_empty() { u64::MAX } else { index.target_bits(&wanted) };
        Some(Self { index, wanted, zones, column, filters, targets })
    }

    /// How many zones there are.
    pub(crate) fn zones(&self) -> usize {
        self.zones.len as usize / layout::ZONE_LEN
    }

    /// The next part of the segment to look at, in bytes: whole frames. Between the parts is nothing that is wanted.
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

    /// The zone of this number, where something that is wanted may be in it.
    pub(crate) fn zone(&self, number: usize) -> Option<Zone> {
        let zone = self.parse(number)?;
        self.admits(number, &zone).then_some(zone)
    }

    fn parse(&self, number: usize) -> Option<Zone> {
        let (zones, _) = self.index.at(self.zones)?.as_chunks();
        zones.get(number).map(Zone::parse)
    }

    /// The next part of the zone to look at.
    pub(crate) fn next_in(&self, zone: &Zone, place: &mut Place) -> Option<Range<usize>> {
        let slots = self.next_slots(zone, place)?;
        let bytes = |slot: u32| (slot as usize).saturating_mul(ALIGN).min(self.index.end);
        Some(bytes(slots.start)..bytes(slots.end))
    }

    /// The severities of the entries in the zone, where the index says them.
    pub(crate) fn severities(&self, zone: &Zone) -> Option<&[u8]> {
        Some(self.column_of(zone)?.severities)
    }

    /// Whether every entry of the zone, or each of a severity that is wanted, is wanted: as far as `Wanted` says it all.
    pub(crate) fn wants_all_of(&self, zone: &Zone) -> bool {
        let wanted = &*self.wanted;
        let ranged = wanted.since.is_some() || wanted.until.is_some();
        let in_time = !ranged
            || zone.flags & WITHOUT_TIME == 0
                && wanted.since.is_none_or(|since| zone.times.0 >= since)
                && wanted.until.is_none_or(|until| zone.times.1 < until);
        // The last bit is of targets that are not told apart.
        let told = self.targets == u64::MAX || zone.targets & !(self.targets & !(1 << NAMED_TARGETS)) == 0;
        zone.flags & OTHER_FRAMES == 0 && in_time && told && wanted.traces.is_empty() && wanted.trips == 0
    }

    fn admits(&self, number: usize, zone: &Zone) -> bool {
        if zone.flags & OTHER_FRAMES != 0 {
            // What was lost, and what cannot be read, is told to everybody.
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

    /// The next run of entries in the zone whose severity is wanted; all of it where nothing tells them apart.
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
            // A file states the gaps: their sum may be out of the zone.
            place.slot = place.slot.saturating_add(column.gap(place.entry)).min(zone.slots.1);
            place.entry += 1;
        }
        start.map(|start| start..zone.slots.1)
    }
}
