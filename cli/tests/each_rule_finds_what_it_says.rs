//! Each rule of `check` finds the problem that it describes, and reports nothing for correct logs.

mod common;

use std::path::{Path, PathBuf};

use common::{Run, TempDir, damage, fusewire, imported, segments, small_log};
use serde_json::{Value, json};

/// Returns a line without findings.
fn good(second: u32) -> Value {
    json!({
        "time": format!("2026-03-04T00:{:02}:{:02}Z", second / 60, second % 60), "level": "info", "target": "shop", "message": "paid",
        "trace_id": format!("{:032x}", second + 1), "span_id": format!("{:016x}", second + 1), "amount": second,
    })
}

fn with(second: u32, changes: Value) -> Value {
    let mut line = good(second);
    for (key, value) in changes.as_object().unwrap() {
        line[key] = value.clone();
    }
    line.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    line
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |value, _| json!({ "in": value }))
}

fn check(path: &Path, more: &[&str]) -> (Run, Value) {
    let run = fusewire(["check", path.to_str().unwrap(), "--output", "json"].iter().chain(more));
    let report = serde_json::from_str(&run.stdout).unwrap_or(Value::Null);
    (run, report)
}

fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report}"));
    let mut rules: Vec<String> =
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    rules.dedup();
    rules
}

/// Creates a file of lines.
fn lines(lines: &[String]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("app.jsonl");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    (directory, file)
}

#[test]
fn rules_of_entries() {
    let wide: Value = (0..200).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let cases: Vec<(&str, Vec<String>)> = vec![
        ("FW001", vec![with(1, json!({"time": null})).to_string()]),
        ("FW002", vec![with(1, json!({"level": null})).to_string()]),
        ("FW003", vec![with(1, json!({"trace_id": null, "span_id": null})).to_string()]),
        ("FW004", vec![with(1, json!({"trace_id": "not-an-id"})).to_string()]),
        ("FW005", vec![with(1, json!({"span_id": null})).to_string()]),
        ("FW006", vec!["just some text".to_owned()]),
        ("FW006", vec![with(1, json!({"amount": null, "message": "paid amount=7 user=12"})).to_string()]),
        ("FW007", vec![with(1, json!({"time": "1999-12-31T00:00:00Z"})).to_string()]),
        ("FW007", vec![with(1, json!({"time": "2090-01-01T00:00:00Z"})).to_string()]),
        ("FW008", vec![good(100).to_string(), good(90).to_string()]),
        ("FW009", vec![with(1, json!({"k".repeat(65): 1})).to_string()]),
        ("FW010", vec![with(1, json!({"deep": nested(7)})).to_string()]),
        ("FW011", vec![with(1, json!({"wide": wide})).to_string()]),
        ("FW012", vec![with(1, json!({"deep": nested(40)})).to_string()]),
        ("FW013", vec![good(1).to_string().replace("\"amount\":1", "\"amount\":1,\"amount\":2")]),
        ("FW013", vec![good(1).to_string().replace("\"amount\":1", "\"amount\":{\"a\":{\"b\":1,\"b\":2}}")]),
        ("FW014", vec![with(1, json!({"user": {"password": "hunter22"}})).to_string()]),
        ("FW014", vec![with(1, json!({"message": "key AKIAIOSFODNN7EXAMPLE used"})).to_string()]),
        ("FW014", vec!["text with ghp_abcdefghijklmnopqrstuvwxyz0123456789".to_owned()]),
        ("FW015", vec![with(1, json!({"a": "x".repeat(9_000), "b": "x".repeat(9_000)})).to_string()]),
        ("FW016", vec![with(1, json!({"message": null})).to_string()]),
        (
            "FW017",
            (0..120)
                .map(|n| with(n, json!({"level": if n % 4 == 0 { "error" } else { "info" }})).to_string())
                .collect(),
        ),
        (
            "FW018",
            (0..1_000)
                .map(|n| {
                    with(n % 3_000, json!({"level": if n % 3 == 0 { "info" } else { "debug" }})).to_string()
                })
                .collect(),
        ),
    ];
    for (rule, planted) in cases {
        let (_directory, file) = lines(&planted);
        let (run, report) = check(&file, &["--fail-on", "note"]);
        assert!(found(&report).contains(&rule.to_owned()), "{rule}: {report:#}");
        assert_eq!(run.code, 1, "{rule}");
        // The check finds no other rules, except rules that the same problem triggers.
        let beside = match rule {
            "FW012" => vec!["FW010"],
            "FW006" | "FW014" => vec!["FW006", "FW014"],
            _ => vec![],
        };
        assert!(
            found(&report).iter().all(|other| other == rule || beside.contains(&other.as_str())),
            "{rule}: {:?}",
            found(&report)
        );
        // A rule that is off finds nothing.
        let config = file.with_file_name("off.toml");
        std::fs::write(&config, format!("[rules]\n{rule} = \"off\"\n")).unwrap();
        let (_, report) = check(&file, &["--config", config.to_str().unwrap()]);
        assert!(!found(&report).contains(&rule.to_owned()), "{rule} is off: {report:#}");
    }
}

