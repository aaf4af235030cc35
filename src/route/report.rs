//! The entries that a router writes about its own state, to both arms.

use crate::encode::EntryWriter;
use crate::severity::Severity;

use super::difference::Difference;
use super::stats::{RollBack, RollBackReason};
use super::{Shared, line};

/// The target of the entries.
const TARGET: &str = "fusewire::route";

impl Shared {
    fn report(&self, severity: Severity, write: impl FnOnce(&mut EntryWriter<'_>)) {
        self.log.build(
            |entry| {
                entry.set_severity(severity);
                entry.set_target(TARGET);
                write(entry);
            },
            |built| {
                let Ok(built) = built else { return };
                // If one arm fails, the other arm still contains the entry.
                let _ = line::with(built.entry(), |line| self.sink.write_line(line));
                let _ = built.append();
            },
        );
    }

    pub(super) fn report_roll_back(&self, rolled_back: &RollBack) {
        let RollBack { arm, reason, .. } = rolled_back;
        self.report(Severity::ERROR, |entry| {
            entry.set_body_fmt(format_args!(
                "arm {arm} disabled: {reason}; all entries go to arm {}",
                arm.other()
            ));
            entry.attr("route.arm", arm.name());
            match reason {
                RollBackReason::Errors { failed, of, max_rate } => {
                    entry.attr("route.reason", "errors");
                    entry
                        .attr("route.failed", failed)
                        .attr("route.of", of)
                        .attr("route.max_error_rate", max_rate);
                }
                RollBackReason::Latency { p99, other, max_ratio } => {
                    entry.attr("route.reason", "latency");
                    entry.attr("route.p99", p99).attr("route.other_p99", other);
                    entry.attr("route.max_p99_ratio", max_ratio);
                }
            }
        });
    }

    pub(super) fn report_difference(&self, difference: &Difference) {
        self.report(Severity::WARN, |entry| {
            entry.set_body_fmt(format_args!(
                "the binary entry and the JSON line differ at {:?}",
                difference.path
            ));
            entry.attr("route.path", difference.path.as_str());
            entry
                .attr("route.binary", difference.binary.as_str())
                .attr("route.json", difference.json.as_str());
        });
    }

    #[cfg(feature = "route-toml")]
    pub(super) fn report_config_error(&self, file: &std::path::Path, error: &str) {
        self.report(Severity::ERROR, |entry| {
            entry.set_body("bad configuration file; the previous rules stay in force");
            entry.attr("route.file", &*file.to_string_lossy()).attr("route.error", error);
        });
    }

    #[cfg(feature = "route-toml")]
    pub(super) fn report_config(&self, file: &std::path::Path) {
        self.report(Severity::INFO, |entry| {
            entry.set_body("new rules are in force");
            entry.attr("route.file", &*file.to_string_lossy());
        });
    }
}
