//! A function that the C library calls when the program exits.

use std::mem::MaybeUninit;

use libc::{c_int, c_void};

/// A function that is called with the exit status and the argument of its registration.
type AtExit = extern "C" fn(c_int, *mut c_void);

unsafe extern "C" {
    fn on_exit(run: AtExit, argument: *mut c_void) -> c_int;
}

/// Makes the C library call `run` with the exit status when the program returns from `main` or calls `exit`. A signal,
/// `abort` and `_exit` do not call it.
///
/// Does nothing if this code is in a library that is loaded at run time. Such a library can be unloaded before the
/// exit, and the C library would call an address that is no longer valid.
pub(crate) fn at_exit(run: AtExit) {
    if is_in_program(run) {
        // SAFETY: the code of the program is never unloaded, so `run` stays valid. It does not use its argument.
        unsafe { on_exit(run, std::ptr::null_mut()) };
    }
}

/// Returns whether `run` is in the program itself and not in a shared library.
fn is_in_program(run: AtExit) -> bool {
    // SAFETY: `getauxval` has no preconditions.
    let headers = unsafe { libc::getauxval(libc::AT_PHDR) } as *const c_void;
    let base = base_of(run as *const c_void);
    base.is_some() && base == base_of(headers)
}

/// Returns the address at which the object that contains `address` is loaded.
fn base_of(address: *const c_void) -> Option<*mut c_void> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `dladdr` does not access the address. It fills `found`, which is valid if it is zero: its fields are
    // pointers.
    unsafe { (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init().dli_fbase) }
}
