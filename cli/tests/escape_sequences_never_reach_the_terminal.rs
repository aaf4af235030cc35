//! Commands print the control characters of a log in a visible form, so that hostile entries cannot control
//! the terminal.

mod common;

use common::{TempDir, append, fusewire, imported, small_log};

/// Sequences that set the title, clear the screen, ring the bell and change the text direction; a C1 control
/// character; DEL; NUL; characters without a visible form: a soft hyphen, a zero-width space, a word joiner, an
/// isolate, a byte order mark and a tag.
const HOSTILE: &str = r"\u001b]0;owned\u0007 \u001b[2J \u009b31m \u202eexe.txt \u007f \u0000 \u00ad\u200b\u2060\u2066\ufeff\udb40\udc41";

#[test]
fn no_control_character_of_an_entry_is_printed_in_any_place() {
    let lines = format!(
        "{{\"level\":\"info\",\"msg\":\"m {HOSTILE}\",\"logger\":\"l {HOSTILE}\",\"k {HOSTILE}\":\"v {HOSTILE}\",\
         \"nested\":{{\"a {HOSTILE}\":[\"e {HOSTILE}\"]}}}}\nplain \x1b[31mtext \u{9b}31m\n"
    );
    let (_directory, logs) = imported(lines.as_bytes());
    let path = logs.to_str().unwrap();
    for args in [
        &["cat", path, "--output", "text"][..],
        &["cat", path, "--wrap", "always"],
        &["cat", path, "--wrap", "cut", "--fields", "message"],
        &["cat", path, "--output", "json"],
        &["cat", path, "--output", "csv"],
        &["cat", path, "--output", "logfmt"],
        &["cat", path, "--output", "tsv", "--fields", "message"],
        &["cat", path, "--output", "json", "--fields", "target,message"],
        &["stats", path],
        &["metrics", path],
    ] {
        let run = fusewire(args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_harmless(&run.stdout);
        assert!(run.stdout.contains("owned"), "shown, not hidden: {}", run.stdout);
    }
}

fn assert_harmless(printed: &str) {
    for character in printed.chars() {
        let hidden = matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        );
        let harmless = character == '\n' || !(character.is_control() || hidden);
        assert!(harmless, "{character:?} in {printed:?}");
    }
}

#[test]
fn neither_do_those_of_a_file_name_or_of_who_wrote_it() {
    let hostile = "\u{1b}]0;owned\u{7} \u{9b}31m \u{202e}";
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join(hostile);
    let log = small_log(&logs, hostile).open().unwrap();
    append(&log, "b", 0);
    drop(log);
    std::fs::write(logs.join(format!("{hostile}.fws")), "no segment").unwrap();
    let logs = logs.to_str().unwrap();
    for args in [
        &["ls", logs][..],
        &["ls", logs, "--files"],
        &["ls", logs, "--output", "json"],
        &["ls", logs, logs],
        &["info", logs],
        &["verify", logs],
        &["tail", logs],
        &["tail", logs, "--output", "json"],
    ] {
        let run = fusewire(args);
        let names_it = ["ls", "info"].contains(&args[0]);
        assert!(run.stdout.contains("owned") || !names_it, "{args:?}: {}", run.stdout);
        assert!(run.stderr.contains("owned"), "{args:?}: {}", run.stderr);
        assert_harmless(&run.stdout);
        assert_harmless(&run.stderr);
    }
}

#[test]
fn a_line_feed_in_a_message_cannot_fake_an_entry() {
    let (_directory, logs) =
        imported(b"{\"level\":\"info\",\"msg\":\"first\\n2026-01-01 00:00:00.000000 INFO  root logged in\",\"k\":\"a\\nb\"}\n");
    let run = fusewire(["cat".as_ref(), logs.as_os_str()]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("first") && lines[0].contains("k=\"a\\nb\""), "{lines:?}");
    assert!(lines[1].starts_with("    2026"), "further lines are indented: {lines:?}");
}
