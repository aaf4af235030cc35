//! The construction of an index, frame by frame.

use std::collections::HashMap;

use crate::decode::EntryRef;
use crate::format::frame::{ALIGN, FrameKind};
use crate::format::index::{
    DROPPED_BIT, Extent, FILTER_LEN, HEADER_LEN, IRREGULAR, IndexHeader, NAMED_TARGETS, OTHER_FRAMES,
    Section, WITHOUT_TIME, ZONE_BYTES, ZONE_ENTRIES, Zone, severity_bit,
};

use crate::format::segment::SegmentHeader;
use crate::segment::scan::{Event, Events, Mode};

use super::filter;

/// The number of counters of severities: 0 to 24, and one for all others.
pub(super) const SEVERITIES: usize = 26;
/// The longest target that is counted by name, in bytes.
const MAX_TARGET: usize = 255;
/// An index takes at most 1/`SHARE` of the indexed bytes, and `SLACK` bytes. Like entries are shorter than full entries, and the
/// index has the same bytes for each entry, so the index of a segment with like entries takes at most 1/`LIKE_SHARE`.
const SHARE: u64 = 50;
const LIKE_SHARE: u64 = 25;
const SLACK: u64 = 4096;
/// A smaller segment has no index: reading the segment is as fast as reading the index.
const MIN_DATA: u64 = 64 << 10;

/// A builder of the index of a segment. It takes the frames in their order.
///
/// The same frames result in the same bytes in every process.
#[derive(Default)]
pub(crate) struct IndexBuilder {
    zones: Vec<Zone>,
    current: Zone,
    /// The severity of each entry.
    severities: Vec<u8>,
    /// The distance from each entry to the next one in slots, or 0 for the last entry of a zone.
    gaps: Vec<u16>,
    last_slot: u32,
    filters: Vec<u8>,
    filter: Filter,
    has_traces: bool,
    has_like_entries: bool,
    targets: Targets,
    counts: [u64; SEVERITIES],
    /// The number of entries, including unreadable ones.
    entries: u64,
    reached: u64,
}

struct Filter([u8; FILTER_LEN]);

impl Default for Filter {
    fn default() -> Self {
        Self([0; FILTER_LEN])
    }
}

impl IndexBuilder {
    /// Builds the index of the segment `bytes`, whose frames end at `end`, or with the last frame. Returns `None` if
    /// frames are lost.
    pub(crate) fn build(
        bytes: &[u8],
        header: &SegmentHeader,
        end: Option<u64>,
        mode: Mode,
    ) -> Option<Vec<u8>> {
        let (mut builder, mut last) = (Self::default(), header.data_start);
        for event in Events::new(bytes, mode).ok()? {
            let (frame, entry) = match event.ok()? {
                Event::Entry(frame, entry) => (frame, Some(entry)),
                Event::Frame(frame) | Event::Unreadable(frame, _) => (frame, None),
                Event::Lost(range) if range.is_loss() => return None,
                Event::Lost(_) => continue,
            };
            let len = frame.len_on_disk();
            last = frame.offset + len;
            builder.note(
                usize::try_from(frame.offset).ok()?,
                usize::try_from(len).ok()?,
                frame.kind,
                entry.as_ref(),
            );
        }
        builder.finish(header.segment_id, end.unwrap_or(last))
    }

    /// Adds the frame at `offset`, which takes `len` bytes. `entry` is the log entry in the frame, if there is a valid one.
    pub(crate) fn note(&mut self, offset: usize, len: usize, kind: FrameKind, entry: Option<&EntryRef<'_>>) {
        let (Ok(slot), Ok(end)) = (u32::try_from(offset / ALIGN), u32::try_from((offset + len) / ALIGN))
        else {
            return;
        };
        let zone = &mut self.current;
        if zone.slots.1 == 0 {
            zone.slots.0 = slot;
        }
        zone.slots.1 = end;
        self.entries += u64::from(kind.is_entry());
        self.has_like_entries |= kind == FrameKind::Like;
        match entry {
            Some(entry) => self.note_entry(slot, len, entry),
            None if kind.is_searched() => zone.flags |= OTHER_FRAMES,
            None => {}
        }
        let zone = &self.current;
        let bytes = (zone.slots.1 - zone.slots.0) as usize * ALIGN;
        if zone.entries == ZONE_ENTRIES || bytes >= ZONE_BYTES {
            self.end_zone();
        }
    }

    fn note_entry(&mut self, slot: u32, len: usize, entry: &EntryRef<'_>) {
        let (severity, time, trace) =
            (entry.severity().number(), entry.time_unix_nano(), entry.trace().trace_id);
        let target = self.targets.note(entry.target().as_bytes(), len);
        let zone = &mut self.current;
        if zone.entries == 0 {
            zone.first_entry_slot = slot;
        } else if let Some(gap) = self.gaps.last_mut() {
            *gap = u16::try_from(slot - self.last_slot).unwrap_or_else(|_| {
                zone.flags |= IRREGULAR;
                0
            });
        }
        self.last_slot = slot;
        self.severities.push(severity);
        self.gaps.push(0);
        zone.entries += 1;
        zone.severities |= severity_bit(severity);
        zone.targets |= 1 << target;
        if time == 0 {
            zone.flags |= WITHOUT_TIME;
        } else {
            let min = if zone.times.0 == 0 { time } else { zone.times.0.min(time) };
            zone.times = (min, zone.times.1.max(time));
            self.reached = self.reached.max(time);
        }
        if trace != 0 {
            filter::add(&mut self.filter.0, trace);
            self.has_traces = true;
        }
        for trip in entry.trips() {
            zone.trips |= 1 << trip.cause as u16;
        }
        if entry.dropped_attributes_count() > 0 {
            zone.trips |= DROPPED_BIT;
        }
        self.counts[usize::from(severity).min(SEVERITIES - 1)] += 1;
    }

