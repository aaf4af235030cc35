//! A log holds what attackers send; whoever reads it must see it, not run it.

mod common;

use common::{fusewire, imported};

/// Sets the title, clears the screen, rings, turns the direction of writing; a C1 control; DEL.
const HOSTILE: &str = r"\u001b]0;owned\u0007 \u001b[2J \u009b31m \u202eexe.txt \u007f \u0000";

#[test]
fn no_control_character_of_an_entry_is_printed_in_any_place() {
    let lines = format!(
        "{{\"level\":\"info\",\"msg\":\"m {HOSTILE}\",\"logger\":\"l {HOSTILE}\",\"k {HOSTILE}\":\"v {HOSTILE}\",\
         \"nested\":{{\"a {HOSTILE}\":[\"e {HOSTILE}\"]}}}}\nplain \x1b[31mtext \u{9b}31m\n"
    );
    let (_directory, logs) = imported(lines.as_bytes());
    for args in [&["--output", "text"], &["--output", "json"]] {
        let run = fusewire([&["cat", logs.to_str().unwrap()], &args[..]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        for character in run.stdout.chars() {
            let harmless = character == '\n'
                || !(character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character));
            assert!(harmless, "{character:?} in {:?}", run.stdout);
        }
        assert!(run.stdout.contains("owned"), "shown, not hidden: {}", run.stdout);
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
