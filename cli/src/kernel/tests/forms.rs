//! The parser accepts the forms of all Linux versions.

use super::super::{Constraint, Invoker, Reaped, Stamp};
use super::{kill, read};

const KIB: u64 = 1024;

/// The messages of Linux 6.18 about a process in a cgroup of version 1, without most lines of the stack and of the
/// statistics.
pub(super) const LINUX_6_18: &str = "\
[47861.419533] oom_story invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[47861.419546] CPU: 0 UID: 0 PID: 10477 Comm: oom_story Not tainted 6.18.44 #1 PREEMPT(none)
[47861.419551] Call Trace:
[47861.419592]  <TASK>
[47861.419629]  out_of_memory+0x214/0x500
[47861.419636]  mem_cgroup_out_of_memory+0xc0/0x110
[47861.419693] RIP: 0033:0x7f66e4267b75
[47861.419715]  </TASK>
[47861.419716] memory: usage 98304kB, limit 98304kB, failcnt 0
[47861.419723] memory+swap: usage 98304kB, limit 98304kB, failcnt 0
[47861.419725] kmem: usage 604kB, limit 9007199254740988kB, failcnt 0
[47861.419727] Memory cgroup stats for /story-10475:
[47861.419749] cache 8192
[47861.419751] rss 100036608
[47861.419803] Tasks state (memory values in pages):
[47861.419805] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
[47861.419807] [  10477]     0 10477   116148    25327    24445      882         0   462848        0             0 oom_story
[47861.419812] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/story-10475,task_memcg=/story-10475,task=oom_story,pid=10477,uid=0
[47861.419838] Memory cgroup out of memory: Killed process 10477 (oom_story) total-vm:464592kB, anon-rss:97780kB, file-rss:3528kB, shmem-rss:0kB, UID:0 pgtables:452kB oom_score_adj:0
";

/// The additional message about a process that does not free its memory soon.
pub(super) const REAPED: &str = "[47861.420912] oom_reaper: reaped process 10477 (oom_story), now anon-rss:0kB, file-rss:0kB, shmem-rss:4kB\n";

#[test]
fn a_kill_in_a_cgroup_is_one_record_with_all_that_is_said() {
    let kill = kill(&format!("{LINUX_6_18}{REAPED}"));
    assert_eq!((kill.line, kill.pid, kill.task.as_str(), kill.uid), (1, 10_477, "oom_story", Some(0)));
    assert!(kill.confirmed && kill.with_group.is_none());
    assert_eq!(kill.time, Some(Stamp::SinceBoot(47_861_419_838_000)));
    assert_eq!(kill.since_boot, Some(47_861_419_838_000));
    assert_eq!(kill.constraint, Some(Constraint::Memcg));
    assert_eq!(kill.memcg.as_deref(), Some("/story-10475"));
    assert_eq!(kill.oom_memcg.as_deref(), Some("/story-10475"));
    let gfp_mask = "0xcc0(GFP_KERNEL)".to_owned();
    let invoker = Invoker {
        task: "oom_story".to_owned(),
        pid: Some(10_477),
        gfp_mask,
        order: Some(0),
        score_adj: Some(0),
    };
    assert_eq!(kill.invoked_by, Some(invoker));
    assert_eq!((kill.usage, kill.limit, kill.failcnt), (Some(98_304 * KIB), Some(98_304 * KIB), Some(0)));
    assert_eq!((kill.total_vm, kill.anon_rss), (Some(464_592 * KIB), Some(97_780 * KIB)));
    assert_eq!((kill.file_rss, kill.shmem_rss), (Some(3_528 * KIB), Some(0)));
    assert_eq!((kill.pgtables, kill.score, kill.score_adj), (Some(452 * KIB), None, Some(0)));
    assert_eq!(kill.rss(), Some(101_308 * KIB));
    assert_eq!(kill.reaped, Some(Reaped { anon_rss: 0, file_rss: 0, shmem_rss: Some(4 * KIB) }));
}

