//! Points in the path of an entry at which a test can stop the process or make the system fail. Not part of
//! the API.
//!
//! Only builds with debug assertions call the hook.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&'static str) -> bool> = OnceLock::new();

/// Sets the hook that every point calls. Only the first call has an effect. If the hook returns true at a
/// point that can fail (`line`, `make` or `sync`), that operation fails.
pub fn set(hook: fn(&'static str) -> bool) {
    let _ = HOOK.set(hook);
}

/// Calls the hook for `point`. Returns whether the operation must fail.
#[inline(always)]
pub(crate) fn hit(point: &'static str) -> bool {
    cfg!(debug_assertions) && HOOK.get().is_some_and(|hook| hook(point))
}
