//! Places on the way of an entry at which a test may stop the process or make the system fail. Not part of the API.
//!
//! Only in builds with debug assertions; elsewhere nothing ever calls a hook.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&'static str) -> bool> = OnceLock::new();

/// Calls `hook` at each point from now on; the first hook stays. Where it returns true at a point that can fail
/// (`make`, `sync`), it does.
pub fn set(hook: fn(&'static str) -> bool) {
    let _ = HOOK.set(hook);
}

/// Where an append, or a segment, has come to `point`. Whether it shall fail there.
#[inline(always)]
pub(crate) fn hit(point: &'static str) -> bool {
    cfg!(debug_assertions) && HOOK.get().is_some_and(|hook| hook(point))
}
