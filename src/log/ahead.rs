//! The preallocator: it creates the next segment and makes the next pages resident before they are needed.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::map::clock::unix_nanos_now;
use crate::segment::folder::Folder;
use crate::segment::shared::SharedSegment;
use crate::segment::{SegmentOptions, file_name};

use super::core::Core;
use super::directory::Change;
use super::drops;
use super::inventory::Inventory;
use super::keeper::{Keeper, Next};
use super::options::OnFull;
use super::problem::Problem;
use super::room::{self, Limits};
use super::size::{self, Grounds, Sizes};

/// The time before another attempt to create a segment.
const RETRY: Duration = Duration::from_millis(50);
/// The time before another attempt if a segment is about to be sealed and can then be deleted.
const RETRY_SOON: Duration = Duration::from_millis(2);

pub(super) fn run(core: &Core, keeper: &Keeper) {
    while !keeper.is_closing() {
        let ready = prepare(core, keeper);
        give_back(core, keeper);
        if core.options.prefault {
            touch_ahead(core);
        }
        keeper.problems.tell(&core.drops);
        // Each change before the appends can cause work for the sealer.
        keeper.behind.wake();
        keeper.ahead.wait((!ready).then(|| core.retry()));
    }
    keeper.end_help();
}

/// Creates the next segment if there is none. Returns whether there is one.
fn prepare(core: &Core, keeper: &Keeper) -> bool {
    let mut next = keeper.next();
    let current = core.segments.current();
    let wanted = core.spare_wanted.swap(false, Ordering::AcqRel)
        || core.no_room.load(Ordering::Acquire)
        || current.as_ref().is_none_or(|current| current.is_used());
    let ready =
        !wanted || core.segments.has_next(current.as_ref()) || core.make_spare(keeper, &mut next).is_ok();
    drop(next);
    if ready && core.no_room.swap(false, Ordering::AcqRel) {
        keeper.make_room();
    }
    ready
}

/// Releases the pages that the appends have left. The sealer reads these pages later, and releases them again.
fn give_back(core: &Core, keeper: &Keeper) {
    let Some(current) = core.segments.current().as_ref().map(Arc::clone) else { return };
    current.release_to(current.tail().saturating_sub(core.options.window), 0..0);
    for segment in keeper.open_after(None) {
        if segment.header().sequence < current.header().sequence {
            segment.release_to(segment.tail(), 0..0);
        }
    }
}

/// Touches the pages that the appends reach next.
fn touch_ahead(core: &Core) {
    if let Some(segment) = &*core.segments.current() {
        let window = core.options.window;
        // The pages are touched in parts: while this thread touches one part, the appends may pass it, and another
        // thread may release its pages.
        for part in 1..=4 {
            let touched = segment.prefault_to(segment.tail() + part * window / 2);
            segment.release_to(segment.tail().saturating_sub(window), touched);
        }
    }
}

impl Core {
    /// Returns the time before another attempt to create a segment.
    fn retry(&self) -> Duration {
        let soon = self.options.on_full == OnFull::OverwriteOldest && !self.hopeless.load(Ordering::Relaxed);
        if soon { RETRY_SOON } else { RETRY }
    }

