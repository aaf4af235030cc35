//! An entry on its way into the log: built in a buffer of the thread's, and not appended yet.

use std::time::Duration;

use crate::encode::{EntryWriter, encode};
use crate::format::frame::{FrameKind, frame_len};
use crate::segment::create::unix_nanos_now;
use crate::segment::shared::{Draft, HEADER_LEN, SharedSegment};
use crate::severity::Severity;
use crate::trace::TraceContext;
use crate::trip::TripReport;

use super::Log;
use super::core::Core;
use super::inside::{Inside, Waiting};
use super::options::LogOptions;
use super::outcome::{DropCause, FlushError, Outcome};
use super::stats::BufferCounters;
use super::swap::Cached;

/// How long a nested append waits at most for the buffer in reserve.
const RESERVE_PATIENCE: Duration = Duration::from_secs(1);

/// An entry that is complete, and not in the log yet.
pub(crate) struct Built<'a> {
    core: &'a Core,
    counters: &'a BufferCounters,
    segments: &'a mut Cached<SharedSegment>,
    draft: Draft<'a>,
    report: TripReport,
    trace: TraceContext,
    /// Whether it has been appended, so that it may have to be flushed.
    appended: bool,
}

/// An entry that could not be built: what is known of it.
pub(crate) struct Refused<'a> {
    core: &'a Core,
    pub(crate) cause: DropCause,
    pub(crate) severity: Severity,
    pub(crate) trace: TraceContext,
}

impl Built<'_> {
    pub(crate) fn severity(&self) -> Severity {
        self.draft.severity
    }

    pub(crate) fn trace(&self) -> TraceContext {
        self.trace
    }

    pub(crate) fn report(&self) -> &TripReport {
        &self.report
    }

    pub(crate) fn entry(&self) -> &[u8] {
        &self.draft.bytes[HEADER_LEN..HEADER_LEN + self.draft.payload]
    }

    /// Appends it to the log. The cause, where that is not possible: then it is not counted as dropped yet.
    #[inline]
    pub(crate) fn try_append(&mut self) -> Result<(), DropCause> {
        self.core.write(self.segments, &mut self.draft)?;
        let has_trace = self.trace.trace_id != 0;
        self.counters.add(frame_len(self.draft.payload), self.draft.severity, has_trace, &self.report);
        self.appended = true;
        Ok(())
    }

    /// Appends it to the log, or drops it.
    #[inline]
    pub(crate) fn append(&mut self) -> Outcome {
        match self.try_append() {
            Ok(()) => Outcome::Written(self.report),
            Err(cause) => self.drop_entry(cause),
        }
    }

    /// Counts it as dropped.
    pub(crate) fn drop_entry(&self, cause: DropCause) -> Outcome {
        self.core.drop_entry(self.draft.severity, cause)
    }
}

impl Refused<'_> {
    /// Counts it as dropped.
    pub(crate) fn drop_entry(&self) -> Outcome {
        self.core.drop_entry(self.severity, self.cause)
    }
}

impl Log {
    /// Builds the entry that `write` writes, stamped with the time unless `write` sets another, and hands it to `then`
    /// before anything of the log is touched.
    #[inline(always)]
    pub(crate) fn build<R>(
        &self,
        write: impl FnOnce(&mut EntryWriter<'_>),
        then: impl FnOnce(Result<&mut Built<'_>, Refused<'_>>) -> R,
    ) -> R {
        let core = self.core();
        let (severity, trace) = (Severity::UNSPECIFIED, TraceContext::NONE);
        let refused = |cause| Refused { core, cause, severity, trace };
        let Some(inside) = Inside::enter() else { return then(Err(refused(DropCause::Reentrant))) };
        let scratch = if inside.is_nested() {
            core.scratches.take_reserve(RESERVE_PATIENCE)
        } else {
            core.scratches.take(inside.thread(), || core.patience())
        };
        let Some(mut scratch) = scratch else { return then(Err(refused(DropCause::Busy))) };
        let counters = &core.buffers[scratch.index()];
        let (bytes, segments) = scratch.parts();
        let mut header = (severity, trace);
        let encoded = encode(&mut bytes[HEADER_LEN..], &core.options.segment.limits, |entry| {
            entry.set_time_unix_nano(unix_nanos_now());
            write(entry);
            header = entry.ids();
        });
        inside.has_built();
        let (severity, trace) = header;
        let (payload, report) = match &encoded {
            Ok(entry) => (entry.len(), entry.report()),
            Err(_) => return then(Err(Refused { core, cause: DropCause::Refused, severity, trace })),
        };
        let draft = Draft { bytes, payload, kind: FrameKind::Entry, severity };
        let mut built = Built { core, counters, segments, draft, report, trace, appended: false };
        let result = then(Ok(&mut built));
        let appended = built.appended;
        drop((scratch, inside));
        if appended && core.options.sync_at.is_some_and(|at| severity >= at) {
            self.sync_appended();
        }
        result
    }

    /// Lets the append of an entry wait until the entry is on disk. If the disk fails or is late, the entry survives the
    /// process all the same. One append waits for a late disk: the others ask for their entries, and go on.
    #[cold]
    fn sync_appended(&self) {
        let Some(_waiting) = Waiting::enter() else { return };
        let keeper = self.core().keeper.load_full();
        let request = keeper.flushes.ask();
        keeper.behind.wake();
        if !keeper.flushes.is_late()
            && keeper.flushes.wait(request, LogOptions::SYNC_TIMEOUT) == Err(FlushError::TimedOut)
        {
            keeper.flushes.set_late();
        }
    }
}
