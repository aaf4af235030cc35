//! The installation of the layer in a program.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::util::TryInitError;

use crate::bridge::used::Used;
use crate::log::{Appender, Guard};

use super::Layer;

/// Installs a subscriber that appends events of level `INFO` and above to `appender`, with a [`Layer`].
/// `appender` is a [`Log`](crate::log::Log) or a [`Router`](crate::route::Router).
///
/// Returns a guard for `main`: the subscriber itself is never dropped, so the guard closes the log. A guard
/// that is dropped before the first event does nothing.
///
/// # Errors
/// Returns an error if the program already has a subscriber.
///
/// # Examples
/// ```
/// use fusewire::log::Log;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #   let directory = std::env::temp_dir().join(format!("fusewire-doc-init-{}", std::process::id()));
///     let _guard = fusewire::bridge::tracing::init(Log::options(&directory).open()?)?;
///     tracing::info!(status = 200, "served");
/// #   assert_eq!(_guard.appender().stats().entries, 1);
/// #   drop(_guard);
/// #   std::fs::remove_dir_all(&directory)?;
///     Ok(())
///     // Here the log is closed.
/// }
/// ```
pub fn init<A>(appender: A) -> Result<Guard<A>, TryInitError>
where
    A: Appender + Clone + Send + Sync + 'static,
{
    init_at(appender, LevelFilter::INFO)
}

/// Installs a subscriber like [`init`], with another level.
///
/// # Errors
/// Returns an error if the program already has a subscriber.
///
/// ```
/// use fusewire::log::Log;
/// use tracing_subscriber::filter::LevelFilter;
///
/// let directory = tempfile::tempdir()?;
/// let guard = fusewire::bridge::tracing::init_at(Log::options(directory.path()).open()?, LevelFilter::WARN)?;
/// tracing::info!("below the level");
/// tracing::warn!("late");
/// assert_eq!(guard.appender().stats().entries, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn init_at<A>(appender: A, level: LevelFilter) -> Result<Guard<A>, TryInitError>
where
    A: Appender + Clone + Send + Sync + 'static,
{
    let used = Used::default();
    let layer = Layer::new(appender.clone()).noting_use(used.clone());
    tracing_subscriber::registry().with(layer).with(level).try_init()?;
    Ok(Guard::of_bridge(appender, used.0))
}
