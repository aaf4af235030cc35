//! `import` converts every line into one entry with the same content and order.

mod common;

use common::{fusewire, fusewire_with_input, imported};
use serde_json::Value;

fn cat_json(logs: &std::path::Path) -> Vec<Value> {
    let run = fusewire(["cat".as_ref(), logs.as_os_str(), "--output".as_ref(), "json".as_ref()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>().unwrap_or_default()
}

#[test]
fn every_line_becomes_one_entry_in_order_across_segments() {
    let lines: String = (0..5_000)
        .map(|n| format!("{{\"ts\":\"2026-01-02T03:04:05Z\",\"level\":\"info\",\"msg\":\"line {n}\",\"n\":{n},\"deep\":{{\"list\":[{n},\"ü\"]}}}}\n"))
        .collect();
    let (_directory, logs) = imported(lines.as_bytes());
    assert!(common::segments(&logs).len() > 1, "the lines are meant to need several segments");
    let entries = cat_json(&logs);
    assert_eq!(entries.len(), 5_000);
    for (n, entry) in entries.iter().enumerate() {
        assert_eq!(entry["body"], format!("line {n}"));
        assert_eq!(entry["attributes"]["n"], n);
        assert_eq!(entry["attributes"]["deep"]["list"][1], "ü");
    }
}

#[test]
fn lines_that_are_not_json_are_kept_as_text_and_counted() {
    let input = b"{\"msg\":\"good\"}\nplain text\n{\"msg\":\"torn\",\n\n{\"msg\":\"last\"}";
    let (_directory, logs) = imported(input);
    let bodies: Vec<_> =
        cat_json(&logs).iter().map(|entry| entry["body"].as_str().unwrap_or_default().to_owned()).collect();
    for body in ["good", "plain text", "{\"msg\":\"torn\",", "last"] {
        assert!(bodies.iter().any(|found| found == body), "{body} in {bodies:?}");
    }
}

/// A byte order mark is no part of the first line, and a carriage return alone ends a line of JSON. `cat` and `import` agree.
#[test]
fn byte_order_marks_and_carriage_returns_cost_no_entry() {
    let line = |second: u32| {
        format!("{{\"time\":\"2026-03-01T10:00:0{second}Z\",\"level\":\"info\",\"msg\":\"{second}\"}}")
    };
    let inputs = [
        (format!("\u{feff}{}\n{}\n", line(0), line(1)), 2),
        (format!("{}\r\n\r\n{}\r{}\r", line(0), line(1), line(2)), 3),
        (format!("{}\r{}\r{}", line(0), line(1), line(2)), 3),
    ];
    for (input, count) in inputs {
        let (_directory, logs) = imported(input.as_bytes());
        let entries = cat_json(&logs);
        assert_eq!(entries.len(), count, "{input:?}");
        for (second, entry) in entries.iter().enumerate() {
            assert_eq!(entry["body"], second.to_string(), "{input:?}");
            assert_eq!(entry["time"], format!("2026-03-01T10:00:0{second}Z"), "{input:?}");
        }
        let run = fusewire_with_input(["cat", "-", "--output", "json"], input.as_bytes());
        let direct: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((run.code, direct), (0, entries), "{input:?}");
    }
}

#[test]
fn the_summary_names_lines_entries_and_what_was_cut() {
    let directory = tempfile::TempDir::new().unwrap();
    let deep = format!("{}1{}", "{\"a\":".repeat(20), "}".repeat(20));
    let input = format!("{{\"msg\":\"deep\",\"v\":{deep}}}\nnot json\n");
    let run = fusewire_with_input(
        ["import".as_ref(), "-".as_ref(), "--to".as_ref(), directory.path().join("logs").as_os_str()],
        input.as_bytes(),
    );
    assert_eq!(run.code, 0, "{run:?}");
    for part in ["2 lines", "2 entries", "depth"] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
}

/// An import of the JSON output of `cat` creates the same log, with its cuts, its tags and its control characters.
#[test]
fn the_json_of_a_log_is_that_log_again() {
    let deep = format!("{}1{}", "{\"a\":".repeat(20), "}".repeat(20));
    let input = format!(
        "{{\"ts\":\"2026-01-02T03:04:05.123456789+01:00\",\"level\":\"warn\",\"msg\":\"\u{9b}31m \u{202e}\\n\",\"v\":{deep}}}\n\
         {{\"MESSAGE\":[104,0,255],\"n\":[1e400,-0,1.5],\"k\":1,\"k\":{{\"$time\":5}}}}\nplain \u{7f} text\n"
    );
    let cat = |logs: &std::path::Path| {
        let run = fusewire(["cat".as_ref(), logs.as_os_str(), "--output".as_ref(), "json".as_ref()]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout
    };
    let (_first, logs) = imported(input.as_bytes());
    let lines = cat(&logs);
    assert!(lines.contains("\\u009b31m \\u202e\\n") && lines.contains("\"cut\":[\"depth\"]"), "{lines}");
    let (_second, again) = imported(lines.as_bytes());
    assert_eq!(cat(&again), lines);
    let run = fusewire_with_input(["cat", "-", "--output", "json"], lines.as_bytes());
    assert_eq!((run.code, run.stdout), (0, lines));
}

#[test]
fn nothing_is_overwritten() {
    let (_directory, logs) = imported(b"{\"msg\":\"first\"}\n");
    let run = fusewire_with_input(
        ["import".as_ref(), "-".as_ref(), "--to".as_ref(), logs.as_os_str()],
        b"{\"msg\":\"second\"}\n",
    );
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("logs"), "{}", run.stderr);
    assert_eq!(cat_json(&logs).len(), 1);
}

#[test]
fn the_lines_of_an_import_to_format_1_1_are_those_of_format_1_0() {
    let directory = tempfile::TempDir::new().unwrap();
    let lines: String = (0..3_000)
        .map(|n| {
            format!("{{\"ts\":\"2026-01-02T03:04:05Z\",\"msg\":\"paid\",\"n\":{n},\"tags\":[{n},\"ü\"]}}\n")
        })
        .collect();
    // Without the option, the format is 1.1.
    let formats: [(&str, &[&str]); 3] =
        [("1.0", &["--format", "1.0"]), ("1.1", &["--format", "1.1"]), ("1.1, default", &[])];
    let [full, like, default] = formats.map(|(name, options)| {
        let format = &name[..3];
        let logs = directory.path().join(name);
        let to = ["import".as_ref(), "-".as_ref(), "--to".as_ref(), logs.as_os_str()];
        let options = options.iter().map(|option| option.as_ref());
        let run = fusewire_with_input(to.into_iter().chain(options), lines.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
        let segment = std::fs::read(&common::segments(&logs)[0]).unwrap();
        // The minor version, and the flag of segments with like entries.
        assert_eq!((segment[10], segment[24]), if format == "1.1" { (1, 1) } else { (0, 0) });
        logs
    });
    assert_eq!(cat_json(&full), cat_json(&like));
    assert_eq!(cat_json(&full), cat_json(&default));
    let bytes = |logs: &std::path::Path| {
        let run = fusewire(["verify".as_ref(), logs.as_os_str()]);
        assert_eq!(run.code, 0, "{run:?}");
        let segment = std::fs::read(&common::segments(logs)[0]).unwrap();
        u32::from_le_bytes(segment[4096..4100].try_into().unwrap()) * 16
    };
    assert!(bytes(&like) * 2 < bytes(&full), "{} and {}", bytes(&like), bytes(&full));
}
