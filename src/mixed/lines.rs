//! The conversion of lines to entries.

use crate::format::frame::FrameRef;
use crate::limits::Limits;

use super::place::Place;

#[cfg(feature = "json")]
pub(super) use with_json::Lines;
#[cfg(not(feature = "json"))]
pub(super) use without::Lines;

#[cfg(feature = "json")]
mod with_json {
    use std::io;

    use crate::decode::EntryRef;
    use crate::encode::{EntryWriter, encode};
    use crate::error::EncodeError;
    use crate::format::frame::FrameKind;
    use crate::json::Restorer;
    use crate::line_time::{EntryTime, WithoutTime};
    use crate::lines::{ImportReport, Importer, Joint, Next};
    use crate::trip::TripReport;
    use crate::zone::Zone;

    use super::{FrameRef, Limits, Place};

    /// The maximum size of the entries that are created from a line at once, in bytes. An OpenTelemetry line
    /// can contain a million entries.
    const BATCH: usize = 2 << 20;
    /// The first size that is tried for an entry, in bytes.
    const ROOM: usize = 4 << 10;

    /// The entries of a line. The memory is reused for the next line.
    pub(in crate::mixed) struct Lines {
        importer: Importer,
        restorer: Restorer,
        limits: Limits,
        /// Whether the limits also apply to lines that this crate wrote.
        limits_all: bool,
        made: Made,
        /// The index of the next entry in `made`.
        next: usize,
        /// The search for the end of the record whose first line is known.
        joint: Option<Joint>,
        /// The number of earlier entries of the line, including the entries that the limits refused.
        before: u64,
        /// Whether the last line was a part of an overlong line, and not its end.
        in_parts: bool,
    }

    /// Created entries.
    #[derive(Default)]
    struct Made {
        bytes: Vec<u8>,
        used: usize,
        places: Vec<Place>,
        /// Whether a limit cut or refused an entry of the line.
        is_cut: bool,
        /// Whether a limit refused an entry of the line.
        is_refused: bool,
    }

    impl Lines {
        pub(in crate::mixed) fn new(limits: Limits) -> Self {
            Self {
                importer: Importer::new(),
                restorer: Restorer::new(),
                limits: limits.clamped(),
                limits_all: false,
                made: Made::default(),
                next: 0,
                joint: None,
                before: 0,
                in_parts: false,
            }
        }

        /// Applies the limits also to lines that this crate wrote.
        pub(in crate::mixed) fn limit_all(&mut self) {
            self.limits_all = true;
        }

        /// Returns the counts of lines.
        pub(in crate::mixed) fn report(&self) -> &ImportReport {
            self.importer.report()
        }

        /// Sets the time of the last change of the input, in seconds since the epoch.
        pub(in crate::mixed) fn set_latest(&mut self, seconds: i64) {
            self.importer.recogniser().set_latest(seconds);
        }

        /// Begins a record with its first line, including its end. Returns whether other lines can continue the record.
        #[inline]
        pub(in crate::mixed) fn begin(&mut self, line: &[u8]) -> bool {
            self.joint = Joint::begin(line, self.importer.recogniser());
            self.joint.is_some()
        }

        /// Returns the position of the line after the record, if the end of the record is not known.
        #[inline]
        pub(in crate::mixed) fn next_line(&self) -> Option<usize> {
            self.joint.map(|joint| joint.next_line())
        }

        /// Adds the next line of `len` bytes to the record. Returns `false` if the line begins another record. `bytes` begin
        /// with the record.
        pub(in crate::mixed) fn add(&mut self, bytes: &[u8], len: usize) -> bool {
            let Some(joint) = &mut self.joint else { return false };
            joint.next(bytes, len, self.importer.recogniser()) == Next::Continues
        }

        /// Returns whether a line of `len` bytes is too long for the record.
        pub(in crate::mixed) fn is_full(&self, len: usize) -> bool {
            self.joint.is_none_or(|joint| joint.is_full(len))
        }

        /// Completes the record, and returns its length.
        pub(in crate::mixed) fn complete(&mut self) -> usize {
            self.joint.take().map_or(0, |joint| joint.end)
        }