    /// Creates the segment `next`, and makes space for it if this is permitted.
    pub(super) fn make_spare(&self, keeper: &Keeper, next: &mut Next) -> io::Result<()> {
        let start = Instant::now();
        // The number is read first: a segment that is sealed in the meantime could not be deleted now, and can be
        // next time.
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
                let made = next.made.saturating_add(segment.header().size);
                *next = Next { sequence: next.sequence + 1, previous_id: segment.header().segment_id, made };
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
                // All segments except the current one will be sealed soon and can be deleted then.
                self.hopeless.store(open <= 1, Ordering::Relaxed);
                self.no_room.store(true, Ordering::Release);
                // The previously offered segment is the current one by now, and this list must not prevent its
                // completion.
                self.segments.offer(None);
            }
        }
        made.map(drop)
    }

    /// Creates the segment `next` with the best possible size, and makes space for it if this is permitted.
    fn make_room_and_segment(&self, keeper: &Keeper, next: &Next) -> io::Result<Arc<SharedSegment>> {
        let mut options = self.options.segment.clone();
        options.resource.renew();
        options.stream_id = keeper.stream_id;
        options.sequence = next.sequence;
        options.previous_id = next.previous_id;
        let may_delete = self.options.on_full == OnFull::OverwriteOldest;
        loop {
            self.directory.check()?;
            let folder = self.directory.folder();
            let writers = 1 + self.options.max_total_bytes.map_or(0, |_| keeper.other_writers(&folder));
            let sizes = self.sizes(next, writers)?;
            let inventory = &mut keeper.inventory();
            let mut making =
                Making { folder: &folder, inventory, writers, options: &mut options, is_in_budget: false };
            let error = match self.make_of_size(&mut making, sizes.keeping()) {
                Err(error) if room::is_shortage(&error) || is_out_of_memory(&error) => error,
                // The directory was removed or renamed during the creation of the segment.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && self.directory.check()? != Change::Same =>
                {
                    continue;
                }
                made => return made,
            };
            // A segment that cannot be deleted for another reason gives no space either. Deletion does not release
            // memory.
            let limits = Limits { budget: self.options.max_total_bytes, is_in_budget: making.is_in_budget };
            if may_delete
                && room::is_shortage(&error)
                && room::delete_oldest(&folder, making.inventory, limits).unwrap_or(false)
            {
                self.counters.deleted_segments.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            return match self.make_of_size(&mut making, sizes.smaller()) {
                Err(_) => Err(error),
                made => made,
            };
        }
    }

    /// Returns the possible sizes of the segment after the current one.
    fn sizes(&self, next: &Next, writers: u64) -> io::Result<Sizes> {
        let most = self.options.segment.size.min(size::most_by_limits(self.directory.path())?);
        let share = self.options.max_total_bytes.map(|budget| size::share(budget, writers));
        let current = self.segments.current();
        let grounds = Grounds {
            first: self.options.first_segment_size,
            most,
            share: share.unwrap_or(u64::MAX),
            current: current.as_ref().map(|current| (current.header().size, current.is_used())),
            made: next.made,
            needed: (self.needed.load(Ordering::Acquire) + self.resource_len + drops::LOSS_LEN) as u64,
        };
        Sizes::of(&grounds).ok_or_else(|| {
            // The limits have changed since the log was opened. The other entries do not need such a segment.
            self.needed.store(0, Ordering::Release);
            io::ErrorKind::FileTooLarge.into()
        })
    }

    /// Creates a segment of the first of `sizes` for which there is space.
    fn make_of_size(
        &self,
        making: &mut Making<'_>,
        sizes: impl Iterator<Item = u64>,
    ) -> io::Result<Arc<SharedSegment>> {
        let Making { folder, inventory, writers, options, is_in_budget } = making;
        let budget = self.options.max_total_bytes;
        let mut failed = io::Error::from(io::ErrorKind::StorageFull);
        for size in sizes {
            options.size = size;
            *is_in_budget = false;
            let made = room::reserve(folder, inventory, budget, options, *writers).and_then(|turn| {
                *is_in_budget = true;
                options.ordinal = turn.next_ordinal(&self.directory, inventory);
                let name = file_name(unix_nanos_now(), &options.stream_id, options.sequence);
                SharedSegment::create(folder, OsStr::new(&name), options, drops::LOSS_LEN)
            });
            match made {
                Ok(segment) => {
                    if segment.holds(self.needed.load(Ordering::Acquire)) {
                        self.needed.store(0, Ordering::Release);
                    }
                    return Ok(Arc::new(segment));
                }
                Err(error) if room::is_shortage(&error) || is_out_of_memory(&error) => failed = error,
                Err(error) => return Err(error),
            }
        }
        Err(failed)
    }
}

/// A segment that is being created.
struct Making<'a> {
    folder: &'a Arc<Folder>,
    inventory: &'a mut Inventory,
    /// The number of processes that write to the directory.
    writers: u64,
    options: &'a mut SegmentOptions,
    /// Whether the byte budget had space in the last attempt.
    is_in_budget: bool,
}

/// Returns whether a smaller segment may be possible after this error. The limit of the address space causes it.
fn is_out_of_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}
