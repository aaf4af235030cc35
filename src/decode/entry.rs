//! A view of one entry.

use crate::error::DecodeError;
use crate::format::bytes::{i16_at, u32_at, u64_at};
use crate::format::entry as layout;
use crate::format::like::HEADER_LEAVES;
use crate::severity::Severity;
use crate::text::Text;
use crate::time::{OFFSET_UNKNOWN, Timestamp};
use crate::trace::TraceContext;
use crate::trip::{Places, Trip, TripCause};

use super::like::{self, LikeHead};
use super::like_tape::LikeTape;
use super::nodes::Nodes;
use super::out_of_bounds;
use super::paths::Paths;
#[cfg(feature = "query")]
use super::paths::{Place, SearchId};
use super::root::{Field, Fields};
use super::tape::{Attributes, Tape};
use super::value::Value;
use super::values::{Position, Values};
use super::walk::Walk;
use super::{path, verify};

/// A view of one entry in borrowed bytes, for example of a mapped segment, a message or a buffer.
///
/// An entry of a segment can depend on an earlier entry of the segment, its base. The view then consists of the bytes of
/// both, and all methods return the values of the entry. [`expand`](Self::expand) writes the entry without the
/// dependency.
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
    /// The bytes of a full entry, or of the base of a like entry.
    buffer: &'a [u8],
    /// The fields in the buffer. The other fields of a like entry are in its own bytes, so a full entry needs no check of
    /// its form.
    fields: Fields,
    canonical: bool,
    like: Option<Like<'a>>,
}

