//! The canonical layout of an entry: a FlatBuffer of `schema/log_entry.fbs` with fixed offsets.
//!
//! `schema/FORMAT.md`, section "The entry", is the specification. The constants in this module are its offset tables.

use super::bytes::{u32_at, u64_at};
use crate::trip::{Places, TripCause, TripReport};

/// The root offset: a u32 with the offset of the root table.
pub(crate) const ROOT_OFFSET: usize = 0;
/// The vtable: its length, the length of the table, and one u16 for each field of the schema.
pub(crate) const VTABLE: usize = ROOT_OFFSET + 4;
/// The number of fields of `LogEntry`.
pub(crate) const FIELD_COUNT: usize = 12;
/// The length of the vtable in bytes.
pub(crate) const VTABLE_LEN: usize = 4 + 2 * FIELD_COUNT;

/// The root table.
pub(crate) const TABLE: usize = VTABLE + VTABLE_LEN;
/// i32: the distance from the vtable to the table.
pub(crate) const SOFFSET: usize = TABLE;
/// u8: the severity number.
pub(crate) const SEVERITY: usize = SOFFSET + 4;
/// u8: the trace flags.
pub(crate) const TRACE_FLAGS: usize = SEVERITY + 1;
/// i16: the zone offset in minutes east of UTC.
pub(crate) const UTC_OFFSET: usize = TRACE_FLAGS + 1;
/// u64: the time in nanoseconds since the Unix epoch.
pub(crate) const TIME: usize = UTC_OFFSET + 2;
/// Three u64: the high half of the trace id, its low half, the span id.
pub(crate) const TRACE: usize = TIME + 8;
/// u32 offset to the string of the target.
pub(crate) const TARGET: usize = TRACE + 24;
/// u32 offset to the string of the body.
pub(crate) const BODY: usize = TARGET + 4;
/// u32 offset to the string of the thread name.
pub(crate) const THREAD: usize = BODY + 4;
/// u32 offset to the vector of nodes.
pub(crate) const ATTRIBUTES: usize = THREAD + 4;
/// u32 offset to the vector of bytes that keys and spans point into.
pub(crate) const TEXT: usize = ATTRIBUTES + 4;
/// u32 offset to the vector of trips. If nothing tripped, the offset is 0 and the vtable does not contain the field.
pub(crate) const TRIPS: usize = TEXT + 4;
/// u32: the number of dropped top-level attributes.
pub(crate) const DROPPED_ATTRIBUTES: usize = TRIPS + 4;
/// The first byte after the table.
pub(crate) const TABLE_END: usize = DROPPED_ATTRIBUTES + 4;

/// u32: the number of nodes that follow.
pub(crate) const NODE_COUNT: usize = TABLE_END;
/// The nodes.
pub(crate) const NODES: usize = NODE_COUNT + 4;

/// The length of a node in bytes.
pub(crate) const NODE_LEN: usize = 16;
/// The offset of the key length in a node, after the u32 key offset.
pub(crate) const NODE_KEY_LEN: usize = 4;
/// The offset of the kind in a node.
pub(crate) const NODE_KIND: usize = 6;
/// The offset of the flags in a node.
pub(crate) const NODE_FLAGS: usize = 7;
/// The offset of the value in a node.
pub(crate) const NODE_VALUE: usize = 8;
/// `Kind::Dropped` of the schema, which marks dropped children.
pub(crate) const KIND_DROPPED: u8 = crate::kind::DROPPED;
/// The value that represents an unknown number of dropped children.
pub(crate) const UNKNOWN: u64 = u64::MAX;

/// The length of a trip record in bytes.
pub(crate) const TRIP_LEN: usize = 16;
/// The length of a wide value in bytes.
pub(crate) const WIDE_LEN: usize = 16;

/// The length of the constant prefix of a canonical entry: root offset, vtable, soffset.
pub(crate) const PREFIX_LEN: usize = SEVERITY;

const _: () = assert!(TABLE == 32 && TABLE_END == 100 && NODES == 104);
const _: () = assert!(TIME.is_multiple_of(8) && TRACE.is_multiple_of(8) && NODES.is_multiple_of(8));

/// The prefix of an entry without trips.
pub(crate) const PREFIX_CLEAN: [u8; PREFIX_LEN] = prefix(false);
/// The prefix of an entry with trips. Its vtable also contains the field of the trips.
pub(crate) const PREFIX_TRIPPED: [u8; PREFIX_LEN] = prefix(true);

#[expect(clippy::cast_possible_truncation, reason = "constants under 256, evaluated by the compiler")]
const fn prefix(tripped: bool) -> [u8; PREFIX_LEN] {
    // The order is that of the fields in the schema.
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

/// Returns the offset of the text in an entry with `nodes` nodes. The length of the text precedes it.
pub(crate) const fn text_start(nodes: usize) -> usize {
    NODES + nodes * NODE_LEN + 4
}

/// Returns a span as the value of a node: the offset in the low 32 bits, the length in the high 32 bits.
pub(crate) const fn span(offset: u32, length: u32) -> u64 {
    offset as u64 | (length as u64) << 32
}

/// Returns the trips in an entry that this crate has encoded.
pub(crate) fn canonical_trips(entry: &[u8]) -> TripReport {
    let mut report = TripReport::default();
    // In an entry without trips the offset is 0. This test is cheaper than the test of the prefix.
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
