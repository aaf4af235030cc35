//! JSON text: validation, a cursor over valid text, and numbers.

#![cfg_attr(not(all(feature = "json", feature = "serde")), allow(dead_code))]

pub(crate) mod cursor;
pub(crate) mod number;
pub(crate) mod validate;
