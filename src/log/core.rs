//! What all threads of a process share of a log.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::encode::encode;
use crate::format::frame::frame_len;
use crate::map::fork::ForkMark;
use crate::map::scratch::Scratches;
use crate::segment::shared::{Draft, SharedSegment};

use super::directory::Directory;
use super::drops::DropCounters;
use super::inside::Own;
use super::keeper::Keeper;
use super::levels::Levels;
use super::options::LogOptions;
use super::salvage::{self, Salvage};
use super::signal::lock;
use super::stats::{BufferCounters, Counters, Stats};
use super::succession::{Sequenced, Step, Succession};
use super::swap::Cached;

/// What all threads of a process share of a log.
pub(super) struct Core {
    pub(super) options: LogOptions,
    pub(super) directory: Directory,
    /// The segments of dead processes that are still to be looked at.
    pub(super) salvage: Mutex<Option<Salvage>>,
    pub(super) levels: Levels,
    pub(super) fork: ForkMark,
    pub(super) segments: Succession<SharedSegment>,
    /// Whether no further segment can be made now.
    pub(super) no_room: AtomicBool,
    /// Whether the next segment is to be made though the one in use is hardly used.
    pub(super) spare_wanted: AtomicBool,
    /// Bytes of the frame of the resource, with which every segment begins.
    pub(super) resource_len: usize,
    /// Bytes of the longest frame that did not fit any segment of the size in use; 0: none.
    pub(super) needed: AtomicUsize,
    /// Whether there is nothing to delete either, now or soon.
    pub(super) hopeless: AtomicBool,
    /// Whether an append has waited in vain for a segment: none waits until there is one.
    pub(super) late: AtomicBool,
    /// Whether an append waits for a segment, or has waited for it.
    pub(super) awaited: AtomicBool,
    /// Whether the log has been shut down: nothing is appended any more.
    pub(super) closed: AtomicBool,
    pub(super) scratches: Scratches<Cached<SharedSegment>>,
    pub(super) buffers: Box<[BufferCounters]>,
    pub(super) counters: Counters,
    pub(super) drops: DropCounters,
    /// The work that is done beside the appends, by threads of this process.
    pub(super) keeper: ArcSwap<Keeper>,
}

impl Sequenced for SharedSegment {
    fn sequence(&self) -> u64 {
        self.header().sequence
    }
}

/// How long an append waits for a segment that another thread is making. From then on there is no room, until it is made.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes of the frame of the resource.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] if the resource is larger than an entry may be.
fn resource_len(options: &LogOptions) -> io::Result<usize> {
    let limits = &options.segment.limits;
    let mut scratch = vec![0; limits.clamped().max_entry_bytes as usize];
    encode(&mut scratch, limits, |entry| options.segment.resource.write_to(entry))
        .map(|entry| frame_len(entry.len()))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("the resource: {error}")))
}

/// There is no segment with room for the frame, and none can be made.
pub(super) struct NoRoom;

impl Core {
    pub(super) fn new(options: LogOptions, directory: Directory) -> io::Result<Self> {
        let resource_len = resource_len(&options)?;
        let segments = Succession::new();
        let scratches =
            Scratches::new(options.max_threads.into(), options.scratch_len(), || segments.cached())?;
        let buffers = (0..scratches.count()).map(|_| BufferCounters::default()).collect();
        Ok(Self {
            directory,
            salvage: Mutex::new(None),
            levels: Levels::new(),
            fork: ForkMark::new(),
            segments,
            no_room: AtomicBool::new(false),
            hopeless: AtomicBool::new(false),
            late: AtomicBool::new(false),
            awaited: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            spare_wanted: AtomicBool::new(false),
            resource_len,
            needed: AtomicUsize::new(0),
            scratches,
            buffers,
            counters: Counters::default(),
            drops: DropCounters::new(),
            keeper: ArcSwap::from_pointee(Keeper::new(options.on_problem)),
            options,
        })
    }

    /// Appends `draft` to the current segment, or to the next where that is full.
    #[inline]
    pub(super) fn put(
        &self,
        segments: &mut Cached<SharedSegment>,
        draft: &mut Draft<'_>,
    ) -> Result<(), NoRoom> {
        loop {
            let current = segments.load();
            if let Some(segment) = current {
                if let Ok(end) = segment.append(draft) {
                    if segment.is_step(end, frame_len(draft.payload), self.options.window) {
                        self.pass_window(segment, end);
                    }
                    return Ok(());
                }
                if !segment.holds(frame_len(draft.payload)) {
                    self.needed.fetch_max(frame_len(draft.payload), Ordering::AcqRel);
                }
            }
            self.go_on_from(current)?;
        }
    }

    /// The appends have come to another window of the segment.
    #[cold]
    fn pass_window(&self, segment: &SharedSegment, end: usize) {
        self.keeper.load().ahead.wake();
        let window = self.options.window;
        // One behind, two ahead, and one for the workers. If these do not keep up, this append pays for it.
        if segment.mapped_bytes() > 4 * window as u64 {
            segment.release_to(end.saturating_sub(window), 0..0);
        }
    }

