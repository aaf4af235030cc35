//! What the allocator of the program says.

#[cfg(feature = "jemalloc")]
mod jemalloc;
#[cfg(feature = "mimalloc")]
mod mimalloc;

/// What an allocator says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocatorStats {
    /// Bytes that it has given out and not got back, where it counts them.
    pub allocated: Option<u64>,
    /// Bytes that it holds of the system's memory, where it counts them.
    pub resident: Option<u64>,
}

/// Where figures of the allocator come from.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) read: Box<dyn FnMut() -> AllocatorStats + Send>,
}

const CALLBACK: &str = "callback";
const NAMES: [&str; 3] = [CALLBACK, "jemalloc", "mimalloc"];

/// The name of an allocator that a sample names.
pub(super) fn known(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

impl Source {
    /// What the program gives.
    pub(super) fn callback(read: impl FnMut() -> AllocatorStats + Send + 'static) -> Self {
        Self { name: CALLBACK, read: Box::new(read) }
    }

    /// The allocator that a feature names; jemalloc where both are named.
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
