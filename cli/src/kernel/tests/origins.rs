//! The parser finds kernel messages and their times in all log formats.

use jiff::Zoned;

use super::super::Stamp;
use super::{kill, read};

const MESSAGE: &str = "Memory cgroup out of memory: Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:5 pgtables:8kB oom_score_adj:0";

/// The time 2024-02-20T18:15:36.5Z, in nanoseconds since the Unix epoch.
const NANOS: u64 = 1_708_452_936_500_000_000;
const UPTIME: u64 = 12_345_678_901_000;

/// Returns the time of `stamp` as text, if `near` is a time close to it.
fn moment(stamp: Stamp, near: &str) -> Option<String> {
    let near: Zoned = near.parse().unwrap();
    let nanos = stamp.unix_nanos(&near, Some(1_700_000_000_000_000_000))?;
    Some(jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap().to_string())
}

#[test]
fn every_head_is_understood() {
    for (head, host, since_boot, time) in [
        // dmesg: default, raw, decoded, with the thread, with the time since the previous line, without times.
        ("[12345.678901] ", None, true, "2023-11-15T01:39:05.678901Z"),
        ("<3>[12345.678901] ", None, true, "2023-11-15T01:39:05.678901Z"),
        ("kern  :err   : [12345.678901] ", None, true, "2023-11-15T01:39:05.678901Z"),
        ("[12345.678901][ T1234] ", None, true, "2023-11-15T01:39:05.678901Z"),
        ("[12345.678901 <    0.000003>] ", None, true, "2023-11-15T01:39:05.678901Z"),
        ("\x1b[32m[12345.678901] \x1b[0m\x1b[31m", None, true, "2023-11-15T01:39:05.678901Z"),
        ("", None, false, ""),
        ("<3>", None, false, ""),
        ("[Tue Feb 20 19:15:36 2024] ", None, false, "2024-02-20T18:15:36Z"),
        ("kern  :err   : [Tue Feb  6 19:15:36 2024] ", None, false, "2024-02-06T18:15:36Z"),
        ("[Feb20 19:15] ", None, false, "2025-02-20T18:15:00Z"),
        ("2024-02-20T19:15:36,500000+01:00 ", None, false, "2024-02-20T18:15:36.5Z"),
        // /dev/kmsg.
        ("3,1234,12345678901,-;", None, true, "2023-11-15T01:39:05.678901Z"),
        ("3,1234,12345678901,-,caller=T77;", None, true, "2023-11-15T01:39:05.678901Z"),
        // Syslog: RFC 3164, 3339, 5424, BusyBox.
        ("Dec  8 19:15:36 web-1 kernel: ", Some("web-1"), false, "2024-12-08T18:15:36Z"),
        ("Jan 20 19:15:36 web-1 kernel: [12345.678901] ", Some("web-1"), true, "2025-01-20T18:15:36Z"),
        (
            "2024-02-20T19:15:36.500000+01:00 web-1 kernel: [12345.678901] ",
            Some("web-1"),
            true,
            "2024-02-20T18:15:36.5Z",
        ),
        ("2024-02-20T18:15:36Z web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36Z"),
        (
            "<3>1 2024-02-20T18:15:36.5Z web-1 kernel - - - [12345.678901] ",
            Some("web-1"),
            true,
            "2024-02-20T18:15:36.5Z",
        ),
        (
            "Feb 20 19:15:36 web-1 kern.err kernel: [12345.678901] ",
            Some("web-1"),
            true,
            "2025-02-20T18:15:36Z",
        ),
        ("kernel: ", None, false, ""),
        // journalctl -o short, short-precise, short-iso, short-iso-precise, short-full, short-unix, short-monotonic, short-delta.
        ("Feb 20 19:15:36.500000 web-1 kernel: ", Some("web-1"), false, "2025-02-20T18:15:36.5Z"),
        ("2024-02-20T19:15:36+0100 web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36Z"),
        ("2024-02-20T19:15:36.500000+0100 web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36.5Z"),
        ("Tue 2024-02-20 19:15:36 CET web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36Z"),
        ("Tue 2024-02-20 18:15:36 UTC web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36Z"),
        ("1708452936.500000 web-1 kernel: ", Some("web-1"), false, "2024-02-20T18:15:36.5Z"),
        ("[12345.678901] web-1 kernel: ", Some("web-1"), true, "2023-11-15T01:39:05.678901Z"),
        ("[12345.678901 <    0.000003 >] web-1 kernel: ", Some("web-1"), true, "2023-11-15T01:39:05.678901Z"),
    ] {
        let kills = read(&format!("{head}{MESSAGE}\r\n")).kills;
        let [kill] = &kills[..] else { panic!("{head}: {kills:?}") };
        assert_eq!((kill.pid, kill.host.as_deref()), (77, host), "{head}");
        assert_eq!(kill.since_boot, since_boot.then_some(UPTIME), "{head}");
        let time = (!time.is_empty()).then(|| time.to_owned());
        assert_eq!(
            kill.time.and_then(|time| moment(time, "2025-01-01T00:30:00[Europe/Berlin]")),
            time,
            "{head}"
        );
    }
}

