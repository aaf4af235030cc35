//! A router that sends each entry to the binary log or to JSON lines, by rules that can change at run time. A
//! service uses a router to migrate from one form to the other.
//!
//! ```
//! use std::sync::Mutex;
//! use fusewire::log::Log;
//! use fusewire::route::{Arm, Percent, RouteConfig, Router, Rule};
//! use fusewire::{Context, Severity, TraceContext};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-route-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! // 10 % of the traces and all entries with the tag `canary` go to the log, the rest to JSON.
//! let mut config = RouteConfig::binary_percent(Percent::new(10.0));
//! config.rules.insert(0, Rule::to(Arm::Binary).tagged("canary"));
//! config.bounds.max_error_rate = 0.01;
//! let router = Router::new(log, Mutex::new(std::io::sink()), config);
//!
//! let canary = Context::root().with_tag("canary", "yes");
//! let routed = canary.scope(|| router.append(|entry| entry.set_body("paid")));
//! assert_eq!(routed.arm, Arm::Binary);
//!
//! router.set(RouteConfig::all_to(Arm::Binary));
//! # drop(router);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod bucket;
mod config;
mod difference;
mod files;
mod histogram;
mod judge;
mod line;
mod report;
mod shadow;
mod sink;
mod stats;
#[cfg(feature = "route-toml")]
mod toml;
#[cfg(feature = "route-toml")]
mod watch;

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::context::Context;
use crate::encode::EntryWriter;
use crate::limits::Limits;
use crate::log::{
    Appender, Built, CloseError, DropCause, Durability, FlushError, Levels, Log, Outcome, Refused,
};
use crate::map::clock::unix_nanos_now;
use crate::severity::Severity;
use crate::trace::TraceContext;

pub use config::{Arm, Bounds, Percent, RouteConfig, Rule};
pub use difference::Difference;
pub use files::JsonFiles;
pub use shadow::ShadowStats;
pub use sink::LineSink;
pub use stats::{ArmStats, Percentiles, RollBack, RollBackReason, RouteStats};
#[cfg(feature = "route-toml")]
pub use toml::ConfigError;
#[cfg(feature = "route-toml")]
pub use watch::Watch;

use config::Traits;
use judge::Judge;
use shadow::Shadow;
use stats::{ArmCounts, SHARDS, Shard};

/// A router: a [`Log`], a sink of JSON lines, and rules that select one of them for each entry. Clone it into
/// each thread.
///
/// An entry is built once, under the limits of the log, and then appended to the log or written as a line.
/// The circuit breaker has the same effect for both arms. New rules apply immediately.
///
/// Every entry goes to exactly one arm. If that arm fails, the router tries the other arm. If both fail, the
/// entry is counted as dropped. An arm that exceeds its [`Bounds`] is disabled; the log and the sink contain
/// the reason.
///
/// ```
/// use std::sync::Mutex;
/// use fusewire::log::Log;
/// use fusewire::route::{Arm, Percent, RouteConfig, Router};
/// use fusewire::TraceContext;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let half = RouteConfig::binary_percent(Percent::new(50.0));
/// let router = Router::new(log, Mutex::new(Vec::new()), half);
/// for trace_id in 1..=200 {
///     router.append(|entry| entry.set_trace(TraceContext { trace_id, span_id: 1, flags: 1 }));
/// }
/// let stats = router.stats();
/// assert_eq!(stats.binary.entries + stats.json.entries, 200);
/// assert!((80..120).contains(&stats.arm(Arm::Binary).entries));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Router(Arc<Shared>);

/// The result of an append to a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The arm that wrote the entry, or the selected arm if the entry was dropped.
    pub arm: Arm,
    /// The outcome of the append.
    pub outcome: Outcome,
}

struct Shared {
    log: Log,
    sink: Box<dyn LineSink>,
    config: ArcSwap<RouteConfig>,
    /// The number of the disabled arm plus 1, or 0 if both arms are enabled.
    failed: AtomicU8,
    rolled_back: Mutex<Option<RollBack>>,
    shards: [Box<[Shard]>; 2],
    dropped: AtomicU64,
    judge: Mutex<Judge>,
    shadow: Shadow,
    /// The error in the watched file, if its rules are not in force.
    config_error: Mutex<Option<String>>,
}

