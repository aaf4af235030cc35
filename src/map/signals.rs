//! The signal mask of the threads of a log. The threads of the program handle signals; the threads of a log do not.

use std::mem::MaybeUninit;

/// A guard that blocks signals in the current thread until it is dropped. A thread that is started in this time
/// inherits the mask and keeps it.
///
/// The guard does not block the signals that an instruction of the thread itself causes. If such a signal were
/// blocked, the kernel would end the process without a call of the program's handler.
pub(crate) struct SignalsBlocked {
    /// The signal mask before the guard was created.
    before: libc::sigset_t,
}

/// The signals that an instruction of a thread causes.
const CAUSED: [libc::c_int; 7] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

impl SignalsBlocked {
    /// Blocks the signals. Returns `None` if the system call fails.
    pub(crate) fn new() -> Option<Self> {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: `sigfillset` initialises its set and `sigdelset` changes an initialised set. `pthread_sigmask`
        // reads the first set and initialises the second. Both sets are local variables of this function.
        unsafe {
            if libc::sigfillset(all.as_mut_ptr()) != 0 {
                return None;
            }
            for signal in CAUSED {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            let blocked = libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            (blocked == 0).then(|| Self { before: before.assume_init() })
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: `pthread_sigmask` has initialised the set, and a null pointer is permitted for the old mask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
