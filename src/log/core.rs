//! The state of a log that all threads of a process share.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::encode::direct::Written;
use crate::encode::{EntryWriter, encode};
use crate::format::frame::{FrameKind, frame_len};
use crate::map::fork::ForkMark;
use crate::map::scratch::Scratches;
use crate::segment::like_encoder::LikeEncoder;
use crate::segment::shared::{Draft, Placed, SharedSegment};

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

/// The state of a log that all threads of a process share.
pub(super) struct Core {
    pub(super) options: LogOptions,
    pub(super) directory: Directory,
    /// The segments of dead processes that have not been processed.
    pub(super) salvage: Mutex<Option<Salvage>>,
    pub(super) levels: Levels,
    pub(super) fork: ForkMark,
    pub(super) segments: Succession<SharedSegment>,
    /// Whether no further segment can be created now.
    pub(super) no_room: AtomicBool,
    /// Whether the next segment is needed although the current one is almost empty.
    pub(super) spare_wanted: AtomicBool,
    /// The number of bytes of the resource frame, with which every segment begins.
    pub(super) resource_len: usize,
    /// The number of bytes of the longest frame that did not fit into any segment of the current size, or 0.
    pub(super) needed: AtomicUsize,
    /// Whether no segment can be deleted, now or soon.
    pub(super) hopeless: AtomicBool,
    /// Whether an append has waited for a segment until its time limit. Then no append waits until a segment exists.
    pub(super) late: AtomicBool,
    /// Whether an append waits for a segment, or has waited for it.
    pub(super) awaited: AtomicBool,
    /// Whether the log is closed. Later appends are dropped.
    pub(super) closed: AtomicBool,
    pub(super) scratches: Scratches<Pen>,
    pub(super) buffers: Box<[BufferCounters]>,
    pub(super) counters: Counters,
    pub(super) drops: DropCounters,
    /// The workers of this process, and their state.
    pub(super) keeper: ArcSwap<Keeper>,
}

/// The state with which the holder of a buffer appends.
pub(super) struct Pen {
    pub(super) segments: Cached<SharedSegment>,
    /// The encoder of like entries, unless each entry is written in full.
    pub(super) likes: Option<LikeEncoder>,
}

impl Pen {
    /// Creates the state of a writer that appends to `segments`, and that writes each entry in full.
    pub(super) fn new(segments: &Succession<SharedSegment>) -> Self {
        Self { segments: segments.cached(), likes: None }
    }

    /// Creates the state of a buffer of a log with the options `options`. If the system has no memory for the bases, each
    /// entry is written in full.
    fn of_buffer(segments: &Succession<SharedSegment>, options: &LogOptions) -> Self {
        let likes = options.like_copies_len().and_then(|len| LikeEncoder::new(len).ok());
        Self { likes, ..Self::new(segments) }
    }
}

impl Sequenced for SharedSegment {
    fn sequence(&self) -> u64 {
        self.header().sequence
    }
}

/// The time that an append waits for a segment that another thread creates. After that the log has no space until the
/// segment exists.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns the number of bytes of the resource frame.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] if the resource is larger than the limit for an entry.
fn resource_len(options: &LogOptions) -> io::Result<usize> {
    let limits = &options.segment.limits;
    let mut scratch = vec![0; limits.clamped().max_entry_bytes as usize];
    encode(&mut scratch, limits, |entry| options.segment.resource.write_to(entry))
        .map(|entry| frame_len(entry.len()))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("the resource: {error}")))
}

/// The error that no segment has space for the frame and none can be created.
pub(super) struct NoRoom;

