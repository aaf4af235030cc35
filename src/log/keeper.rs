//! The workers of a log, which do the work outside the appends: the preallocator and the sealer.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::map::signals::SignalsBlocked;
use crate::segment::folder::Folder;
use crate::segment::options::random_id;
use crate::segment::shared::SharedSegment;

use super::core::Core;
use super::flush::Flushes;
use super::inside::Own;
use super::inventory::Inventory;
use super::lock_file::Presence;
use super::options::LogOptions;
use super::outcome::CloseError;
use super::problem::{Problem, Problems};
use super::signal::{Signal, lock};
use super::{ahead, behind};

/// The state that the workers share with the threads that append. An append that finds space does not access it.
pub(super) struct Keeper {
    pub(super) stream_id: [u8; 16],
    next: Mutex<Next>,
    open: Mutex<Open>,
    /// The files of the directory. They are here and not in [`Directory`](super::directory::Directory), so that a
    /// forked child has an inventory that no thread of its parent has locked.
    inventory: Mutex<Inventory>,
    presence: Mutex<Option<Presence>>,
    /// Wakes the preallocator, which creates segments and touches pages before they are needed.
    pub(super) ahead: Signal,
    /// Wakes the sealer, which seals, syncs, releases memory, deletes segments and writes loss records.
    pub(super) behind: Signal,
    pub(super) flushes: Flushes,
    pub(super) problems: Problems,
    /// The number of times that space became available.
    room: Mutex<u64>,
    room_made: Condvar,
    /// The number of workers that must end, in the order in which they were started.
    ending: AtomicUsize,
    /// Whether a worker creates segments.
    helped: AtomicBool,
    workers: Mutex<Workers>,
    worker_ended: Condvar,
}

/// The segments that must be sealed.
#[derive(Default)]
struct Open {
    /// The segments that have been created and not sealed, in order.
    segments: Vec<Arc<SharedSegment>>,
    /// Whether the log is being closed. A thread that creates a segment after this removes it again.
    ended: bool,
}

/// The workers.
#[derive(Default)]
struct Workers {
    threads: Vec<JoinHandle<()>>,
    /// The number of workers that have not ended.
    running: usize,
    /// Whether a worker or a thread of the program has closed the log.
    finished: bool,
}

/// The next segment to create. The thread that holds the lock on it creates it, so that segments are created one at a
/// time.
pub(super) struct Next {
    pub(super) sequence: u64,
    pub(super) previous_id: [u8; 16],
    /// The number of bytes of all earlier segments of the stream.
    pub(super) made: u64,
}

/// The size of the stack of each worker, which runs only code of the log.
const STACK: usize = 256 << 10;

impl Keeper {
    pub(super) fn new(on_problem: Option<fn(&Problem)>) -> Self {
        Self {
            stream_id: random_id(),
            next: Mutex::new(Next { sequence: 0, previous_id: [0; 16], made: 0 }),
            open: Mutex::default(),
            inventory: Mutex::default(),
            presence: Mutex::default(),
            ahead: Signal::default(),
            behind: Signal::default(),
            flushes: Flushes::default(),
            problems: Problems::new(on_problem),
            room: Mutex::new(0),
            room_made: Condvar::new(),
            ending: AtomicUsize::new(0),
            helped: AtomicBool::new(false),
            workers: Mutex::default(),
            worker_ended: Condvar::new(),
        }
    }

    /// Starts all workers, or none.
    ///
    /// # Errors
    /// An error if the system cannot start a thread.
    pub(super) fn start(core: &Arc<Core>) -> io::Result<()> {
        let keeper = core.keeper.load_full();
        let started = Self::start_all(core, &keeper);
        match started {
            Ok(()) => keeper.helped.store(true, Ordering::Release),
            Err(_) => {
                let _ = keeper.end_workers(LogOptions::CLOSE_TIMEOUT);
                keeper.ending.store(0, Ordering::Release);
                lock(&keeper.workers).finished = false;
            }
        }
        started
    }

