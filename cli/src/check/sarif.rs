//! The report of a check in SARIF 2.1.0, for code scanning, editors and other programs.

use std::path::Path;

use serde_json::{Value, json};

use super::config::Held;
use super::report::{Finding, Report};
use crate::output::numbers::counted;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Returns the SARIF log.
pub(crate) fn make(report: &Report, rules: &[Held]) -> Value {
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, rules)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "fusewire check",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "entries": report.entries },
        }],
    })
}

fn rule(rule: &Held) -> Value {
    let help = [rule.why.as_str(), rule.fix.as_str()].into_iter().filter(|text| !text.is_empty());
    let mut made = json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": { "text": rule.what },
        "defaultConfiguration": { "enabled": rule.level.is_some(), "level": rule.level.map_or("none", |level| level.name()) },
    });
    let help = help.collect::<Vec<_>>().join(" ");
    if !help.is_empty() {
        made["help"] = json!({ "text": help });
    }
    made
}

fn result(finding: &Finding, rules: &[Held]) -> Value {
    let locations: Vec<Value> = finding
        .places
        .iter()
        .map(|place| {
            let mut physical = json!({ "artifactLocation": { "uri": uri(&place.file) } });
            physical["region"] = match place.line {
                Some(line) => json!({ "startLine": line }),
                None => json!({ "byteOffset": place.offset, "byteLength": 0 }),
            };
            json!({ "physicalLocation": physical })
        })
        .collect();
    let about = finding.describe();
    let text = if about.is_empty() { finding.what.clone() } else { format!("{}: {about}", finding.what) };
    let mut made = json!({
        "ruleId": finding.rule,
        "level": finding.level.name(),
        "message": { "text": format!("{text} ({})", counted(finding.count, "occurrence", "occurrences")) },
        "locations": locations,
        "occurrenceCount": finding.count,
        "partialFingerprints": { "fusewire/v1": finding.fingerprint },
        "properties": {
            "target": finding.target,
            "message": finding.message,
            "subject": finding.subject,
            "times": finding.times.map(|(from, to)| [from, to]),
        },
    });
    if let Some(at) = rules.iter().position(|rule| rule.id == finding.rule) {
        made["ruleIndex"] = json!(at);
    }
    if let Some(known) = finding.known {
        made["baselineState"] = json!(if known { "unchanged" } else { "new" });
    }
    made
}

/// Returns a path as a URI. A relative path results in a relative URI.
fn uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte))
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
