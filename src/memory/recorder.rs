//! The recorder thread.

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

/// The share of the limit from which a sample has the severity `WARN`.
const WARN: f64 = 0.9;

/// The stack size of the thread, in bytes. Only this module and the allocator function use the stack.
const STACK: usize = 256 << 10;

/// The options of a [`MemoryRecorder`].
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::Log;
/// use fusewire::memory::MemoryRecorder;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let recorder = MemoryRecorder::options().interval(Duration::from_secs(60)).start(&log)?;
/// let headroom = recorder.sample().headroom();
/// assert!(headroom.is_none_or(|headroom| headroom.limit > 0));
/// # Ok::<(), std::io::Error>(())
/// ```
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
    /// The default interval: 10 s. A sample has about 1,200 bytes, so a day of samples has about 10 MB.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

    /// The default minimum interval of measurements: 20 ms, which is 50 measurements per second.
    pub const DEFAULT_LEAST_INTERVAL: Duration = Duration::from_millis(20);

    /// Sets the maximum time between two samples. The default is [`DEFAULT_INTERVAL`](Self::DEFAULT_INTERVAL).
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets the minimum time between two measurements near the limit. The default is
    /// [`DEFAULT_LEAST_INTERVAL`](Self::DEFAULT_LEAST_INTERVAL), at least 1 ms.
    #[must_use]
    pub fn least_interval(mut self, interval: Duration) -> Self {
        self.least_interval = Some(interval);
        self
    }

    /// Sets a function that returns the statistics of the allocator. The recorder thread calls it for each
    /// sample. The function should be fast and should not allocate, because most calls happen when little
    /// memory is left.
    #[must_use]
    pub fn allocator(mut self, read: impl FnMut() -> AllocatorStats + Send + 'static) -> Self {
        self.allocator = Some(Source::callback(read));
        self
    }

    /// Starts to record to `log`. The first sample is in the log when this method returns.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a thread.
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

/// A recorder of the memory of this process. A drop of the recorder ends the recording. A forked child is not
/// recorded, but can start its own recorder.
#[derive(Debug)]
pub struct MemoryRecorder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

/// The state that the recorder thread shares with other threads.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    /// The number of requested samples, and the number of answered requests.
    asked: u64,
    answered: u64,
    latest: MemStats,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of the user runs under the lock, so the state of a poisoned lock is valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryRecorder {
    /// Returns the default options.
    #[must_use]
    pub fn options() -> MemoryOptions {
        MemoryOptions::default()
    }

    /// Returns the latest sample, which is also in the log. The sample is at most one interval old.
    #[must_use]
    pub fn stats(&self) -> MemStats {
        self.shared.lock().latest
    }

    /// Takes a sample, writes it to the log and returns it. Use this method at important moments, for example
    /// before a request that needs much memory.
    ///
    /// If the recorder does not answer within 1 s, the method returns the latest sample. This happens in a
    /// forked child, which has no recorder thread.
    ///
    /// ```
    /// use fusewire::log::Log;
    /// use fusewire::memory::MemoryRecorder;
    ///
    /// # let directory = std::env::temp_dir().join(format!("fusewire-doc-memory-sample-{}", std::process::id()));
    /// let log = Log::options(&directory).open()?;
    /// let recorder = MemoryRecorder::options().start(&log)?;
    /// let sample = recorder.sample();
    /// assert!(sample.time_unix_nano > 0);
    /// # drop((recorder, log));
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
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

/// The state of the thread.
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
                // The last sample shows the memory at a regular end of the program.
                self.write();
                return;
            }
            wait = self.step();
        }
    }

    /// Measures the memory, and writes a sample if the schedule requires one. Returns the time until the next
    /// step.
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

    /// Takes a sample and appends it to the log.
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

/// Returns the number of out-of-memory events and kills.
fn events(stats: &MemStats) -> u64 {
    [stats.events_oom, stats.events_oom_kill].into_iter().flatten().fold(0, u64::saturating_add)
}

/// Returns the processor time of this thread.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
