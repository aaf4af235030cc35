//! The append of an entry of a call site, as a like entry without the full entry if this is possible.

use crate::encode::EntryWriter;
use crate::format::frame::FrameKind;
use crate::map::clock::unix_nanos_now;
use crate::segment::shared::{Draft, HEADER_LEN};
use crate::severity::Severity;
use crate::trip::TripReport;

use super::Log;
use super::build::RESERVE_PATIENCE;
use super::inside::Inside;
use super::outcome::{DropCause, Outcome};

impl Log {
    /// Appends an entry as [`append`](Self::append) does. `site` identifies the call site, whose entries probably have the same
    /// keys and kinds: an entry that has those of the last entry is written as a like entry at once.
    #[inline(always)]
    pub(crate) fn append_at(&self, site: usize, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        let core = self.core();
        let Some(inside) = Inside::enter() else {
            return core.drop_entry(Severity::UNSPECIFIED, DropCause::Reentrant);
        };
        let scratch = if inside.is_nested() {
            core.scratches.take_reserve(RESERVE_PATIENCE)
        } else {
            core.scratches.take(inside.thread(), || core.patience())
        };
        let Some(mut scratch) = scratch else {
            drop(inside);
            return core.drop_entry(Severity::UNSPECIFIED, DropCause::Busy);
        };
        let counters = &core.buffers[scratch.index()];
        let (bytes, pen) = scratch.parts();
        let mut entry = EntryWriter::new(&mut bytes[HEADER_LEN..], &core.options.segment.limits);
        let segment = if pen.likes.is_some() { core.follow(pen, site, &mut entry) } else { None };
        entry.set_time_unix_nano(unix_nanos_now());
        write(&mut entry);
        let (severity, trace) = entry.ids();
        inside.has_built();
        let has_trace = trace.trace_id != 0;
        if let Some(segment) = segment
            && let Some(placed) = core.put_like(segment, &mut entry)
        {
            let is_of_site = entry.is_of_site();
            if let Some(likes) = &mut pen.likes {
                likes.followed(site, placed.end - placed.len, is_of_site);
            }
            counters.add(&placed, severity, has_trace, &TripReport::CLEAN);
            drop((scratch, inside));
            self.sync_at(severity);
            return Outcome::Written(TripReport::CLEAN);
        }
        let has_failed = segment.is_some();
        let (payload, report) = match entry.complete() {
            Ok(entry) => (entry.len(), entry.report()),
            Err(_) => return core.drop_entry(severity, DropCause::Refused),
        };
        let mut draft = Draft { bytes, payload, kind: FrameKind::Entry, severity };
        let placed = match core.write(pen, &mut draft) {
            Ok(placed) => placed,
            Err(cause) => return core.drop_entry(severity, cause),
        };
        if let Some(likes) = &mut pen.likes {
            likes.learn(site, has_failed);
        }
        counters.add(&placed, severity, has_trace, &report);
        drop((scratch, inside));
        self.sync_at(severity);
        Outcome::Written(report)
    }
}
