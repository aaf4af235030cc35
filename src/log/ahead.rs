//! The thread ahead of the appends: the next segment is there, and the next pages are in memory, before they are needed.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::segment::create::unix_nanos_now;
use crate::segment::file_name;
use crate::segment::shared::SharedSegment;

use super::core::Core;
use super::keeper::{Keeper, Next};
use super::options::OnFull;
use super::problem::Problem;
use super::room::{self, Limits};

/// How long to wait before trying again to make a segment that could not be made.
const RETRY: Duration = Duration::from_millis(50);
/// The same where a segment is just being completed that could be deleted then.
const RETRY_SOON: Duration = Duration::from_millis(2);

pub(super) fn run(core: &Core, keeper: &Keeper) {
    while !keeper.is_closing() {
        let ready = prepare(core, keeper);
        give_back(core, keeper);
        if core.options.prefault {
            touch_ahead(core);
        }
        keeper.problems.tell(&core.drops);
        // Whatever has happened before the appends changes what there is to do behind them.
        keeper.behind.wake();
        keeper.ahead.wait((!ready).then(|| core.retry()));
    }
    keeper.end_help();
}

/// Makes the next segment where there is none. Whether there is one.
fn prepare(core: &Core, keeper: &Keeper) -> bool {
    let mut next = keeper.next();
    let current = core.segments.current();
    let ready = core.segments.has_next(current.as_ref()) || core.make_spare(keeper, &mut next).is_ok();
    drop(next);
    if ready && core.no_room.swap(false, Ordering::AcqRel) {
        keeper.make_room();
    }
    ready
}

/// Gives back the pages that the appends have left. The other worker reads them later, and gives them back again.
fn give_back(core: &Core, keeper: &Keeper) {
    let Some(current) = core.segments.current().as_ref().map(Arc::clone) else { return };
    current.release_to(current.tail().saturating_sub(core.options.window), 0..0);
    for segment in keeper.open_after(None) {
        if segment.header().sequence < current.header().sequence {
            segment.release_to(segment.tail(), 0..0);
        }
    }
}

/// Touches the pages that the appends will come to next.
fn touch_ahead(core: &Core) {
    if let Some(segment) = &*core.segments.current() {
        let window = core.options.window;
        // In parts: while this thread touches one, the appends may pass it, and somebody else may give its pages back.
        for part in 1..=4 {
            let touched = segment.prefault_to(segment.tail() + part * window / 2);
            segment.release_to(segment.tail().saturating_sub(window), touched);
        }
    }
}

impl Core {
    /// How long to wait before trying again to make a segment.
    fn retry(&self) -> Duration {
        let soon = self.options.on_full == OnFull::OverwriteOldest && !self.hopeless.load(Ordering::Relaxed);
        if soon { RETRY_SOON } else { RETRY }
    }

    /// Makes the segment `next`, and room for it where that is allowed.
    pub(super) fn make_spare(&self, keeper: &Keeper, next: &mut Next) -> io::Result<()> {
        let start = Instant::now();
        // Before: what is sealed meanwhile could not be deleted yet, and can be next time.
        let open = keeper.open_count();
        let made = self.make_room_and_segment(keeper, next);
        match &made {
            Ok(segment) if !keeper.add(segment) => {
                let _ = segment.folder().remove(segment.name());
                return Err(io::ErrorKind::Other.into());
            }
            Ok(segment) => {
                if self.options.prefault {
                    segment.prefault_to(self.options.window);
                }
                *next = Next { sequence: next.sequence + 1, previous_id: segment.header().segment_id };
                self.counters.segments.fetch_add(1, Ordering::Relaxed);
                self.counters.making.record(start);
                self.segments.offer(Some(Arc::clone(segment)));
                if keeper.has_ended() {
                    self.segments.offer(None);
                }
                self.late.store(false, Ordering::Release);
                self.awaited.store(false, Ordering::Release);
            }
            Err(error) => {
                keeper.problems.report(Problem::NoSegment(error.kind()));
                self.counters.failed_segments.fetch_add(1, Ordering::Relaxed);
                // All but the one in use will be sealed soon, and can be deleted then.
                self.hopeless.store(open <= 1, Ordering::Relaxed);
                self.no_room.store(true, Ordering::Release);
                // The one there was is in use by now, and must not be kept from being closed.
                self.segments.offer(None);
            }
        }
        made.map(drop)
    }

    fn make_room_and_segment(&self, keeper: &Keeper, next: &Next) -> io::Result<Arc<SharedSegment>> {
        let mut options = self.options.segment.clone();
        options.stream_id = keeper.stream_id;
        options.sequence = next.sequence;
        options.previous_id = next.previous_id;
        let may_delete = self.options.on_full == OnFull::OverwriteOldest;
        loop {
            self.directory.check()?;
            let folder = self.directory.folder();
            let mut is_in_budget = false;
            let made = room::reserve(&folder, self.options.max_total_bytes, options.bytes_on_disk())
                .and_then(|turn| {
                    is_in_budget = true;
                    options.ordinal = turn.next_ordinal(&self.directory);
                    let name = file_name(unix_nanos_now(), &options.stream_id, options.sequence);
                    SharedSegment::create(&folder, OsStr::new(&name), &options)
                });
            match made {
                Err(error) if may_delete && room::is_shortage(&error) => {
                    // What cannot be deleted for a reason of its own is no room, either.
                    let limits = Limits { budget: self.options.max_total_bytes, is_in_budget };
                    if !room::delete_oldest(&folder, limits).unwrap_or(false) {
                        return Err(error);
                    }
                    self.counters.deleted_segments.fetch_add(1, Ordering::Relaxed);
                }
                made => return made.map(Arc::new),
            }
        }
    }
}
