//! The mapping layer: memory whose safety references alone cannot guarantee, in safe types. Apart from generated code
//! and one call to mimalloc, the `unsafe` blocks of the crate are here. Each block cites its invariant.

#![allow(unsafe_code)]

pub(crate) mod buffer;
pub(crate) mod clock;
#[cfg(all(target_os = "linux", target_env = "gnu", not(loom)))]
pub(crate) mod exit;
pub(crate) mod file;
#[cfg(unix)]
pub(crate) mod fork;
#[cfg(unix)]
#[cfg_attr(loom, expect(dead_code, reason = "the log uses it"))]
pub(crate) mod limit;
#[cfg(unix)]
#[cfg_attr(loom, expect(dead_code, reason = "the log uses it"))]
pub(crate) mod lock;
#[cfg(unix)]
pub(crate) mod memory;
#[cfg(unix)]
pub(crate) mod pages;
#[cfg(unix)]
pub(crate) mod scratch;
#[cfg(unix)]
pub(crate) mod shared;
#[cfg(all(unix, not(loom)))]
pub(crate) mod sigbus;
#[cfg(unix)]
pub(crate) mod signals;