#[test]
fn a_kill_of_the_whole_machine_is_told_from_one_in_a_cgroup() {
    let kill = kill("\
[  514.682838] postgres invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=-900
[  514.682841] CPU: 3 PID: 811 Comm: postgres Not tainted 5.15.0-91-generic #101-Ubuntu
[  514.682990] Mem-Info:
[  514.683001] active_anon:120 inactive_anon:480233 isolated_anon:0
[  514.683871] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=user.slice,mems_allowed=0,global_oom,task_memcg=/user.slice/user-1000.slice/session-3.scope,task=python3,pid=2953,uid=1000
[  514.683902] Out of memory: Killed process 2953 (python3) total-vm:8142876kB, anon-rss:6719676kB, file-rss:4kB, shmem-rss:0kB, UID:1000 pgtables:13660kB oom_score_adj:500
");
    assert_eq!(kill.constraint, Some(Constraint::Machine));
    assert_eq!(kill.memcg.as_deref(), Some("/user.slice/user-1000.slice/session-3.scope"));
    assert_eq!((kill.oom_memcg, kill.limit), (None, None));
    let invoker = kill.invoked_by.unwrap();
    assert_eq!((invoker.task.as_str(), invoker.pid, invoker.score_adj), ("postgres", Some(811), Some(-900)));
    assert_eq!((kill.uid, kill.score_adj), (Some(1_000), Some(500)));
}

#[test]
fn the_old_form_has_a_score_and_a_limit_on_lines_of_their_own() {
    let kill = kill(
        "\
java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
java cpuset=/ mems_allowed=0
CPU: 1 PID: 9949 Comm: java Tainted: P           OE  ------------   3.10.0-327.13.1.el7.x86_64 #1
Task in /docker/8efb killed as a result of limit of /docker
memory: usage 65536kB, limit 65536kB, failcnt 1224
memory+swap: usage 65536kB, limit 9007199254740991kB, failcnt 0
kmem: usage 0kB, limit 9007199254740991kB, failcnt 0
Memory cgroup stats for /docker: cache:0KB rss:0KB rss_huge:0KB mapped_file:0KB swap:0KB
Memory cgroup stats for /docker/8efb: cache:164KB rss:65372KB rss_huge:0KB mapped_file:0KB swap:0KB
[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name
[ 9914]     0  9914  1123456    16000      64        0             0 java
Memory cgroup out of memory: Kill process 12345 (java) score 842 or sacrifice child
Killed process 12345 (java) total-vm:4493824kB, anon-rss:64000kB, file-rss:1372kB
",
    );
    assert_eq!((kill.pid, kill.score, &kill.instead_of), (12_345, Some(842), &None));
    assert_eq!(kill.constraint, Some(Constraint::Memcg));
    assert_eq!(kill.memcg.as_deref(), Some("/docker/8efb"));
    assert_eq!(kill.oom_memcg.as_deref(), Some("/docker"));
    assert_eq!((kill.usage, kill.limit, kill.failcnt), (Some(65_536 * KIB), Some(65_536 * KIB), Some(1_224)));
    assert_eq!((kill.shmem_rss, kill.pgtables, kill.uid, kill.time), (None, None, None, None));
    assert_eq!(kill.rss(), Some(65_372 * KIB));
    assert_eq!(kill.invoked_by.unwrap().pid, Some(9_949));
}

#[test]
fn a_child_that_is_killed_in_its_parents_place_is_the_one_that_died() {
    let kill = kill(
        "\
Memory cgroup out of memory: Kill process 24984 (server) score 968 or sacrifice child
Killed process 18177 (worker), UID 33, total-vm:70347780kB, anon-rss:45563572kB, file-rss:0kB, shmem-rss:0kB
",
    );
    assert_eq!((kill.pid, kill.task.as_str(), kill.uid), (18_177, "worker", Some(33)));
    assert_eq!((kill.instead_of, kill.score), (Some((24_984, "server".to_owned())), Some(968)));
}

#[test]
fn every_way_to_say_killed_is_known() {
    for (line, rss) in [
        ("Out of memory: Killed process 77 (x).", None),
        ("Out of Memory: Killed process 77 (x).", None),
        ("Out of memory: kill process 70 (x) score 9 or a child\nKilled process 77 (x)", None),
        ("Killed process 77 (x) vsz:9kB, anon-rss:2kB, file-rss:1kB", Some(3)),
        ("Killed process 77, UID 5, (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB", Some(3)),
        ("Killed process 77 (x), UID 5, total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB", Some(7)),
        ("Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB", Some(3)),
        ("Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB", Some(7)),
        (
            "Memory cgroup out of memory: Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB",
            Some(7),
        ),
        (
            "Out of memory (oom_kill_allocating_task): Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:5 pgtables:8kB oom_score_adj:-998",
            Some(7),
        ),
        (
            "Out of memory: Killed process 77 (x) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:5 pgtables:8kB oom_score_adj:0 later:1",
            Some(7),
        ),
    ] {
        let kill = kill(line);
        assert_eq!((kill.pid, kill.task.as_str()), (77, "x"), "{line}");
        assert_eq!(kill.rss(), rss.map(|rss: u64| rss * KIB), "{line}");
        assert_eq!(kill.uid, (line.contains("UID")).then_some(5), "{line}");
    }
}

#[test]
fn every_way_to_say_who_asked_is_known() {
    for (line, order, score_adj) in [
        ("x invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0", 0, None),
        (
            "x invoked oom-killer: gfp_mask=0x201da, order=2, oom_adj=-17, oom_score_adj=-1000",
            2,
            Some(-1_000),
        ),
        ("x invoked oom-killer: gfp_mask=0x24201ca, order=0, oom_score_adj=300", 0, Some(300)),
        (
            "x invoked oom-killer: gfp_mask=0x14280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), nodemask=(null), order=9, oom_score_adj=5",
            9,
            Some(5),
        ),
        ("x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0", -1, Some(0)),
    ] {
        let kill = kill(&format!("{line}\nOut of memory: Killed process 77 (y).\n"));
        let invoker = kill.invoked_by.unwrap();
        assert_eq!((invoker.order, invoker.score_adj), (Some(order), score_adj), "{line}");
    }
    for line in [
        "Pid: 8911, comm: x Not tainted 2.6.32-279.el6.i686 #1",
        "CPU: 2 PID: 8911 Comm: x Not tainted 3.14.18 #2",
        "CPU: 10 UID: 1000 PID: 8911 Comm: x Not tainted 6.17.3 #1 PREEMPT(full)",
    ] {
        let asked = "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0";
        let kill = kill(&format!("{asked}\n{line}\nOut of memory: Killed process 77 (y).\n"));
        assert_eq!(kill.invoked_by.unwrap().pid, Some(8_911), "{line}");
    }
}

#[test]
fn names_may_have_what_the_lines_are_made_of() {
    for name in ["", "a) b (c", "x),pid=1,uid=0", "Web Content", "(sd-pam)", "é", r"a\x0ab"] {
        let kill = kill(&format!("\
{name} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b,task_memcg=/a,b/c=d,task={name},pid=77,uid=5
Memory cgroup out of memory: Killed process 77 ({name}) total-vm:9kB, anon-rss:2kB, file-rss:1kB, shmem-rss:4kB, UID:5 pgtables:8kB oom_score_adj:0
oom_reaper: reaped process 77 ({name}), now anon-rss:0kB, file-rss:0kB, shmem-rss:4kB
"));
        assert_eq!((kill.task.as_str(), kill.pid, kill.uid), (name, 77, Some(5)));
        assert_eq!((kill.oom_memcg.as_deref(), kill.memcg.as_deref()), (Some("/a,b"), Some("/a,b/c=d")));
        assert_eq!(kill.invoked_by.unwrap().task, name);
        assert!(kill.reaped.is_some());
    }
}

#[test]
fn who_was_only_chosen_is_not_said_to_have_been_killed() {
    let cut = LINUX_6_18.split_inclusive('\n').filter(|line| line.contains("oom-kill:")).collect::<String>();
    let kill = kill(&cut);
    assert_eq!((kill.pid, kill.confirmed, kill.anon_rss), (10_477, false, None));
    let spared = "Memory cgroup out of memory: OOM victim 10477 (oom_story) is already exiting. Skip killing the task\n";
    assert!(read(&(cut + spared)).kills.is_empty());
    assert!(
        read("x invoked oom-killer: gfp_mask=0xd0, order=0\nOut of memory and no killable processes...\n")
            .kills
            .is_empty()
    );
}
