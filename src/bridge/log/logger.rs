//! The logger.

use std::time::Duration;

use ::log::{Level, LevelFilter, Metadata, Record, SetLoggerError};

use crate::bridge::used::Used;
use crate::context::Context;
use crate::encode::EntryWriter;
use crate::log::{Appender, Durability, Guard, Log};
use crate::severity::Severity;
use crate::thread_name;

use super::kv;

/// Logs records of the crate `log`, into a [`Log`] or through whatever else appends. See the [module](super).
pub struct Logger<A = Log> {
    log: A,
    used: Used,
    max_level: LevelFilter,
    thread_names: bool,
    file: bool,
    line_number: bool,
    module: bool,
}

/// How long [`log::Log::flush`] waits for the disk.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

impl<A: Appender> Logger<A> {
    /// A logger over `log`: of all levels, with the name of the thread, and neither file nor line.
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

    /// The most verbose level that is logged.
    #[must_use]
    pub fn with_max_level(mut self, max_level: LevelFilter) -> Self {
        self.max_level = max_level;
        self
    }

    /// Whether the name of the thread is logged; it is, if not told.
    #[must_use]
    pub fn with_thread_names(mut self, thread_names: bool) -> Self {
        self.thread_names = thread_names;
        self
    }

    /// Whether the file of the call is logged, as `code.file.path`; it is not, if not told.
    #[must_use]
    pub fn with_file(mut self, file: bool) -> Self {
        self.file = file;
        self
    }

    /// Whether the line of the call is logged, as `code.line.number`; it is not, if not told.
    #[must_use]
    pub fn with_line_number(mut self, line_number: bool) -> Self {
        self.line_number = line_number;
        self
    }

    /// Whether the module of the call is logged, as `code.namespace`; it is not, if not told. It often is the target.
    #[must_use]
    pub fn with_module(mut self, module: bool) -> Self {
        self.module = module;
        self
    }

    /// Makes this the logger of the program, and its level the level of the program. Returns a guard for `main` to hold: the
    /// logger itself is never dropped, and the guard closes the log.
    ///
    /// A guard that is dropped before the first record does nothing.
    ///
    /// # Errors
    /// If the program has a logger.
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

/// OpenTelemetry's number of a level.
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

    /// Waits, for a second at most, until the disk has what was logged: what `log` promises of a flush is no more than the
    /// log does anyway.
    fn flush(&self) {
        // There is nobody to tell; the log counts it where the disk fails.
        let _ = self.log.flush(Durability::Disk, FLUSH_TIMEOUT);
    }
}
