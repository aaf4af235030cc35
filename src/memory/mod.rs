//! The memory recorder: what a process took, in its own log, so that it is known after the kill (D1).
//!
//! ```
//! use std::time::Duration;
//! use fusewire::log::Log;
//! use fusewire::memory::MemoryRecorder;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-memory-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! // From here on, until it is dropped.
//! let memory = MemoryRecorder::options().interval(Duration::from_secs(10)).start(&log)?;
//! // For a health endpoint, at any time:
//! println!("{}", memory.stats().to_json());
//! # drop((memory, log));
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A sample is an entry of the target [`TARGET`], with figures that are called as OpenTelemetry calls them ([`MemStats`]); what
//! reads it back is [`MemStats::from_entry`], and `fusewire postmortem`. There is one at the start and one in each
//! [`interval`](MemoryOptions::interval) at least, more as memory changes, and the more the nearer the limit is: memory is looked
//! at every quarter of a second at rest, and twenty times more before it would be reached. Looking never takes more than a
//! thousandth of a core. The limit is that of the cgroup, of version 2 or 1, or of the address space, or what the machine has.
//!
//! What the allocator says comes from a function that the program gives ([`MemoryOptions::allocator`]), or from the features
//! `jemalloc` and `mimalloc`, for programs that have set one as their global allocator.

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
