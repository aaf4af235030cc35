//! The workers of a log never receive a signal of the process. Therefore `sigwait` and `signalfd` work, whether the
//! program blocks the signal before or after it opens the log.
#![cfg(target_os = "linux")]

use std::fs;

use fusewire::log::Log;

/// Returns the mask of blocked signals of each thread whose name begins with `name`.
fn blocked(name: &str) -> Vec<u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let of_name =
        tasks.filter(|task| fs::read_to_string(task.join("comm")).unwrap_or_default().starts_with(name));
    of_name
        .map(|task| {
            let status = fs::read_to_string(task.join("status")).unwrap();
            let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
            u64::from_str_radix(mask.trim(), 16).unwrap()
        })
        .collect()
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

#[test]
fn but_those_that_a_thread_causes_itself() {
    let before = fs::read_to_string("/proc/thread-self/status").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    // Each worker sets its name itself. The flush shows that both workers run.
    assert!(log.append(|entry| entry.set_body("running")).is_written());
    log.flush(fusewire::log::Durability::Disk, std::time::Duration::from_secs(60)).unwrap();
    let workers = blocked("fusewire-");
    assert_eq!(workers.len(), 2);
    for mask in workers {
        for signal in [
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGALRM,
            libc::SIGCHLD,
            libc::SIGPIPE,
            libc::SIGPROF,
            libc::SIGRTMIN(),
            libc::SIGRTMAX(),
        ] {
            assert_ne!(mask & bit(signal), 0, "signal {signal} is not blocked");
        }
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP]
        {
            assert_eq!(mask & bit(signal), 0, "signal {signal} is blocked");
        }
    }
    // The thread that opened the log has the same signal mask as before.
    let of = |status: &str| status.lines().find(|line| line.starts_with("SigBlk:")).map(str::to_owned);
    assert_eq!(of(&fs::read_to_string("/proc/thread-self/status").unwrap()), of(&before));
}
