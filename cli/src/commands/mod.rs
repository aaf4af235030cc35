//! One file for each command.

pub(crate) mod cat;
mod count;
pub(crate) mod demo;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod ls;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod tail;
pub(crate) mod verify;