#[test]
fn good_lines_are_not_found() {
    let nearly = [
        json!({"deep": nested(6)}),
        json!({"k".repeat(64): 1}),
        json!({"message": "order 4111111111111112 of https://example.org:8080/a@b"}),
        json!({"password": "***", "token": "[REDACTED]"}),
        json!({"message": "a=b is an equation, and c too"}),
        json!({"level": "debug"}),
        json!({"tags": ["a", "a", "a"]}),
    ];
    let mut good: Vec<String> = (0..2_000).map(|n| good(n).to_string()).collect();
    good.extend(
        nearly.into_iter().enumerate().map(|(at, changes)| with(2_000 + at as u32, changes).to_string()),
    );
    // A line with a time that is four seconds earlier is allowed, because several threads can cause this.
    good.push(self::good(2_002).to_string());
    let (_directory, file) = lines(&good);
    let (run, report) = check(&file, &["--fail-on", "note"]);
    assert_eq!((run.code, found(&report)), (0, vec![]), "{report:#}");
    assert_eq!(report["entries"], good.len());
    // The same entries in segments.
    let (_directory, logs) = imported((good.join("\n") + "\n").as_bytes());
    let (run, report) = check(&logs, &["--fail-on", "note"]);
    assert_eq!((run.code, found(&report)), (0, vec![]), "{report:#}");
}

#[test]
fn rules_of_files() {
    let good: Vec<String> = (0..200).map(|n| good(n).to_string()).collect();
    let (_directory, logs) = imported((good.join("\n") + "\n").as_bytes());
    // The entries are several months old, so no retention rule applies by default.
    assert_eq!(found(&check(&logs, &[]).1), Vec::<String>::new());
    assert_eq!(found(&check(&logs, &["--role", "local"]).1), ["FW022"]);
    let (_, report) = check(&logs, &["--role", "archive"]);
    let age = days_since_then();
    assert_eq!(found(&report), if age < 90 { vec!["FW023".to_owned()] } else { vec![] });

    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    common::append(&log, "now", 0);
    drop(log);
    let (_, report) = check(directory.path(), &["--role", "archive"]);
    assert!(
        found(&report).contains(&"FW023".to_owned()) && !found(&report).contains(&"FW022".to_owned()),
        "{report:#}"
    );

    damage(&segments(&logs)[0], "paid");
    let (run, report) = check(&logs, &[]);
    assert_eq!((run.code, found(&report)), (1, vec!["FW020".to_owned()]), "{report:#}");
    let finding = &report["findings"][0];
    assert!(finding["count"].as_u64().unwrap() > 100, "bytes: {finding}");
    assert_eq!(finding["places"][0]["file"], segments(&logs)[0].to_str().unwrap());
    let config = logs.with_file_name("off.toml");
    std::fs::write(&config, "[rules]\ndamaged = \"off\"\n").unwrap();
    let (run, report) = check(&logs, &["--config", config.to_str().unwrap()]);
    assert_eq!((run.code, found(&report)), (3, vec![]), "it is told all the same: {run:?}");
    assert!(run.stderr.contains("lost bytes"), "{}", run.stderr);
}

