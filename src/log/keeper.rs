//! The work that is done beside the appends, by two threads of the process: one ahead of them, one behind.

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

/// What the threads of the log and those that append have to tell each other. Nothing of it is touched by an append that
/// finds room.
pub(super) struct Keeper {
    pub(super) stream_id: [u8; 16],
    next: Mutex<Next>,
    open: Mutex<Open>,
    /// The files of the directory. Here and not in the directory: a forked child has an inventory that no thread of its parent
    /// has locked.
    inventory: Mutex<Inventory>,
    presence: Mutex<Option<Presence>>,
    /// Wakes the thread that makes segments and touches pages before they are needed.
    pub(super) ahead: Signal,
    /// Wakes the thread that seals, syncs, gives memory back, deletes, and tells what was lost.
    pub(super) behind: Signal,
    pub(super) flushes: Flushes,
    pub(super) problems: Problems,
    /// Counts the times that there was room again.
    room: Mutex<u64>,
    room_made: Condvar,
    /// How many of the threads shall end, in the order in which they were started.
    ending: AtomicUsize,
    /// Whether there is a thread that makes segments.
    helped: AtomicBool,
    workers: Mutex<Workers>,
    worker_ended: Condvar,
}

/// The segments that have to be sealed.
#[derive(Default)]
struct Open {
    /// Segments made and not sealed, in order.
    segments: Vec<Arc<SharedSegment>>,
    /// The log is being completed: whoever makes a segment from now on removes it again.
    ended: bool,
}

/// The threads of the log.
#[derive(Default)]
struct Workers {
    threads: Vec<JoinHandle<()>>,
    /// How many have not come to their end.
    running: usize,
    /// Whether the log has been completed, by a worker or by a thread of the program.
    finished: bool,
}

/// The segment to be made next. Whoever holds the lock on it makes it: one at a time.
pub(super) struct Next {
    pub(super) sequence: u64,
    pub(super) previous_id: [u8; 16],
    /// Bytes of all segments that the stream has had.
    pub(super) made: u64,
}

