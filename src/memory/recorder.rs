//! The thread that takes the samples.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::allocator::{AllocatorStats, Source};
use super::figures::{MemStats, TARGET};
use super::pace::{Look, Pace};
use super::sampler::{Glance, Sampler};
use crate::log::Log;
use crate::severity::Severity;

/// From this share of the limit on, a sample is a warning.
const WARN: f64 = 0.9;

/// The stack of the thread. What runs there is ours, and the function that asks the allocator.
const STACK: usize = 256 << 10;

/// How memory is recorded.
#[derive(Default)]
pub struct MemoryOptions {
    interval: Option<Duration>,
    least_interval: Option<Duration>,
    allocator: Option<Source>,
}

impl std::fmt::Debug for MemoryOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryOptions")
            .field("interval", &self.interval)
            .field("least_interval", &self.least_interval)
            .field("allocator", &self.allocator.as_ref().map(|source| source.name))
            .finish()
    }
}

impl MemoryOptions {
    /// A sample of about 1,200 bytes every 10 seconds: 10 MB a day.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

    /// Memory is looked at 50 times a second at most.
    pub const DEFAULT_LEAST_INTERVAL: Duration = Duration::from_millis(20);

    /// There is a sample in each `interval`, also where nothing changes.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// However near the limit is, two looks are so far apart; a millisecond at least.
    #[must_use]
    pub fn least_interval(mut self, interval: Duration) -> Self {
        self.least_interval = Some(interval);
        self
    }

    /// Asks `read` what the allocator has given out and holds, for each sample, in the thread of the recorder. It should be
    /// quick, and allocate nothing: it is asked most often when there is no memory left.
    #[must_use]
    pub fn allocator(mut self, read: impl FnMut() -> AllocatorStats + Send + 'static) -> Self {
        self.allocator = Some(Source::callback(read));
        self
    }

    /// Begins to record into `log`. The first sample is in the log when this returns.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(self, log: &Log) -> io::Result<MemoryRecorder> {
        let pace = Pace::new(
            self.interval.unwrap_or(MemoryOptions::DEFAULT_INTERVAL),
            self.least_interval.unwrap_or(MemoryOptions::DEFAULT_LEAST_INTERVAL),
        );
        let shared = Arc::new(Shared::default());
        let mut work = Work {
            log: log.clone(),
            sampler: Sampler::new(self.allocator),
            pace,
            shared: Arc::clone(&shared),
            started: Instant::now(),
        };
        let wait = work.step();
        let thread = thread::Builder::new().name("fusewire-memory".to_owned()).stack_size(STACK);
        let thread = thread.spawn(move || work.run(wait))?;
        Ok(MemoryRecorder { shared, thread: Some(thread), process: std::process::id() })
    }
}

/// Records the memory of this process until it is dropped. A child that the process forks is not recorded: it starts its own.
#[derive(Debug)]
pub struct MemoryRecorder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

/// What the thread and the others have to tell each other.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    /// How many have asked for a sample, and how many of them have one.
    asked: u64,
    answered: u64,
    latest: MemStats,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of a user's runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryRecorder {
    /// Options for a new one.
    #[must_use]
    pub fn options() -> MemoryOptions {
        MemoryOptions::default()
    }

    /// The latest sample, as it is in the log: no older than the interval.
    #[must_use]
    pub fn stats(&self) -> MemStats {
        self.shared.lock().latest
    }

    /// Takes a sample now, which goes into the log, too. For a moment that matters, such as a request that is about to be large.
    ///
    /// The latest one is given where there is none within a second, as in a child that was forked off.
    #[must_use]
    pub fn sample(&self) -> MemStats {
        let mut state = self.shared.lock();
        state.asked += 1;
        let mine = state.asked;
        self.shared.changed.notify_all();
        let waiting = |state: &mut State| state.answered < mine && !state.ended;
        let waited = self.shared.changed.wait_timeout_while(state, Duration::from_secs(1), waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.latest
    }
}

impl Drop for MemoryRecorder {
    fn drop(&mut self) {
        // A forked child does not have the thread, and must not wait for it.
        if self.process == std::process::id()
            && let Some(thread) = self.thread.take()
        {
            self.shared.lock().ended = true;
            self.shared.changed.notify_all();
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Work {
    log: Log,
    sampler: Sampler,
    pace: Pace,
    shared: Arc<Shared>,
    started: Instant,
}

impl Work {
    fn run(mut self, mut wait: Duration) {
        loop {
            let state = self.shared.lock();
            let idle = |state: &mut State| !state.ended && state.asked == state.answered;
            let (state, _) = self
                .shared
                .changed
                .wait_timeout_while(state, wait, idle)
                .unwrap_or_else(PoisonError::into_inner);
            let ended = state.ended;
            drop(state);
            if ended {
                // The last word: what it was when the program ended by itself.
                self.write();
                return;
            }
            wait = self.step();
        }
    }

    /// Looks, and writes where that is worth it. How long to wait then.
    fn step(&mut self) -> Duration {
        let before = thread_time();
        let (last, asked) = {
            let state = self.shared.lock();
            (state.latest, state.asked != state.answered)
        };
        let Glance { usage, headroom, moved } = self.sampler.look(&last);
        let mut look =
            Look { at: self.started.elapsed(), headroom, usage, events: events(&last), cost: Duration::ZERO };
        if asked || moved || self.pace.is_worth_an_entry(&look) {
            let stats = self.write();
            look.headroom = stats.headroom();
            look.events = events(&stats);
            self.pace.written(&look);
        }
        look.cost = thread_time().saturating_sub(before);
        self.pace.next(&look)
    }

    /// Takes a sample, and appends it.
    fn write(&mut self) -> MemStats {
        let asked = self.shared.lock().asked;
        let stats = self.sampler.read(&self.log.stats());
        let near = stats.headroom().is_some_and(|headroom| headroom.share() >= WARN);
        self.log.append(|entry| {
            entry.set_time_unix_nano(stats.time_unix_nano);
            entry.set_severity(if near { Severity::WARN } else { Severity::INFO });
            entry.set_target(TARGET);
            entry.set_body("memory");
            stats.write_attributes(entry);
        });
        let mut state = self.shared.lock();
        state.latest = stats;
        state.answered = asked;
        self.shared.changed.notify_all();
        stats
    }
}

/// How often the limit was met, and what came of it.
fn events(stats: &MemStats) -> u64 {
    [stats.events_oom, stats.events_oom_kill].into_iter().flatten().fold(0, u64::saturating_add)
}

/// Processor time that this thread has taken.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
