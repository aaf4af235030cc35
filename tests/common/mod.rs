//! Code that several tests share.
#![allow(dead_code, unreachable_pub)]

pub mod checksum;
pub mod counting;
pub mod frames;
pub mod like;
pub mod random;
pub mod segments;
pub mod streams;
pub mod variants;
