//! The writer of one entry.

use core::fmt;
use core::mem::MaybeUninit;

use crate::error::EncodeError;
use crate::format::entry as layout;
use crate::limits::Limits;
use crate::map::buffer::{Closed, Filled, GapBuffer, STRING_OVERHEAD};
use crate::severity::Severity;
use crate::time::OFFSET_UNKNOWN;
use crate::trace::TraceContext;
use crate::trip::{Places, TripCause, TripReport};

use super::container::MapWriter;
#[cfg(all(unix, not(loom)))]
use super::direct::{LikeWriter, Written};
use super::formatted;
use super::fragment::Fragment;
use super::key::KeyFilter;
#[cfg(all(unix, not(loom)))]
use super::like::Head;
use super::scope::{Counts, Key, Scope};
use super::slot::ValueWriter;
use super::tape::Tape;
use super::value::LogValue;

/// A writer of one entry into the buffer of the caller, in one pass and without allocation.
///
/// Header fields and attributes can be set in any order. If a header field is set twice, the last call applies; the
/// bytes of a replaced text remain in the entry unused. Only [`finish`](Self::finish) returns an error.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::EntryWriter;
/// use fusewire::{Limits, Severity};
///
/// let mut buffer = [0; 512];
/// let mut entry = EntryWriter::new(&mut buffer, &Limits::default());
/// entry.set_severity(Severity::INFO);
/// entry.set_body("paid");
/// entry.attr("amount", &7).attr("currency", "EUR");
/// let encoded = entry.finish()?;
/// assert_eq!(EntryRef::new(encoded.bytes()).unwrap().attributes().count(), 2);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
pub struct EntryWriter<'b> {
    pub(super) tape: Tape<'b>,
    pub(super) top: Counts,
    pub(super) filter: Option<&'b KeyFilter>,
    time_unix_nano: u64,
    utc_offset_minutes: i16,
    severity: Severity,
    trace: TraceContext,
}

/// The offset of a string of the header that is not set. Strings begin at multiples of 4.
pub(super) const UNSET: u32 = u32::MAX;

impl<'b> EntryWriter<'b> {
    /// Creates a writer into `buffer`, whose contents are overwritten from the first byte. A buffer of
    /// `limits.max_entry_bytes` is always large enough.
    #[must_use]
    #[inline(always)]
    pub fn new(buffer: &'b mut [u8], limits: &Limits) -> Self {
        Self::over(Tape::new(|front, gap, budget| GapBuffer::new(buffer, front, gap, budget), limits))
    }

    /// Creates a writer into memory that may be uninitialized.
    #[must_use]
    #[inline(always)]
    pub fn new_uninit(buffer: &'b mut [MaybeUninit<u8>], limits: &Limits) -> Self {
        Self::over(Tape::new(|front, gap, budget| GapBuffer::new_uninit(buffer, front, gap, budget), limits))
    }

    #[inline(always)]
    fn over(tape: Tape<'b>) -> Self {
        Self {
            tape,
            top: Counts::default(),
            filter: None,
            time_unix_nano: 0,
            utc_offset_minutes: OFFSET_UNKNOWN,
            severity: Severity::UNSPECIFIED,
            trace: TraceContext::NONE,
        }
    }

    /// Restricts all further top-level attributes to the keys in `filter`. Other attributes are skipped.
    pub fn set_key_filter(&mut self, filter: &'b KeyFilter) {
        self.tape.leave();
        self.filter = Some(filter);
    }

    /// Sets the expected number of values of the entry, including nested values and containers. Call this method
    /// first. If the number is correct, `finish` does not move the text. The content of the entry does not depend on
    /// the number.
    #[inline]
    pub fn expect_nodes(&mut self, nodes: usize) {
        if self.tape.follows() {
            // The base contains the number.
            return;
        }
        self.tape.out.set_gap(nodes.saturating_mul(layout::NODE_LEN).saturating_add(4));
    }

    /// Returns the number of values written, including nested values and containers.
    #[cfg(feature = "tracing")]
    #[inline(always)]
    pub(crate) fn nodes(&self) -> usize {
        self.tape.nodes()
    }

    /// Returns the time of the event and the zone offset.
    #[cfg(feature = "json")]
    #[inline(always)]
    pub(crate) fn time(&self) -> crate::line_time::EntryTime {
        let known = (self.utc_offset_minutes != OFFSET_UNKNOWN).then_some(self.utc_offset_minutes);
        crate::line_time::EntryTime { unix_nano: self.time_unix_nano, utc_offset_minutes: known }
    }