    /// Makes the segment after `full` the one that is appended to, unless somebody has done so. `None`: there is none yet.
    #[cold]
    pub(super) fn go_on_from(&self, full: Option<&Arc<SharedSegment>>) -> Result<(), NoRoom> {
        let mut step = self.segments.go_on_from(full);
        while step == Step::Missing {
            if !self.segments.is_current(full) {
                return Ok(());
            }
            self.make_next(full)?;
            step = self.segments.go_on_from(full);
        }
        if step == Step::Taken
            && let Some(full) = full
        {
            self.counters.rotations.fetch_add(1, Ordering::Relaxed);
            // Now, and not when a helper comes to it: readers go on from here once they know that nothing follows.
            full.close();
        }
        self.keeper.load().ahead.wake();
        Ok(())
    }

    /// No segment is ready: waits for the one that is being made, or, where there is no worker, makes one. It is not gone on to
    /// yet.
    ///
    /// A thread that appends makes none where a worker can. It may be in a signal handler, or in an allocator: it must not
    /// allocate, nor wait for a lock that its own thread holds.
    fn make_next(&self, full: Option<&Arc<SharedSegment>>) -> Result<(), NoRoom> {
        let keeper = self.keeper.load_full();
        // Whoever looks at a segment that is no longer in use, or whose successor is there, needs nobody to make one.
        let made = || !self.segments.is_current(full) || self.segments.has_next(full);
        if keeper.has_ended() {
            return Err(NoRoom);
        }
        let is_made = || if made() { Ok(()) } else { Err(NoRoom) };
        if !keeper.has_help() {
            return self.make_next_here(&keeper, made);
        }
        if !self.awaited.swap(true, Ordering::AcqRel) {
            self.counters.late_segments.fetch_add(1, Ordering::Relaxed);
        }
        self.spare_wanted.store(true, Ordering::Release);
        keeper.ahead.wake();
        let start = Instant::now();
        let mut pause = Duration::from_micros(20);
        // Where it cannot be made now, it is tried again and again, and not waited for here.
        while !made() && !self.no_room.load(Ordering::Acquire) {
            let waited = start.elapsed();
            if !keeper.has_help() {
                return self.make_next_here(&keeper, made);
            }
            if waited >= PATIENCE {
                self.late.store(true, Ordering::Release);
                self.no_room.store(true, Ordering::Release);
                // It may have been made just now. Then nobody else would find out that there is room.
                keeper.ahead.wake();
                break;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
        is_made()
    }

    /// The same where no worker makes segments: in a forked child that could start none, and once the log is being completed.
    fn make_next_here(&self, keeper: &Keeper, made: impl Fn() -> bool) -> Result<(), NoRoom> {
        let next = keeper.next_within(PATIENCE, &made);
        let Some(mut next) = next.filter(|_| !made()) else {
            return if made() { Ok(()) } else { Err(NoRoom) };
        };
        self.counters.late_segments.fetch_add(1, Ordering::Relaxed);
        self.make_spare(keeper, &mut next).map_err(|_| NoRoom)?;
        self.no_room.store(false, Ordering::Release);
        Ok(())
    }

    /// How long an append waits for a buffer.
    pub(super) fn patience(&self) -> Duration {
        if self.closed.load(Ordering::Relaxed) { Duration::ZERO } else { self.options.patience() }
    }

    /// Seals or trims some of what dead processes left. Whether there is more.
    pub(super) fn salvage_on(&self) -> bool {
        let mut salvage = lock(&self.salvage);
        if salvage.as_mut().is_some_and(|salvage| salvage.go_on(salvage::IN_PASS)) {
            *salvage = None;
        }
        salvage.is_some()
    }

    /// Lets the buffers that nobody uses now go of the segments that were current when they were used last.
    pub(super) fn let_go(&self) {
        for index in 0..self.scratches.count() {
            if let Some(mut scratch) = self.scratches.try_take(index) {
                scratch.parts().1.load();
            }
        }
    }

    /// What has been done so far.
    pub(super) fn stats(&self) -> Stats {
        let own = Own::enter();
        let mut stats = Stats { drops: self.drops.read(), ..Stats::default() };
        let scratch = self.options.scratch_len().next_multiple_of(4096) as u64;
        for buffer in &self.buffers {
            let before = stats.entries;
            buffer.add_to(&mut stats);
            stats.resident_bytes += if stats.entries > before { scratch } else { 0 };
        }
        self.counters.add_to(&mut stats);
        stats.resident_bytes += self.keeper.load().mapped_bytes(own.is_some());
        stats
    }

    /// In a forked child: forgets what belongs to the parent, and begins anew.
    #[cold]
    pub(super) fn begin_anew(core: &Arc<Self>) {
        // An append of a signal handler that has interrupted this very thread here is refused, and does not wait.
        let Some(_own) = Own::enter() else { return };
        let value = || core.segments.cached();
        core.fork.take_over(&core.scratches, value, || {
            core.segments.end();
            core.let_go();
            for flag in [&core.no_room, &core.late, &core.awaited] {
                flag.store(false, Ordering::Release);
            }
            core.drops.reset();
            core.buffers.iter().for_each(BufferCounters::reset);
            core.keeper.load_full().leave();
            // Locks may be held for ever by threads that this process does not have: none is taken over.
            core.keeper.store(Arc::new(Keeper::new(core.options.on_problem)));
            if !core.closed.load(Ordering::Acquire) {
                // Without threads of its own the child makes its segments when it needs them.
                let _ = Keeper::start(core);
            }
        });
    }
}