impl Core {
    pub(super) fn new(options: LogOptions, directory: Directory) -> io::Result<Self> {
        let resource_len = resource_len(&options)?;
        let segments = Succession::new();
        let scratches = Scratches::new(options.max_threads.into(), options.scratch_len(), || {
            Pen::of_buffer(&segments, &options)
        })?;
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

    /// Appends `draft` to the current segment, or to the next segment if the current one is full.
    ///
    /// The form of an entry is selected again for each segment, so the base of a like entry is in the same segment.
    #[inline]
    pub(super) fn put(&self, pen: &mut Pen, draft: &mut Draft<'_>) -> Result<Placed, NoRoom> {
        loop {
            let current = pen.segments.load();
            if let Some(segment) = current {
                if let Ok(placed) = segment.append_entry(draft, pen.likes.as_mut()) {
                    if segment.is_step(placed.end, placed.len, self.options.window) {
                        self.pass_window(segment, placed.end);
                    }
                    return Ok(placed);
                }
                if !segment.holds(frame_len(draft.payload)) {
                    self.needed.fetch_max(frame_len(draft.payload), Ordering::AcqRel);
                }
            }
            self.go_on_from(current)?;
        }
    }

    /// Begins a like entry of the call site `site` in `entry`, if there is a base for it. Returns the segment of the base.
    #[inline(never)]
    pub(super) fn follow<'p>(
        &self,
        Pen { segments, likes }: &'p mut Pen,
        site: usize,
        entry: &mut EntryWriter<'p>,
    ) -> Option<&'p SharedSegment> {
        let segment = segments.load()?;
        entry.follow(likes.as_mut()?.follow(&segment.header().segment_id, segment.tail(), site)?);
        Some(segment)
    }

    /// Appends the like entry of `entry`, which [`follow`](Self::follow) began, to `segment`. Returns `None` if the entry must
    /// be written in full.
    #[inline(never)]
    pub(super) fn put_like(&self, segment: &SharedSegment, entry: &mut EntryWriter<'_>) -> Option<Placed> {
        let Written { start, len } = entry.follow_to_end()?;
        let severity = entry.ids().0;
        let placed = (|| {
            if self.closed.load(Ordering::Relaxed) || self.no_room.load(Ordering::Relaxed) {
                return None;
            }
            let bytes = entry.frame().get_mut(start..)?;
            let mut draft = Draft { bytes, payload: len, kind: FrameKind::Like, severity };
            let end = segment.append(&mut draft).ok()?;
            Some(Placed { end, len: frame_len(len), is_like: true })
        })();
        match &placed {
            Some(placed) if segment.is_step(placed.end, placed.len, self.options.window) => {
                self.pass_window(segment, placed.end);
            }
            Some(_) => {}
            None => entry.leave(),
        }
        placed
    }

    /// Handles the event that the appends reach another window of the segment.
    #[cold]
    fn pass_window(&self, segment: &SharedSegment, end: usize) {
        self.keeper.load().ahead.wake();
        let window = self.options.window;
        // One window after the appends, two before them, and one for the workers. If the workers are late, this
        // append releases pages.
        if segment.mapped_bytes() > 4 * window as u64 {
            segment.release_to(end.saturating_sub(window), 0..0);
        }
    }

    /// Makes the segment after `full` the current one, unless another thread has done so. Fails if there is none and
    /// none can be created.
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
            // The segment is closed here and not later by a worker: readers move to the next segment when they find
            // that nothing follows in this one.
            full.close();
        }
        self.keeper.load().ahead.wake();
        Ok(())
    }

    /// Waits for the next segment, or creates it if there is no worker. Does not make it the current one.
    ///
    /// A thread that appends creates no segment if a worker can do it. The thread may be in a signal handler or in an
    /// allocator, so it must not allocate, and must not wait for a lock that it holds itself.
    fn make_next(&self, full: Option<&Arc<SharedSegment>>) -> Result<(), NoRoom> {
        let keeper = self.keeper.load_full();
        // No segment is needed if `full` is no longer the current one, or if its successor exists.
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
        // If the segment cannot be created now, a worker retries, and this append does not wait.
        while !made() && !self.no_room.load(Ordering::Acquire) {
            let waited = start.elapsed();
            if !keeper.has_help() {
                return self.make_next_here(&keeper, made);
            }
            if waited >= PATIENCE {
                self.late.store(true, Ordering::Release);
                self.no_room.store(true, Ordering::Release);
                // The worker may have created the segment just before. It must run again to record that there is
                // space.
                keeper.ahead.wake();
                break;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(1));
        }
        is_made()
    }

    /// Creates the next segment in this thread. This happens if no worker creates segments: in a forked child that
    /// could start none, and while the log is being closed.
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

    /// Returns the time that an append waits for a buffer.
    pub(super) fn patience(&self) -> Duration {
        if self.closed.load(Ordering::Relaxed) { Duration::ZERO } else { self.options.patience() }
    }

    /// Seals or trims some segments of dead processes. Returns whether more remain.
    pub(super) fn salvage_on(&self) -> bool {
        let mut salvage = lock(&self.salvage);
        if salvage.as_mut().is_some_and(|salvage| salvage.go_on(salvage::IN_PASS)) {
            *salvage = None;
        }
        salvage.is_some()
    }

    /// Makes the buffers that are not in use release the segments that were current when they were used last.
    pub(super) fn let_go(&self) {
        for index in 0..self.scratches.count() {
            if let Some(mut scratch) = self.scratches.try_take(index) {
                scratch.parts().1.segments.load();
            }
        }
    }

    /// Marks the log as closed by its own process, although its segments are not sealed: the program exits. The last
    /// segment is the current one, or the next one, which exists in advance.
    pub(super) fn mark_stopped(&self) {
        if self.fork.is_owned() && !self.closed.load(Ordering::Acquire) {
            self.segments.each(SharedSegment::note_stop);
        }
    }

    /// Returns the statistics of the log.
    pub(super) fn stats(&self) -> Stats {
        let own = Own::enter();
        let mut stats = Stats { drops: self.drops.read(), ..Stats::default() };
        let bytes = self.options.buffer_bytes();
        for buffer in &self.buffers {
            let before = stats.entries;
            buffer.add_to(&mut stats);
            stats.resident_bytes += if stats.entries > before { bytes } else { 0 };
        }
        self.counters.add_to(&mut stats);
        stats.resident_bytes += self.keeper.load().mapped_bytes(own.is_some());
        stats
    }

    /// Replaces the parent's state in a forked child by a new state.
    #[cold]
    pub(super) fn begin_anew(core: &Arc<Self>) {
        // If a signal handler interrupts this thread here, its append is refused and does not wait.
        let Some(_own) = Own::enter() else { return };
        let value = || Pen::of_buffer(&core.segments, &core.options);
        core.fork.take_over(&core.scratches, value, || {
            core.segments.end();
            core.let_go();
            for flag in [&core.no_room, &core.late, &core.awaited] {
                flag.store(false, Ordering::Release);
            }
            core.drops.reset();
            core.buffers.iter().for_each(BufferCounters::reset);
            core.keeper.load_full().leave();
            // Threads that exist only in the parent may hold these locks forever, so the child replaces all of them.
            core.keeper.store(Arc::new(Keeper::new(core.options.on_problem)));
            if !core.closed.load(Ordering::Acquire) {
                // If the child cannot start workers, it creates segments when it needs them.
                let _ = Keeper::start(core);
            }
        });
    }
}