    /// Sets the time of the event in nanoseconds since the Unix epoch. 0 means "not known".
    #[inline(always)]
    pub fn set_time_unix_nano(&mut self, nanos: u64) {
        self.time_unix_nano = nanos;
    }

    /// Sets the zone offset of the clock of the producer in minutes east of UTC.
    #[inline(always)]
    pub fn set_utc_offset_minutes(&mut self, minutes: Option<i16>) {
        self.utc_offset_minutes = minutes.unwrap_or(OFFSET_UNKNOWN);
    }

    /// Sets the severity.
    #[inline(always)]
    pub fn set_severity(&mut self, severity: Severity) {
        self.severity = severity;
    }

    /// Sets the trace and the span of the entry.
    ///
    /// ```
    /// use fusewire::TraceContext;
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let trace = TraceContext { trace_id: 7, span_id: 8, flags: 1 };
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_trace(trace))?;
    /// assert_eq!(EntryRef::new(entry.into_bytes())?.trace(), trace);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn set_trace(&mut self, trace: TraceContext) {
        self.trace = trace;
    }

    /// Sets the target, for example a module path or the name of a logger. It is cut at [`Limits::max_key_bytes`].
    #[inline(always)]
    pub fn set_target(&mut self, target: &str) {
        self.tape.target = self.header_string(target, Places::TARGET);
    }

    /// Sets the thread name. It is cut at [`Limits::max_key_bytes`].
    #[inline(always)]
    pub fn set_thread(&mut self, thread: &str) {
        self.tape.thread = self.header_string(thread, Places::THREAD);
    }

    /// Sets the thread name as [`set_thread`](Self::set_thread) does, from bytes that were valid UTF-8 when they were
    /// stored. A new check costs more than the copy; only a name that exceeds the limit is checked.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn set_thread_bytes(&mut self, name: &[u8]) {
        // No limit is less than this minimum.
        let is_short = name.len() <= usize::from(Limits::MIN_KEY_BYTES)
            || name.len() <= usize::from(self.tape.limits.max_key_bytes);
        if is_short && let Some(at) = self.tape.out.try_push_string(name, to_u32(name.len())) {
            self.tape.thread = to_u32(at);
        } else {
            self.cut_thread_bytes(name);
        }
    }

    #[cfg(all(unix, not(loom)))]
    #[cold]
    #[inline(never)]
    fn cut_thread_bytes(&mut self, name: &[u8]) {
        if self.tape.follow_header(Places::THREAD, name, self.tape.limits.max_key_bytes.into()) {
            self.tape.thread = 0;
            return;
        }
        self.set_thread(core::str::from_utf8(name).unwrap_or_default());
    }

    /// Sets the body. It is cut at [`Limits::max_string_bytes`].
    #[inline(always)]
    pub fn set_body(&mut self, body: &str) {
        self.tape.body = self.header_string(body, Places::BODY);
    }

    /// Sets the body to formatted text, which is written directly into the entry. The formatting stops at
    /// [`Limits::max_string_bytes`].
    ///
    /// ```
    /// # use fusewire::encode::encode;
    /// # let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_body_fmt(format_args!("retry {}", 3)))?;
    /// # let entry = fusewire::decode::EntryRef::new(entry.into_bytes()).unwrap();
    /// assert_eq!(entry.body(), "retry 3");
    /// # Ok::<(), fusewire::error::EncodeError>(())
    /// ```
    #[inline(always)]
    pub fn set_body_fmt(&mut self, args: fmt::Arguments<'_>) {
        match args.as_str() {
            Some(text) => self.set_body(text),
            None => self.format_body(args),
        }
    }

    #[inline(never)]
    fn format_body(&mut self, args: fmt::Arguments<'_>) {
        if self.tape.follows() && self.tape.follow_body(args) {
            return;
        }
        // The length is known only after the formatting. It is written last, into the space before the text.
        let Some(at) = self.tape.open_string() else {
            self.tape.report.record(TripCause::EntryBytes, Places::BODY, Some(1));
            self.tape.body = UNSET;
            return;
        };
        let budget = self.tape.limits.max_string_bytes;
        let (len, _) = formatted::format(&mut self.tape, args, budget, Places::BODY);
        self.tape.close_string(at, len);
        self.tape.body = to_u32(at);
    }

    /// Returns whether the body is set.
    #[cfg(feature = "tracing")]
    #[inline(always)]
    pub(crate) fn has_body(&self) -> bool {
        self.tape.body != UNSET
    }

    /// Writes one attribute. If the entry exceeds the width limit, the encoder counts `value` as dropped and does
    /// not visit it.
    #[inline(always)]
    pub fn attr<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) -> &mut Self {
        let Self { tape, top, filter, .. } = self;
        if filter.is_none_or(|filter| filter.contains(key)) && tape.admit_child(top, &Scope::ROOT) {
            value.log_value(ValueWriter::new(tape, top, &Scope::ROOT, Key::Name(key)));
        }
        self
    }

    /// Writes an attribute as [`attr`](Self::attr) does. The fast path is for keys of at most
    /// [`Limits::MIN_KEY_BYTES`], and needs no stack.
    #[cfg(feature = "tracing")]
    #[inline(always)]
    pub(crate) fn attr_with_short_key<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) {
        if key.len() <= usize::from(Limits::MIN_KEY_BYTES) && self.filter.is_none() {
            let Self { tape, top, .. } = self;
            if tape.admit_child(top, &Scope::ROOT) {
                value.log_value(ValueWriter::new(tape, top, &Scope::ROOT, Key::Name(key)));
            }
        } else {
            self.attr_apart(key, value);
        }
    }

    #[cfg(feature = "tracing")]
    #[inline(never)]
    fn attr_apart<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) {
        self.attr(key, value);
    }

    /// Returns a writer of the attributes, for code that writes maps. The method can be called repeatedly.
    #[inline(always)]
    pub fn attributes(&mut self) -> MapWriter<'_, 'b> {
        MapWriter::top(&mut self.tape, &mut self.top, self.filter)
    }

    /// Writes each field of a struct or entry of a map as a separate attribute, by the rules of
    /// [`AsSerde`](super::AsSerde). A variant with data becomes one attribute with the name of the variant. A unit
    /// value or `None` results in no attribute. Other values, such as numbers and sequences, become the attribute
    /// `value`.
    #[cfg(feature = "serde")]
    #[inline]
    pub fn attrs_from<T: serde_core::Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        super::serde::write_attributes(self, value);
        self
    }

    /// Copies the attributes of `fragment`. If they exceed the limits of the entry, the method copies the first
    /// attributes that fit, and counts the others as dropped.
    #[inline]
    pub fn append(&mut self, fragment: &Fragment) -> &mut Self {
        fragment.copy_to(&mut self.tape, &mut self.top, &Scope::ROOT, self.filter);
        self
    }

    /// Returns the current report of the circuit breaker.
    #[must_use]
    pub fn report(&self) -> &TripReport {
        self.tape.report.get()
    }

    /// Returns the severity and the ids of the trace, on which routing depends.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn ids(&self) -> (Severity, TraceContext) {
        (self.severity, self.trace)
    }

    /// Begins the attempt to write a like entry in place of the full entry. Nothing has been written.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn follow(&mut self, like: LikeWriter<'b>) {
        self.tape.follow(like);
    }

    /// Completes the like entry. If there is none, or if the entry must be written in full, returns `None`, and
    /// [`fill`](Self::fill) completes the full entry.
    #[cfg(all(unix, not(loom)))]
    #[inline(never)]
    pub(crate) fn follow_to_end(&mut self) -> Option<Written> {
        let mut trace = [0; crate::format::like::TRACE_LEN];
        trace[..16].copy_from_slice(&self.trace.trace_id.rotate_left(64).to_le_bytes());
        trace[16..].copy_from_slice(&self.trace.span_id.to_le_bytes());
        let [offset, zone] = self.utc_offset_minutes.to_le_bytes();
        let head = Head {
            scalars: [self.severity.number(), offset, zone],
            trace_flags: self.trace.flags,
            time: self.time_unix_nano,
            trace,
        };
        self.tape.follow_to_end(&head, self.top.dropped() == 0)
    }

    /// Returns the space for the frame of the like entry.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn frame(&mut self) -> &mut [u8] {
        self.tape.like.as_mut().map_or(&mut [], LikeWriter::frame)
    }

    /// Returns whether the base of the like entry has the target of the call site and exactly its keys.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn is_of_site(&self) -> bool {
        matches!(&self.tape.like, Some(like) if like.is_of_site)
    }

    /// Ends the attempt to write a like entry.
    #[cfg(all(unix, not(loom)))]
    pub(crate) fn leave(&mut self) {
        self.tape.leave();
    }

    /// Completes the entry.
    ///
    /// # Errors
    /// Returns [`EncodeError::BufferTooSmall`] with the necessary length if the buffer is too small. Returns
    /// [`EncodeError::SerializeBlocked`] or [`EncodeError::TooWide`] if the limits refuse the entry. After an error
    /// the bytes in the buffer have no meaning.
    #[inline]
    pub fn finish(mut self) -> Result<Encoded<'b>, EncodeError> {
        self.fill().map(Encoded)
    }

    /// Completes the entry as [`finish`](Self::finish) does. The writer then has no content.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub(crate) fn complete(&mut self) -> Result<Encoded<'b>, EncodeError> {
        self.fill().map(Encoded)
    }

    /// Completes the entry as [`finish`](Self::finish) does, without a move of the writer, which is a large type.
    #[inline(always)]
    pub(super) fn fill(&mut self) -> Result<Filled<'b>, EncodeError> {
        if self.tape.error.is_some() {
            return Err(self.take_error());
        }
        if self.tape.target == UNSET || self.tape.body == UNSET || self.tape.thread == UNSET {
            self.set_empty();
        }
        let nodes = self.tape.nodes();
        let text = layout::text_start(nodes);
        let text_len = self.tape.out.tail_len();
        if !self.tape.report.is_clean() {
            return self.fill_tripped(nodes, text, text_len);
        }
        self.tape.out.push_head(u32_bytes(text_len));
        self.with_front(layout::PREFIX_CLEAN, nodes, text, 0)
    }

    /// Sets the strings of the header that are not set to the empty string.
    #[inline(never)]
    fn set_empty(&mut self) {
        let empty = to_u32(self.tape.out.push_string(&[], 0));
        for string in [&mut self.tape.target, &mut self.tape.body, &mut self.tape.thread] {
            if *string == UNSET {
                *string = empty;
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn fill_tripped(
        &mut self,
        nodes: usize,
        text: usize,
        text_len: usize,
    ) -> Result<Filled<'b>, EncodeError> {
        let trips = self.push_trips(text);
        self.tape.out.push_head(u32_bytes(text_len));
        self.with_front(layout::PREFIX_TRIPPED, nodes, text, trips - layout::TRIPS)
    }

    #[cold]
    #[inline(never)]
    fn take_error(&mut self) -> EncodeError {
        self.tape.error.take().unwrap_or(EncodeError::BufferTooSmall { needed: 0, available: 0 })
    }

    /// Closes the gap, and writes the root offset, the vtable, the root table and the length of the vector of nodes, in
    /// the order of their offsets. `trips` is the distance from its field to the vector of trips, or 0.
    #[inline(always)]
    fn with_front(
        &mut self,
        prefix: [u8; layout::PREFIX_CLEAN.len()],
        nodes: usize,
        text: usize,
        trips: usize,
    ) -> Result<Filled<'b>, EncodeError> {
        let available = self.tape.out.capacity();
        let mut front: Closed<'b, { layout::NODES }> = match self.tape.out.close() {
            Ok(front) => front,
            Err(needed) => return Err(EncodeError::BufferTooSmall { needed, available }),
        };
        front.put(prefix);
        front.put([self.severity.number(), self.trace.flags]);
        front.put(self.utc_offset_minutes.to_le_bytes());
        front.put(self.time_unix_nano.to_le_bytes());
        // The high half comes first. Each half is little-endian.
        front.put(self.trace.trace_id.rotate_left(64).to_le_bytes());
        front.put(self.trace.span_id.to_le_bytes());
        // An offset counts from its field.
        let string = |at: u32, field: usize| (to_u32(text - field) + at).to_le_bytes();
        front.put(string(self.tape.target, layout::TARGET));
        front.put(string(self.tape.body, layout::BODY));
        front.put(string(self.tape.thread, layout::THREAD));
        front.put(u32_bytes(layout::NODE_COUNT - layout::ATTRIBUTES));
        front.put(u32_bytes(text - 4 - layout::TEXT));
        front.put(u32_bytes(trips));
        front.put(u32::try_from(self.top.dropped()).unwrap_or(u32::MAX).to_le_bytes());
        front.put(u32_bytes(nodes));
        front.finish().ok_or(EncodeError::BufferTooSmall { needed: 0, available })
    }

    /// Appends the vector of trips after the text. Returns the offset of its length in the entry.
    #[cold]
    fn push_trips(&mut self, text: usize) -> usize {
        let report = *self.tape.report.get();
        let end = text + self.tape.out.tail_len();
        // The records contain 64-bit numbers, so they begin at a multiple of 8.
        let padding = (12 - end % 8) % 8;
        self.tape.out.push_tail(&[0; 7][..padding]);
        self.tape.out.push_tail(&u32_bytes(report.iter().count()));
        for trip in report.iter() {
            let mut record = [0; layout::TRIP_LEN];
            record[0] = trip.cause as u8;
            record[1] = trip.places.bits();
            record[4..8].copy_from_slice(&trip.count.to_le_bytes());
            record[8..].copy_from_slice(&trip.lost.unwrap_or(layout::UNKNOWN).to_le_bytes());
            self.tape.out.push_tail(&record);
        }
        end + padding
    }

    /// Appends a FlatBuffers string to the text. Returns its offset in the text, or [`UNSET`] if there is no space for
    /// an empty string. The field is then the empty string for which `finish` reserves space.
    #[inline(always)]
    fn header_string(&mut self, text: &str, place: Places) -> u32 {
        let max = match place {
            Places::BODY => self.tape.limits.max_string_bytes as usize,
            _ => usize::from(self.tape.limits.max_key_bytes),
        };
        // The branches do not join, so in this branch the compiler knows the length of a literal.
        if text.len() <= max
            && let Some(at) = self.tape.out.try_push_string(text.as_bytes(), to_u32(text.len()))
        {
            return to_u32(at);
        }
        self.cut_header_string(text, max, place)
    }

    #[cold]
    #[inline(never)]
    fn cut_header_string(&mut self, text: &str, max: usize, place: Places) -> u32 {
        if self.tape.follow_header(place, text.as_bytes(), max) {
            return 0;
        }
        let Some(left) = self.tape.left().checked_sub(STRING_OVERHEAD) else {
            if !text.is_empty() {
                self.tape.report.record(TripCause::EntryBytes, place, Some(1));
            }
            return UNSET;
        };
        let kept = &text[..text.floor_char_boundary(max.min(left))];
        self.tape.take(STRING_OVERHEAD + kept.len());
        let at = to_u32(self.tape.out.push_string(kept.as_bytes(), to_u32(kept.len())));
        if kept.len() == text.len() {
            return at;
        }
        let lost = (text.len() - kept.len()) as u64;
        let cause = match (max <= left, place) {
            (false, _) => TripCause::EntryBytes,
            (true, Places::BODY) => TripCause::StringBytes,
            (true, _) => TripCause::KeyBytes,
        };
        let lost = if cause == TripCause::EntryBytes { 0 } else { lost };
        self.tape.report.record(cause, place, Some(lost));
        at
    }
}

