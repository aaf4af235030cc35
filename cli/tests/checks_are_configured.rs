//! `check` applies configured severities, thresholds, custom rules, allowances and baselines. It returns the
//! documented exit codes and writes valid SARIF.

mod common;

use std::path::{Path, PathBuf};

use common::{Run, TempDir, fusewire};
use serde_json::Value;

/// Creates a file of lines without trace ids. Two lines are errors of `db`.
fn logs() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let line = |n: u32| {
        let (level, target) = if n % 10 == 3 { ("error", "db") } else { ("info", "web") };
        format!(
            "{{\"time\":\"2026-03-04T00:00:{n:02}Z\",\"level\":\"{level}\",\"target\":\"{target}\",\"message\":\"m{n}x done\",\"n\":{n}}}\n"
        )
    };
    std::fs::write(logs.join("app.jsonl"), (0..20).map(line).collect::<String>()).unwrap();
    (directory, logs)
}

fn check(logs: &Path, config: Option<&str>, more: &[&str]) -> Run {
    let mut args = vec!["check".to_owned(), logs.to_str().unwrap().to_owned()];
    if let Some(config) = config {
        let path = logs.with_file_name("check.toml");
        std::fs::write(&path, config).unwrap();
        args.extend(["--config".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    args.extend(more.iter().map(|&arg| arg.to_owned()));
    fusewire(args)
}

fn findings(run: &Run) -> Vec<(String, String, u64)> {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| (text(finding, "rule"), text(finding, "target"), finding["count"].as_u64().unwrap()))
        .collect()
}

#[test]
fn what_fails_is_what_is_asked_for() {
    let (_directory, logs) = logs();
    for (fail_on, code) in [("error", 0), ("warning", 1), ("note", 1), ("never", 0)] {
        assert_eq!(check(&logs, None, &["--fail-on", fail_on]).code, code, "{fail_on}");
    }
    let raised = check(&logs, Some("[rules]\nmissing-trace-id = \"error\"\n"), &[]);
    assert_eq!(raised.code, 1);
    assert!(raised.stdout.contains("error[FW003]"), "{}", raised.stdout);
    let lowered = check(&logs, Some("[rules]\nFW003 = \"note\"\n"), &["--fail-on", "warning"]);
    assert_eq!(lowered.code, 0, "{}", lowered.stdout);
}

#[test]
fn rules_of_ones_own_are_queries() {
    let (_directory, logs) = logs();
    let own = |limit: &str| {
        format!(
            "[rules]\nFW003 = \"off\"\n[[rule]]\nid = \"no-db-errors\"\nquery = 'level >= error and target == db'\nmessage = \"the database fails\"\nseverity = \"error\"\n{limit}\n"
        )
    };
    for (limit, found) in [
        ("", true),
        ("at_most = 1", true),
        ("at_most = 2", false),
        ("share = 0.09", true),
        ("share = 0.1", false),
    ] {
        let run = check(&logs, Some(&own(limit)), &["--output", "json"]);
        let expected = if found { vec![("no-db-errors".to_owned(), "db".to_owned(), 2)] } else { vec![] };
        assert_eq!((findings(&run), run.code), (expected, i32::from(found)), "{limit}");
    }
}

#[test]
fn what_is_allowed_has_a_reason_and_a_time() {
    let (_directory, logs) = logs();
    let allow = |more: &str| format!("[[allow]]\nrule = \"FW003\"\nreason = \"no requests here\"\n{more}\n");
    let of = |config: &str| findings(&check(&logs, Some(config), &["--output", "json"]));
    assert_eq!(of(&allow("")), []);
    assert_eq!(of(&allow("target = \"web\"")), [("FW003".to_owned(), "db".to_owned(), 2)]);
    assert_eq!(of(&allow("query = 'target == db'"))[0].1, "web");
    assert_eq!(of(&allow("until = \"2500-01-01\"")), []);
    let over = of(&allow("until = \"2020-01-01\""));
    assert!(
        over.iter().any(|finding| finding.0 == "FW024") && over.iter().any(|finding| finding.0 == "FW003"),
        "{over:?}"
    );
}

#[test]
fn what_is_known_is_not_new() {
    let (_directory, logs) = logs();
    let known = logs.with_file_name("known.json");
    let known = known.to_str().unwrap();
    assert_eq!(check(&logs, None, &["--write-baseline", known, "--fail-on", "never"]).code, 0);
    let again = check(&logs, None, &["--baseline", known, "--fail-on", "note"]);
    assert_eq!(again.code, 0, "{}", again.stdout);
    assert!(again.stdout.contains("no findings in 20 entries; 2 known"), "{}", again.stdout);
    // A finding with other numbers and times, but of the same call site, is known. A finding of another call
    // site is new.
    let more = "{\"time\":\"2026-03-05T00:00:00Z\",\"level\":\"info\",\"target\":\"web\",\"message\":\"m77x done\",\"n\":1}\n{\"time\":\"2026-03-05T00:00:01Z\",\"level\":\"info\",\"target\":\"cart\",\"message\":\"m78x done\",\"n\":1}\n";
    std::fs::write(logs.join("more.jsonl"), more).unwrap();
    let run = check(&logs, None, &["--baseline", known, "--fail-on", "warning", "--output", "sarif"]);
    assert_eq!(run.code, 1);
    let sarif: Value = serde_json::from_str(&run.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let states: Vec<(&str, &str)> = results
        .iter()
        .map(|result| {
            (result["properties"]["target"].as_str().unwrap(), result["baselineState"].as_str().unwrap())
        })
        .collect();
    assert_eq!(states, [("web", "unchanged"), ("db", "unchanged"), ("cart", "new")]);
    // Only the new finding is printed.
    let run = check(&logs, None, &["--baseline", known]);
    assert!(run.stdout.contains("cart") && !run.stdout.contains("db"), "{}", run.stdout);
    std::fs::write(logs.with_file_name("known.json"), "{\"version\":9,\"known\":{}}").unwrap();
    let other = check(&logs, None, &["--baseline", known]);
    assert!(
        other.code == 2 && other.stderr.contains("known.json: version: expected 1, found 9"),
        "{other:?}"
    );
}

#[test]
fn faults_in_a_configuration_are_named() {
    let (_directory, logs) = logs();
    for (config, expected) in [
        ("[rules]\nFW999 = \"off\"\n", "[rules] FW999: no rule has the id or name `FW999`"),
        ("[rules]\nFW001 = \"loud\"\n", "line 2, column 9"),
        ("[thresholds]\nkey_byte = 1\n", "line 2, column 1"),
        ("[thresholds]\nlocal_age = \"soon\"\n", "`soon` is not a duration"),
        (
            "[[rule]]\nid = \"FW001\"\nquery = 'a == 1'\nmessage = \"m\"\n",
            "[[rule]] 1 (FW001): id: another rule has the id or name `FW001`",
        ),
        ("[[rule]]\nid = \"x\"\nquery = 'a =='\nmessage = \"m\"\n", "[[rule]] 1 (x): query: column"),
        (
            "[[rule]]\nid = \"x\"\nquery = 'a == 1'\nmessage = \"m\"\nat_most = 1\nshare = 0.5\n",
            "expected one of them, found both",
        ),
        ("[[allow]]\nrule = \"FW001\"\nreason = \" \"\n", "[[allow]] 1: reason: expected a reason"),
        ("[[allow]]\nrule = \"FW001\"\nreason = \"r\"\nuntil = \"later\"\n", "until: `later` is not a date"),
        ("[[allow]]\nrule = \"FW001\"\n", "missing field `reason`"),
    ] {
        let run = check(&logs, Some(config), &[]);
        assert_eq!(run.code, 2, "{config}: {run:?}");
        assert!(
            run.stderr.contains("check.toml") && run.stderr.contains(expected),
            "{expected}: {}",
            run.stderr
        );
    }
}

#[test]
fn sarif_is_what_its_schema_says() {
    let (_directory, logs) = logs();
    // The file name contains characters that a URI must escape, and the line contains hostile text.
    std::fs::rename(logs.join("app.jsonl"), logs.join("ä b%#?.jsonl")).unwrap();
    let hostile = "{\"time\":\"2026-03-04T00:00:00Z\",\"level\":\"info\",\"target\":\"<a>\\u001b[2J\",\"message\":\"\\\" \\u202e\",\"v\":{\"password\":\"hunter22\"}}\n";
    std::fs::write(logs.join("hostile.jsonl"), hostile).unwrap();
    let known = logs.with_file_name("known.json");
    std::fs::write(&known, "{\"version\":1,\"known\":{}}").unwrap();
    let config = "[[rule]]\nid = \"own\"\nquery = 'exists n'\nmessage = \"m\"\n";
    let run = check(&logs, Some(config), &["--output", "sarif", "--baseline", known.to_str().unwrap()]);
    let sarif: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(sarif["runs"][0]["results"].as_array().unwrap().len() >= 4, "{sarif:#}");

    let schema: Value = serde_json::from_str(include_str!("data/sarif-schema-2.1.0.json")).unwrap();
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("sarif.json", schema).unwrap();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(&sarif, index).unwrap_or_else(|error| panic!("{error:#}"));
    // This verifies that the validation detects an error.
    let mut wrong = sarif.clone();
    wrong["runs"][0]["results"][0]["level"] = "loud".into();
    assert!(schemas.validate(&wrong, index).is_err());
    let uris: Vec<&str> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap())
        .collect();
    assert!(uris.iter().any(|uri| uri.ends_with("/%C3%A4%20b%25%23%3F.jsonl")), "{uris:?}");
}
