//! A post-mortem of a dead process contains the time of its death, its last entries, its most frequent call sites, and
//! its record in the log of the kernel.
#![cfg(target_os = "linux")]

mod common;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Run, TempDir, command, fusewire, fusewire_with_input, small_log, verdict};
use fusewire::encode::LogValue;
use fusewire::{Severity, event};
use serde_json::{Value, json};

/// Creates the log of a process that was killed while it appended from four threads. Returns the directory, the log and
/// the process id.
fn killed() -> (TempDir, PathBuf, u32) {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let pid = killed_in(&logs);
    (directory, logs, pid)
}

/// Kills a process that appends to `logs` from four threads. Returns its id.
fn killed_in(logs: &Path) -> u32 {
    let mut victim: Command = command(["demo".as_ref(), "--victim".as_ref(), logs.as_os_str()]);
    let mut victim = victim.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // The process prints its progress. The test waits for a part of this output.
    let mut progress = [0; 200];
    victim.stdout.as_mut().unwrap().read_exact(&mut progress).unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    victim.id()
}

fn postmortem(logs: &Path, more: &[&str]) -> Run {
    fusewire(["postmortem", logs.to_str().unwrap()].iter().chain(more))
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn the_last_words_of_each_thread_are_the_last_that_are_there() {
    let (_directory, logs, pid) = killed();
    let run = postmortem(&logs, &["--output", "json", "--entries", "2"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let report = report(&run);
    assert_eq!((&report["process"]["end"], &report["process"]["pid"]), (&json!("died"), &json!(pid)));
    assert_eq!(verdict(&report, "death")["found"], "found");
    assert!(!report["process"]["unsealed"].as_array().unwrap().is_empty());
    // `cat` returns the same entries.
    let all = fusewire(["cat", logs.to_str().unwrap(), "--output", "json"]);
    let all: Vec<Value> = all.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let threads = report["threads"].as_array().unwrap();
    assert_eq!(threads.len(), 4, "{threads:#?}");
    for thread in threads {
        let own = |entry: &&Value| entry["thread"] == thread["name"];
        let last: Vec<&Value> = all.iter().filter(own).collect();
        let shown = thread["entries"].as_array().unwrap();
        assert_eq!(shown.len(), 2);
        for (shown, last) in shown.iter().zip(&last[last.len() - 2..]) {
            assert_eq!(shown["message"], last["body"]);
            let attributes: Value = serde_json::from_str(shown["attributes"].as_str().unwrap()).unwrap();
            assert_eq!(attributes, last["attributes"]);
        }
    }
    assert_eq!(report["process"]["entries"], all.len());
    assert_eq!(report["sites"]["total"]["entries"], all.len());
    // The position of the last commit is the end of the data.
    let commit = &report["process"]["last_commit"];
    assert!(logs.join(commit["file"].as_str().unwrap()).exists() && commit["bytes"].as_u64().unwrap() > 0);
}

#[test]
fn the_record_of_a_kill_is_found_among_those_of_others() {
    let (_directory, logs, pid) = killed();
    let report_of = |kernel: String| {
        let run = fusewire_with_input(
            ["postmortem", logs.to_str().unwrap(), "--kern-log", "-", "--output", "json"],
            kernel.as_bytes(),
        );
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        report(&run)
    };
    let last = report(&postmortem(&logs, &["--output", "json"]))["process"]["last"].as_u64().unwrap();
    let kill = |seconds: i64, pid: u32| {
        let micros = (last as i64 + seconds * 1_000_000_000) / 1000;
        let message = format!(
            "Memory cgroup out of memory: Killed process {pid} (fusewire) total-vm:4096kB, anon-rss:2048kB, file-rss:1024kB, shmem-rss:0kB, UID:0 pgtables:52kB oom_score_adj:0"
        );
        json!({"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel", "__REALTIME_TIMESTAMP": micros.to_string(), "_SOURCE_REALTIME_TIMESTAMP": micros.to_string(), "MESSAGE": message}).to_string() + "\n"
    };
    let told = report_of(kill(-3_600, pid) + "garbage\n" + &kill(1, pid) + &kill(2, pid + 1));
    let kills = told["kernel"].as_array().unwrap();
    assert_eq!(kills.len(), 1, "the one an hour before is of another process: {kills:#?}");
    assert_eq!(
        (&kills[0]["matched_by"], &kills[0]["anon_rss"]),
        (&json!("process id and time"), &json!(2 << 20))
    );
    // The time in the journal has a resolution of 1 us.
    assert!(kills[0]["behind_last"].as_i64().unwrap().abs_diff(1_000_000_000) < 1_000);
    assert!(
        verdict(&told, "death")["text"]
            .as_str()
            .unwrap()
            .contains("the kernel's OOM killer killed the process")
    );
    // The id of a process in a container differs from its id in the kernel.
    let told = report_of(kill(1, pid + 7));
    assert_eq!(told["kernel"][0]["matched_by"], "time only (the process id differs, as in a container)");
    for nothing in [kill(90, pid + 7), kill(3_600, pid), "garbage\n".to_owned()] {
        let told = report_of(nothing);
        assert_eq!(told["kernel"], json!([]));
        assert!(verdict(&told, "death")["because"].as_str().unwrap().contains("no record of the process"));
    }
}

#[test]
#[ignore = "is started by another test"]
fn victim_that_leaves_its_log_open() {
    static LOG: std::sync::OnceLock<fusewire::log::Log> = std::sync::OnceLock::new();
    let Some(directory) = std::env::var_os("FUSEWIRE_VICTIM_DIRECTORY") else { return };
    let log = LOG.get_or_init(|| small_log(Path::new(&directory), "shop").open().unwrap());
    event!(log, Severity::INFO, target: "shop::cart", "the last line");
}

#[test]
#[cfg(target_env = "gnu")]
fn a_process_that_exited_with_an_open_log_has_stopped() {
    let directory = TempDir::new().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["victim_that_leaves_its_log_open", "--exact", "--ignored"]);
    let output = victim.env("FUSEWIRE_VICTIM_DIRECTORY", directory.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = report(&postmortem(directory.path(), &["--output", "json"]));
    assert_eq!(report["process"]["end"], "stopped");
    assert_eq!(verdict(&report, "death")["found"], "not_found");
}

#[test]
fn a_process_that_ended_by_itself_is_not_mourned() {
    struct Deep(u32);
    impl LogValue for Deep {
        fn log_value(&self, out: fusewire::encode::ValueWriter<'_, '_>) {
            if self.0 > 0 {
                out.map().entry("in", &Self(self.0 - 1));
            }
        }
    }
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    for n in 0..100_u32 {
        event!(log, Severity::INFO, target: "shop::cart", "cart of order {n}", items = n);
        if n % 10 == 0 {
            event!(log, Severity::ERROR, target: "shop::\u{1b}[2Jdeep", "deep \u{1b}]0;x\u{7}", value = Deep(40));
        }
    }
    drop(log);
    let report = report(&postmortem(directory.path(), &["--output", "json"]));
    assert_eq!(report["process"]["end"], "stopped");
    assert_eq!(verdict(&report, "death")["found"], "not_found");
    let sites = &report["sites"];
    assert_eq!(sites["by_entries"][0]["message"], "cart of order #");
    assert_eq!(sites["by_entries"][0]["entries"], 100);
    assert_eq!((&sites["by_trips"][0]["tripped"], &sites["by_trips"][0]["errors"]), (&json!(10), &json!(10)));
    assert_eq!(verdict(&report, "call-site-by-trips")["found"], "found");
    let levels: Vec<u64> = (0..7)
        .map(|level| {
            report["volume"]["intervals"]
                .as_array()
                .unwrap()
                .iter()
                .map(|interval| interval["entries"][level].as_u64().unwrap())
                .sum()
        })
        .collect();
    assert_eq!(levels, [0, 0, 0, 100, 0, 10, 0]);
    // The text from the log contains no control characters.
    let text = postmortem(directory.path(), &[]);
    assert!(
        text.stdout.contains("stopped: it closed its log") && !text.stdout.contains(['\u{1b}', '\u{7}']),
        "{}",
        text.stdout
    );

    let nobody = postmortem(directory.path(), &["--pid", "1"]);
    assert_eq!(nobody.code, 2);
    assert!(
        nobody.stderr.contains("expected a segment of process 1, found segments of process "),
        "{}",
        nobody.stderr
    );
}

#[test]
fn a_process_that_died_is_preferred_to_one_that_stopped_later() {
    let (_directory, logs, pid) = killed();
    let log = small_log(&logs, "shop").open().unwrap();
    event!(log, Severity::INFO, "started again");
    drop(log);
    let found = report(&postmortem(&logs, &["--output", "json"]));
    assert_eq!((&found["process"]["end"], &found["process"]["pid"]), (&json!("died"), &json!(pid)));
    let others = found["others"].as_array().unwrap();
    assert_eq!(others.len(), 1);
    assert_eq!(
        (&others[0]["end"], &others[0]["pid"]),
        (&json!("stopped"), &json!(std::process::id())),
        "the report lists the other candidate"
    );
    let text = postmortem(&logs, &[]).stdout;
    assert!(text.contains(": stopped, last entry "), "{text}");
}

#[test]
fn the_process_of_a_kill_record_is_preferred_to_one_that_died_later() {
    let (_directory, logs, first) = killed();
    let last = report(&postmortem(&logs, &["--output", "json"]))["process"]["last"].as_u64().unwrap();
    // A second process dies later for another reason.
    let later = killed_in(&logs);
    let micros = last / 1000 + 1;
    let message = format!(
        "Out of memory: Killed process {first} (fusewire) total-vm:4096kB, anon-rss:2048kB, file-rss:1024kB, shmem-rss:0kB, UID:0 pgtables:52kB oom_score_adj:0"
    );
    let record = json!({"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel", "__REALTIME_TIMESTAMP": micros.to_string(), "_SOURCE_REALTIME_TIMESTAMP": micros.to_string(), "MESSAGE": message});
    let run = fusewire_with_input(
        ["postmortem", logs.to_str().unwrap(), "--kern-log", "-", "--output", "json"],
        format!("{record}\n").as_bytes(),
    );
    assert_eq!(report(&run)["process"]["pid"], first);
    let without = report(&postmortem(&logs, &["--output", "json"]));
    assert_eq!(without["process"]["pid"], later, "without a record it is the one that logged last");
}

#[test]
fn a_log_that_filled_the_memory_is_named() {
    let directory = TempDir::new_in("/dev/shm").unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    event!(log, Severity::INFO, "in memory");
    drop(log);
    let named = report(&postmortem(directory.path(), &["--output", "json"]));
    assert!(named["log_in_memory"].as_u64().unwrap() >= 8 << 10);
    let verdict = verdict(&named, "log-in-memory");
    assert_eq!(verdict["found"], "unknown", "nothing in this log contains a limit: {verdict}");
    assert!(verdict["text"].as_str().unwrap().contains("the log directory is on tmpfs"));
}

#[test]
fn what_was_imported_is_looked_at_by_its_own_times() {
    let line = |n: u32| {
        format!(
            "{{\"time\":\"2026-03-04T00:{n:02}:00Z\",\"level\":\"info\",\"target\":\"a\",\"message\":\"m\"}}\n"
        )
    };
    let (_directory, logs) = common::imported((0..50).map(line).collect::<String>().as_bytes());
    let entries = |more: &[&str]| {
        let report = report(&postmortem(&logs, &[&["--output", "json"], more].concat()));
        let intervals = report["volume"]["intervals"].as_array().unwrap();
        let all: u64 = intervals.iter().map(|interval| interval["entries"][3].as_u64().unwrap()).sum();
        (all, report["sites"]["total"]["entries"].as_u64().unwrap())
    };
    assert_eq!(entries(&[]), (50, 6), "all within the hour, and those of the last five minutes");
    assert_eq!(entries(&["--window", "10m", "--recent", "2m"]), (11, 3));
}

#[test]
fn lines_alone_have_call_sites_too() {
    let directory = TempDir::new().unwrap();
    let long = "x".repeat(300_000);
    let line = |n: u32, text: &str| {
        format!(
            "{{\"time\":\"2026-03-04T00:00:{n:02}Z\",\"level\":\"info\",\"target\":\"a\",\"message\":\"{text}\",\"v\":\"{}\"}}\n",
            if text == "large" { &long } else { "" }
        )
    };
    let lines: String = (0..40).map(|n| line(n, if n % 4 == 0 { "large" } else { "small" })).collect();
    std::fs::write(directory.path().join("app.jsonl"), &lines).unwrap();
    let run = postmortem(directory.path(), &["--output", "json"]);
    let report = report(&run);
    assert_eq!((run.code, &report["process"]), (0, &Value::Null));
    assert_eq!(verdict(&report, "death")["found"], "unknown");
    // The report counts the bytes of the lines in the file, not the bytes of the imported entries.
    let sites = &report["sites"];
    assert_eq!(sites["total"]["bytes"], lines.len());
    assert_eq!(
        (&sites["by_bytes"][0]["message"], &sites["by_bytes"][0]["largest"]),
        (&json!("large"), &json!(line(0, "large").len()))
    );
    assert_eq!(report["window"][1], 1_772_582_439_000_000_000_u64);
}