/// Converts an offset or a length in an entry.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "entries are at most MAX_ENTRY_BYTES = 2^24 long")]
pub(super) fn to_u32(number: usize) -> u32 {
    number as u32
}

#[inline(always)]
pub(super) fn u32_bytes(number: usize) -> [u8; 4] {
    to_u32(number).to_le_bytes()
}

/// A complete entry.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::Severity;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_severity(Severity::WARN))?;
/// assert_eq!(entry.severity(), Severity::WARN);
/// assert_eq!(entry.bytes().len(), entry.len());
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
pub struct Encoded<'b>(pub(super) Filled<'b>);

impl<'b> Encoded<'b> {
    /// Returns the bytes of the entry, at the beginning of the buffer.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Returns the bytes of the entry with the lifetime of the buffer.
    #[must_use]
    pub fn into_bytes(self) -> &'b mut [u8] {
        self.0.into_bytes()
    }

    /// Returns the length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no entry is empty")]
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Returns the number of bytes at the beginning of the buffer that may have been overwritten. It is at least
    /// [`len`](Self::len), because the text moves when the number of values is known. The bytes after them are
    /// unchanged.
    #[must_use]
    pub fn touched(&self) -> usize {
        self.0.touched()
    }

    /// Returns the severity of the entry.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::from_number(self.bytes().get(layout::SEVERITY).copied().unwrap_or(0))
    }

    /// Returns the trips of the circuit breaker in the entry.
    #[must_use]
    pub fn report(&self) -> TripReport {
        layout::canonical_trips(self.bytes())
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("len", &self.len())
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