#[test]
fn the_journal_says_what_the_kernel_said_and_nobody_else() {
    let entry = |transport: &str, message: &str| {
        format!(
            r#"{{"_TRANSPORT":"{transport}","SYSLOG_IDENTIFIER":"kernel","_HOSTNAME":"web-1","__REALTIME_TIMESTAMP":"1708452936500000","_SOURCE_MONOTONIC_TIMESTAMP":"12345678901","PRIORITY":"3","MESSAGE":{message}}}"#
        )
    };
    let text = format!("\"{MESSAGE}\"");
    let bytes = format!("{:?}", MESSAGE.as_bytes());
    for line in [entry("kernel", &text), format!("\x1e{}", entry("kernel", &bytes))] {
        let kill = kill(&line);
        assert_eq!((kill.time, kill.since_boot), (Some(Stamp::Unix(NANOS)), Some(UPTIME)));
        assert_eq!((kill.pid, kill.host.as_deref()), (77, Some("web-1")));
    }
    for line in [
        entry("stdout", &text),
        entry("syslog", &text),
        entry("kernel", "null"),
        entry("kernel", "[77, 300]"),
        entry("kernel", "{}"),
        entry("kernel", &text).replace('}', ""),
        format!("{{\"_TRANSPORT\":[\"kernel\"],\"MESSAGE\":{text}}}"),
    ] {
        assert!(read(&line).kills.is_empty(), "{line}");
    }
}

#[test]
fn a_year_that_is_not_said_is_the_one_near_by() {
    let kill = |day: &str| kill(&format!("{day} 23:59:59 web-1 kernel: {MESSAGE}\n")).time.unwrap();
    let new_year = "2025-01-01T00:30:00[UTC]";
    assert_eq!(moment(kill("Dec 31"), new_year).unwrap(), "2024-12-31T23:59:59Z");
    assert_eq!(moment(kill("Jan  1"), new_year).unwrap(), "2025-01-01T23:59:59Z");
    assert_eq!(moment(kill("Jan  1"), "2024-12-31T23:00:00[UTC]").unwrap(), "2025-01-01T23:59:59Z");
    assert_eq!(moment(kill("Feb 29"), new_year).unwrap(), "2024-02-29T23:59:59Z");
}

#[test]
fn a_time_since_the_boot_needs_to_know_when_that_was() {
    let stamp = kill(&format!("[12345.678901] {MESSAGE}\n")).time.unwrap();
    let near: Zoned = "2025-01-01T00:30:00[UTC]".parse().unwrap();
    assert_eq!(stamp.unix_nanos(&near, None), None);
    let boot = Some(1_700_000_000_000_000_000);
    assert_eq!(stamp.unix_nanos(&near, boot), Some(1_700_000_000_000_000_000 + UPTIME));
    assert_eq!(stamp.unix_nanos(&near, Some(u64::MAX)), None);
}

#[test]
fn a_minute_that_is_not_repeated_is_the_last_one() {
    let kill = kill(&format!("[Feb20 19:15] something\n[  +0.000003] {MESSAGE}\n"));
    let time = moment(kill.time.unwrap(), "2024-03-01T00:00:00[UTC]");
    assert_eq!(time.unwrap(), "2024-02-20T19:15:00Z");
}
