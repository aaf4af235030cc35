//! `fusewire tail -f` prints each entry once and in order, across rotations and from processes that start later.
//! The command reports segments that were deleted before it read them. Ctrl-C ends the command.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use common::{TempDir, append, command, segments, signal, small_log};
use fusewire::log::Log;

/// A running `tail -f` and the lines that it has printed.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn new(directory: &Path, last: u32) -> Self {
        let mut child = command([
            "tail".as_ref(),
            "-f".as_ref(),
            "-n".as_ref(),
            last.to_string().as_ref(),
            directory.as_os_str(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Returns the last word of the next line that is an entry. The timeout is much longer than the longest delay.
    fn next(&self) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(120)).expect("a line");
            if !line.starts_with("!! LOST") {
                return line.rsplit(' ').next().unwrap().to_owned();
            }
        }
    }

    /// Interrupts the command. Returns its exit code and its standard error.
    fn interrupt(mut self) -> (Option<i32>, String) {
        signal(&self.child, "INT");
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code();
        let more: Vec<_> = self.lines.iter().filter(|line| !line.starts_with("!! LOST")).collect();
        assert_eq!(more, [""; 0], "nothing after what was expected");
        (code, stderr)
    }
}

#[test]
fn each_entry_once_and_in_order_over_segments_and_processes_that_come() {
    let directory = TempDir::new().unwrap();
    let shop = small_log(directory.path(), "shop").open().unwrap();
    append(&shop, "shop-before", 0);
    let follower = Follower::new(directory.path(), 1);
    assert_eq!(follower.next(), "shop-before");

    // Another process starts, and both processes write many segments.
    let billing = small_log(directory.path(), "billing").open().unwrap();
    thread::scope(|scope| {
        for (log, name) in [(&shop, "shop"), (&billing, "billing")] {
            scope.spawn(move || {
                for n in 0..1_000 {
                    append(log, &format!("{name}-{n}"), 0);
                }
            });
        }
    });
    assert!(segments(directory.path()).len() > 10);
    let mut shown = [Vec::new(), Vec::new()];
    for _ in 0..2_000 {
        let line = follower.next();
        let (name, n) = line.split_once('-').unwrap();
        shown[usize::from(name == "billing")].push(n.parse::<u32>().unwrap());
    }
    for shown in shown {
        assert_eq!(shown, (0..1_000).collect::<Vec<_>>());
    }

    // One process ends and another one starts, like a service that restarts.
    drop(shop);
    let again = small_log(directory.path(), "shop").open().unwrap();
    append(&again, "shop-again", 0);
    assert_eq!(follower.next(), "shop-again");
    append(&billing, "billing-last", 0);
    assert_eq!(follower.next(), "billing-last");
    assert_eq!(follower.interrupt(), (Some(0), String::new()));
}

/// Appends until the log has space. The log can delete the oldest segments only after it has sealed them.
fn insist(log: &Log, body: &str) {
    while !log.append(|entry| entry.set_body(body)).is_written() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_was_deleted_before_it_could_be_read_is_told_and_the_exit_code_says_so() {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").max_total_bytes(64 << 10).open().unwrap();
    append(&log, "first", 0);
    let follower = Follower::new(directory.path(), 1);
    assert_eq!(follower.next(), "first");
    // While the command is stopped, the log writes much more than it may keep.
    signal(&follower.child, "STOP");
    for n in 0..5_000 {
        insist(&log, &format!("n-{n}"));
    }
    signal(&follower.child, "CONT");
    insist(&log, "last");
    let mut shown = 0;
    let mut before = None;
    loop {
        let line = follower.next();
        let Some(n) = line.strip_prefix("n-") else {
            assert_eq!(line, "last");
            break;
        };
        let n = Some(n.parse::<u32>().unwrap());
        assert!(n > before, "{n:?} after {before:?}");
        before = n;
        shown += 1;
    }
    assert!(shown < 5_000);
    assert_eq!(before, Some(4_999));
    let (code, stderr) = follower.interrupt();
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("missed") && stderr.contains("deleted before they were read"), "{stderr}");
}

#[test]
fn a_directory_that_is_still_empty_is_waited_for() {
    let directory = TempDir::new().unwrap();
    let follower = Follower::new(directory.path(), 10);
    let log = small_log(directory.path(), "shop").open().unwrap();
    append(&log, "hello", 0);
    assert_eq!(follower.next(), "hello");
    assert_eq!(follower.interrupt(), (Some(0), String::new()));
}

#[test]
fn ctrl_c_is_its_end_also_where_entries_come_without_one() {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").segment_size(1 << 20).open().unwrap();
    append(&log, "first", 0);
    let mut follower = Follower::new(directory.path(), 1);
    assert_eq!(follower.next(), "first");
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // The number of entries is bounded, in case the test fails.
            for _ in 0..1_000_000 {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                append(&log, "more", 0);
            }
        });
        assert_eq!(follower.next(), "more");
        signal(&follower.child, "INT");
        // The test reads all output until the command ends.
        assert!(follower.lines.iter().all(|line| line.ends_with(" more")));
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(follower.child.wait().unwrap().code(), Some(0));
}
