//! `verify --verbose` prints the time, the trace and the values of each entry whose base is lost. The keys are lost with the
//! base.

mod common;

use common::{damage, fusewire, fusewire_with_input, segments};

/// Imports lines into a log with like entries, and damages the base. Returns the directory of the log.
fn damaged() -> common::TempDir {
    let directory = common::TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    let mut lines = String::new();
    for (n, user) in ["ada", "grace", "edsger"].iter().enumerate() {
        lines += &format!(
            "{{\"time\":\"2026-01-02T03:04:0{n}Z\",\"level\":\"warn\",\"message\":\"login\",\"user\":\"{user}\",\"attempt\":{},\
             \"trace_id\":\"{:032x}\"}}\n",
            7 + 3 * n,
            10 + n,
        );
    }
    let to = logs.to_str().unwrap();
    let run = fusewire_with_input(["import", "-", "--to", to, "--format", "1.1"], lines.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    damage(&segments(&logs)[0], "ada");
    directory
}

#[test]
fn with_verbose() {
    let directory = damaged();
    let run = fusewire(["verify", directory.path().join("logs").to_str().unwrap(), "--verbose"]);
    assert_eq!(run.code, 3, "{run:?}");
    let remains: Vec<_> = run.stdout.lines().filter(|line| line.contains("values without keys")).collect();
    println!("{remains:#?}");
    assert_eq!(remains.len(), 2, "{run:?}");
    for (line, (time, trace, text)) in
        remains.iter().zip([("04:01Z", "0b", "grace"), ("04:02Z", "0c", "edsger")])
    {
        assert!(
            line.starts_with(&format!("           2026-01-02T03:{time} WARN trace:{:0>32}", trace)),
            "{line}"
        );
        assert!(line.contains(", values without keys: 0x"), "{line}");
        assert!(line.ends_with(text) || line.ends_with(&format!("{text}\"")), "{line}");
        assert!(!line.contains("user") && !line.contains("attempt"), "{line}");
    }
}

#[test]
fn not_without_verbose() {
    let directory = damaged();
    let run = fusewire(["verify", directory.path().join("logs").to_str().unwrap()]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("bad base") && !run.stdout.contains("values without keys"), "{run:?}");
}
