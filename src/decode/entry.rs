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
use super::values::Values;
use super::walk::Walk;
use super::{path, verify};

/// A view of one entry in borrowed bytes, for example of a mapped segment, a message or a buffer.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::map;
///
/// let mut buffer = [0; 1024];
/// let bytes = encode(&mut buffer, &Default::default(), |entry| {
///     entry.set_body("payment retried");
///     entry.attr("attempt", &3).attr("request", &map! { path = "/checkout", tags = ["eu", "canary"] });
/// })?
/// .into_bytes();
///
/// let entry = EntryRef::new(bytes)?;
/// assert_eq!(entry.body(), "payment retried");
/// assert_eq!(entry.get("attempt").and_then(|value| value.as_i128()), Some(3));
/// assert_eq!(entry.get("request.tags[1]").and_then(|value| value.as_str()), Some("canary"));
/// entry.verify()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    buffer: &'a [u8],
    fields: Fields,
    canonical: bool,
}

impl<'a> EntryRef<'a> {
    /// Returns a view of the entry that consists of all bytes of `buffer`.
    ///
    /// # Errors
    /// The root table or its vtable is not inside the buffer. Other offsets are checked at each access.
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

    /// Returns whether the entry has the layout of the writer of this crate. All methods also support other layouts.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// Returns the bytes of the entry.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.buffer
    }

    #[inline(always)]
    fn scalar<T>(&self, field: Field, default: T, read: impl FnOnce(&[u8], usize) -> Option<T>) -> T {
        self.fields.position(field).and_then(|at| read(self.buffer, at)).unwrap_or(default)
    }

    /// Returns the time in nanoseconds since the Unix epoch, or 0 if it is not known.
    #[must_use]
    #[inline]
    pub fn time_unix_nano(&self) -> u64 {
        self.scalar(Field::Time, 0, u64_at)
    }

    /// Returns the zone offset of the clock of the producer in minutes east of UTC, if known.
    #[must_use]
    #[inline]
    pub fn utc_offset_minutes(&self) -> Option<i16> {
        Some(self.scalar(Field::UtcOffset, OFFSET_UNKNOWN, i16_at))
            .filter(|minutes| *minutes != OFFSET_UNKNOWN)
    }

    /// Returns the time with its zone offset, if the time is known.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.set_time_unix_nano(1_767_225_600_000_000_000);
    ///     entry.set_utc_offset_minutes(Some(60));
    /// })?;
    /// let time = EntryRef::new(entry.into_bytes())?.timestamp().unwrap();
    /// assert_eq!(time.to_string(), "2026-01-01T01:00:00+01:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        let nanos = Some(self.time_unix_nano()).filter(|nanos| *nanos != 0)?;
        let seconds = (nanos / 1_000_000_000).cast_signed();
        let time = Timestamp::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?)?;
        Some(time.with_utc_offset_minutes(self.utc_offset_minutes()))
    }

    /// Returns the severity.
    #[must_use]
    #[inline]
    pub fn severity(&self) -> Severity {
        Severity::from_number(self.scalar(Field::Severity, 0, byte_at))
    }

    /// Returns the ids of the trace and the span, or [`TraceContext::NONE`] if there are none.
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

    /// Returns the target: the origin of the entry in the program. It is empty if absent, or if its offset is outside
    /// the buffer.
    #[must_use]
    #[inline]
    pub fn target(&self) -> Text<'a> {
        self.string(Field::Target)
    }

    /// Returns the body: the message text. It is empty if absent, or if its offset is outside the buffer.
    #[must_use]
    #[inline]
    pub fn body(&self) -> Text<'a> {
        self.string(Field::Body)
    }

    /// Returns the thread name. It is empty if absent, or if its offset is outside the buffer.
    #[must_use]
    #[inline]
    pub fn thread(&self) -> Text<'a> {
        self.string(Field::Thread)
    }

    #[inline(always)]
    fn string(&self, field: Field) -> Text<'a> {
        Text::new(self.vector(field, 1).ok().flatten().map_or(&[], |(_, bytes)| bytes))
    }

    /// Returns the offset and the bytes of the elements of the vector `field`, or `None` if the field is absent.
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

    /// Returns the offset of `field` in the buffer, if the field is present.
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        self.fields.position(field)
    }

    /// Returns the nodes and the text. A vector that is absent or outside the buffer is empty.
    #[inline(always)]
    pub(super) fn tape(&self) -> Tape<'a> {
        let vector = |field, element| self.vector(field, element).ok().flatten();
        let (start, nodes) = vector(Field::Attributes, layout::NODE_LEN).unwrap_or((0, &[]));
        let (_, text) = vector(Field::Text, 1).unwrap_or((0, &[]));
        Tape { nodes: nodes.as_chunks().0, text, start, values: Values::NONE }
    }

    /// Returns an iterator over the attributes, in order.
    ///
    /// ```
    /// # use fusewire::decode::EntryRef;
    /// # use fusewire::encode::encode;
    /// # let mut buffer = [0; 512];
    /// # let bytes = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("attempt", &3))?.into_bytes();
    /// # let entry = EntryRef::new(bytes)?;
    /// for attribute in entry.attributes() {
    ///     let attribute = attribute?;
    ///     assert_eq!(attribute.key, "attempt");
    ///     assert_eq!(attribute.value.as_i128(), Some(3));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::top(self.tape())
    }

    /// Returns an iterator over all values with their depth, containers before their children. It does not recurse.
    #[must_use]
    #[inline(always)]
    pub fn walk(&self) -> Walk<'a> {
        Walk::new(self.tape())
    }

    /// Returns the value at `path`. A path consists of keys, separated by `.`, and of indexes of array elements, for
    /// example `request.headers[0].name`.
    ///
    /// A key can contain `.` or `[`. Each step uses the longest key that is the whole rest of the path, or the part
    /// of the rest before a `.` or `[`. If a key occurs more than once, the first occurrence is used.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    /// use fusewire::map;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.attr("request", &map! { status = 502, tags = &["eu", "canary"] });
    ///     entry.attr("http.status_code", &503);
    /// })?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// assert_eq!(entry.get("request.status").and_then(|status| status.as_i128()), Some(502));
    /// assert_eq!(entry.get("request.tags[1]").and_then(|tag| tag.as_str()), Some("canary"));
    /// assert_eq!(entry.get("http.status_code").and_then(|code| code.as_i128()), Some(503));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value<'a>> {
        path::find(self.attributes(), path)
    }

    /// Returns an iterator over the trips of the circuit breaker, by cause. Records of unknown causes are skipped.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    /// use fusewire::{Limits, TripCause};
    ///
    /// let limits = Limits { max_width: 1, ..Limits::default() };
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("ids", &[1, 2, 3]))?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// let trips: Vec<_> = entry.trips().map(|trip| (trip.cause, trip.count, trip.lost)).collect();
    /// assert_eq!(trips, [(TripCause::Width, 1, Some(2))]);
    /// assert!(entry.is_tripped());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Returns whether the circuit breaker tripped in the entry.
    #[must_use]
    pub fn is_tripped(&self) -> bool {
        self.fields.position(Field::Trips).is_some() && self.trips().next().is_some()
    }

    /// Returns the number of dropped top-level attributes. `u32::MAX` means at least that number, or an unknown
    /// number.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let limits = Limits { max_width: 1, ..Limits::default() };
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("a", &1).attr("b", &2).attr("c", &3))?;
    /// assert_eq!(EntryRef::new(entry.into_bytes())?.dropped_attributes_count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dropped_attributes_count(&self) -> u32 {
        self.scalar(Field::DroppedAttributes, 0, u32_at)
    }

    /// Checks the entry against all rules of the format: each offset, string, span and count is valid, and each value
    /// is readable.
    ///
    /// # Errors
    /// Returns the first fault with its offset.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("name", "caf"))?;
    /// let bytes = entry.into_bytes();
    /// EntryRef::new(bytes)?.verify()?;
    ///
    /// // The text is no longer UTF-8.
    /// let at = bytes.windows(3).position(|window| window == b"caf").unwrap();
    /// bytes[at] = 0xff;
    /// assert!(EntryRef::new(bytes)?.verify().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

/// Returns the name of a field in the schema.
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
