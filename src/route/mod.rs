//! Binary or JSON, decided for each entry while the program runs: how a service moves from one to the other (E1, E3).
//!
//! ```
//! use std::sync::Mutex;
//! use fusewire::log::Log;
//! use fusewire::route::{Arm, Percent, RouteConfig, Router, Rule};
//! use fusewire::{Context, Severity, TraceContext};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-route-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! // What logs JSON today goes on to, unless a rule says otherwise.
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
use crate::format::frame::frame_len;
use crate::limits::Limits;
use crate::log::{
    Appender, Built, CloseError, DropCause, Durability, FlushError, Levels, Log, Outcome, Refused,
};
use crate::segment::create::unix_nanos_now;
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

/// A [`Log`] and a sink of JSON lines, and rules that say which entry goes where. Clone it into each thread.
///
/// An entry is built once, under the limits of the log, and then appended to the log or written as a line: what the fuse
/// cuts, it cuts on both ways. Rules change at once, and every entry goes exactly one way: where that fails the other one
/// is tried, and where both fail it is counted as dropped. An arm that fails its [`Bounds`] is taken out of use; the reason is in
/// the log and in the sink.
#[derive(Clone)]
pub struct Router(Arc<Shared>);

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routed {
    /// Which way it went, or was to go.
    pub arm: Arm,
    /// What became of it there.
    pub outcome: Outcome,
}

struct Shared {
    log: Log,
    sink: Box<dyn LineSink>,
    config: ArcSwap<RouteConfig>,
    /// The arm that has failed, by its number plus one; 0 where none has.
    failed: AtomicU8,
    rolled_back: Mutex<Option<RollBack>>,
    shards: [Box<[Shard]>; 2],
    dropped: AtomicU64,
    judge: Mutex<Judge>,
    shadow: Shadow,
    /// Why the watched file is not in force.
    config_error: Mutex<Option<String>>,
}

impl Router {
    /// A router before `log` and `sink`.
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

    /// A function that returns the router while there are clones of it, and does not keep it open itself.
    pub(crate) fn weak(&self) -> impl Fn() -> Option<Self> + Send + Sync + use<> {
        let shared = Arc::downgrade(&self.0);
        move || shared.upgrade().map(Self)
    }

    /// Appends what `write` writes as one entry, this way or that. `write` runs once, and before anything is touched.
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
                    // Not of the arm that had to take it over: the one that failed may have been slow to fail.
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

    /// Puts other rules in force, from the next entry on, and an arm that has failed into use again.
    pub fn set(&self, config: RouteConfig) {
        self.0.put_in_force(config);
    }

    /// The rules in force.
    #[must_use]
    pub fn config(&self) -> Arc<RouteConfig> {
        self.0.config.load_full()
    }

    /// Puts an arm that has failed its bounds into use again.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// What the arms have done so far.
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

    /// The log that is the binary arm.
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
        // What the arms have done so far is not held against them.
        self.judge.lock().unwrap_or_else(PoisonError::into_inner).begin_with(self.counts());
        let mut rolled_back = self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner);
        *rolled_back = None;
        self.failed.store(0, Ordering::Release);
    }

    fn counts(&self) -> [ArmCounts; 2] {
        self.shards.each_ref().map(|shards| ArmCounts::of(shards))
    }

    /// Which way an entry shall go, and whether the arms are to be judged behind it.
    fn choose(&self, severity: Severity, trace: TraceContext, shard: usize) -> (Arm, bool) {
        let config = self.config.load();
        let arm = Context::with_current(|context| {
            config.decide(&Traits { severity, trace, tag: &|name| context.tag(name) })
        });
        let failed = self.failed.load(Ordering::Acquire);
        let arm = if failed == arm as u8 + 1 { arm.other() } else { arm };
        (arm, self.shards[arm as usize][shard].choose())
    }

    /// Writes an entry this way, or else the other.
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

    /// The bytes that it took.
    fn write_one(&self, arm: Arm, built: &mut Built<'_>) -> Result<usize, DropCause> {
        match arm {
            Arm::Binary => built.try_append().map(|()| frame_len(built.entry().len())),
            Arm::Json => line::with(built.entry(), |line| {
                self.sink.write_line(line).map_err(|_| DropCause::Full).map(|()| line.len())
            }),
        }
    }

    /// An entry that could not be built goes nowhere: both ways have the same limits.
    fn refuse(&self, refused: &Refused<'_>, shard: usize, judged: &mut bool) -> Routed {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        let outcome = refused.drop_entry();
        if refused.cause == DropCause::Reentrant {
            // No arm's fault: an entry in the middle of another.
            return Routed { arm: self.config.load().default, outcome };
        }
        let (arm, due) = self.choose(refused.severity, refused.trace, shard);
        *judged = due;
        self.shards[arm as usize][shard].failed(refused.cause);
        Routed { arm, outcome }
    }

    /// Encodes an entry both ways where it is one of those to compare. A difference that has not been told yet.
    fn compare(&self, built: &Built<'_>) -> Option<Difference> {
        let shadow = self.config.load().shadow;
        // Other traces than those that a rule's share begins with.
        let trace = built.trace().trace_id;
        let apart = if trace == 0 { 0 } else { !trace };
        if shadow == Percent::NONE || !shadow.includes(apart) {
            return None;
        }
        line::with(built.entry(), |line| self.shadow.compare(built.entry(), line))
    }

    /// Takes an arm out of use that has failed its bounds.
    #[cold]
    fn judge(&self) {
        // Somebody else is at it.
        let Ok(mut judge) = self.judge.try_lock() else { return };
        let config = self.config.load_full();
        let counts = self.counts();
        for arm in Arm::ALL {
            let Some(reason) = judge.judge(arm, &counts, &config.bounds) else { continue };
            let claimed = self.failed.compare_exchange(0, arm as u8 + 1, Ordering::AcqRel, Ordering::Relaxed);
            if claimed.is_err() {
                // Everything goes the other way already, or has nowhere else to go.
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

    /// Flushes the log. Lines are with their sink when an append returns.
    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
        self.0.log.flush(durability, timeout)
    }

    /// Completes the log. Entries go to the sink from then on.
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

/// When an entry was begun, where it is timed.
type Start = Option<Instant>;
