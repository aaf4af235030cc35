//! The metrics of a router.

use super::{Family, Metrics};
use crate::log::DropCause;
use crate::route::{Arm, ArmStats, RouteStats};

static ENTRIES: Family = Family::counter("fusewire_route_entries_total", "Written entries, by arm.");
static TAKEN_OVER: Family = Family::counter(
    "fusewire_route_taken_over_entries_total",
    "Entries that an arm wrote because the other arm failed.",
);
static BYTES: Family = Family::counter("fusewire_route_bytes_total", "Written bytes, by arm.");
static ERRORS: Family = Family::counter(
    "fusewire_route_errors_total",
    "Entries that an arm failed to write, by cause. An error of the JSON file has the cause full.",
);
static TRIPS: Family = Family::counter(
    "fusewire_route_trips_total",
    "Trips of the circuit breaker in entries that an arm wrote.",
);
static LATENCY: Family = Family::gauge(
    "fusewire_route_latency_seconds",
    "Percentiles of the time to encode and write an entry, for the entries that the router timed.",
);
static DROPPED: Family =
    Family::counter("fusewire_route_dropped_entries_total", "Entries that neither arm wrote.");
static ROLLED_BACK: Family = Family::gauge(
    "fusewire_route_rolled_back",
    "1 if the router disabled the arm because it exceeded its bounds, otherwise 0.",
);
static COMPARED: Family = Family::counter(
    "fusewire_route_shadow_compared_total",
    "Entries that the router encoded for both arms and compared.",
);
static DIFFERING: Family =
    Family::counter("fusewire_route_shadow_differing_total", "Compared entries whose two encodings differ.");
static SKIPPED: Family = Family::counter(
    "fusewire_route_shadow_skipped_total",
    "Entries that were not compared because another thread compared an entry at that time.",
);
static CONFIG_OK: Family = Family::gauge(
    "fusewire_route_config_in_force",
    "1 if the rules of the configuration file are in force, 0 if the file contains an error.",
);

pub(super) static FAMILIES: [&Family; 12] = [
    &ENTRIES,
    &TAKEN_OVER,
    &BYTES,
    &ERRORS,
    &TRIPS,
    &LATENCY,
    &DROPPED,
    &ROLLED_BACK,
    &COMPARED,
    &DIFFERING,
    &SKIPPED,
    &CONFIG_OK,
];

impl Metrics {
    /// Adds the metrics of a router. [`log`](Self::log) adds the metrics of its log.
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use fusewire::log::Log;
    /// use fusewire::metrics::Metrics;
    /// use fusewire::route::{Arm, RouteConfig, Router};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let router = Router::new(log, Mutex::new(Vec::new()), RouteConfig::all_to(Arm::Json));
    /// router.append(|entry| entry.set_body("paid"));
    /// let text = Metrics::new().route(&router.stats()).to_prometheus();
    /// assert!(text.contains("arm=\"json\"} 1\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn route(&mut self, stats: &RouteStats) -> &mut Self {
        let rolled_back = stats.rolled_back.as_ref().map(|rolled_back| rolled_back.arm);
        for (name, arm) in [("binary", Arm::Binary), ("json", Arm::Json)] {
            self.arm(name, stats.arm(arm));
            self.add(&ROLLED_BACK, &[("arm", name)], u64::from(rolled_back == Some(arm)));
        }
        self.add(&DROPPED, &[], stats.dropped);
        self.add(&COMPARED, &[], stats.shadow.compared);
        self.add(&DIFFERING, &[], stats.shadow.differing);
        self.add(&SKIPPED, &[], stats.shadow.skipped);
        self.add(&CONFIG_OK, &[], u64::from(stats.config_error.is_none()))
    }

    fn arm(&mut self, name: &'static str, stats: &ArmStats) {
        let arm = ("arm", name);
        self.add(&ENTRIES, &[arm], stats.entries);
        self.add(&TAKEN_OVER, &[arm], stats.taken_over);
        self.add(&BYTES, &[arm], stats.bytes);
        for (cause, errors) in DropCause::ALL.into_iter().zip(stats.errors) {
            self.add(&ERRORS, &[arm, ("cause", cause.name())], errors);
        }
        self.add(&TRIPS, &[arm], stats.trips);
        // If no entry was timed, the latency is unknown and not 0 s.
        if stats.latency.timed > 0 {
            let latency = &stats.latency;
            for (percentile, time) in [("50", latency.p50), ("99", latency.p99), ("99.9", latency.p999)] {
                self.add_float(&LATENCY, &[arm, ("percentile", percentile)], time.as_secs_f64());
            }
        }
    }
}