    fn start_all(core: &Arc<Core>, keeper: &Arc<Self>) -> io::Result<()> {
        // Signals belong to the program: a signal that a worker took would be missing from the program's `sigwait` or
        // `signalfd`.
        let _blocked = SignalsBlocked::new();
        for (name, run) in
            [("fusewire-ahead", ahead::run as fn(&Core, &Self)), ("fusewire-behind", behind::run)]
        {
            let (core, its_keeper) = (Arc::clone(core), Arc::clone(keeper));
            let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
            lock(&keeper.workers).running += 1;
            let started = thread.spawn(move || {
                let _running = Running(&its_keeper);
                // If an allocator logs in this thread, its entries are refused: the thread may hold a lock that an
                // append waits for.
                let _own = Own::enter();
                run(&core, &its_keeper);
            });
            match started {
                Ok(thread) => lock(&keeper.workers).threads.push(thread),
                Err(error) => {
                    lock(&keeper.workers).running -= 1;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Closes the log. Every call waits for the same end.
    ///
    /// # Errors
    /// [`CloseError::TimedOut`] if the workers have not ended in time.
    pub(super) fn stop(&self, core: &Core, timeout: Duration) -> Result<(), CloseError> {
        if !self.has_help() && self.begin_finishing() {
            // This is a forked child that could not start workers.
            let _running = Running(self);
            self.ask_to_end(2);
            behind::finish(core, self);
            return Ok(());
        }
        self.end_workers(timeout)
    }

    /// Returns whether this thread must close the log. It then counts as a worker until the log is closed.
    fn begin_finishing(&self) -> bool {
        let mut workers = lock(&self.workers);
        let begins = workers.running == 0 && !workers.finished;
        workers.running += usize::from(begins);
        begins
    }

    /// Makes the workers finish their work, and waits for them. The preallocator ends first and has at most half of
    /// the time, so that no segment is created after the sealer has sealed the last one. A worker that waits for a
    /// disk without a response is not waited for, and ends when the disk responds.
    fn end_workers(&self, timeout: Duration) -> Result<(), CloseError> {
        let start = Instant::now();
        let timeout = timeout.min(Duration::from_secs(86_400));
        self.ask_to_end(1);
        self.wait_for_workers(1, start + timeout / 2);
        self.ask_to_end(2);
        if !self.wait_for_workers(0, start + timeout) {
            return Err(CloseError::TimedOut);
        }
        let ended = std::mem::take(&mut lock(&self.workers).threads);
        for worker in ended {
            let _ = worker.join();
        }
        Ok(())
    }

    fn ask_to_end(&self, workers: usize) {
        self.ending.fetch_max(workers, Ordering::AcqRel);
        self.ahead.wake();
        self.behind.wake();
        // Appends that wait for space fail now.
        self.make_room();
    }

    /// Waits until at most `most` workers run, or until `deadline`. Returns whether at most `most` workers run.
    fn wait_for_workers(&self, most: usize, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let workers = lock(&self.workers);
        let waited = self.worker_ended.wait_timeout_while(workers, left, |workers| workers.running > most);
        waited.unwrap_or_else(PoisonError::into_inner).0.running <= most
    }

    /// Returns whether a worker creates segments before they are needed.
    pub(super) fn has_help(&self) -> bool {
        self.helped.load(Ordering::Acquire)
    }

    /// Records that no worker creates segments any more.
    pub(super) fn end_help(&self) {
        self.helped.store(false, Ordering::Release);
    }

    /// Returns whether the preallocator must end.
    pub(super) fn is_closing(&self) -> bool {
        self.ending.load(Ordering::Acquire) > 0
    }

    /// Returns whether the sealer must end. The preallocator has ended then.
    pub(super) fn is_closed(&self) -> bool {
        self.ending.load(Ordering::Acquire) > 1
    }

    /// Locks the next segment, which is the right to create it.
    pub(super) fn next(&self) -> MutexGuard<'_, Next> {
        lock(&self.next)
    }

    /// Locks the next segment, for a thread that must not wait forever. Another thread may hold the lock for a long
    /// time because the disk does not respond. Returns `None` after `timeout`, or as soon as `made` returns `true`.
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

    /// Adds a segment that has been created. Returns `false` if the log is being closed: no worker would seal the
    /// segment, so its creator must remove it.
    #[must_use]
    pub(super) fn add(&self, segment: &Arc<SharedSegment>) -> bool {
        let mut open = lock(&self.open);
        if !open.ended {
            open.segments.push(Arc::clone(segment));
        }
        !open.ended
    }

    /// Removes a segment that has been sealed.
    pub(super) fn remove(&self, segment: &Arc<SharedSegment>) {
        lock(&self.open).segments.retain(|open| !Arc::ptr_eq(open, segment));
    }

    /// Returns the number of segments that have been created and not sealed.
    pub(super) fn open_count(&self) -> usize {
        lock(&self.open).segments.len()
    }

    /// Returns the segments that have been created and not sealed, and that come after number `last` of the stream.
    pub(super) fn open_after(&self, last: Option<u64>) -> Vec<Arc<SharedSegment>> {
        let open = lock(&self.open);
        let is_later =
            |segment: &&Arc<SharedSegment>| last.is_none_or(|last| segment.header().sequence > last);
        open.segments.iter().filter(is_later).map(Arc::clone).collect()
    }

    /// Ends the list: no segment is added after this.
    pub(super) fn end(&self) {
        lock(&self.open).ended = true;
        *lock(&self.presence) = None;
    }

    /// Locks the inventory of the directory.
    pub(super) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        lock(&self.inventory)
    }

    /// Returns the number of other streams in the directory whose process lives. Marks this stream, so that other
    /// processes count it.
    pub(super) fn other_writers(&self, folder: &Arc<Folder>) -> u64 {
        let counted = self.mark_and_count(folder);
        // If there is no file to lock, the segments show which processes live.
        counted.or_else(|_| self.inventory().other_writers(folder, &self.stream_id)).unwrap_or(0)
    }

    fn mark_and_count(&self, folder: &Arc<Folder>) -> io::Result<u64> {
        let mut presence = lock(&self.presence);
        if presence.as_ref().is_none_or(|presence| !presence.is_in(folder)) {
            *presence = None;
            *presence = Some(Presence::mark(folder, &self.stream_id)?);
        }
        presence.as_ref().map_or(Ok(0), Presence::others)
    }

    /// Returns whether no further segment can be added.
    pub(super) fn has_ended(&self) -> bool {
        lock(&self.open).ended
    }

    /// Leaves the segments to the parent in a forked child. If a thread of the parent was changing the list during
    /// the fork, the child also counts as an owner of the segments until it ends. The same applies to a segment that
    /// was being created.
    pub(super) fn leave(&self) {
        if let Ok(open) = self.open.try_lock() {
            open.segments.iter().for_each(|segment| segment.leave());
        }
        if let Ok(presence) = self.presence.try_lock() {
            presence.iter().for_each(Presence::leave);
        }
    }

    /// Returns the number of bytes of memory that mapped segments take, or 0 if the list is locked and this thread
    /// may not wait.
    pub(super) fn mapped_bytes(&self, may_wait: bool) -> u64 {
        let open = if may_wait { Some(lock(&self.open)) } else { self.open.try_lock().ok() };
        open.map_or(0, |open| open.segments.iter().map(|segment| segment.mapped_bytes()).sum())
    }

    /// Returns the number of times that space became available.
    pub(super) fn room(&self) -> u64 {
        *lock(&self.room)
    }

    /// Wakes the threads that wait for space.
    pub(super) fn make_room(&self) {
        *lock(&self.room) += 1;
        self.room_made.notify_all();
    }

    /// Waits until the number of times is no longer `before`, or until `deadline`. Returns whether space became
    /// available.
    pub(super) fn wait_for_room(&self, before: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let room = lock(&self.room);
        let waited = self.room_made.wait_timeout_while(room, left, |room| *room == before);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != before
    }
}

/// A guard: a worker runs until this is dropped.
struct Running<'a>(&'a Keeper);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut workers = lock(&self.0.workers);
        workers.running -= 1;
        workers.finished |= workers.running == 0 && self.0.is_closed();
        self.0.worker_ended.notify_all();
    }
}
