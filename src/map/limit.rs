//! Limits of the process.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Resource = libc::c_int;

/// Returns the most bytes that the process may write to a file (`RLIMIT_FSIZE`), or `None` if there is no limit, or none
/// is known, as under a system call filter.
pub(crate) fn file_size() -> Option<u64> {
    limit(libc::RLIMIT_FSIZE)
}

/// Returns the most bytes that the process may map (`RLIMIT_AS`), or `None` if there is no limit, or none is known.
pub(crate) fn address_space() -> Option<u64> {
    limit(libc::RLIMIT_AS)
}

fn limit(resource: Resource) -> Option<u64> {
    let mut limits = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the structure is writable, and outlives the call, which changes nothing else.
    let failed = unsafe { libc::getrlimit(resource, &raw mut limits) } != 0;
    (!failed && limits.rlim_cur != libc::RLIM_INFINITY).then_some(limits.rlim_cur)
}
