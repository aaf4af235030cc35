//! The lines of one kill become one record. The lines of two kills are never joined.

use std::fmt::Write;

use super::super::{Constraint, Records};
use super::forms::{LINUX_6_18, REAPED};
use super::{kill, read};

#[test]
fn lines_of_others_between_do_not_matter() {
    let mut log = String::new();
    for line in LINUX_6_18.lines() {
        writeln!(log, "[47861.400000] eth0: link becomes ready\n\n{line}\n[47861.5] CPU: 1 PID: 5 Comm: other Not tainted")
            .unwrap();
    }
    let (mut mixed, plain) = (kill(&log), kill(LINUX_6_18));
    assert_eq!(mixed.line, 3);
    mixed.line = 1;
    assert_eq!(mixed, plain);
}

#[test]
fn two_kills_in_a_row_are_two_records() {
    let second =
        LINUX_6_18.replace("10477", "10500").replace("[47861", "[47890").replace("98304kB", "65536kB");
    let kills = read(&format!("{LINUX_6_18}{second}")).kills;
    assert_eq!(kills.iter().map(|kill| kill.pid).collect::<Vec<_>>(), [10_477, 10_500]);
    assert_eq!(kills.iter().map(|kill| kill.limit.unwrap() / 1024).collect::<Vec<_>>(), [98_304, 65_536]);
    assert_eq!(kills[1].line, 1 + u64::try_from(LINUX_6_18.lines().count()).unwrap());
}

#[test]
fn what_the_reaper_says_late_goes_to_the_right_record() {
    let second = LINUX_6_18.replace("10477", "10500");
    let kills = read(&format!("{LINUX_6_18}{second}{REAPED}")).kills;
    assert!(kills[0].reaped.is_some() && kills[1].reaped.is_none());
}

#[test]
fn a_kill_whose_details_were_suppressed_takes_none_of_another() {
    let line = "Memory cgroup out of memory: Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB";
    let kills =
        read(&format!("{LINUX_6_18}[47862.1] {line}\n[47862.2] {}\n", line.replace("77", "78"))).kills;
    assert_eq!(kills.len(), 3);
    for kill in &kills[1..] {
        assert_eq!((kill.limit, &kill.invoked_by, &kill.memcg), (None, &None, &None));
        assert_eq!(kill.constraint, Some(Constraint::Memcg));
    }
    assert_eq!(kills[2].line, kills[1].line + 1);
}

#[test]
fn a_cgroup_that_dies_as_a_whole_is_one_record_a_process() {
    let kills = read(&format!("\
{LINUX_6_18}\
[47861.5] Tasks in /story-10475/pod are going to be killed due to memory.oom.group set
[47861.5] Memory cgroup out of memory: Killed process 10477 (oom_story) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:0 pgtables:8kB oom_score_adj:0
[47861.5] Memory cgroup out of memory: Killed process 10478 (helper) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:0 pgtables:8kB oom_score_adj:0
[47861.6] Out of memory: Killed process 10479 (stranger) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:0 pgtables:8kB oom_score_adj:0
"))
    .kills;
    let told = kills
        .iter()
        .map(|kill| (kill.pid, kill.with_group.is_some(), kill.limit.is_some()))
        .collect::<Vec<_>>();
    assert_eq!(told, [(10_477, false, true), (10_478, true, true), (10_479, false, false)]);
    assert_eq!(kills[1].oom_memcg.as_deref(), Some("/story-10475"));
    assert_eq!((kills[1].with_group.as_deref(), &kills[1].memcg), (Some("/story-10475/pod"), &None));
}

#[test]
fn what_was_begun_long_ago_or_before_a_reboot_is_not_gone_on_with() {
    let begun = "[  900.0] java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n";
    let killed = "Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB\n";
    assert!(kill(&format!("{begun}[  901.0] {killed}")).invoked_by.is_some());
    assert_eq!(kill(&format!("{begun}[ 9000.0] {killed}")).invoked_by, None);
    assert_eq!(kill(&format!("{begun}[   20.0] {killed}")).invoked_by, None);
    assert_eq!(kill(&format!("{begun}[  901.0] Linux version 6.1.0\n[  901.0] {killed}")).invoked_by, None);
}

#[test]
fn a_kill_of_another_kind_or_of_another_process_is_not_the_one_that_was_begun() {
    let (begun, killed) = LINUX_6_18.trim_end().rsplit_once('\n').unwrap();
    let kills = read(&format!("{begun}\n{}\n", killed.replace("10477", "10499"))).kills;
    let told = kills.iter().map(|kill| (kill.pid, kill.confirmed, kill.limit.is_some()));
    assert_eq!(told.collect::<Vec<_>>(), [(10_477, false, true), (10_499, true, false)]);
    let limit = "Task in /a/b killed as a result of limit of /a\n";
    let (memcg, machine) = ("Memory cgroup out of memory", "Out of memory");
    let killed = "Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB\n";
    assert!(kill(&format!("{limit}{memcg}: {killed}")).oom_memcg.is_some());
    assert_eq!(kill(&format!("{limit}{machine}: {killed}")).oom_memcg, None);
}

#[test]
fn hosts_in_one_log_are_told_apart() {
    let line = |host: &str, message: &str| format!("Nov 23 15:36:25 {host} kernel: {message}\n");
    let (mut log, mut kills) = (String::new(), String::new());
    for host in ["a", "b"] {
        log += &line(host, &format!("{host} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0"));
        kills += &line(host, "Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB");
    }
    let kills = read(&(log + &kills)).kills;
    let told = kills.iter().map(|kill| (kill.host.clone().unwrap(), kill.invoked_by.clone().unwrap().task));
    assert_eq!(told.collect::<Vec<_>>(), [("a".into(), "a".into()), ("b".into(), "b".into())]);
}

#[test]
fn memory_is_bounded_whatever_there_is() {
    let mut log = String::new();
    for pid in 1..=Records::MOST + 5 {
        writeln!(log, "Nov 23 15:36:25 host{pid} kernel: x invoked oom-killer: gfp_mask=0xd0, order=0")
            .unwrap();
        writeln!(log, "Out of memory: Killed process {pid} (x).").unwrap();
    }
    let records = read(&log);
    assert_eq!((records.kills.len(), records.left_out), (Records::MOST, 5));
    assert_eq!((records.kills[0].pid, records.lines), (6, 2 * u64::try_from(Records::MOST + 5).unwrap()));
}
