//! Every command that reads a log accepts `-` and a pipe in place of a path, and gives the same output as for the file.

mod common;

use std::process::Command;

use common::{TempDir, fusewire, fusewire_with_input, imported, run, segments};

fn lines() -> String {
    (0..20)
        .map(|n| {
            format!(
                "{{\"time\":\"2026-03-01T10:00:{n:02}Z\",\"level\":\"info\",\"msg\":\"line {n}\",\
                 \"trace_id\":\"5b8aa5a2d2c872e8321cf37308d69df2\",\"span_id\":\"051581bf3cb55c13\",\"duration_ms\":{n}}}\n"
            )
        })
        .collect()
}

const COMMANDS: [&[&str]; 14] = [
    &["cat"],
    &["query", "duration_ms > 10"],
    &["query", "duration_ms > 10", "--count"],
    &["query", "duration_ms == 7", "-C", "2"],
    &["query", "duration_ms > 10", "--reverse", "-n", "3"],
    &["tail", "-n", "3"],
    &["stats"],
    &["histogram"],
    &["trace", "5b8aa5a2d2c872e8321cf37308d69df2", "-o", "json"],
    &["check", "--output", "text"],
    &["slo"],
    &["ls"],
    &["info"],
    &["postmortem"],
];

#[test]
fn a_stream_gives_the_output_of_a_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a-file");
    std::fs::write(&path, lines()).unwrap();
    let path = path.to_str().unwrap();
    for args in COMMANDS {
        let expected = fusewire(args.iter().copied().chain([path]));
        assert_ne!(expected.code, 2, "{args:?}: {}", expected.stderr);
        // The name and the size on disk differ.
        let clean = |text: &str, name: &str| {
            let text = text.replace(name, "NAME").replace(&directory.path().display().to_string(), "");
            let lines = text.lines().filter(|line| !line.contains("KiB") && !line.contains("size"));
            lines.map(|line| line.trim_start_matches('/').to_owned()).collect::<Vec<_>>()
        };
        let of_file = clean(&expected.stdout.replace("/a-file", "a-file"), "a-file");
        let piped = fusewire_with_input(args.iter().copied().chain(["-"]), lines().as_bytes());
        assert_eq!(piped.code, expected.code, "{args:?}: {}", piped.stderr);
        assert_eq!(clean(&piped.stdout, "standard input"), of_file, "{args:?}");
        // Process substitution gives a pipe as a path.
        let script = "cat \"$0\" | \"$@\" /dev/stdin";
        let mut shell = Command::new("sh");
        shell.args(["-c", script, path, env!("CARGO_BIN_EXE_fusewire")]).args(args).env("TZ", "UTC");
        let piped = run(&mut shell);
        assert_eq!(piped.code, expected.code, "{args:?}: {}", piped.stderr);
        assert_eq!(
            piped.stdout.lines().count(),
            expected.stdout.lines().count(),
            "{args:?}: {}",
            piped.stdout
        );
    }
}

#[test]
fn a_check_names_standard_input_as_the_place() {
    let input = "2026-03-01 10:00:00 INFO started\n{\"msg\":\"no level\"}\n";
    for output in ["text", "json", "sarif"] {
        let run = fusewire_with_input(["check", "-", "--all", "--output", output], input.as_bytes());
        let name = if output == "sarif" { "standard%20input" } else { "standard input" };
        assert!(run.stdout.contains(name), "{output}: {}", run.stdout);
        assert!(!run.stdout.contains("/fd/") && !run.stdout.contains("`3`"), "{output}: {}", run.stdout);
    }
}

#[test]
fn segments_arrive_through_a_pipe_too() {
    let (directory, logs) = imported(lines().as_bytes());
    let segment = std::fs::read(&segments(&logs)[0]).unwrap();
    let verified = fusewire_with_input(["verify", "-"], &segment);
    assert_eq!(verified.code, 0, "{verified:?}");
    let to = directory.path().join("recovered");
    let recovered =
        fusewire_with_input(["recover".as_ref(), "-".as_ref(), "--to".as_ref(), to.as_os_str()], &segment);
    assert_eq!(recovered.code, 0, "{recovered:?}");
    assert_eq!(
        fusewire(["query".as_ref(), "exists duration_ms".as_ref(), "--count".as_ref(), to.as_os_str()])
            .stdout,
        "20\n"
    );
}

#[test]
fn an_empty_stream_is_an_error_that_names_it() {
    for args in COMMANDS {
        let run = fusewire_with_input(args.iter().copied().chain(["-"]), b"");
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.stderr.contains("standard input: the input is empty"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn a_file_is_listed_and_counted_alone() {
    let directory = TempDir::new().unwrap();
    let other = "{\"time\":\"2020-01-01T00:00:00Z\",\"msg\":\"other\"}\n";
    std::fs::write(directory.path().join("other.log"), other).unwrap();
    std::fs::write(directory.path().join("app.log"), lines()).unwrap();
    let listed = run(common::command(["ls", "app.log", "-o", "json"]).current_dir(directory.path()));
    assert_eq!((listed.code, listed.stdout.lines().count()), (0, 1), "{listed:?}");
    assert!(listed.stdout.contains("\"entries\":20"), "{}", listed.stdout);
    // The interval depends on the times of the named file only.
    let counted = run(common::command(["histogram", "app.log"]).current_dir(directory.path()));
    assert_eq!(counted.code, 0, "{counted:?}");
    assert!(counted.stdout.contains("20 entries; interval 1s"), "{}", counted.stdout);
}
