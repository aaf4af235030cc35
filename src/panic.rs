//! Panics as entries of a log.
//!
//! ```
//! use fusewire::log::Log;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-panic-{}", std::process::id()));
//! # std::panic::set_hook(Box::new(|_| {}));
//! let log = Log::options(&directory).open()?;
//! let hook = fusewire::panic::install(&log);
//!
//! let _ = std::thread::spawn(|| panic!("no orders left")).join();
//! assert_eq!(log.stats().entries, 1);
//! # hook.uninstall();
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! | of the panic | in the entry |
//! |---|---|
//! | message | body |
//! | end of the process | severity: `FATAL` 21 in a program built with `panic = "abort"`, `ERROR` 17 in others, in which a panic ends one thread and may be caught |
//! | name of the thread | thread |
//! | the spans and the [`Context`](crate::Context) of the thread | attributes and ids, as in the entry of an [`event!`](crate::event) |
//! | location | `code.file.path`, `code.line.number`, `code.column.number` |
//! | backtrace, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` enables it | `exception.stacktrace`, up to [`Limits::max_string_bytes`](crate::Limits) |
//!
//! The target is `panic`, and the attribute `exception.type` is `panic`. [`Levels`](crate::log::Levels) do
//! not apply.
//!
//! The entry is complete before the hook returns, so the entry survives an abort. A panic inside an append is
//! also logged, for example in the `Debug` implementation of a logged value.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::encode::EntryWriter;
use crate::log::{Appender, Log};
#[cfg(feature = "json")]
use crate::route::Router;
use crate::severity::Severity;

/// Logs every later panic of the process to `log`, and then calls the previous hook.
///
/// The hook contains a weak reference and does not keep the log open. After the last clone of the log is
/// dropped, the hook does nothing. Each call installs another hook; with two hooks, each panic is logged
/// twice.
///
/// # Panics
/// Panics if the current thread is panicking, as [`std::panic::set_hook`] does.
///
/// ```
/// use fusewire::log::Log;
/// use fusewire::Severity;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let hook = fusewire::panic::install(&log);
/// let result = std::thread::spawn(|| panic!("out of stock")).join();
/// assert!(result.is_err());
/// assert_eq!(log.stats().level(Severity::ERROR).entries, 1);
/// hook.uninstall();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn install<L: Target>(log: &L) -> Hook {
    let installed = Arc::new(AtomicBool::new(true));
    let hook = Hook { installed: Arc::clone(&installed) };
    let log = log.downgrade();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if installed.load(Ordering::Relaxed)
            && let Some(log) = log()
        {
            append(&log, panic);
        }
        before(panic);
    }));
    hook
}

/// An installed panic hook. If this value is dropped, the hook remains installed.
#[derive(Debug)]
pub struct Hook {
    installed: Arc<AtomicBool>,
}

impl Hook {
    /// Ends the logging of panics. The hook itself remains and calls the previous hook, because another hook may
    /// have been installed after it.
    pub fn uninstall(self) {
        self.installed.store(false, Ordering::Relaxed);
    }
}

/// A destination for panics: a [`Log`] or a [`Router`].
pub trait Target: Appender + sealed::Weak + 'static {}

impl Target for Log {}
#[cfg(feature = "json")]
impl Target for Router {}

mod sealed {
    /// A log with weak references.
    pub trait Weak: Sized {
        /// Returns a function that returns the log if the log still has a clone.
        fn downgrade(&self) -> Box<dyn Fn() -> Option<Self> + Send + Sync>;
    }
}

impl sealed::Weak for Log {
    fn downgrade(&self) -> Box<dyn Fn() -> Option<Self> + Send + Sync> {
        Box::new(self.weak())
    }
}

#[cfg(feature = "json")]
impl sealed::Weak for Router {
    fn downgrade(&self) -> Box<dyn Fn() -> Option<Self> + Send + Sync> {
        Box::new(self.weak())
    }
}

const SEVERITY: Severity = if cfg!(panic = "abort") { Severity::FATAL } else { Severity::ERROR };

fn append(log: &impl Appender, panic: &PanicHookInfo<'_>) {
    // The resolution of symbols takes time and memory, so it runs before the append, which holds resources of
    // the log.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    log.append(|entry| write(entry, panic, backtrace.as_deref()));
}

fn write(entry: &mut EntryWriter<'_>, panic: &PanicHookInfo<'_>, backtrace: Option<&str>) {
    entry.set_severity(SEVERITY);
    entry.set_target("panic");
    crate::__write_thread(entry);
    entry.set_body(panic.payload_as_str().unwrap_or("a panic with a value that is not text"));
    entry.attr("exception.type", "panic");
    if let Some(location) = panic.location() {
        entry
            .attr("code.file.path", location.file())
            .attr("code.line.number", &location.line())
            .attr("code.column.number", &location.column());
    }
    // The longest attribute is last, because the limit of the entry cuts the last attributes.
    crate::__write_surroundings(entry);
    if let Some(backtrace) = backtrace {
        entry.attr("exception.stacktrace", backtrace);
    }
}
