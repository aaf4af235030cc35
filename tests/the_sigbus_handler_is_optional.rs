//! A log installs a handler for SIGBUS, unless `LogOptions::sigbus_handler(false)` leaves it out.
#![cfg(unix)]

use std::mem::MaybeUninit;
use std::ptr;

use fusewire::log::Log;

/// Returns the address of the handler for SIGBUS.
fn handler() -> libc::sighandler_t {
    let mut action = MaybeUninit::uninit();
    // SAFETY: the call changes no action, and initialises `action` if it succeeds.
    unsafe {
        assert_eq!(libc::sigaction(libc::SIGBUS, ptr::null(), action.as_mut_ptr()), 0);
        action.assume_init().sa_sigaction
    }
}

#[test]
fn a_log_without_it_leaves_the_handler_of_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let before = handler();
    let without = Log::options(directory.path()).sigbus_handler(false).open().unwrap();
    assert!(without.append(|entry| entry.set_body("without")).is_written());
    assert_eq!(handler(), before);
    let with = Log::options(directory.path()).open().unwrap();
    assert!(with.append(|entry| entry.set_body("with")).is_written());
    assert_ne!(handler(), before);
}
