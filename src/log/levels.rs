//! Which severities are logged, by target: changed while the program runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::severity::Severity;

use super::inside::Own;

/// The least severity that is logged, by target. Changing one takes effect at once, in all threads.
///
/// A target is meant by its name and by the beginning of it up to a `::`: `shop` is also `shop::db`. The longest name that
/// is meant decides.
pub struct Levels {
    /// A number that no other state of any levels has: what a call site remembers is of this state, or of another.
    generation: AtomicU64,
    table: ArcSwap<Table>,
}

#[derive(Clone)]
struct Table {
    least: Severity,
    /// Longest first.
    targets: Vec<(Box<str>, Severity)>,
}

/// Generations of all levels there are. 0 is none.
static GENERATIONS: AtomicU64 = AtomicU64::new(1);

impl Levels {
    /// Everything is logged.
    pub(super) fn new() -> Self {
        let table = Table { least: Severity::UNSPECIFIED, targets: Vec::new() };
        Self { generation: AtomicU64::new(next()), table: ArcSwap::from_pointee(table) }
    }

    /// Logs what is at least as severe as `least`, but for targets that have a level of their own.
    pub fn set_default(&self, least: Severity) {
        self.change(|table| table.least = least);
    }

    /// Logs of `target` what is at least as severe as `least`.
    pub fn set(&self, target: &str, least: Severity) {
        self.change(|table| {
            table.targets.retain(|(name, _)| **name != *target);
            table.targets.push((target.into(), least));
            table.targets.sort_by_key(|(name, _)| core::cmp::Reverse(name.len()));
        });
    }

    /// Treats `target` as the default says, or a shorter name.
    pub fn clear(&self, target: &str) {
        self.change(|table| table.targets.retain(|(name, _)| **name != *target));
    }

    fn change(&self, change: impl Fn(&mut Table)) {
        self.table.rcu(|table| {
            let mut table = Table::clone(table);
            change(&mut table);
            Arc::new(table)
        });
        // After the table: who sees the number sees the table.
        self.generation.store(next(), Ordering::Release);
    }

    /// The least severity that is logged of `target`.
    #[must_use]
    pub fn least(&self, target: &str) -> Severity {
        let table = self.table.load();
        let is_meant = |name: &str| {
            target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        table.targets.iter().find(|(name, _)| is_meant(name)).map_or(table.least, |(_, least)| *least)
    }

    /// Whether an entry of `severity` is logged at `site`, which remembers the answer until something changes.
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
        // A lookup may allocate, and an allocator that logs may come here again: its entry is refused, and counted.
        let Some(_own) = Own::enter() else { return 0 };
        // The generation was loaded before: should the table change now, what is remembered is of no generation to come.
        let least = self.least(site.target).number();
        site.remembered.store(generation << 8 | u64::from(least), Ordering::Relaxed);
        least
    }
}

fn next() -> u64 {
    GENERATIONS.fetch_add(1, Ordering::Relaxed)
}

/// A place in a program that logs: what is known of it before it does. Made by [`event!`](crate::event).
pub struct Site {
    target: &'static str,
    /// The levels' generation (56 bits), and the least severity that is logged here in it.
    remembered: AtomicU64,
}

impl Site {
    /// A place that logs as `target`.
    #[must_use]
    pub const fn new(target: &'static str) -> Self {
        Self { target, remembered: AtomicU64::new(0) }
    }

    /// What logs.
    #[must_use]
    pub const fn target(&self) -> &'static str {
        self.target
    }
}
