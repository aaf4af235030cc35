//! The mapping layer: memory that Rust's references alone cannot vouch for, behind safe types. The only `unsafe` of
//! the crate is here; each block cites the invariant it rests on.

#![allow(unsafe_code)]

pub(crate) mod buffer;
pub(crate) mod file;