/// The bytes of a like entry, and the position of its first leaf.
#[derive(Clone, Copy)]
struct Like<'a> {
    bytes: &'a [u8],
    first: Position,
    #[cfg_attr(not(feature = "query"), expect(dead_code, reason = "only queries search in bases"))]
    paths: Option<&'a Paths>,
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
                return Ok(Self::full(buffer, Fields::CLEAN, true));
            }
            if buffer.starts_with(&layout::PREFIX_TRIPPED) {
                return Ok(Self::full(buffer, Fields::TRIPPED, true));
            }
        }
        Ok(Self::full(buffer, Fields::by_vtable(buffer)?, false))
    }

    #[inline(always)]
    fn full(buffer: &'a [u8], fields: Fields, canonical: bool) -> Self {
        Self { buffer, fields, canonical, like: None }
    }

    /// Returns a view of the like entry with the bytes `like`, whose first leaf is at `first`. `paths` are those of the base.
    #[inline]
    pub(super) fn of_like(base: &'a [u8], like: &'a [u8], first: Position, paths: Option<&'a Paths>) -> Self {
        Self {
            buffer: base,
            fields: Fields::SHARED,
            canonical: false,
            like: Some(Like { bytes: like, first, paths }),
        }
    }

    /// Returns whether the entry does not depend on a base and has the layout of the writer of this crate. All methods also
    /// support other layouts.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// Returns the bytes of the entry, or `None` if the entry depends on a base. [`to_bytes`](Self::to_bytes) returns the
    /// bytes of every entry.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        self.like.is_none().then_some(self.buffer)
    }

    /// Returns the bytes of the entry without a dependency on a base. The function expands the entry into `buffer` if the
    /// entry depends on a base, and makes no copy otherwise.
    ///
    /// # Errors
    /// A value of an entry that depends on a base is outside its bytes.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// let mut expanded = Vec::new();
    /// assert_eq!(EntryRef::new(entry.to_bytes(&mut expanded)?)?.body(), "paid");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_bytes<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], DecodeError>
    where
        'a: 'b,
    {
        if self.like.is_none() {
            return Ok(self.buffer);
        }
        buffer.clear();
        self.append_to(buffer)?;
        Ok(buffer)
    }

    /// Appends the bytes of the entry, without a dependency on a base, to `out`.
    ///
    /// # Errors
    /// A value of an entry that depends on a base is outside its bytes. `out` is then unchanged.
    pub fn append_to(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        if self.like.is_none() {
            out.extend_from_slice(self.buffer);
            return Ok(());
        }
        let start = out.len();
        out.resize(start + like::expanded_bound(self), 0);
        let expanded = like::expand(self, &mut out[start..]);
        out.truncate(start + expanded.as_ref().map_or(0, |len| *len));
        expanded.map(drop)
    }

    /// Returns the length of the output of [`expand`](Self::expand) in bytes.
    ///
    /// # Errors
    /// A value of an entry that depends on a base is outside its bytes.
    pub fn expanded_len(&self) -> Result<usize, DecodeError> {
        if self.like.is_none() { Ok(self.buffer.len()) } else { like::expanded_len(self) }
    }

    /// Returns a number of bytes that is at least [`expanded_len`](Self::expanded_len). It needs no decoding.
    #[must_use]
    pub fn expanded_bound(&self) -> usize {
        if self.like.is_none() { self.buffer.len() } else { like::expanded_bound(self) }
    }

    /// Writes the entry without a dependency on a base to the beginning of `out`. Returns its length in bytes.
    ///
    /// # Errors
    /// A value of an entry that depends on a base is outside its bytes, or `out` has fewer than
    /// [`expanded_len`](Self::expanded_len) bytes. The bytes of `out` then have no meaning.
    pub fn expand(&self, out: &mut [u8]) -> Result<usize, DecodeError> {
        if self.like.is_some() {
            return like::expand(self, out);
        }
        let available = out.len();
        let Some(copy) = out.get_mut(..self.buffer.len()) else {
            return Err(out_of_bounds(0, "buffer", self.buffer.len() as u64, available));
        };
        copy.copy_from_slice(self.buffer);
        Ok(self.buffer.len())
    }

    /// Returns the bytes of the entry, or of its base.
    #[inline(always)]
    pub(super) fn buffer(&self) -> &'a [u8] {
        self.buffer
    }

    /// Returns the bytes of a like entry, or no bytes.
    #[inline(always)]
    pub(super) fn like(&self) -> &'a [u8] {
        self.like.map_or(&[], |like| like.bytes)
    }

    /// Returns the part of a like entry that does not depend on the base, or `None` for a full entry.
    #[cold]
    #[inline(never)]
    pub(super) fn like_head(&self) -> Option<LikeHead<'a>> {
        LikeHead::known(self.like?.bytes)
    }

    /// Returns the body and the thread name of a like entry, and its values at the first node. Returns `None` for a full
    /// entry.
    #[cold]
    #[inline(never)]
    pub(super) fn like_strings(&self) -> Option<(&'a [u8], &'a [u8], Values<'a>)> {
        let base = Self::full(self.buffer, Fields::CLEAN, true);
        let Like { bytes, first, .. } = self.like?;
        let mut values = Values { bytes: LikeHead::known(bytes)?.values(), position: first };
        let body = values.text(base.body().as_bytes()).unwrap_or_default();
        let thread = values.text(base.thread().as_bytes()).unwrap_or_default();
        Some((body, thread, values))
    }

    /// Returns the values of a like entry, at the first leaf.
    #[inline(always)]
    fn like_values(&self) -> Option<Values<'a>> {
        let Like { bytes, first, .. } = self.like?;
        Some(Values { bytes: LikeHead::known(bytes)?.values(), position: first })
    }

    /// Returns the bytes of all texts of a like entry.
    pub(super) fn like_texts(&self) -> &'a [u8] {
        self.like_values().map_or(&[], |values| values.texts())
    }

    /// Returns the nodes of a like entry, or `None` for a full entry.
    #[cold]
    #[inline(never)]
    fn like_tape(&self) -> Option<LikeTape<'a>> {
        let mut values = self.like_values()?;
        // The body and the thread name. The view has checked that they are inside the entry.
        for _ in 0..HEADER_LEAVES {
            values.text(&[]).ok()?;
        }
        Some(LikeTape::new(self.buffer, values))
    }

    /// Returns the string `field` of a like entry, or an empty string for a full entry.
    #[cold]
    #[inline(never)]
    fn like_string(&self, field: Field) -> &'a [u8] {
        let found = (|| {
            let base = Self::full(self.buffer, Fields::CLEAN, true);
            let mut values = self.like_values()?;
            match field {
                Field::Body => values.text(base.body().as_bytes()).ok(),
                Field::Thread => {
                    values.text(&[]).ok()?;
                    values.text(base.thread().as_bytes()).ok()
                }
                _ => None,
            }
        })();
        found.unwrap_or_default()
    }

    #[inline(always)]
    fn scalar<T>(&self, field: Field, default: T, read: impl FnOnce(&[u8], usize) -> Option<T>) -> T {
        self.fields.position(field).and_then(|at| read(self.buffer, at)).unwrap_or(default)
    }

    /// Returns the time in nanoseconds since the Unix epoch, or 0 if it is not known.
    #[must_use]
    #[inline]
    pub fn time_unix_nano(&self) -> u64 {
        match self.fields.position(Field::Time) {
            Some(at) => u64_at(self.buffer, at).unwrap_or(0),
            None => self.like_head().map_or(0, |head| head.time_unix_nano()),
        }
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
        let Some(at) = self.fields.position(Field::Trace) else { return self.no_trace() };
        let word = |i: usize| u64_at(self.buffer, at + 8 * i).unwrap_or(0);
        TraceContext {
            trace_id: u128::from(word(0)) << 64 | u128::from(word(1)),
            span_id: word(2),
            flags: self.scalar(Field::TraceFlags, 0, byte_at),
        }
    }

    /// Returns the trace of a like entry, or that of a full entry without ids.
    #[cold]
    #[inline(never)]
    fn no_trace(&self) -> TraceContext {
        let flags = self.scalar(Field::TraceFlags, 0, byte_at);
        self.like_head().map_or(TraceContext { flags, ..TraceContext::NONE }, |head| head.trace())
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
        Text::new(match self.vector(field, 1) {
            Ok(Some((_, bytes))) => bytes,
            // A like entry has only the target in its base.
            _ => self.like_string(field),
        })
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

    /// Returns the nodes.
    #[inline(always)]
    fn nodes(&self) -> Nodes<'a> {
        // The fields of a like entry do not include the attributes.
        if self.fields.position(Field::Attributes).is_none()
            && let Some(like) = self.like_tape()
        {
            return Nodes::of_like(like);
        }
        Nodes::new(self.tape(), None)
    }

    /// Returns the nodes and the text of a full entry. A vector that is absent or outside the buffer is empty.
    #[inline(always)]
    pub(super) fn tape(&self) -> Tape<'a> {
        let vector = |field, element| self.vector(field, element).ok().flatten();
        let (start, nodes) = vector(Field::Attributes, layout::NODE_LEN).unwrap_or((0, &[]));
        let (_, text) = vector(Field::Text, 1).unwrap_or((0, &[]));
        Tape { nodes: nodes.as_chunks().0, keys: text, text, start }
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
    #[inline(always)]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::top(self.nodes())
    }

    /// Returns an iterator over all values with their depth, containers before their children. It does not recurse.
    #[must_use]
    #[inline(always)]
    pub fn walk(&self) -> Walk<'a> {
        Walk::new(self.nodes())
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

    /// Returns the value at `path`, whose number is `id`, as [`get`](Self::get) does. The place of the path in a base is
    /// searched only once.
    #[cfg(feature = "query")]
    #[inline]
    pub(crate) fn get_by_id(&self, id: SearchId, path: &str) -> Option<Value<'a>> {
        match self.like {
            Some(Like { paths: Some(paths), .. }) => self.like_value(paths, id, path),
            _ => self.get(path),
        }
    }

    #[cfg(feature = "query")]
    #[inline(never)]
    fn like_value(&self, paths: &Paths, id: SearchId, path: &str) -> Option<Value<'a>> {
        let place = paths.find(id).unwrap_or_else(|| self.look_up(paths, id, path));
        match place {
            Place::Absent => None,
            Place::Other => self.get(path),
            Place::Leaf { node, leaf } => {
                LikeTape::new(self.buffer, self.like_values()?).leaf(node as usize, leaf, paths.texts())
            }
        }
    }

    /// Returns whether a text can be in the entry. `find` returns whether the text, whose search has the number `id`, is in some
    /// bytes. The bytes of a base are searched only once.
    #[cfg(feature = "query")]
    #[inline]
    pub(crate) fn may_contain(&self, id: SearchId, find: impl Fn(&[u8]) -> bool) -> bool {
        match self.like {
            None => find(self.buffer),
            // A text that differs from that of the base is one part of the texts.
            Some(_) => find(self.like_texts()) || self.base_may_contain(id, find),
        }
    }

    #[cfg(feature = "query")]
    fn base_may_contain(&self, id: SearchId, find: impl Fn(&[u8]) -> bool) -> bool {
        let Some(Like { paths: Some(paths), .. }) = self.like else { return find(self.buffer) };
        let place = paths.find(id).unwrap_or_else(|| {
            let place = if find(self.buffer) { Place::Other } else { Place::Absent };
            paths.remember(id, place);
            place
        });
        place != Place::Absent
    }

    /// Returns the place of `path` in the base, and remembers it.
    #[cfg(feature = "query")]
    #[cold]
    fn look_up(&self, paths: &Paths, id: SearchId, path: &str) -> Place {
        let base = Self::full(self.buffer, Fields::CLEAN, true);
        let place = match path::place(base.attributes(), path) {
            None => Place::Absent,
            Some((node, _)) => LikeTape::place(&base.tape(), node),
        };
        paths.remember(id, place);
        place
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
