//! A comparison of the tables in `schema/JSON.md` with the code. If a test fails, its message contains the correct table.

use core::fmt::Write;

use crate::names::{self, Name, OF, PARENTS, PERHAPS, Part};
use crate::severity::{LETTERS, Severity, WORDS};

use super::cursor::Cursor;
use super::levels;

const SPECIFICATION: &str = include_str!("../../schema/JSON.md");

fn expect(table: &str) {
    assert!(SPECIFICATION.contains(table), "expected this table in schema/JSON.md:\n{table}");
}

fn title(part: Part) -> &'static str {
    match part {
        Part::Time => "time",
        Part::Severity => "severity",
        Part::Body => "body",
        Part::Target => "target",
        Part::Thread => "thread",
        Part::TraceId => "trace id",
        Part::SpanId => "span id",
        Part::TraceFlags => "trace flags",
    }
}

/// Returns the names in quotes.
fn quoted(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(" ")
}

#[test]
fn the_table_of_names() {
    let mut table = "| part | names |\n|---|---|\n".to_owned();
    for (part, names) in OF {
        writeln!(table, "| {} | {} |", title(*part), quoted(*names)).unwrap();
        assert!(names.iter().all(|name| names::meaning(name) == Some(Name::Of(*part))));
    }
    expect(&table);
}

#[test]
fn the_table_of_names_with_a_second_meaning() {
    let mut table = "| part | names | one of these members |\n|---|---|---|\n".to_owned();
    for (part, needs, names) in PERHAPS {
        let needs = if needs.is_empty() { "-".to_owned() } else { quoted(*needs) };
        writeln!(table, "| {} | {} | {needs} |", title(*part), quoted(*names)).unwrap();
    }
    expect(&table);
}

#[test]
fn the_table_of_objects() {
    let mut table = "| object | parts | other names |\n|---|---|---|\n".to_owned();
    for parent in PARENTS {
        let has = |key: &str| names::nested(parent, key).is_some();
        let all: Vec<_> = OF.iter().filter(|(_, names)| names.iter().all(|name| has(name))).collect();
        let parts: Vec<_> = all.iter().map(|(part, _)| title(*part)).collect();
        let is_new = |name: &&str| !all.iter().any(|(_, names)| names.contains(name));
        let others = ["Timestamp", "time", "level", "message", "logger", "thread", "name", "id"];
        let others = quoted(others.into_iter().filter(is_new).filter(|name| has(name)));
        let cell = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        writeln!(table, "| `{parent}` | {} | {} |", cell(parts.join(", ")), cell(others)).unwrap();
    }
    expect(&table);
}

#[test]
fn the_table_of_severities() {
    let mut table = "| severity | names |\n|---|---|\n".to_owned();
    for number in 1..=24 {
        let severity = Severity::from_number(number);
        let names = WORDS.iter().chain(&LETTERS).filter(|(_, of)| *of == severity).map(|(name, _)| *name);
        let names = quoted(names);
        if !names.is_empty() {
            writeln!(table, "| {} | {names} |", severity.name().unwrap()).unwrap();
        }
    }
    expect(&table);
}

#[test]
fn the_table_of_numbers() {
    let mut table = "| member | numbers |\n|---|---|\n".to_owned();
    for (title, key, object) in [
        ("`severity_number` `severityNumber` `SeverityNumber`", "severityNumber", "{}"),
        ("`PRIORITY`", "PRIORITY", "{}"),
        ("`level` with `short_message`", "level", r#"{"short_message":""}"#),
        ("`levelno`", "levelno", "{}"),
        (
            "`severityLevel` `SeverityLevel` with `TimeGenerated`, `itemType`, `iKey`, `operation_Id` or `OperationId`",
            "SeverityLevel",
            r#"{"iKey":""}"#,
        ),
        ("other names", "level", "{}"),
    ] {
        let mut numbers = Vec::new();
        for number in -1..=100 {
            if let Some((severity, _)) = levels::of_number(key, number, Some(Cursor::new(object))) {
                numbers.push(format!("{number} {}", severity.name().unwrap()));
            }
        }
        writeln!(table, "| {title} | {} |", numbers.join(", ")).unwrap();
    }
    expect(&table);
}
