//! `cat` reads segments, frames and lines from standard input and from files with any name.

mod common;

use common::{fusewire, fusewire_with_input, imported, segments};
use fusewire::{Limits, message};

const STDIN_AS_JSON: [&str; 4] = ["cat", "-", "--output", "json"];

#[test]
fn segments_one_after_the_other_are_read_as_if_they_were_files() {
    let lines: String = (0..4_000).map(|n| format!("{{\"msg\":\"message {n}\",\"n\":{n}}}\n")).collect();
    let (_directory, logs) = imported(lines.as_bytes());
    let files = segments(&logs);
    assert!(files.len() > 1);
    let bytes: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    let streamed = fusewire_with_input(STDIN_AS_JSON, &bytes);
    assert_eq!((streamed.code, streamed.stderr.as_str()), (0, ""));
    assert_eq!(streamed.stdout.lines().count(), 4_000);
    assert_eq!(streamed.stdout, fusewire(["cat", logs.to_str().unwrap(), "-o", "json"]).stdout);
}

#[test]
fn frames_one_after_the_other_are_read_and_one_that_is_cut_is_a_loss() {
    let mut bytes = Vec::new();
    for n in 0..100 {
        let mut buffer = [0; 1024];
        let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| {
            entry.set_body_fmt(format_args!("frame {n}"));
        });
        bytes.extend_from_slice(frame.unwrap());
    }
    let run = fusewire_with_input(STDIN_AS_JSON, &bytes);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 100), "{}", run.stderr);
    let run = fusewire_with_input(STDIN_AS_JSON, &bytes[..bytes.len() - 5]);
    assert_eq!((run.code, run.stdout.lines().count()), (3, 99));
    assert!(run.stderr.contains("byte"), "{}", run.stderr);
}

#[test]
fn lines_are_printed_as_the_entries_they_would_be() {
    let input = b"{\"level\":\"warn\",\"time\":\"2026-01-02T03:04:05Z\",\"msg\":\"hello\",\"n\":1}\nplain\n";
    let run = fusewire_with_input(["cat", "-"], input);
    assert_eq!(
        run.stdout,
        "2026-01-02 03:04:05.000000 WARN   hello  n=1\n2026-01-02 03:04:05.000000~-      plain\n"
    );
    let directory = common::TempDir::new().unwrap();
    let file = directory.path().join("app.jsonl");
    std::fs::write(&file, input).unwrap();
    assert_eq!(fusewire(["cat".as_ref(), file.as_os_str()]).stdout, run.stdout);
}
