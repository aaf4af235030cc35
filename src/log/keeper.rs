//! The work that is done beside the appends, by two threads of the process: one ahead of them, one behind.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::segment::options::random_id;
use crate::segment::shared::SharedSegment;

use super::core::Core;
use super::flush::Flushes;
use super::options::LogOptions;
use super::signal::{Signal, lock};
use super::{ahead, behind};

/// What the threads of the log and those that append have to tell each other. Nothing of it is touched by an append that
/// finds room.
pub(super) struct Keeper {
    pub(super) stream_id: [u8; 16],
    next: Mutex<Next>,
    /// Segments made and not sealed, in order.
    open: Mutex<Vec<Arc<SharedSegment>>>,
    /// Wakes the thread that makes segments and touches pages before they are needed.
    pub(super) ahead: Signal,
    /// Wakes the thread that seals, syncs, gives memory back, deletes, and tells what was lost.
    pub(super) behind: Signal,
    pub(super) flushes: Flushes,
    /// Counts the times that there was room again.
    room: Mutex<u64>,
    room_made: Condvar,
    /// How many of the threads shall end, in the order in which they were started.
    ending: AtomicUsize,
    /// Whether there is a thread that makes segments.
    helped: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The segment to be made next. Whoever holds the lock on it makes it: one at a time.
pub(super) struct Next {
    pub(super) sequence: u64,
    pub(super) previous_id: [u8; 16],
}

/// The stack of each thread; what runs there is ours alone.
const STACK: usize = 256 << 10;

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            stream_id: random_id(),
            next: Mutex::new(Next { sequence: 0, previous_id: [0; 16] }),
            open: Mutex::default(),
            ahead: Signal::default(),
            behind: Signal::default(),
            flushes: Flushes::default(),
            room: Mutex::new(0),
            room_made: Condvar::new(),
            ending: AtomicUsize::new(0),
            helped: AtomicBool::new(false),
            threads: Mutex::default(),
        }
    }

    /// Starts the threads: all, or none.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub(super) fn start(core: &Arc<Core>) -> io::Result<()> {
        let keeper = core.keeper.load_full();
        let started = Self::start_all(core, &keeper);
        match started {
            Ok(()) => keeper.helped.store(true, Ordering::Release),
            Err(_) => {
                keeper.stop(LogOptions::CLOSE_TIMEOUT);
                keeper.ending.store(0, Ordering::Release);
            }
        }
        started
    }

    fn start_all(core: &Arc<Core>, keeper: &Arc<Self>) -> io::Result<()> {
        let mut threads = lock(&keeper.threads);
        for (name, run) in
            [("fusewire-ahead", ahead::run as fn(&Core, &Self)), ("fusewire-behind", behind::run)]
        {
            let (core, keeper) = (Arc::clone(core), Arc::clone(keeper));
            let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
            threads.push(thread.spawn(move || run(&core, &keeper))?);
        }
        Ok(())
    }

    /// Lets the threads finish what there is to do, and waits for them: first the one ahead, so that nothing is made any
    /// more when the other one seals the last segment. Whether they have ended in time: one that waits for a disk that does
    /// not answer is left alone, and ends when the disk does answer. The one ahead has half of the time, at most.
    pub(super) fn stop(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut threads = std::mem::take(&mut *lock(&self.threads)).into_iter();
        let mut all_ended = true;
        while let Some(thread) = threads.next() {
            self.ending.fetch_add(1, Ordering::Release);
            self.ahead.wake();
            self.behind.wake();
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = has_ended_within(&thread, if threads.len() > 0 { left / 2 } else { left });
            if ended {
                let _ = thread.join();
            }
            all_ended &= ended;
        }
        all_ended
    }

    /// Whether there is a thread that makes segments before they are needed.
    pub(super) fn has_help(&self) -> bool {
        self.helped.load(Ordering::Acquire)
    }

    /// Whether the thread ahead shall end.
    pub(super) fn is_closing(&self) -> bool {
        self.ending.load(Ordering::Acquire) > 0
    }

    /// Whether the thread behind shall end: the one ahead has.
    pub(super) fn is_closed(&self) -> bool {
        self.ending.load(Ordering::Acquire) > 1
    }

    /// The right to make the next segment.
    pub(super) fn next(&self) -> MutexGuard<'_, Next> {
        lock(&self.next)
    }

    /// The same for one who cannot wait for ever, as for a disk that does not answer the one who makes a segment now, and
    /// need not wait any longer once it is `made`.
    pub(super) fn next_within(
        &self,
        timeout: Duration,
        made: impl Fn() -> bool,
    ) -> Option<MutexGuard<'_, Next>> {
        let deadline = Instant::now() + timeout;
        let mut pause = Duration::from_micros(20);
        loop {
            match self.next.try_lock() {
                Ok(next) => return Some(next),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if made() || Instant::now() >= deadline => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(1));
        }
    }

    /// Takes note of a segment that has been made.
    pub(super) fn add(&self, segment: Arc<SharedSegment>) {
        lock(&self.open).push(segment);
    }

    /// Forgets a segment that has been sealed.
    pub(super) fn remove(&self, segment: &Arc<SharedSegment>) {
        lock(&self.open).retain(|open| !Arc::ptr_eq(open, segment));
    }

    /// The segments made and not sealed.
    pub(super) fn open(&self) -> MutexGuard<'_, Vec<Arc<SharedSegment>>> {
        lock(&self.open)
    }

    /// In a forked child: leaves the segments to the parent. Where a thread of the parent's was changing their list just
    /// when the child was forked off, they pass for the child's, too, until it ends; so does one that was being made.
    pub(super) fn leave(&self) {
        if let Ok(open) = self.open.try_lock() {
            open.iter().for_each(|segment| segment.leave());
        }
    }

    /// Bytes of memory that mapped segments take.
    pub(super) fn mapped_bytes(&self) -> u64 {
        self.open().iter().map(|segment| segment.mapped_bytes()).sum()
    }

    /// How often there has been room again.
    pub(super) fn room(&self) -> u64 {
        *lock(&self.room)
    }

    /// Tells those who wait for it that there is room.
    pub(super) fn make_room(&self) {
        *lock(&self.room) += 1;
        self.room_made.notify_all();
    }

    /// Waits until there has been room more often than `before`, or until `deadline`. Whether there was room.
    pub(super) fn wait_for_room(&self, before: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let room = lock(&self.room);
        let waited = self.room_made.wait_timeout_while(room, left, |room| *room == before);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != before
    }
}

/// Waits for a thread; whether it has ended in time.
fn has_ended_within(thread: &JoinHandle<()>, timeout: Duration) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_micros(20);
    while !thread.is_finished() {
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return false;
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(1));
    }
    true
}
