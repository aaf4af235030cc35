//! The mapping layer: memory that Rust's references alone cannot vouch for, behind safe types. The only `unsafe` of
//! the crate is here; each block cites the invariant it rests on.

#![allow(unsafe_code)]

pub(crate) mod buffer;
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
pub(crate) mod scratch;
#[cfg(unix)]
pub(crate) mod shared;
#[cfg(all(unix, not(loom)))]
pub(crate) mod sigbus;
#[cfg(unix)]
pub(crate) mod signals;
