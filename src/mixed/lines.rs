//! Lines as the entries that they say.

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
    use crate::format::frame::FrameKind;
    use crate::json::Importer;
    use crate::trip::TripReport;

    use super::{FrameRef, Limits, Place, without_end};

    /// So many bytes of entries of one line are made before they are looked at: a line of OpenTelemetry's may hold a million.
    const BATCH: usize = 2 << 20;

    /// The entries of a line. Its memory is kept from line to line.
    pub(in crate::mixed) struct Lines {
        importer: Importer,
        limits: Limits,
        bytes: Vec<u8>,
        made: Vec<Place>,
        /// Which of those made is next.
        next: usize,
        /// Entries of the line that were made before these.
        before: u64,
    }

    impl Lines {
        pub(in crate::mixed) fn new(limits: Limits) -> Self {
            let limits = limits.clamped();
            Self {
                importer: Importer::new(),
                limits,
                bytes: Vec::new(),
                made: Vec::new(),
                next: 0,
                before: 0,
            }
        }

        /// Makes the entries of the line that begins at `offset`; of a part of a line that is too long, one. Whether there are
        /// more than it has made: then it is to be called again with the same line once these have been read.
        pub(in crate::mixed) fn make(&mut self, line: &[u8], is_part: bool, offset: u64) -> bool {
            let Self { importer, limits, bytes, made, before, .. } = self;
            made.clear();
            let (mut seen, mut used) = (0, 0);
            let mut sink = |write: &dyn Fn(&mut EntryWriter<'_>)| -> io::Result<TripReport> {
                seen += 1;
                if seen <= *before {
                    return Ok(TripReport::default());
                }
                if used >= BATCH {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let room = used + limits.max_entry_bytes as usize;
                if bytes.len() < room {
                    bytes.resize(room, 0);
                }
                let spare = bytes.get_mut(used..).unwrap_or(&mut []);
                let Ok(encoded) = encode(spare, limits, |entry| write(entry)) else {
                    // Refused by the limits: whoever set them wanted it so.
                    return Ok(TripReport::default());
                };
                let payload = used..used + encoded.len();
                let (report, severity) = (encoded.report(), encoded.severity());
                made.push(Place { offset, kind: FrameKind::Entry, severity, payload: payload.clone() });
                used = payload.end;
                Ok(report)
            };
            let result = if is_part {
                importer.piece(without_end(line), &mut sink)
            } else {
                importer.line(line, &mut sink)
            };
            self.next = 0;
            self.before = if result.is_err() { self.before + self.made.len() as u64 } else { 0 };
            result.is_err()
        }

        /// The next entry; the time in it.
        #[inline]
        pub(in crate::mixed) fn advance(&mut self) -> Option<(Place, u64)> {
            let place = self.made.get(self.next)?.clone();
            self.next += 1;
            let time =
                EntryRef::new(place.frame(&self.bytes).payload).map_or(0, |entry| entry.time_unix_nano());
            Some((place, time))
        }

        /// The entry at `place`, as the frame that it would be.
        #[inline]
        pub(in crate::mixed) fn frame(&self, place: &Place) -> FrameRef<'_> {
            place.frame(&self.bytes)
        }

        /// Whether lines can be read at all.
        pub(in crate::mixed) const CAN_READ: bool = true;
    }
}

#[cfg(feature = "json")]
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(not(feature = "json"))]
mod without {
    use super::{FrameRef, Limits, Place};

    /// Reading lines takes the feature `json`.
    pub(in crate::mixed) struct Lines;

    impl Lines {
        pub(in crate::mixed) fn new(_: Limits) -> Self {
            Self
        }

        pub(in crate::mixed) fn make(&mut self, _: &[u8], _: bool, _: u64) -> bool {
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
