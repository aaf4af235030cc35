//! The bridges for `tracing` and `log` accept a router in place of a log. The content of each event determines
//! its arm.
#![cfg(all(feature = "json", feature = "log", feature = "tracing"))]

use crate::common::routes::{Lines, bodies_of_log};
use fusewire::bridge;
use fusewire::log::Log;
use fusewire::route::{Arm, RouteConfig, Router, Rule};
use fusewire::{Context, Severity};
use log::Log as _;
use tracing_subscriber::prelude::*;

/// Creates a router that sends warnings, more severe entries and canaries to the log, and all other entries to
/// JSON.
fn router() -> (tempfile::TempDir, Lines, Router) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let lines = Lines::default();
    let mut config = RouteConfig::all_to(Arm::Json);
    config.rules.push(Rule::to(Arm::Binary).severity(Severity::WARN));
    config.rules.push(Rule::to(Arm::Binary).tagged("canary"));
    (directory, lines.clone(), Router::new(log, lines, config))
}

fn canary() -> Context {
    Context::root().with_tag("canary", "yes")
}

#[test]
fn events_of_tracing() {
    let (directory, lines, router) = router();
    let layer = bridge::tracing::Layer::new(router.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!(order = 7, "usual");
        tracing::error!("failed");
        canary().scope(|| tracing::info!("tried out"));
    });
    drop(router);
    assert_eq!(lines.bodies(), ["usual"]);
    assert_eq!(bodies_of_log(directory.path()), ["failed", "tried out"]);
}

#[test]
fn records_of_log() {
    let (directory, lines, router) = router();
    let logger = bridge::log::Logger::new(router.clone());
    let log = |level, body: &str| {
        logger.log(&log::Record::builder().level(level).args(format_args!("{body}")).build());
    };
    log(log::Level::Info, "usual");
    log(log::Level::Warn, "slow");
    canary().scope(|| log(log::Level::Debug, "tried out"));
    logger.flush();
    drop((logger, router));
    assert_eq!(lines.bodies(), ["usual"]);
    assert_eq!(bodies_of_log(directory.path()), ["slow", "tried out"]);
}
