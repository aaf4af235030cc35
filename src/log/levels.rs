//! The severities that are logged, by target. The program can change them at run time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::severity::Severity;

use super::inside::Own;

/// The minimum severity that is logged, by target. A change takes effect immediately in all threads.
///
/// A name applies to the target with this name and to all targets that begin with the name and `::`. The level of
/// `shop` also applies to `shop::db`. If several names apply, the level of the longest name is used.
///
/// ```
/// use fusewire::log::Log;
/// use fusewire::{Severity, event};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.levels().set_default(Severity::INFO);
/// log.levels().set("shop::db", Severity::DEBUG);
///
/// assert!(event!(log, Severity::DEBUG, target: "shop::web", "request").is_none());
/// assert!(event!(log, Severity::DEBUG, target: "shop::db::pool", "connection").is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Levels {
    /// A number that is unique to this state of these levels. A call site compares it to check whether its cached
    /// level is current.
    generation: AtomicU64,
    table: ArcSwap<Table>,
}

#[derive(Clone)]
struct Table {
    least: Severity,
    /// The targets with a level, longest name first.
    targets: Vec<(Box<str>, Severity)>,
}

/// The next generation. 0 is not a generation.
static GENERATIONS: AtomicU64 = AtomicU64::new(1);

impl Levels {
    /// Creates levels with which every entry is logged.
    pub(super) fn new() -> Self {
        let table = Table { least: Severity::UNSPECIFIED, targets: Vec::new() };
        Self { generation: AtomicU64::new(next()), table: ArcSwap::from_pointee(table) }
    }

    /// Sets the minimum severity of all targets without a level.
    pub fn set_default(&self, least: Severity) {
        self.change(|table| table.least = least);
    }

    /// Sets the minimum severity of `target`.
    pub fn set(&self, target: &str, least: Severity) {
        self.change(|table| {
            table.targets.retain(|(name, _)| **name != *target);
            table.targets.push((target.into(), least));
            table.targets.sort_by_key(|(name, _)| core::cmp::Reverse(name.len()));
        });
    }

    /// Removes the level of `target`. After that, the level of a shorter name that matches `target`, or the default
    /// level, applies again.
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.levels().set("shop", Severity::WARN);
    /// log.levels().set("shop::db", Severity::DEBUG);
    /// log.levels().clear("shop::db");
    /// assert_eq!(log.levels().least("shop::db"), Severity::WARN);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn clear(&self, target: &str) {
        self.change(|table| table.targets.retain(|(name, _)| **name != *target));
    }

    fn change(&self, change: impl Fn(&mut Table)) {
        self.table.rcu(|table| {
            let mut table = Table::clone(table);
            change(&mut table);
            Arc::new(table)
        });
        // The generation is stored after the table, so that a thread that loads the new generation also loads the new
        // table.
        self.generation.store(next(), Ordering::Release);
    }

    /// Returns the minimum severity that is logged for `target`.
    #[must_use]
    pub fn least(&self, target: &str) -> Severity {
        let table = self.table.load();
        let is_meant = |name: &str| {
            target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        table.targets.iter().find(|(name, _)| is_meant(name)).map_or(table.least, |(_, least)| *least)
    }

    /// Returns whether an entry of `severity` is logged at `site`. The site caches the level until a level changes.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn __enable(&self, site: &Site, severity: Severity) -> bool {
        let generation = self.generation.load(Ordering::Acquire);
        let remembered = site.remembered.load(Ordering::Relaxed);
        let [least, ..] = remembered.to_le_bytes();
        let least = if remembered >> 8 == generation { least } else { self.ask(site, generation) };
        severity.number() >= least
    }

    #[cold]
    fn ask(&self, site: &Site, generation: u64) -> u8 {
        // A lookup may allocate, and an allocator that logs may call this function again. The append then refuses and
        // counts the entry.
        let Some(_own) = Own::enter() else { return 0 };
        // The generation was loaded before the table. If the table changes in between, the cached level belongs to an
        // old generation and is not used.
        let least = self.least(site.target).number();
        site.remembered.store(generation << 8 | u64::from(least), Ordering::Relaxed);
        least
    }
}

fn next() -> u64 {
    GENERATIONS.fetch_add(1, Ordering::Relaxed)
}

/// A place in a program that logs, with its cached level. [`event!`](crate::event) creates it.
pub struct Site {
    target: &'static str,
    /// The generation of the levels (56 bits) and the minimum severity that this generation has for the site (8
    /// bits).
    remembered: AtomicU64,
}

impl Site {
    /// Creates a site that logs with the target `target`.
    #[must_use]
    pub const fn new(target: &'static str) -> Self {
        Self { target, remembered: AtomicU64::new(0) }
    }

    /// Returns a number that no other site has.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    pub fn __address(&'static self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Returns the target.
    #[must_use]
    pub const fn target(&self) -> &'static str {
        self.target
    }
}
