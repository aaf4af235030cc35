//! The canonical layout of an entry: a FlatBuffer of `schema/log_entry.fbs`, always laid out the same way.
//!
//! `schema/FORMAT.md`, "The entry", is the specification; the constants here are its offset tables.

use super::bytes::{u32_at, u64_at};
use crate::trip::{Places, TripCause, TripReport};

/// Root offset: the buffer begins with a u32 that points at the root table.
pub(crate) const ROOT_OFFSET: usize = 0;
/// The vtable: its length, the table's length, one u16 per field of the schema.
pub(crate) const VTABLE: usize = ROOT_OFFSET + 4;
/// Fields of `LogEntry`.
pub(crate) const FIELD_COUNT: usize = 12;
/// Bytes of the vtable.
pub(crate) const VTABLE_LEN: usize = 4 + 2 * FIELD_COUNT;

/// The root table.
pub(crate) const TABLE: usize = VTABLE + VTABLE_LEN;
/// i32: how far before the table its vtable lies.
pub(crate) const SOFFSET: usize = TABLE;
/// u8.
pub(crate) const SEVERITY: usize = SOFFSET + 4;
/// u8.
pub(crate) const TRACE_FLAGS: usize = SEVERITY + 1;
/// i16.
pub(crate) const UTC_OFFSET: usize = TRACE_FLAGS + 1;
/// u64.
pub(crate) const TIME: usize = UTC_OFFSET + 2;
/// Three u64: trace id high, low, span id.
pub(crate) const TRACE: usize = TIME + 8;
/// u32 offset to a string.
pub(crate) const TARGET: usize = TRACE + 24;
/// u32 offset to a string.
pub(crate) const BODY: usize = TARGET + 4;
/// u32 offset to a string.
pub(crate) const THREAD: usize = BODY + 4;
/// u32 offset to the vector of nodes.
pub(crate) const ATTRIBUTES: usize = THREAD + 4;
/// u32 offset to the vector of bytes that keys and spans point into.
pub(crate) const TEXT: usize = ATTRIBUTES + 4;
/// u32 offset to the vector of trips; 0, and the field absent from the vtable, where nothing tripped.
pub(crate) const TRIPS: usize = TEXT + 4;
/// u32.
pub(crate) const DROPPED_ATTRIBUTES: usize = TRIPS + 4;
/// First byte after the table.
pub(crate) const TABLE_END: usize = DROPPED_ATTRIBUTES + 4;

/// u32: how many nodes follow.
pub(crate) const NODE_COUNT: usize = TABLE_END;
/// The nodes.
pub(crate) const NODES: usize = NODE_COUNT + 4;

/// Bytes of a node.
pub(crate) const NODE_LEN: usize = 16;
/// Where a node's key length is: after the u32 key offset.
pub(crate) const NODE_KEY_LEN: usize = 4;
/// Where a node's kind is.
pub(crate) const NODE_KIND: usize = 6;
/// Where a node's flags are.
pub(crate) const NODE_FLAGS: usize = 7;
/// Where a node's value is.
pub(crate) const NODE_VALUE: usize = 8;
/// `Kind::Dropped` of the schema: not a child, see there.
pub(crate) const KIND_DROPPED: u8 = 11;
/// The number of dropped children that nobody knows.
pub(crate) const UNKNOWN: u64 = u64::MAX;

/// Bytes of a trip record.
pub(crate) const TRIP_LEN: usize = 16;
/// Bytes of a wide value.
pub(crate) const WIDE_LEN: usize = 16;

/// Bytes of the prefix that is the same in every canonical entry: root offset, vtable, soffset.
pub(crate) const PREFIX_LEN: usize = SEVERITY;

const _: () = assert!(TABLE == 32 && TABLE_END == 100 && NODES == 104);
const _: () = assert!(TIME.is_multiple_of(8) && TRACE.is_multiple_of(8) && NODES.is_multiple_of(8));

/// The prefix of an entry in which nothing tripped.
pub(crate) const PREFIX_CLEAN: [u8; PREFIX_LEN] = prefix(false);
/// The prefix of an entry with trips: the vtable also names that field.
pub(crate) const PREFIX_TRIPPED: [u8; PREFIX_LEN] = prefix(true);

#[expect(clippy::cast_possible_truncation, reason = "constants under 256, evaluated by the compiler")]
const fn prefix(tripped: bool) -> [u8; PREFIX_LEN] {
    // In the order of the schema's fields.
    let fields = [
        TIME,
        SEVERITY,
        TRACE_FLAGS,
        UTC_OFFSET,
        TRACE,
        TARGET,
        BODY,
        THREAD,
        ATTRIBUTES,
        TEXT,
        if tripped { TRIPS } else { TABLE },
        DROPPED_ATTRIBUTES,
    ];
    let mut out = [0; PREFIX_LEN];
    out[ROOT_OFFSET] = TABLE as u8;
    out[VTABLE] = VTABLE_LEN as u8;
    out[VTABLE + 2] = (TABLE_END - TABLE) as u8;
    let mut i = 0;
    while i < FIELD_COUNT {
        out[VTABLE + 4 + 2 * i] = (fields[i] - TABLE) as u8;
        i += 1;
    }
    out[SOFFSET] = (TABLE - VTABLE) as u8;
    out
}

/// First byte of the text, when `nodes` nodes stand before it and its own length.
pub(crate) const fn text_start(nodes: usize) -> usize {
    NODES + nodes * NODE_LEN + 4
}

/// A span as a node's value: low 32 bits the offset, high 32 bits the length.
pub(crate) const fn span(offset: u32, length: u32) -> u64 {
    offset as u64 | (length as u64) << 32
}

/// The trips that a canonical entry of our own making records.
pub(crate) fn canonical_trips(entry: &[u8]) -> TripReport {
    let mut report = TripReport::default();
    // Without trips the offset is 0, which is told sooner.
    let offset = u32_at(entry, TRIPS).filter(|offset| *offset > 0 && entry.starts_with(&PREFIX_TRIPPED));
    let records = offset.and_then(|offset| entry.get(TRIPS + offset as usize + 4..)).unwrap_or_default();
    for record in records.as_chunks::<TRIP_LEN>().0 {
        let (count, lost) = (u32_at(record, 4).unwrap_or(0), u64_at(record, 8).unwrap_or(UNKNOWN));
        if let Some(cause) = TripCause::from_number(record[0]) {
            report.set(cause, Places::from_bits(record[1]), count, lost);
        }
    }
    report
}
