//! The demo succeeds only if it reads back all entries that it wrote. Its logs remain readable.

mod common;

use common::{TempDir, fusewire};

#[test]
fn the_demo_writes_reads_back_and_leaves_logs_that_are_intact() {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("demo");
    let run = fusewire(["demo", "--entries", "1001", "--threads", "3", "--dir", logs.to_str().unwrap()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("1,001 of 1,001"), "{}", run.stdout);
    assert!(run.stdout.contains("no entry is lost"), "{}", run.stdout);
    for cause in ["depth", "width", "string", "formatted", "entry"] {
        assert!(run.stdout.contains(&format!("{cause} \u{d7}")), "{cause} in {}", run.stdout);
    }
    let sizes = run.stdout.lines().find(|line| line.contains("in format 1.1")).unwrap();
    let sizes: Vec<u32> = sizes.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [json, full, like] = sizes[..] else { panic!("{}", run.stdout) };
    assert!(like * 2 < json && like * 2 < full, "{}", run.stdout);
    assert!(run.stdout.lines().count() < 50);
    assert_eq!(fusewire(["verify".as_ref(), logs.as_os_str()]).code, 0);
    // A second run into the same directory would mix two logs, so the demo refuses it.
    let again = fusewire(["demo".as_ref(), "--dir".as_ref(), logs.as_os_str()]);
    assert_eq!(again.code, 2);
}

#[test]
fn the_demo_leaves_one_log_of_two_processes_one_of_which_was_killed() {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("demo");
    let run = fusewire(["demo", "--entries", "12011", "--threads", "4", "--dir", logs.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{run:?}");
    let listed = fusewire(["ls", "--output", "json", logs.to_str().unwrap()]);
    let segments: Vec<serde_json::Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let own = segments[0]["stream"].clone();
    let of_demo: Vec<_> = segments.iter().filter(|segment| segment["stream"] == own).collect();
    assert!(of_demo.len() > 4, "the log goes over more than a few segments: {}", listed.stdout);
    assert!(of_demo.iter().all(|segment| segment["state"] == "sealed"), "{}", listed.stdout);
    let entries: u64 = of_demo.iter().map(|segment| segment["entries"].as_u64().unwrap()).sum();
    assert_eq!(entries, 12011 + 6, "the load, and six hostile values");
    let of_victim: Vec<_> = segments.iter().filter(|segment| segment["stream"] != own).collect();
    // The last segment is crashed, or it is empty if the process was killed between two segments.
    assert!(of_victim.iter().any(|segment| segment["state"] != "sealed"), "{}", listed.stdout);
    assert!(of_victim.iter().all(|segment| segment["stream"] == of_victim[0]["stream"]));
    // The suggested next commands refer to this log.
    let steps = run.stdout.split("Next commands").nth(1).unwrap();
    let logs = logs.canonicalize().unwrap();
    for verb in ["ls", "tail", "cat", "verify"] {
        assert!(steps.contains(&format!(" {verb} {}", logs.display())), "{steps}");
    }
}
