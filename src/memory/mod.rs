//! A recorder that writes the memory usage of a process to its log. After an out-of-memory kill, the log
//! contains the last samples.
//!
//! ```
//! use std::time::Duration;
//! use fusewire::log::Log;
//! use fusewire::memory::MemoryRecorder;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-memory-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! // Records until it is dropped.
//! let memory = MemoryRecorder::options().interval(Duration::from_secs(10)).start(&log)?;
//! // For a health endpoint, at any time:
//! let json = memory.stats().to_json();
//! assert!(json.starts_with("{\"time_unix_nano\":"));
//! # drop((memory, log));
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A sample is an entry with the target [`TARGET`]. Its attributes have the names of OpenTelemetry
//! ([`MemStats`]). [`MemStats::from_entry`] and `fusewire postmortem` read samples.
//!
//! The recorder writes a sample at the start and at least one in each [`interval`](MemoryOptions::interval).
//! It writes more samples if the memory usage changes, and most of them near the limit. At rest, the recorder
//! measures the memory every 250 ms. Near the limit, the interval is shorter: at least 20 measurements take
//! place before the limit is reached. The measurements use at most 0.1 % of a core on average. The limit is
//! the nearest of three limits: that of the cgroup (version 2 or 1), that of the address space, and the
//! memory of the machine.
//!
//! The statistics of the allocator come from a function of the program ([`MemoryOptions::allocator`]), or
//! from the features `jemalloc` and `mimalloc`. These features are for programs that use one of these
//! allocators as their global allocator.

mod allocator;
mod cgroup;
mod figures;
mod file;
mod limit;
mod pace;
mod process;
mod recorder;
mod sampler;

pub use allocator::AllocatorStats;
pub use figures::{Headroom, MemStats, TARGET};
pub(crate) use limit::MemoryLimit;
pub use recorder::{MemoryOptions, MemoryRecorder};
