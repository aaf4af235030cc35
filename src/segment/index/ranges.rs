//! From what somebody looks for to the places where it may be.

use std::ops::Range;

use crate::format::frame::ALIGN;
use crate::format::index::{self as layout, IRREGULAR, NAMED_TARGETS, OTHER_FRAMES, Section, Zone};
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

    fn admits_time(&self, zone: &Zone) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let (min, max) = zone.times;
        max != 0 && self.since.is_none_or(|since| max >= since) && self.until.is_none_or(|until| min < until)
    }
}

/// Walks through the parts of a segment where what is [`Wanted`] may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ranges {
    zone: usize,
    /// Of that zone: the next entry to look at, and its slot.
    entry: usize,
    slot: u32,
}

/// The parts of an index that were found whole, and what of a [`Wanted`] depends on the segment.
pub(crate) struct Search<'a> {
    index: &'a SegmentIndex,
    wanted: &'a Wanted,
    zones: &'a [[u8; layout::ZONE_LEN]],
    column: Option<&'a [u8]>,
    filters: Option<(&'a [u8], usize)>,
    /// A bit for each target that is wanted.
    targets: u64,
}

impl SegmentIndex {
    /// Looks for `wanted`. `None` where the index is of no use.
    pub(crate) fn search<'a>(&'a self, wanted: &'a Wanted) -> Option<Search<'a>> {
        let zones = self.zones()?;
        let filters = match self.section(Section::Traces) {
            Some((bytes, extent)) if !wanted.traces.is_empty() && !bytes.is_empty() => {
                Some((bytes, extent.unit as usize))
            }
            _ => None,
        };
        let column = wanted.severities.and_then(|_| self.section(Section::Column)).map(|(bytes, _)| bytes);
        let column = column.filter(|column| !column.is_empty());
        let targets = if wanted.targets.is_empty() { u64::MAX } else { self.target_bits(wanted) };
        Some(Search { index: self, wanted, zones, column, filters, targets })
    }

    fn target_bits(&self, wanted: &Wanted) -> u64 {
        let Some(counts) = self.counts() else { return u64::MAX };
        let number = |target: &[u8]| counts.targets.iter().position(|(name, ..)| *name == *target);
        let bits = wanted.targets.iter().map(|target| 1 << number(target).unwrap_or(NAMED_TARGETS));
        bits.fold(0, |all, bit: u64| all | bit)
    }
}

impl Search<'_> {
    /// The next part of the segment to look at, in bytes: whole frames. Between the parts is nothing that is wanted.
    pub(crate) fn next(&self, ranges: &mut Ranges) -> Option<Range<usize>> {
        loop {
            let zone = Zone::parse(self.zones.get(ranges.zone)?);
            let range = if ranges.entry > 0 || self.admits(ranges.zone, &zone) {
                self.next_in(&zone, ranges)
            } else {
                None
            };
            if let Some(slots) = range {
                return Some(slots.start as usize * ALIGN..(slots.end as usize * ALIGN).min(self.index.end));
            }
            *ranges = Ranges { zone: ranges.zone + 1, ..Ranges::default() };
        }
    }

    fn admits(&self, number: usize, zone: &Zone) -> bool {
        if zone.flags & OTHER_FRAMES != 0 {
            // What was lost, and what cannot be read, is told to everybody.
            return true;
        }
        let wanted = self.wanted;
        let may_hold = |(filters, unit): (&[u8], usize)| {
            let filter = filters.get(number * unit..(number + 1) * unit).unwrap_or(&[]);
            wanted.traces.iter().any(|id| filter::may_hold(filter, *id))
        };
        wanted.severities.is_none_or(|bits| bits & zone.severities != 0)
            && wanted.admits_time(zone)
            && self.targets & zone.targets != 0
            && (wanted.trips == 0 || wanted.trips & zone.trips != 0)
            && self.filters.is_none_or(may_hold)
    }

    /// The next run of entries in the zone whose severity is wanted; all of it where nothing tells them apart.
    fn next_in(&self, zone: &Zone, ranges: &mut Ranges) -> Option<Range<u32>> {
        let (first, entries) = (zone.first_entry as usize, usize::from(zone.entries));
        let total = self.zones.last().map(Zone::parse)?;
        let total = total.first_entry as usize + usize::from(total.entries);
        let column = self.column.filter(|_| zone.flags & (OTHER_FRAMES | IRREGULAR) == 0);
        let column = column.and_then(|column| Column::of(column, total, first..first + entries));
        let (Some(column), Some(bits)) = (column, self.wanted.severities) else {
            let whole = ranges.entry == 0;
            ranges.entry = usize::MAX;
            return whole.then_some(zone.slots.0..zone.slots.1);
        };
        if ranges.entry == 0 {
            ranges.slot = zone.first_entry_slot;
        }
        let mut start = None;
        while let Some(severity) = column.severities.get(ranges.entry) {
            if bits & layout::severity_bit(*severity) != 0 {
                start.get_or_insert(ranges.slot);
            } else if let Some(start) = start {
                return Some(start..ranges.slot);
            }
            ranges.slot += column.gap(ranges.entry);
            ranges.entry += 1;
        }
        start.map(|start| start..zone.slots.1)
    }
}