        /// Sets the zone of times without an offset.
        pub(in crate::mixed) fn set_zone(&mut self, zone: Zone) {
            self.importer = core::mem::take(&mut self.importer).zone(zone);
        }

        /// Returns the numbers of entries from lines without a time.
        pub(in crate::mixed) fn without_time(&self) -> WithoutTime {
            self.importer.report().without_time
        }

        /// Returns the time of the last entry that has a time.
        pub(in crate::mixed) fn last_time(&self) -> EntryTime {
            self.importer.last_time()
        }

        /// Sets the time of the entry before the next line.
        pub(in crate::mixed) fn set_last_time(&mut self, time: EntryTime) {
            self.importer.set_last_time(time);
        }

        /// Keeps the time of an entry that was not a line.
        #[inline]
        pub(in crate::mixed) fn pass(&mut self, unix_nano: u64) {
            if unix_nano != 0 {
                self.importer.set_last_time(EntryTime { unix_nano, utc_offset_minutes: None });
            }
        }

        /// Keeps the time of the last created entry.
        fn pass_made(&mut self) {
            let Some(place) = self.made.places.last() else { return };
            let Ok(entry) = EntryRef::new(self.frame(place).payload) else { return };
            let (unix_nano, utc_offset_minutes) = (entry.time_unix_nano(), entry.utc_offset_minutes());
            self.importer.pass(EntryTime { unix_nano, utc_offset_minutes });
        }

        /// Creates the entries of the record that begins at `offset`; one entry if the bytes are a part of an
        /// overlong line. Returns whether the line contains more entries. In this case, the caller reads the
        /// created entries and then calls the method again with the same line.
        pub(in crate::mixed) fn make(&mut self, line: &[u8], is_part: bool, offset: u64) -> bool {
            let Self { importer, restorer, limits, made, before, .. } = self;
            if *before == 0 && !is_part {
                importer.count(line);
            } else if is_part && !self.in_parts {
                importer.count_long_line();
            }
            self.in_parts = is_part && !line.ends_with(b"\n");
            let counted = (*before > 0).then(|| importer.report().clone());
            let line = without_end(line);
            (made.used, self.next) = (0, 0);
            (made.is_cut, made.is_refused) = (false, false);
            made.places.clear();
            if !self.limits_all && !is_part && *before == 0 && restore(line, offset, restorer, made) {
                self.pass_made();
                return false;
            }
            let (mut seen, before) = (0, *before);
            let mut sink = |write: &dyn Fn(&mut EntryWriter<'_>)| -> io::Result<TripReport> {
                if seen < before {
                    seen += 1;
                    return Ok(TripReport::default());
                }
                if made.used >= BATCH {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                seen += 1;
                // The limits of the caller can refuse an entry; such an entry is not an error.
                let trips = made.add(offset, limits, |entry| write(entry));
                made.is_refused |= trips.is_none();
                made.is_cut |= trips.is_none_or(|trips| !trips.is_clean());
                Ok(trips.unwrap_or_default())
            };
            let result =
                if is_part { importer.piece(line, &mut sink) } else { importer.line(line, &mut sink) };
            if let Some(counted) = counted {
                importer.recount(counted, before);
            }
            let is_more = result.is_err();
            self.before = if is_more { seen } else { 0 };
            is_more
        }

        /// Returns whether the last line exceeds [`Limits::READER`], so that the entries do not contain all of it. If the
        /// caller has set lower limits, the trips in the entries show the cuts, except for the entries that an import refuses.
        #[inline]
        pub(in crate::mixed) fn is_exceeded(&self) -> bool {
            self.made.is_cut && self.limits == Limits::READER || self.made.is_refused && self.limits_all
        }

        /// Returns the next entry and its time.
        #[inline]
        pub(in crate::mixed) fn advance(&mut self) -> Option<(Place, u64)> {
            let place = self.made.places.get(self.next)?.clone();
            self.next += 1;
            let time = EntryRef::new(self.frame(&place).payload).map_or(0, |entry| entry.time_unix_nano());
            Some((place, time))
        }

        /// Returns the entry at `place` in an equivalent frame.
        #[inline]
        pub(in crate::mixed) fn frame(&self, place: &Place) -> FrameRef<'_> {
            place.frame(&self.made.bytes)
        }