impl Router {
    /// Creates a router for `log` and `sink`.
    #[must_use]
    pub fn new(log: Log, sink: impl LineSink + 'static, config: RouteConfig) -> Self {
        let shards = || (0..SHARDS).map(|_| Shard::default()).collect();
        Self(Arc::new(Shared {
            shadow: Shadow::new(log.limits()),
            log,
            sink: Box::new(sink),
            config: ArcSwap::from_pointee(config),
            failed: AtomicU8::new(0),
            rolled_back: Mutex::new(None),
            shards: [shards(), shards()],
            dropped: AtomicU64::new(0),
            judge: Mutex::default(),
            config_error: Mutex::new(None),
        }))
    }

    /// Returns a function that returns the router if the router still has a clone. The function does not keep
    /// the router open.
    pub(crate) fn weak(&self) -> impl Fn() -> Option<Self> + Send + Sync + use<> {
        let shared = Arc::downgrade(&self.0);
        move || shared.upgrade().map(Self)
    }

    /// Builds an entry with `write`, and appends it to one of the arms. `write` runs once, before the router
    /// changes any state.
    pub fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Routed {
        let shared = &*self.0;
        let (shard, start) = line::turn();
        let mut judged = false;
        let mut news = None;
        let routed = shared.log.build(write, |built| match built {
            Ok(built) => {
                let (arm, due) = shared.choose(built.severity(), built.trace(), shard);
                judged = due;
                let routed = shared.write(arm, built, shard);
                if let Some(start) = start {
                    let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    // The time counts for the selected arm, even if the other arm wrote the entry: the
                    // selected arm can be slow to fail.
                    shared.shards[arm as usize][shard].took(nanos);
                }
                news = shared.compare(built);
                routed
            }
            Err(refused) => shared.refuse(&refused, shard, &mut judged),
        });
        if let Some(difference) = news {
            shared.report_difference(&difference);
        }
        if judged {
            shared.judge();
        }
        routed
    }

    /// Replaces the configuration, beginning with the next entry, and enables a disabled arm again.
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use fusewire::log::Log;
    /// use fusewire::route::{Arm, RouteConfig, Router};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let router = Router::new(log, Mutex::new(Vec::new()), RouteConfig::all_to(Arm::Json));
    /// assert_eq!(router.append(|_| ()).arm, Arm::Json);
    /// router.set(RouteConfig::all_to(Arm::Binary));
    /// assert_eq!(router.append(|_| ()).arm, Arm::Binary);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set(&self, config: RouteConfig) {
        self.0.put_in_force(config);
    }

    /// Returns the current configuration.
    #[must_use]
    pub fn config(&self) -> Arc<RouteConfig> {
        self.0.config.load_full()
    }

    /// Enables a disabled arm again.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// Returns the statistics of the arms.
    #[must_use]
    pub fn stats(&self) -> RouteStats {
        let shared = &*self.0;
        let [binary, json] = shared.counts().map(|counts| counts.stats);
        RouteStats {
            binary,
            json,
            dropped: shared.dropped.load(Ordering::Relaxed),
            rolled_back: shared.rolled_back.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            shadow: shared.shadow.stats(),
            config_error: shared.config_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Returns the log, which is the binary arm.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.0.log
    }
}

impl Shared {
    fn put_in_force(&self, config: RouteConfig) {
        self.config.store(Arc::new(config));
        self.reset();
    }

