//! A question about a name that no entry has is answered with the most similar name. `fusewire fields` lists the names.

mod common;

use common::{TempDir, fusewire};

const LINES: &str = r#"{"time":"2026-03-01T10:00:00Z","level":"error","msg":"failed","status":503,"tags":["eu","us"],"req":{"path":"/a"}}
{"time":"2026-03-01T10:00:01Z","level":"info","msg":"done","status":"ok","odd key":true}
"#;

fn file() -> (TempDir, String) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.jsonl");
    std::fs::write(&path, LINES).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn an_unknown_name_is_reported() {
    let (_directory, path) = file();
    for (args, report) in [
        (vec!["query", "levl == error"], "no entry has a field 'levl'; did you mean 'level'?\n"),
        (
            vec!["query", "statsu == 503", "--count"],
            "no entry has a field 'statsu'; did you mean 'status'?\n",
        ),
        (vec!["query", "req.pth == '/a'"], "no entry has a field 'req.pth'; did you mean 'req.path'?\n"),
        (vec!["query", "user == bob"], "no entry has a field 'user'\n"),
        (vec!["cat", "--where", "statu > 1"], "no entry has a field 'statu'; did you mean 'status'?\n"),
        (vec!["cat", "-F", "level,stat"], "no entry has a field 'stat'; did you mean 'status'?\n"),
        (vec!["cat", "-F", "levl", "-o", "json"], "no entry has a field 'levl'; did you mean 'level'?\n"),
        (vec!["stats", "--by", "statu"], "no entry has a field 'statu'; did you mean 'status'?\n"),
        (vec!["stats", "--by", "level", "--number", "ms"], "no entry has a field 'ms'\n"),
    ] {
        let run = fusewire(args.iter().copied().chain([path.as_str()]));
        assert_eq!(run.stderr, format!("fusewire: {report}"), "{args:?}");
    }
    // The name exists, or the answer is not empty.
    for args in [
        vec!["query", "status == 404"],
        vec!["query", "exists 'odd key' and level == fatal"],
        vec!["query", "level == error or levl == error"],
        vec!["query", "trace_id == 5b8aa5a2d2c872e8321cf37308d69df2"],
        vec!["query", "tags[*] == asia"],
        vec!["cat", "-F", "status,msg,trace_id"],
        vec!["stats", "--by", "status"],
    ] {
        let run = fusewire(args.iter().copied().chain([path.as_str()]));
        assert_eq!(run.stderr, "", "{args:?}");
    }
}

#[test]
fn forms_of_other_tools_lead_to_a_hint() {
    let (_directory, path) = file();
    let run = fusewire(["query", "level:error", &path]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (1, "fusewire: the query `level:error` is a text; to compare a field, use 'level == error'\n")
    );
    let run = fusewire(["query", "-l", "error", &path]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            2,
            "fusewire: expected the level in the expression, found -l; use: fusewire query 'level == error' PATH\n"
        )
    );
    let run = fusewire(["query", &path, "level >= warn"]);
    assert_eq!(run.code, 2);
    let hint = format!(
        "fusewire: the query `{path}` is also a path; expected an expression and a path: fusewire query 'level >= warn' {path}\n"
    );
    assert!(run.stderr.starts_with(&hint), "{}", run.stderr);
}

#[test]
fn fields_are_listed() {
    let (_directory, path) = file();
    let run = fusewire(["fields", &path]);
    let expected = "\
NAME       TYPE        COUNT  EXAMPLE
time       timestamp       2  2026-03-01T10:00:00Z
level      level           2  ERROR
message    string          2  failed
\"odd key\"  bool            1  true
req.path   string          1  /a
status     int|string      2  503
tags[*]    string          2  eu
2 entries
";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, expected, ""));
    let run = fusewire(["fields", &path, "-o", "json", "--where", "level == info"]);
    let expected = r#"{"name":"time","count":1,"types":{"timestamp":1},"example":"2026-03-01T10:00:01Z"}
{"name":"level","count":1,"types":{"level":1},"example":"INFO"}
{"name":"message","count":1,"types":{"string":1},"example":"done"}
{"name":"\"odd key\"","count":1,"types":{"bool":1},"example":"true"}
{"name":"status","count":1,"types":{"string":1},"example":"ok"}
"#;
    assert_eq!((run.code, run.stdout.as_str()), (0, expected));
    let run = fusewire(["fields", &path, "--where", "level == fatal"]);
    assert_eq!(run.code, 1);
    // The name is that of a query.
    let run = fusewire(["query", "\"odd key\" == true", &path, "--count"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "1\n"));
}