        /// Whether this build can read lines.
        pub(in crate::mixed) const CAN_READ: bool = true;
    }

    impl Made {
        /// Creates an entry of the line at `offset`. Returns `None` if the limits refuse the entry.
        fn add(
            &mut self,
            offset: u64,
            limits: &Limits,
            mut write: impl FnMut(&mut EntryWriter<'_>),
        ) -> Option<TripReport> {
            let mut room = ROOM;
            loop {
                if self.bytes.len() < self.used + room {
                    self.bytes.resize(self.used + room, 0);
                }
                let spare = self.bytes.get_mut(self.used..).unwrap_or(&mut []);
                let encoded = encode(spare, limits, |entry| write(entry));
                let (len, severity, report) = match encoded {
                    Ok(encoded) => (encoded.len(), encoded.severity(), encoded.report()),
                    Err(EncodeError::BufferTooSmall { needed, .. }) if needed > room => {
                        room = needed;
                        continue;
                    }
                    Err(_) => return None,
                };
                let payload = self.used..self.used + len;
                self.used = payload.end;
                self.places.push(Place { offset, kind: FrameKind::Entry, severity, payload });
                return Some(report);
            }
        }
    }

    /// Creates the entry of a line in the JSON form of this crate. Returns whether the line has this form.
    fn restore(line: &[u8], offset: u64, restorer: &mut Restorer, made: &mut Made) -> bool {
        // Most lines of text do not begin with this byte.
        if line.first() != Some(&b'{') {
            return false;
        }
        let Ok(text) = core::str::from_utf8(line) else { return false };
        let mut restored = false;
        // Entries that this crate wrote were bounded when they were written, and must not be cut again.
        let made_one = made.add(offset, &Limits::READER, |entry| restored = restorer.restore(text, entry));
        if !restored && made_one.is_some() {
            (made.used, _) = (0, made.places.pop());
        }
        restored && made_one.is_some()
    }

    fn without_end(line: &[u8]) -> &[u8] {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

#[cfg(not(feature = "json"))]
mod without {
    use crate::line_time::{EntryTime, WithoutTime};
    use crate::zone::Zone;

    use super::{FrameRef, Limits, Place};

    /// A placeholder: lines require the feature `json`.
    pub(in crate::mixed) struct Lines;

    impl Lines {
        pub(in crate::mixed) fn new(_: Limits) -> Self {
            Self
        }

        pub(in crate::mixed) fn set_latest(&mut self, _: i64) {}

        pub(in crate::mixed) fn begin(&mut self, _: &[u8]) -> bool {
            false
        }

        pub(in crate::mixed) fn next_line(&self) -> Option<usize> {
            None
        }

        pub(in crate::mixed) fn add(&mut self, _: &[u8], _: usize) -> bool {
            false
        }

        pub(in crate::mixed) fn is_full(&self, _: usize) -> bool {
            true
        }

        pub(in crate::mixed) fn complete(&mut self) -> usize {
            0
        }

        pub(in crate::mixed) fn make(&mut self, _: &[u8], _: bool, _: u64) -> bool {
            false
        }

        pub(in crate::mixed) fn set_zone(&mut self, _: Zone) {}

        pub(in crate::mixed) fn without_time(&self) -> WithoutTime {
            WithoutTime::default()
        }

        pub(in crate::mixed) fn last_time(&self) -> EntryTime {
            EntryTime::default()
        }

        pub(in crate::mixed) fn set_last_time(&mut self, _: EntryTime) {}

        pub(in crate::mixed) fn pass(&mut self, _: u64) {}

        pub(in crate::mixed) fn is_exceeded(&self) -> bool {
            false
        }

        pub(in crate::mixed) fn advance(&mut self) -> Option<(Place, u64)> {
            None
        }

        pub(in crate::mixed) fn frame(&self, place: &Place) -> FrameRef<'_> {
            place.frame(&[])
        }

        pub(in crate::mixed) const CAN_READ: bool = false;
    }
}