    fn end_zone(&mut self) {
        let mut zone = std::mem::take(&mut self.current);
        zone.reached = self.reached;
        zone.first_entry = self.zones.last().map_or(0, |last| last.first_entry + u32::from(last.entries));
        self.zones.push(zone);
        self.filters.extend_from_slice(&std::mem::take(&mut self.filter).0);
    }

    /// Returns the index of the segment `segment_id`, whose frames end at `data_end`. If the index would exceed its
    /// maximum size, the filters are halved. If the column does not fit next to halved filters, it is omitted, and
    /// the filters are halved until they fit. Returns `None` if not even the zones fit, and for a segment that is too
    /// small.
    pub(crate) fn finish(mut self, segment_id: [u8; 16], data_end: u64) -> Option<Vec<u8>> {
        if data_end < MIN_DATA {
            return None;
        }
        if self.current.slots.1 != 0 {
            self.end_zone();
        }
        let zones: Vec<u8> = self.zones.iter().flat_map(|zone| zone.to_bytes()).collect();
        let counts = self.targets.counts(&self.counts);
        let column = self.column();
        let mut filters = if self.has_traces { std::mem::take(&mut self.filters) } else { Vec::new() };
        let mut unit = if filters.is_empty() { 0 } else { FILTER_LEN };

        let room = usize::try_from(Self::max_len(data_end, self.has_like_entries)).ok()?;
        let fixed = HEADER_LEN + zones.len() + counts.len() + 8 * 4;
        let left = room.checked_sub(fixed)?;
        // With the column the filters are halved once at most: smaller filters cost searches for a trace more than
        // the column saves for other searches.
        let with_column = column.len() + filters.len() / 2 <= left;
        let left = if with_column { left - column.len() } else { left };
        while filters.len() > left {
            (filters, unit) =
                if unit > 64 { (filter::folded(&filters).collect(), unit / 2) } else { (Vec::new(), 0) };
        }
        let column = if with_column { column } else { Vec::new() };
        let header =
            IndexHeader { segment_id, data_end, entries: self.entries, sections: Default::default() };
        assemble(header, [zones, column, filters, counts], u32::try_from(unit).ok()?)
    }

    /// Returns the maximum size of the index of a segment of `bytes` bytes, with or without like entries.
    pub(crate) fn max_len(bytes: u64, has_like_entries: bool) -> u64 {
        let share = if has_like_entries { LIKE_SHARE } else { SHARE };
        if bytes < MIN_DATA { 0 } else { bytes / share + SLACK }
    }

    fn column(&mut self) -> Vec<u8> {
        let mut column = std::mem::take(&mut self.severities);
        column.resize(column.len().next_multiple_of(2), 0);
        column.extend(self.gaps.iter().flat_map(|gap| gap.to_le_bytes()));
        column
    }
}

fn assemble(mut header: IndexHeader, sections: [Vec<u8>; 4], unit: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; HEADER_LEN];
    for (extent, section) in header.sections.iter_mut().zip(sections) {
        let (at, len) = (u32::try_from(bytes.len()).ok()?, u32::try_from(section.len()).ok()?);
        *extent = Extent { at, len, crc: crc32fast::hash(&section), unit: 0 };
        bytes.extend_from_slice(&section);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    header.sections[Section::Traces as usize].unit = unit;
    bytes[..HEADER_LEN].copy_from_slice(&header.to_bytes());
    Some(bytes)
}

/// The targets of the entries, with the number of entries and bytes of each.
#[derive(Default)]
struct Targets {
    numbers: HashMap<Box<[u8]>, u8>,
    named: Vec<Target>,
    others: (u64, u64),
    /// The number that was returned last.
    last: usize,
}

struct Target {
    name: Box<[u8]>,
    entries: u64,
    bytes: u64,
}

impl Targets {
    /// Counts an entry of `len` bytes. Returns the number of its target.
    fn note(&mut self, name: &[u8], len: usize) -> usize {
        let number = self.number(name);
        let (entries, bytes) = match number.and_then(|number| self.named.get_mut(number)) {
            Some(target) => (&mut target.entries, &mut target.bytes),
            None => (&mut self.others.0, &mut self.others.1),
        };
        *entries += 1;
        *bytes += len as u64;
        number.unwrap_or(NAMED_TARGETS)
    }

    fn number(&mut self, name: &[u8]) -> Option<usize> {
        if self.named.get(self.last).is_some_and(|last| *last.name == *name) {
            return Some(self.last);
        }
        if let Some(number) = self.numbers.get(name) {
            self.last = usize::from(*number);
            return Some(self.last);
        }
        let number = u8::try_from(self.named.len()).ok()?;
        if self.named.len() == NAMED_TARGETS || name.len() > MAX_TARGET {
            return None;
        }
        self.numbers.insert(name.into(), number);
        self.named.push(Target { name: name.into(), entries: 0, bytes: 0 });
        Some(usize::from(number))
    }

    /// Returns the section of counts: of each severity, of the targets without a name, and of each target with a
    /// name.
    fn counts(&self, severities: &[u64; SEVERITIES]) -> Vec<u8> {
        let mut out = Vec::new();
        for count in severities.iter().chain([&self.others.0, &self.others.1]) {
            out.extend_from_slice(&count.to_le_bytes());
        }
        for target in &self.named {
            out.extend_from_slice(&target.entries.to_le_bytes());
            out.extend_from_slice(&target.bytes.to_le_bytes());
            out.push(u8::try_from(target.name.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(&target.name);
        }
        out
    }
}