fn days_since_then() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    now.saturating_sub(1_772_582_400) / 86_400
}

#[test]
fn places_are_lines_of_files() {
    let mut planted: Vec<String> = (0..50).map(|n| good(n).to_string()).collect();
    planted[36] = with(36, json!({"level": null, "message": "no level 7"})).to_string();
    planted[41] = with(41, json!({"level": null, "message": "no level 8"})).to_string();
    let (_directory, file) = lines(&planted);
    let (_, report) = check(&file, &[]);
    let finding = &report["findings"][0];
    assert_eq!((&finding["message"], &finding["count"]), (&json!("no level #"), &json!(2)));
    let lines: Vec<u64> =
        finding["places"].as_array().unwrap().iter().map(|place| place["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [37, 42]);
    let text = fusewire(["check".as_ref(), file.as_os_str()]);
    assert!(
        text.stdout.contains("app.jsonl:37") && text.stdout.contains("warning[FW002] missing-level"),
        "{}",
        text.stdout
    );
}

#[test]
fn secrets_are_never_printed() {
    let secrets = [
        "hunter22secret",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "4012888888881881",
    ];
    let planted: Vec<String> = secrets
        .iter()
        .enumerate()
        .map(|(at, secret)| {
            with(at as u32, json!({"password": secret, "message": format!("login {at} with {secret}")}))
                .to_string()
        })
        .collect();
    let (_directory, file) = lines(&planted);
    for format in ["text", "json", "sarif"] {
        let run = fusewire(["check", file.to_str().unwrap(), "--output", format]);
        assert!(run.stdout.contains("FW014"));
        for secret in secrets {
            assert!(!run.stdout.contains(secret), "{format}: {secret}: {}", run.stdout);
        }
    }
}

#[test]
fn each_rule_is_explained() {
    let list = fusewire(["check", "--list"]);
    assert_eq!((list.code, list.stdout.lines().count()), (0, 24));
    for line in list.stdout.lines() {
        let id = line.split(' ').next().unwrap();
        let told = fusewire(["check", "--explain", id]);
        assert!(
            told.code == 0 && told.stdout.contains("Why:") && told.stdout.contains("What to do:"),
            "{id}: {told:?}"
        );
    }
    let unknown = fusewire(["check", "--explain", "FW999"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("--list"), "{unknown:?}");
}

#[test]
fn the_documentation_has_the_rules_as_they_are() {
    let documented = include_str!("../../docs/check.md");
    for line in fusewire(["check", "--list"]).stdout.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let row = format!("| `{}` | `{}` | {} | {} |", words[0], words[2], words[1], words[3..].join(" "));
        assert!(documented.contains(&row), "{row}");
    }
}

#[test]
fn rules_of_what_a_process_left() {
    let directory = TempDir::new().unwrap();
    let victim = common::command(["demo".as_ref(), "--victim".as_ref(), directory.path().as_os_str()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut victim = victim.unwrap();
    std::io::Read::read_exact(victim.stdout.as_mut().unwrap(), &mut [0; 100]).unwrap();
    // The process is alive, so its segments are not reported as unsealed.
    assert!(!found(&check(directory.path(), &[]).1).contains(&"FW019".to_owned()));
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(found(&check(directory.path(), &[]).1).contains(&"FW019".to_owned()));

    for self_contained in [false, true] {
        let directory = TempDir::new().unwrap();
        let log = small_log(directory.path(), "shop")
            .max_total_bytes(64 << 10)
            .self_contained(self_contained)
            .on_full(fusewire::log::OnFull::DropBelow(fusewire::Severity::FATAL));
        let log = log.open().unwrap();
        let appended = || log.append(|entry| _ = entry.attr("text", &"x".repeat(2_000)));
        assert!((0..100_000).any(|_| !appended().is_written()), "there is a budget");
        drop(log);
        let (_, report) = check(directory.path(), &[]);
        assert!(found(&report).contains(&"FW021".to_owned()), "{report:#}");
    }
}
