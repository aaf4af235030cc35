//! What several promises need to be tested.
#![allow(dead_code)]

pub mod segments;
