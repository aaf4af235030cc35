//! If a service dies because of its logging, a post-mortem of its data finds the start of the memory growth and the
//! call site. With Fusewire, the same service survives.
#![cfg(target_os = "linux")]

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{TempDir, fusewire, run, verdict};
use serde_json::Value;

/// Returns the path of the example, which is built with the tests.
fn story() -> PathBuf {
    let fusewire = PathBuf::from(env!("CARGO_BIN_EXE_fusewire"));
    let story = fusewire.with_file_name("examples").join("oom_story");
    assert!(story.exists(), "examples are built by `cargo test` as a whole, and by `cargo build --examples`");
    story
}

#[test]
fn from_the_death_to_the_call_site() {
    let directory = TempDir::new().unwrap();
    let told =
        run(Command::new(story()).arg(directory.path()).env("FUSEWIRE", env!("CARGO_BIN_EXE_fusewire")));
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stdout.contains("it answered all 1200 requests"), "{}", told.stdout);
    assert!(
        told.stdout.contains("one call site logged most of the bytes: shop::cart \"cart updated\""),
        "{}",
        told.stdout
    );

    // Checks the JSON report of the same log.
    let naive = directory.path().join("naive");
    let json = fusewire(["postmortem".as_ref(), naive.as_os_str(), "--output".as_ref(), "json".as_ref()]);
    assert_eq!(json.code, 0, "{json:?}");
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let process = &report["process"];
    assert_eq!((process["end"].as_str(), process["service"].as_str()), (Some("died"), Some("shop")));
    for (rule, said) in [
        ("death", "without closing its log"),
        ("call-site-by-bytes", "shop::cart \"cart updated\""),
        ("call-site-by-trips", "shop::cart \"cart updated\""),
        ("missing-lines", "the process died before it wrote them"),
    ] {
        let verdict = verdict(&report, rule);
        assert_eq!(verdict["found"], "found", "{verdict:#}");
        assert!(verdict["text"].as_str().unwrap().contains(said), "{verdict:#}");
        assert!(
            verdict["because"].as_str().unwrap().bytes().any(|byte| byte.is_ascii_digit()),
            "numbers: {verdict:#}"
        );
    }
    // On a busy machine, the memory can stay at its limit for some time, which is not a leak. The number of samples
    // is still sufficient for a verdict.
    assert_ne!(verdict(&report, "leak")["found"], "unknown", "{:#}", report["verdicts"]);
    let memory = report["memory"].as_array().unwrap();
    let heap = |at: &Value| at["anonymous"].as_u64().unwrap();
    assert!(memory.len() >= 24 && heap(memory.last().unwrap()) > 32 << 20, "{} samples", memory.len());
    // If the example could create a group, the process reached the limit of the group.
    if !told.stdout.contains("cannot create a cgroup") {
        assert_eq!(verdict(&report, "limit")["found"], "found");
        assert!(memory.last().unwrap()["share"].as_f64().unwrap() > 0.9);
    }
    // The report contains the size of the largest line of a call site, not the size of its imported entry.
    let top = &report["sites"]["by_bytes"][0];
    assert!(top["largest"].as_u64().unwrap() > 64 << 10, "{top}");
    let lines = std::fs::metadata(naive.join("shop.jsonl")).unwrap().len();
    assert!(report["sites"]["total"]["bytes"].as_u64().unwrap() <= lines, "{lines} bytes of lines");

    // The commands of the runbook work on this log without a change.
    let runbook = include_str!("../../docs/operations.md");
    let (_, commands) = runbook.split_once("## After an OOM kill: five commands").unwrap();
    let (commands, _) = commands.split_once("\n## ").unwrap();
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.strip_prefix("fusewire ")).collect();
    assert_eq!(commands.len(), 5, "{commands:#?}");
    std::fs::write(directory.path().join("kern.log"), "").unwrap();
    for command in commands {
        let here = directory.path().display().to_string();
        let command = command
            .replace("/var/log/shop", &format!("{here}/naive"))
            .replace("/var/log/kern.log", &format!("{here}/kern.log"));
        let found =
            fusewire(shlex::split(&command.replace("shop.html", &format!("{here}/shop.html"))).unwrap());
        // The kill cuts the last line. Then this line is text without a time, which each command reports.
        let mut messages = found.stderr.lines().filter(|line| !line.contains(" has no time; "));
        assert!(
            found.code == 0 && !found.stdout.is_empty() && messages.next().is_none(),
            "{command}: {found:?}"
        );
    }

    // For the process that survived, the report contains no finding.
    let fused = directory.path().join("fused");
    let lived = fusewire(["postmortem".as_ref(), fused.as_os_str(), "--output".as_ref(), "json".as_ref()]);
    let report: Value = serde_json::from_str(&lived.stdout).unwrap();
    assert_eq!(report["process"]["end"], "stopped");
    for rule in ["death", "limit", "leak"] {
        assert_eq!(verdict(&report, rule)["found"], "not_found", "{:#}", report["verdicts"]);
    }
    assert_eq!(report["process"]["dropped"], serde_json::json!([]));
}
