//! A view of one entry.

use crate::error::DecodeError;
use crate::format::bytes::{i16_at, u32_at, u64_at};
use crate::format::entry as layout;
use crate::severity::Severity;
use crate::text::Text;
use crate::time::{OFFSET_UNKNOWN, Timestamp};
use crate::trace::TraceContext;
use crate::trip::{Places, Trip, TripCause};

use super::out_of_bounds;
use super::root::{Field, Fields};
use super::tape::{Attributes, Tape};
use super::value::Value;
use super::walk::Walk;
use super::{path, verify};

/// One entry, borrowed from the bytes it lies in: a mapped segment, a message, a buffer.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    buffer: &'a [u8],
    fields: Fields,
    canonical: bool,
}

impl<'a> EntryRef<'a> {
    /// The entry that `buffer` is: all of it, from the root offset to the last byte.
    ///
    /// # Errors
    /// Where the root table or its vtable are not inside the buffer. What they point at is checked at access.
    #[inline]
    pub fn new(buffer: &'a [u8]) -> Result<Self, DecodeError> {
        if buffer.len() >= layout::NODES {
            if buffer.starts_with(&layout::PREFIX_CLEAN) {
                return Ok(Self { buffer, fields: Fields::CLEAN, canonical: true });
            }
            if buffer.starts_with(&layout::PREFIX_TRIPPED) {
                return Ok(Self { buffer, fields: Fields::TRIPPED, canonical: true });
            }
        }
        Ok(Self { buffer, fields: Fields::by_vtable(buffer)?, canonical: false })
    }

