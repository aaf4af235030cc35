//! The commands, one module for each.

pub(crate) mod cat;
pub(crate) mod check;
mod count;
pub(crate) mod demo;
pub(crate) mod fields;
pub(crate) mod histogram;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod ls;
pub(crate) mod manual;
pub(crate) mod metrics;
pub(crate) mod postmortem;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod slo;
pub(crate) mod stats;
mod stream;
pub(crate) mod tail;
pub(crate) mod trace;
pub(crate) mod verify;
