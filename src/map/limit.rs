//! Resource limits of the process.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Resource = libc::c_int;

/// Returns the maximum size of a file that the process may write, in bytes (`RLIMIT_FSIZE`). Returns `None` if there
/// is no limit or if the limit is unknown, for example under a system call filter.
pub(crate) fn file_size() -> Option<u64> {
    limit(libc::RLIMIT_FSIZE)
}

/// Returns the maximum size of the address space of the process, in bytes (`RLIMIT_AS`). Returns `None` if there is
/// no limit or if the limit is unknown.
pub(crate) fn address_space() -> Option<u64> {
    limit(libc::RLIMIT_AS)
}

fn limit(resource: Resource) -> Option<u64> {
    let mut limits = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the structure is writable and outlives the call, which changes no other memory.
    let failed = unsafe { libc::getrlimit(resource, &raw mut limits) } != 0;
    (!failed && limits.rlim_cur != libc::RLIM_INFINITY).then_some(limits.rlim_cur)
}
