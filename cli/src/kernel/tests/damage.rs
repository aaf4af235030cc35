//! Texts that resemble a kill, and damaged messages, do not result in a record.

use super::forms::LINUX_6_18;
use super::{kill, read};

const KILLED: &str = "Memory cgroup out of memory: Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:5 pgtables:8kB oom_score_adj:0";

#[test]
fn who_quotes_the_kernel_is_not_believed() {
    for head in [
        "Nov 23 15:36:25 web-1 app[12]: ",
        "Nov 23 15:36:25 web-1 ",
        "Nov 23 15:36:25 web-1 app[12]: kernel: ",
        "2024-02-20T19:15:36.5+01:00 web-1 app: ",
        "2024-02-20T19:15:36.5Z ",
        "2024-02-20 19:15:36 ",
        "<13>[12345.678901] ",
        "<13>1 2024-02-20T18:15:36.5Z web-1 kernel - - - ",
        "12,1234,12345678901,-;",
        "user  :warn  : [12345.678901] ",
        "time=\"2020-05-08T14:05:34\" level=info msg=\"",
        "[INFO] ",
        "grep: ",
        "> ",
        "web-1 kernel: ",
        "Nov 23 15:36:25 app[12]: kernel: ",
        "[12345.678901] app: kernel: ",
        "[12345.678901] app[12] web-1 kernel: ",
        "web-1 app kernel: ",
    ] {
        let records = read(&format!("{head}{KILLED}\n"));
        assert!(records.kills.is_empty(), "{head}: {records:?}");
    }
}

#[test]
fn a_line_that_was_cut_gives_nothing() {
    let least = KILLED.find(", shmem-rss").unwrap();
    // A line that ends after a number and its unit is a complete line of an older kernel.
    let whole = [", shmem-rss", ", UID", " pgtables", " oom_score"].map(|word| KILLED.find(word).unwrap());
    let whole = [whole.as_slice(), &whole.map(|at| at + 1), &[KILLED.len()]].concat();
    for end in (0..=KILLED.len()).filter(|end| !whole.contains(end)) {
        let kills = read(&KILLED[..end]).kills;
        assert!(kills.is_empty(), "{}: {kills:?}", &KILLED[..end]);
    }
    assert_eq!(kill(&KILLED[..least]).pid, 77);
}

#[test]
fn numbers_that_no_kernel_counts_to_give_nothing() {
    for (from, to) in [
        ("process 77", "process 0"),
        ("process 77", "process -77"),
        ("process 77", "process +77"),
        ("process 77", "process 4194305"),
        ("process 77", "process 99999999999999999999"),
        ("process 77", "process \u{0667}\u{0667}"),
        ("total-vm:9kB", "total-vm:18446744073709551615kB"),
        ("total-vm:9kB", "total-vm:99999999999999999999999kB"),
        ("total-vm:9kB", "total-vm:9MB"),
        ("total-vm:9kB", "total-vm:-9kB"),
        ("total-vm:9kB", "total-vm:kB"),
        ("UID:5", "UID:4294967296"),
        ("oom_score_adj:0", "oom_score_adj:1001"),
        ("oom_score_adj:0", "oom_score_adj:--1"),
        ("(x)", "(a name of more than fifteen)"),
        ("(x)", "x"),
        ("Killed process", "Process stopped"),
        (" (x) total-vm", " (x) was killed; total-vm"),
    ] {
        let line = KILLED.replace(from, to);
        assert_ne!(line, KILLED);
        assert!(read(&line).kills.is_empty(), "{line}");
    }
    let most = u64::MAX / 1024;
    let huge = KILLED.replace("anon-rss:2kB", &format!("anon-rss:{most}kB"));
    assert_eq!((kill(&huge).anon_rss, kill(&huge).rss()), (Some(most * 1024), None));
}

#[test]
fn details_that_are_broken_are_left_out_and_the_kill_stays() {
    for (from, to) in [
        ("memory: usage 98304kB", "memory: usage 98304"),
        ("memory: usage 98304kB", "memory: usage 99999999999999999999kB"),
        ("failcnt 0", "failcnt"),
    ] {
        let kill = kill(&LINUX_6_18.replace(from, to));
        assert_eq!((kill.usage, kill.limit, kill.pid), (None, None, 10_477), "{to}");
    }
    let endless = LINUX_6_18.replace("limit 98304kB", "limit 9007199254740988kB");
    assert_eq!((kill(&endless).usage, kill(&endless).limit), (Some(98_304 * 1024), None));
}

#[test]
fn any_bytes_are_read_and_none_is_kept() {
    let mut garbage = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        garbage.push(state.to_le_bytes()[3]);
    }
    let records = super::super::records(garbage.as_slice()).unwrap();
    assert!(records.kills.is_empty() && records.lines > 500);
    // One damaged byte at each position: at most two records, and no panic.
    for at in 0..LINUX_6_18.len() {
        for byte in [0, b'(', b',', b'9', 0xff] {
            let mut bytes = LINUX_6_18.as_bytes().to_vec();
            bytes[at] = byte;
            assert!(super::super::records(bytes.as_slice()).unwrap().kills.len() <= 2);
        }
    }
}

#[test]
fn a_line_without_end_takes_no_memory_and_hides_no_other() {
    let long = "x".repeat(1 << 20);
    let records = read(&format!("{long}\n{KILLED}\n{KILLED}{long}\n{}", KILLED.replace("77", "78")));
    assert_eq!((records.too_long, records.lines), (2, 4));
    assert_eq!(records.kills.iter().map(|kill| kill.pid).collect::<Vec<_>>(), [77, 78]);
}
