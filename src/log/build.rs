//! An entry that is encoded in a buffer of the thread before it is appended.

use std::time::Duration;

use crate::encode::{EntryWriter, encode};
use crate::format::frame::FrameKind;
use crate::map::clock::unix_nanos_now;
use crate::segment::shared::{Draft, HEADER_LEN};
use crate::severity::Severity;
use crate::trace::TraceContext;
use crate::trip::TripReport;

use super::Log;
use super::core::{Core, Pen};
use super::inside::{Inside, Waiting};
use super::options::LogOptions;
use super::outcome::{DropCause, FlushError, Outcome};
use super::stats::BufferCounters;

/// The maximum time that a nested append waits for the buffer in reserve.
pub(super) const RESERVE_PATIENCE: Duration = Duration::from_secs(1);

/// An encoded entry that is not in the log.
pub(crate) struct Built<'a> {
    core: &'a Core,
    counters: &'a BufferCounters,
    pen: &'a mut Pen,
    draft: Draft<'a>,
    report: TripReport,
    trace: TraceContext,
    /// Whether the entry has been appended, so that a flush may be necessary.
    appended: bool,
}

/// An entry that could not be encoded: its cause, and the fields that are known.
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
        self.draft.payload()
    }

    /// Appends the entry to the log. Returns the length of its frame. If this is not possible, returns the cause, and does not
    /// count the entry as dropped.
    #[inline]
    pub(crate) fn try_append(&mut self) -> Result<usize, DropCause> {
        let placed = self.core.write(self.pen, &mut self.draft)?;
        let has_trace = self.trace.trace_id != 0;
        self.counters.add(&placed, self.draft.severity, has_trace, &self.report);
        self.appended = true;
        Ok(placed.len)
    }

    /// Appends the entry to the log, or counts it as dropped.
    #[inline]
    pub(crate) fn append(&mut self) -> Outcome {
        match self.try_append() {
            Ok(_) => Outcome::Written(self.report),
            Err(cause) => self.drop_entry(cause),
        }
    }

    /// Counts the entry as dropped.
    pub(crate) fn drop_entry(&self, cause: DropCause) -> Outcome {
        self.core.drop_entry(self.draft.severity, cause)
    }
}

impl Refused<'_> {
    /// Counts the entry as dropped.
    pub(crate) fn drop_entry(&self) -> Outcome {
        self.core.drop_entry(self.severity, self.cause)
    }
}

impl Log {
    /// Encodes the entry that `write` writes, with the current time unless `write` sets another, and passes it to
    /// `then`. The log is unchanged until `then` is called.
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
        let (bytes, pen) = scratch.parts();
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
        let mut built = Built { core, counters, pen, draft, report, trace, appended: false };
        let result = then(Ok(&mut built));
        let appended = built.appended;
        drop((scratch, inside));
        if appended {
            self.sync_at(severity);
        }
        result
    }

    /// Waits until the appended entry with this severity is on disk, if the options require it.
    #[inline(always)]
    pub(super) fn sync_at(&self, severity: Severity) {
        if self.0.core.options.sync_at.is_some_and(|at| severity >= at) {
            self.sync_appended();
        }
    }

    /// Waits until the appended entry is on disk. If the disk fails or is late, the entry still survives the process.
    /// Only one append waits for a late disk; the others request a sync and continue.
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