    /// Whether the entry has the layout of our own writer. The answers are the same either way.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// The bytes the entry lies in.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.buffer
    }

    #[inline(always)]
    fn scalar<T>(&self, field: Field, default: T, read: impl FnOnce(&[u8], usize) -> Option<T>) -> T {
        self.fields.position(field).and_then(|at| read(self.buffer, at)).unwrap_or(default)
    }

    /// Nanoseconds since the Unix epoch, 0 where not known.
    #[must_use]
    #[inline]
    pub fn time_unix_nano(&self) -> u64 {
        self.scalar(Field::Time, 0, u64_at)
    }

    /// The zone offset of the producer's clock in minutes east of UTC, where known.
    #[must_use]
    #[inline]
    pub fn utc_offset_minutes(&self) -> Option<i16> {
        Some(self.scalar(Field::UtcOffset, OFFSET_UNKNOWN, i16_at))
            .filter(|minutes| *minutes != OFFSET_UNKNOWN)
    }

    /// The time with its zone offset, where the time is known.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        let nanos = Some(self.time_unix_nano()).filter(|nanos| *nanos != 0)?;
        let seconds = (nanos / 1_000_000_000).cast_signed();
        let time = Timestamp::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?)?;
        Some(time.with_utc_offset_minutes(self.utc_offset_minutes()))
    }

    /// How severe it is.
    #[must_use]
    #[inline]
    pub fn severity(&self) -> Severity {
        Severity::from_number(self.scalar(Field::Severity, 0, byte_at))
    }

    /// The trace and the span it belongs to; [`TraceContext::NONE`] where absent.
    #[must_use]
    #[inline]
    pub fn trace(&self) -> TraceContext {
        let word = |i: usize| self.scalar(Field::Trace, 0, |buffer, at| u64_at(buffer, at + 8 * i));
        TraceContext {
            trace_id: u128::from(word(0)) << 64 | u128::from(word(1)),
            span_id: word(2),
            flags: self.scalar(Field::TraceFlags, 0, byte_at),
        }
    }

    /// What logged it. Empty where absent, and where a hostile buffer points outside itself.
    #[must_use]
    #[inline]
    pub fn target(&self) -> Text<'a> {
        self.string(Field::Target)
    }

    /// The message. Empty where absent, and where a hostile buffer points outside itself.
    #[must_use]
    #[inline]
    pub fn body(&self) -> Text<'a> {
        self.string(Field::Body)
    }

    /// The thread's name. Empty where absent, and where a hostile buffer points outside itself.
    #[must_use]
    #[inline]
    pub fn thread(&self) -> Text<'a> {
        self.string(Field::Thread)
    }

    #[inline(always)]
    fn string(&self, field: Field) -> Text<'a> {
        Text::new(self.vector(field, 1).ok().flatten().map_or(&[], |(_, bytes)| bytes))
    }

    /// Where the elements of the vector `field` are, and their bytes; `None` where the field is absent.
    #[inline(always)]
    pub(super) fn vector(
        &self,
        field: Field,
        element: usize,
    ) -> Result<Option<(usize, &'a [u8])>, DecodeError> {
        let Some(position) = self.fields.position(field) else { return Ok(None) };
        let found = (|| {
            let at = position.checked_add(u32_at(self.buffer, position)? as usize)?;
            let bytes = (u32_at(self.buffer, at)? as usize).checked_mul(element)?;
            Some((at + 4, self.buffer.get(at + 4..)?.get(..bytes)?))
        })();
        match found {
            Some(found) => Ok(Some(found)),
            None => Err(out_of_bounds(position, name(field), u64::from(u32::MAX), self.buffer.len())),
        }
    }

    /// The position of `field` in the buffer, where it is present.
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        self.fields.position(field)
    }

    /// The nodes and the text; empty where they are absent or outside the buffer.
    #[inline(always)]
    pub(super) fn tape(&self) -> Tape<'a> {
        let vector = |field, element| self.vector(field, element).ok().flatten();
        let (start, nodes) = vector(Field::Attributes, layout::NODE_LEN).unwrap_or((0, &[]));
        let (_, text) = vector(Field::Text, 1).unwrap_or((0, &[]));
        Tape { nodes: nodes.as_chunks().0, text, start }
    }

    /// The attributes, in order.
    #[must_use]
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::top(self.tape())
    }

    /// Every value with its depth, containers before their children, without recursion.
    #[must_use]
    #[inline(always)]
    pub fn walk(&self) -> Walk<'a> {
        Walk::new(self.tape())
    }

    /// The value at `path`: keys joined by `.`, elements of arrays as `[index]`: `request.headers[0].name`.
    ///
    /// A key that itself contains `.` or `[` is found where the whole rest of the path, or the longest beginning of it
    /// that ends before a `.` or `[`, is that key. Of keys that repeat the first is taken.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value<'a>> {
        path::find(self.attributes(), path)
    }

    /// What the fuse did to the entry, by cause. Records of unknown causes are passed over.
    pub fn trips(&self) -> impl Iterator<Item = Trip> + use<'a> {
        let records =
            self.vector(Field::Trips, layout::TRIP_LEN).ok().flatten().map_or(&[][..], |(_, bytes)| bytes);
        records.as_chunks::<{ layout::TRIP_LEN }>().0.iter().filter_map(|record| {
            Some(Trip {
                cause: TripCause::from_number(record[0])?,
                places: Places::from_bits(record[1]),
                count: u32_at(record, 4)?,
                lost: u64_at(record, 8).filter(|lost| *lost != layout::UNKNOWN),
            })
        })
    }

    /// Whether the fuse did anything to the entry.
    #[must_use]
    pub fn is_tripped(&self) -> bool {
        self.fields.position(Field::Trips).is_some() && self.trips().next().is_some()
    }

    /// Top-level attributes that were not kept; `u32::MAX` for at least so many, or where nobody knows.
    #[must_use]
    pub fn dropped_attributes_count(&self) -> u32 {
        self.scalar(Field::DroppedAttributes, 0, u32_at)
    }

    /// Checks everything that the format says of an entry: that each offset, string, span and count is what it must
    /// be, and that everything can be read to the last value.
    ///
    /// # Errors
    /// The first fault, with its offset.
    pub fn verify(&self) -> Result<(), DecodeError> {
        verify::verify(self)
    }
}

impl core::fmt::Debug for EntryRef<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EntryRef")
            .field("time_unix_nano", &self.time_unix_nano())
            .field("severity", &self.severity())
            .field("target", &self.target())
            .field("body", &self.body())
            .finish_non_exhaustive()
    }
}

#[inline(always)]
fn byte_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// The schema's name of a field.
pub(super) const fn name(field: Field) -> &'static str {
    match field {
        Field::Time => "time_unix_nano",
        Field::Severity => "severity",
        Field::TraceFlags => "trace_flags",
        Field::UtcOffset => "utc_offset_minutes",
        Field::Trace => "trace",
        Field::Target => "target",
        Field::Body => "body",
        Field::Thread => "thread",
        Field::Attributes => "attributes",
        Field::Text => "text",
        Field::Trips => "trips",
        Field::DroppedAttributes => "dropped_attributes_count",
    }
}
