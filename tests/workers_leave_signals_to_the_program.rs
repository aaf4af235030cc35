//! H4: a signal is taken by a thread of the program and never by one of the log's, so that `sigwait` and `signalfd` work
//! whether the log was opened before the signal was blocked or after.
#![cfg(target_os = "linux")]

use std::fs;

use fusewire::log::Log;

/// Of each thread whose name begins with `name`: the signals that it blocks, as bits.
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
    // Their names are set by themselves; an entry that is on disk shows that both run.
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
    // The thread that opened it blocks what it blocked before.
    let of = |status: &str| status.lines().find(|line| line.starts_with("SigBlk:")).map(str::to_owned);
    assert_eq!(of(&fs::read_to_string("/proc/thread-self/status").unwrap()), of(&before));
}
