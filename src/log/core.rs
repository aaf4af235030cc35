//! What all threads of a process share of a log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::failpoint;
use crate::format::frame::FrameKind;
use crate::map::fork::ForkMark;
use crate::map::scratch::Scratches;
use crate::segment::shared::SharedSegment;
use crate::severity::Severity;

use super::drops::DropCounters;
use super::keeper::Keeper;
use super::options::LogOptions;
use super::stats::{BufferCounters, Counters, Stats};

/// What all threads of a process share of a log.
pub(super) struct Core {
    pub(super) options: LogOptions,
    pub(super) fork: ForkMark,
    /// The segment that is appended to; none as long as the first one cannot be made.
    pub(super) current: ArcSwapOption<SharedSegment>,
    /// The one after it, made ahead.
    pub(super) spare: ArcSwapOption<SharedSegment>,
    /// Whether no further segment can be made now.
    pub(super) no_room: AtomicBool,
    pub(super) scratches: Scratches,
    pub(super) buffers: Box<[BufferCounters]>,
    pub(super) counters: Counters,
    pub(super) drops: DropCounters,
    /// The work that is done beside the appends, by threads of this process.
    pub(super) keeper: ArcSwap<Keeper>,
}

/// There is no segment with room for the frame, and none can be made.
pub(super) struct NoRoom;

impl Core {
    pub(super) fn new(options: LogOptions) -> io::Result<Self> {
        let scratches = Scratches::new(options.max_threads.into(), options.scratch_len())?;
        let buffers = (0..scratches.count()).map(|_| BufferCounters::default()).collect();
        Ok(Self {
            fork: ForkMark::new(),
            current: ArcSwapOption::empty(),
            spare: ArcSwapOption::empty(),
            no_room: AtomicBool::new(false),
            scratches,
            buffers,
            counters: Counters::default(),
            drops: DropCounters::new(),
            keeper: ArcSwap::from_pointee(Keeper::new()),
            options,
        })
    }

    /// Appends the frame in `scratch` to the current segment, or to the next where that is full.
    #[inline]
    pub(super) fn put(
        &self,
        scratch: &mut [u8],
        payload: usize,
        kind: FrameKind,
        severity: Severity,
    ) -> Result<(), NoRoom> {
        loop {
            let current = self.current.load();
            if let Some(segment) = &*current
                && let Ok(end) = segment.append(scratch, payload, kind, severity)
            {
                if end % LogOptions::WINDOW < payload {
                    self.keeper.load().ahead.wake();
                }
                return Ok(());
            }
            self.go_on_from(current.as_ref())?;
        }
    }

    /// Makes the segment after `full` the current one, unless somebody has done so. `None`: there is none yet.
    ///
    /// All threads that come here propose the same next segment, so that whichever comes first, all go on.
    #[cold]
    pub(super) fn go_on_from(&self, full: Option<&Arc<SharedSegment>>) -> Result<(), NoRoom> {
        if self.take_spare(full) {
            self.keeper.load().ahead.wake();
            return Ok(());
        }
        self.make_next(full)
    }

    fn take_spare(&self, full: Option<&Arc<SharedSegment>>) -> bool {
        let spare = self.spare.load();
        let Some(next) = spare.as_ref().filter(|next| follows(next, full)) else { return false };
        failpoint::hit("rotate");
        let found = self.current.compare_and_swap(&full.cloned(), Some(Arc::clone(next)));
        let swapped = same(found.as_ref(), full);
        if swapped && full.is_some() {
            self.counters.rotations.fetch_add(1, Ordering::Relaxed);
        }
        failpoint::hit("rotated");
        true
    }

    /// No segment is ready: waits for the one that is being made, or makes one.
    fn make_next(&self, full: Option<&Arc<SharedSegment>>) -> Result<(), NoRoom> {
        let keeper = self.keeper.load_full();
        if self.no_room.load(Ordering::Acquire) {
            // It is tried again and again, and not by those who append.
            keeper.ahead.wake();
            return if same(self.current.load().as_ref(), full) { Err(NoRoom) } else { Ok(()) };
        }
        let mut next = keeper.next();
        if !same(self.current.load().as_ref(), full) {
            return Ok(());
        }
        self.counters.late_segments.fetch_add(1, Ordering::Relaxed);
        if self.has_spare(full) || self.make_spare(&keeper, &mut next).is_ok() {
            self.take_spare(full);
            drop(next);
            keeper.ahead.wake();
            return Ok(());
        }
        drop(next);
        keeper.ahead.wake();
        Err(NoRoom)
    }

    /// Whether the segment after `current` is ready.
    pub(super) fn has_spare(&self, current: Option<&Arc<SharedSegment>>) -> bool {
        self.spare.load().as_ref().is_some_and(|spare| follows(spare, current))
    }

    /// What has been done so far.
    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats { drops: self.drops.read(), ..Stats::default() };
        let scratch = self.options.scratch_len().next_multiple_of(4096) as u64;
        for buffer in &self.buffers {
            let before = stats.entries;
            buffer.add_to(&mut stats);
            stats.resident_bytes += if stats.entries > before { scratch } else { 0 };
        }
        self.counters.add_to(&mut stats);
        stats.resident_bytes += self.keeper.load().mapped_bytes();
        stats
    }

    /// In a forked child: forgets what belongs to the parent, and begins anew.
    #[cold]
    pub(super) fn begin_anew(core: &Arc<Self>) {
        core.fork.take_over(&core.scratches, || {
            core.current.store(None);
            core.spare.store(None);
            core.no_room.store(false, Ordering::Release);
            core.drops.reset();
            core.buffers.iter().for_each(BufferCounters::reset);
            // Locks may be held for ever by threads that this process does not have: none is taken over.
            core.keeper.store(Arc::new(Keeper::new()));
            // Without threads of its own the child makes its segments when it needs them.
            let _ = Keeper::start(core);
        });
    }
}

/// Whether `next` comes right after `current`.
fn follows(next: &SharedSegment, current: Option<&Arc<SharedSegment>>) -> bool {
    current.is_none_or(|current| next.header().sequence == current.header().sequence + 1)
}

/// Whether both are the same segment, or none.
pub(super) fn same(a: Option<&Arc<SharedSegment>>, b: Option<&Arc<SharedSegment>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
