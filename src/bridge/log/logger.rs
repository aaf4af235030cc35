//! A logger for the crate `log`.

use std::time::Duration;

use ::log::{Level, LevelFilter, Metadata, Record, SetLoggerError};

use crate::bridge::used::Used;
use crate::context::Context;
use crate::encode::{EntryWriter, thread_name};
use crate::log::{Appender, Durability, Guard, Log};
use crate::severity::Severity;

use super::kv;

/// A logger that appends records of the crate `log` to a [`Log`] or to another [`Appender`]. See the
/// [module](super).
///
/// ```
/// use fusewire::bridge::log::Logger;
/// use fusewire::log::Log;
/// use log::{Level, Log as _, Record};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let logger = Logger::new(log.clone()).with_file(true);
/// logger.log(&Record::builder().level(Level::Warn).target("shop").args(format_args!("late")).build());
/// assert_eq!(log.stats().level(fusewire::Severity::WARN).entries, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Logger<A = Log> {
    log: A,
    used: Used,
    max_level: LevelFilter,
    thread_names: bool,
    file: bool,
    line_number: bool,
    module: bool,
}

/// The maximum time that [`log::Log::flush`] waits for the disk.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

impl<A: Appender> Logger<A> {
    /// Creates a logger that appends to `log`. By default, the logger writes all levels and the name of the
    /// thread, but not the file, line and module of the call.
    #[must_use]
    pub fn new(log: A) -> Self {
        Self {
            log,
            used: Used::default(),
            max_level: LevelFilter::Trace,
            thread_names: true,
            file: false,
            line_number: false,
            module: false,
        }
    }

    /// Sets the most verbose level that is logged.
    ///
    /// ```
    /// use fusewire::bridge::log::Logger;
    /// use fusewire::log::Log;
    /// use log::{Level, LevelFilter, Log as _, Metadata};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let logger = Logger::new(log).with_max_level(LevelFilter::Info);
    /// assert!(!logger.enabled(&Metadata::builder().level(Level::Debug).build()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_max_level(mut self, max_level: LevelFilter) -> Self {
        self.max_level = max_level;
        self
    }

    /// Sets whether entries contain the name of the thread. The default is `true`.
    #[must_use]
    pub fn with_thread_names(mut self, thread_names: bool) -> Self {
        self.thread_names = thread_names;
        self
    }

    /// Sets whether entries contain the file of the call, as `code.file.path`. The default is `false`.
    #[must_use]
    pub fn with_file(mut self, file: bool) -> Self {
        self.file = file;
        self
    }

    /// Sets whether entries contain the line of the call, as `code.line.number`. The default is `false`.
    #[must_use]
    pub fn with_line_number(mut self, line_number: bool) -> Self {
        self.line_number = line_number;
        self
    }

    /// Sets whether entries contain the module of the call, as `code.namespace`. The default is `false`. The module is
    /// often equal to the target.
    #[must_use]
    pub fn with_module(mut self, module: bool) -> Self {
        self.module = module;
        self
    }

    /// Installs this logger and its maximum level in the program. Returns a guard for `main`: the logger
    /// itself is never dropped, so the guard closes the log.
    ///
    /// A guard that is dropped before the first record does nothing.
    ///
    /// # Errors
    /// Returns an error if the program already has a logger.
    ///
    /// ```
    /// use fusewire::bridge::log::Logger;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let guard = Logger::new(Log::options(directory.path()).open()?).init()?;
    /// log::warn!(attempt = 3; "payment retried");
    /// assert_eq!(guard.appender().stats().entries, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn init(self) -> Result<Guard<A>, SetLoggerError>
    where
        A: Clone + Send + Sync + 'static,
    {
        let max_level = self.max_level;
        let guard = (self.log.clone(), self.used.clone());
        ::log::set_boxed_logger(Box::new(self))?;
        ::log::set_max_level(max_level);
        Ok(Guard::of_bridge(guard.0, guard.1.0))
    }

    #[inline]
    fn write(&self, entry: &mut EntryWriter<'_>, record: &Record<'_>) {
        entry.set_severity(severity(record.level()));
        entry.set_target(record.target());
        entry.set_body_fmt(*record.args());
        if self.thread_names {
            thread_name::write(entry);
        }
        if self.file
            && let Some(file) = record.file()
        {
            entry.attr("code.file.path", file);
        }
        if self.line_number
            && let Some(line) = record.line()
        {
            entry.attr("code.line.number", &line);
        }
        if self.module
            && let Some(module) = record.module_path()
        {
            entry.attr("code.namespace", module);
        }
        let ids = kv::write(entry, record.key_values());
        Context::write_current(entry);
        ids.write(entry);
    }
}

/// Returns the OpenTelemetry severity of a level.
fn severity(level: Level) -> Severity {
    match level {
        Level::Trace => Severity::TRACE,
        Level::Debug => Severity::DEBUG,
        Level::Info => Severity::INFO,
        Level::Warn => Severity::WARN,
        Level::Error => Severity::ERROR,
    }
}

impl<A: Appender + Send + Sync> ::log::Log for Logger<A> {
    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.max_level
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.used.note();
            self.log.append(|entry| self.write(entry, record));
        }
    }

    /// Waits up to 1 s until all entries are on disk. The log itself buffers nothing: an entry survives the
    /// process when its append returns.
    fn flush(&self) {
        // The trait has no error to return. The log counts errors of the disk.
        let _ = self.log.flush(Durability::Disk, FLUSH_TIMEOUT);
    }
}
