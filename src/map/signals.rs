//! Signals are for the threads of the program, and not for those of the log.

use std::mem::MaybeUninit;

/// Signals are blocked in this thread as long as this lives. A thread that is started meanwhile has them blocked for ever.
///
/// Signals that an instruction of the thread itself causes are not among them: blocked, they would end the process without a
/// handler of the program's.
pub(crate) struct SignalsBlocked {
    /// What was blocked before.
    before: libc::sigset_t,
}

/// Signals that a thread causes by what it does.
const CAUSED: [libc::c_int; 7] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

impl SignalsBlocked {
    /// Blocks them; `None` if the system refuses.
    pub(crate) fn new() -> Option<Self> {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: `sigfillset` initialises the set that it is given, `sigdelset` changes an initialised one, and
        // `pthread_sigmask` reads the one and initialises the other; both are this function's own.
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
        // SAFETY: a set that `pthread_sigmask` has initialised; nothing is asked back.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