/// The stack of each thread; what runs there is ours alone.
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
                let _ = keeper.end_workers(LogOptions::CLOSE_TIMEOUT);
                keeper.ending.store(0, Ordering::Release);
                lock(&keeper.workers).finished = false;
            }
        }
        started
    }

    fn start_all(core: &Arc<Core>, keeper: &Arc<Self>) -> io::Result<()> {
        // Signals are the program's: one that a thread of the log took would be missing from its `sigwait` or `signalfd`.
        let _blocked = SignalsBlocked::new();
        for (name, run) in
            [("fusewire-ahead", ahead::run as fn(&Core, &Self)), ("fusewire-behind", behind::run)]
        {
            let (core, its_keeper) = (Arc::clone(core), Arc::clone(keeper));
            let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
            lock(&keeper.workers).running += 1;
            let started = thread.spawn(move || {
                let _running = Running(&its_keeper);
                // An allocator that logs logs nothing of this thread: it may hold a lock that an append waits for.
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

    /// Completes the log. The same end is waited for however often this is called.
    ///
    /// # Errors
    /// [`CloseError::TimedOut`] if the workers have not ended in time.
    pub(super) fn stop(&self, core: &Core, timeout: Duration) -> Result<(), CloseError> {
        if !self.has_help() && self.begin_finishing() {
            // A forked child that could start no threads.
            let _running = Running(self);
            self.ask_to_end(2);
            behind::finish(core, self);
            return Ok(());
        }
        self.end_workers(timeout)
    }

    /// Whether the log is to be completed by this thread, which counts as a worker until it has.
    fn begin_finishing(&self) -> bool {
        let mut workers = lock(&self.workers);
        let begins = workers.running == 0 && !workers.finished;
        workers.running += usize::from(begins);
        begins
    }

    /// Lets the workers finish what there is to do, and waits for them: first the one ahead, which has half of the time at
    /// most, so that nothing more is made when the other one seals the last segment. A worker that waits for a disk that does
    /// not answer is left alone, and ends when the disk does answer.
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
        // Those who wait for room wait in vain.
        self.make_room();
    }

    /// Waits until no more than `most` workers run, or until `deadline`. Whether that is so.
    fn wait_for_workers(&self, most: usize, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let workers = lock(&self.workers);
        let waited = self.worker_ended.wait_timeout_while(workers, left, |workers| workers.running > most);
        waited.unwrap_or_else(PoisonError::into_inner).0.running <= most
    }

    /// Whether there is a thread that makes segments before they are needed.
    pub(super) fn has_help(&self) -> bool {
        self.helped.load(Ordering::Acquire)
    }

    /// No segment is made by a thread of the log's any more.
    pub(super) fn end_help(&self) {
        self.helped.store(false, Ordering::Release);
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

    /// Takes note of a segment that has been made. Whether it was in time: once the log is being completed nobody seals it
    /// any more, and its maker removes it.
    #[must_use]
    pub(super) fn add(&self, segment: &Arc<SharedSegment>) -> bool {
        let mut open = lock(&self.open);
        if !open.ended {
            open.segments.push(Arc::clone(segment));
        }
        !open.ended
    }

    /// Forgets a segment that has been sealed.
    pub(super) fn remove(&self, segment: &Arc<SharedSegment>) {
        lock(&self.open).segments.retain(|open| !Arc::ptr_eq(open, segment));
    }

    /// How many segments are made and not sealed.
    pub(super) fn open_count(&self) -> usize {
        lock(&self.open).segments.len()
    }

    /// The segments made and not sealed that come after number `last` of the stream.
    pub(super) fn open_after(&self, last: Option<u64>) -> Vec<Arc<SharedSegment>> {
        let open = lock(&self.open);
        let is_later =
            |segment: &&Arc<SharedSegment>| last.is_none_or(|last| segment.header().sequence > last);
        open.segments.iter().filter(is_later).map(Arc::clone).collect()
    }

    /// From now on no segment is added.
    pub(super) fn end(&self) {
        lock(&self.open).ended = true;
        *lock(&self.presence) = None;
    }

    /// What is known of the files of the directory.
    pub(super) fn inventory(&self) -> MutexGuard<'_, Inventory> {
        lock(&self.inventory)
    }

    /// Returns the number of other streams in the directory whose process lives. Marks this one, so that other processes count it.
    pub(super) fn other_writers(&self, folder: &Arc<Folder>) -> u64 {
        let counted = self.mark_and_count(folder);
        // If there is no file to lock, the segments show it.
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

    /// Whether no segment can be added any more.
    pub(super) fn has_ended(&self) -> bool {
        lock(&self.open).ended
    }

    /// In a forked child: leaves the segments to the parent. Where a thread of the parent's was changing their list just
    /// when the child was forked off, they pass for the child's, too, until it ends; so does one that was being made.
    pub(super) fn leave(&self) {
        if let Ok(open) = self.open.try_lock() {
            open.segments.iter().for_each(|segment| segment.leave());
        }
        if let Ok(presence) = self.presence.try_lock() {
            presence.iter().for_each(Presence::leave);
        }
    }

    /// Bytes of memory that mapped segments take; 0 if this thread may not wait for those who are changing their list.
    pub(super) fn mapped_bytes(&self, may_wait: bool) -> u64 {
        let open = if may_wait { Some(lock(&self.open)) } else { self.open.try_lock().ok() };
        open.map_or(0, |open| open.segments.iter().map(|segment| segment.mapped_bytes()).sum())
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

/// A worker runs as long as this lives.
struct Running<'a>(&'a Keeper);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut workers = lock(&self.0.workers);
        workers.running -= 1;
        workers.finished |= workers.running == 0 && self.0.is_closed();
        self.0.worker_ended.notify_all();
    }
}
