//! If a program holds the guard of its logging set-up, its log is sealed and marked as stopped at the end, although
//! a static still holds the log.

mod common {
    pub mod logs;
    pub mod victims;
}

use std::path::PathBuf;

use common::victims::{Victim, order};
use fusewire::log::{DropCause, Log, StreamEnd};

fn log() -> Option<Log> {
    Some(Log::options(order::<PathBuf>("directory")?).open().unwrap())
}

/// Runs a victim. Returns the bodies of its entries, the end of its stream, and whether all its segments are sealed.
fn left(victim: &str) -> (Vec<String>, StreamEnd, bool) {
    let directory = tempfile::tempdir().unwrap();
    Victim::start(victim, &[("directory", &directory.path().display())]).succeed();
    let listing = fusewire::log::list(directory.path()).unwrap();
    let end = listing.segments.last().map_or(StreamEnd::Unknown, |segment| segment.end);
    (common::logs::read(directory.path()).bodies(), end, common::logs::all_sealed(directory.path()))
}

fn bodies(bodies: &[&str]) -> Vec<String> {
    bodies.iter().map(|body| (*body).to_owned()).collect()
}

#[test]
#[ignore = "is started by another test"]
fn victim_of_the_log_crate() {
    let Some(log) = log() else { return };
    let guard = fusewire::bridge::log::Logger::new(log.clone()).init().unwrap();
    ::log::info!("one");
    drop(guard);
    ::log::info!("too late");
    assert_eq!(log.stats().drops.by_cause(DropCause::Closed), 1);
    assert!(fusewire::bridge::log::Logger::new(log).init().is_err());
}

#[test]
fn a_logger_of_the_log_crate() {
    assert_eq!(left("victim_of_the_log_crate"), (bodies(&["one"]), StreamEnd::Stopped, true));
}

#[test]
#[ignore = "is started by another test"]
fn victim_that_ignores_the_guard() {
    let Some(log) = log() else { return };
    let _ = fusewire::bridge::log::Logger::new(log).init().unwrap();
    ::log::info!("one");
    ::log::info!("two");
}

#[test]
fn to_ignore_the_guard_loses_nothing() {
    let (found, _, _) = left("victim_that_ignores_the_guard");
    assert_eq!(found, bodies(&["one", "two"]));
}

#[test]
#[ignore = "is started by another test"]
fn victim_of_tracing() {
    let Some(log) = log() else { return };
    let guard = fusewire::bridge::tracing::init(log.clone()).unwrap();
    tracing::info!("one");
    tracing::debug!("below the level");
    // A panic also drops the guard.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = guard;
        tracing::info!("two");
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(result.is_err());
    tracing::info!("too late");
    assert_eq!(log.stats().drops.by_cause(DropCause::Closed), 1);
    assert!(fusewire::bridge::tracing::init(log).is_err());
}

#[test]
fn a_subscriber_of_tracing() {
    assert_eq!(left("victim_of_tracing"), (bodies(&["one", "two"]), StreamEnd::Stopped, true));
}

#[test]
#[ignore = "is started by another test"]
fn victim_of_tracing_at_another_level() {
    let Some(log) = log() else { return };
    let _guard =
        fusewire::bridge::tracing::init_at(log, tracing_subscriber::filter::LevelFilter::DEBUG).unwrap();
    tracing::debug!("one");
    tracing::trace!("below the level");
}

#[test]
fn a_subscriber_at_another_level() {
    let expected = (bodies(&["one"]), StreamEnd::Stopped, true);
    assert_eq!(left("victim_of_tracing_at_another_level"), expected);
}

#[cfg(all(feature = "tracing", feature = "json"))]
#[test]
#[ignore = "is started by another test"]
fn victim_with_a_router() {
    use fusewire::route::{Arm, RouteConfig, Router};
    let Some(log) = log() else { return };
    let router = Router::new(log, std::sync::Mutex::new(std::io::sink()), RouteConfig::all_to(Arm::Binary));
    let _guard = fusewire::bridge::tracing::init(router).unwrap();
    tracing::info!("routed");
}

#[cfg(all(feature = "tracing", feature = "json"))]
#[test]
fn a_router() {
    assert_eq!(left("victim_with_a_router"), (bodies(&["routed"]), StreamEnd::Stopped, true));
}
