//! The statistics of the global allocator.

#[cfg(feature = "jemalloc")]
mod jemalloc;
#[cfg(feature = "mimalloc")]
mod mimalloc;

/// The statistics of an allocator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocatorStats {
    /// The number of bytes that are allocated and not freed, if the allocator counts them.
    pub allocated: Option<u64>,
    /// The number of bytes that the allocator holds from the system, if it counts them.
    pub resident: Option<u64>,
}

/// A source of statistics.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) read: Box<dyn FnMut() -> AllocatorStats + Send>,
}

const CALLBACK: &str = "callback";
const NAMES: [&str; 3] = [CALLBACK, "jemalloc", "mimalloc"];

/// Returns the allocator name in a sample as a static string.
pub(super) fn known(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

impl Source {
    /// Creates a source from a function of the program.
    pub(super) fn callback(read: impl FnMut() -> AllocatorStats + Send + 'static) -> Self {
        Self { name: CALLBACK, read: Box::new(read) }
    }

    /// Returns the source of the enabled feature. If both features are enabled, jemalloc has priority.
    pub(super) fn of_features() -> Option<Self> {
        #[cfg(feature = "jemalloc")]
        if let Some(source) = jemalloc::source() {
            return Some(source);
        }
        #[cfg(feature = "mimalloc")]
        return Some(mimalloc::source());
        #[cfg(not(feature = "mimalloc"))]
        None
    }
}