    fn reset(&self) {
        // The next check ignores all earlier entries.
        self.judge.lock().unwrap_or_else(PoisonError::into_inner).begin_with(self.counts());
        let mut rolled_back = self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner);
        *rolled_back = None;
        self.failed.store(0, Ordering::Release);
    }

    fn counts(&self) -> [ArmCounts; 2] {
        self.shards.each_ref().map(|shards| ArmCounts::of(shards))
    }

    /// Returns the arm for an entry, and whether the arms must be checked after this entry.
    fn choose(&self, severity: Severity, trace: TraceContext, shard: usize) -> (Arm, bool) {
        let config = self.config.load();
        let arm = Context::with_current(|context| {
            config.decide(&Traits { severity, trace, tag: &|name| context.tag(name) })
        });
        let failed = self.failed.load(Ordering::Acquire);
        let arm = if failed == arm as u8 + 1 { arm.other() } else { arm };
        (arm, self.shards[arm as usize][shard].choose())
    }

    /// Writes an entry to `arm`, or to the other arm if that fails.
    fn write(&self, arm: Arm, built: &mut Built<'_>, shard: usize) -> Routed {
        let cause = match self.write_one(arm, built) {
            Ok(bytes) => return self.written(arm, bytes, built, shard, false),
            Err(cause) => cause,
        };
        self.shards[arm as usize][shard].failed(cause);
        match self.write_one(arm.other(), built) {
            Ok(bytes) => self.written(arm.other(), bytes, built, shard, true),
            Err(_) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                Routed { arm, outcome: built.drop_entry(cause) }
            }
        }
    }

    fn written(&self, arm: Arm, bytes: usize, built: &Built<'_>, shard: usize, taken_over: bool) -> Routed {
        self.shards[arm as usize][shard].written(bytes, built.report(), taken_over);
        Routed { arm, outcome: Outcome::Written(*built.report()) }
    }

    /// Writes an entry to `arm`, and returns the number of bytes.
    fn write_one(&self, arm: Arm, built: &mut Built<'_>) -> Result<usize, DropCause> {
        match arm {
            Arm::Binary => built.try_append(),
            Arm::Json => line::with(built.entry(), |line| {
                self.sink.write_line(line).map_err(|_| DropCause::Full).map(|()| line.len())
            }),
        }
    }

    /// Drops an entry that could not be built. The other arm is not tried, because both arms have the same
    /// limits.
    fn refuse(&self, refused: &Refused<'_>, shard: usize, judged: &mut bool) -> Routed {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let outcome = refused.drop_entry();
        if refused.cause == DropCause::Reentrant {
            // The append ran inside another append, so neither arm is at fault.
            return Routed { arm: self.config.load().default, outcome };
        }
        let (arm, due) = self.choose(refused.severity, refused.trace, shard);
        *judged = due;
        self.shards[arm as usize][shard].failed(refused.cause);
        Routed { arm, outcome }
    }

    /// Compares both forms of an entry, if its trace is selected. Returns a difference that was not reported
    /// before.
    fn compare(&self, built: &Built<'_>) -> Option<Difference> {
        let shadow = self.config.load().shadow;
        // The complement of the id selects other traces than the share of a rule.
        let trace = built.trace().trace_id;
        let apart = if trace == 0 { 0 } else { !trace };
        if shadow == Percent::NONE || !shadow.includes(apart) {
            return None;
        }
        line::with(built.entry(), |line| self.shadow.compare(built.entry(), line))
    }

    /// Disables an arm that exceeds its bounds.
    #[cold]
    fn judge(&self) {
        // Another thread runs the check.
        let Ok(mut judge) = self.judge.try_lock() else { return };
        let config = self.config.load_full();
        let counts = self.counts();
        for arm in Arm::ALL {
            let Some(reason) = judge.judge(arm, &counts, &config.bounds) else { continue };
            let claimed = self.failed.compare_exchange(0, arm as u8 + 1, Ordering::AcqRel, Ordering::Relaxed);
            if claimed.is_err() {
                // An arm is already disabled. At least one arm must remain.
                continue;
            }
            let rolled_back = RollBack { arm, time_unix_nano: unix_nanos_now(), reason };
            *self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(rolled_back.clone());
            self.report_roll_back(&rolled_back);
        }
    }
}

impl Appender for Router {
    #[inline]
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        Self::append(self, write).outcome
    }

    #[inline]
    fn levels(&self) -> &Levels {
        self.0.log.levels()
    }

    fn limits(&self) -> &Limits {
        self.0.log.limits()
    }

    /// Flushes the log. A line is already in the sink when its append returns.
    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
        self.0.log.flush(durability, timeout)
    }

    /// Closes the log. Later entries go to the sink.
    fn shutdown(&self, timeout: Duration) -> Result<(), CloseError> {
        self.0.log.shutdown(timeout)
    }

    fn close_timeout(&self) -> Duration {
        Appender::close_timeout(&self.0.log)
    }
}

impl core::fmt::Debug for Router {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Router").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The time at which an entry began, if it is timed.
type Start = Option<Instant>;
