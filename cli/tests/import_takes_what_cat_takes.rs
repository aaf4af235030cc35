//! `import` reads each input that `cat` reads. The new log contains the entries that `cat` prints for the inputs.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, TempDir, fusewire, fusewire_with_input};

fn cat(paths: &[&Path]) -> Run {
    let options = ["cat", "--output", "json"].map(OsStr::new);
    fusewire(options.into_iter().chain(paths.iter().map(|path| path.as_os_str())))
}

fn import(paths: &[&Path], to: &Path, options: &[&str]) -> Run {
    let to = [OsStr::new("import"), OsStr::new("--to"), to.as_os_str()];
    let options = options.iter().map(OsStr::new);
    fusewire(to.into_iter().chain(options).chain(paths.iter().map(|path| path.as_os_str())))
}

fn line(second: u32, text: &str) -> String {
    format!(
        "{{\"time\":\"2026-03-01T10:00:{second:02}Z\",\"level\":\"info\",\"msg\":\"{text} {second}\",\"n\":{second}}}\n"
    )
}

/// A directory with lines of JSON and of text, a stack trace, compressed lines, and a log of both formats.
fn inputs() -> (TempDir, Vec<PathBuf>) {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("a.jsonl.1"), (0..20).step_by(2).map(|second| line(second, "first")).collect::<String>())
        .unwrap();
    fs::write(at("a.jsonl"), (1..20).step_by(2).map(|second| line(second, "second")).collect::<String>())
        .unwrap();
    fs::write(at("b.log"), "2026-03-01 10:00:30 ERROR failed\n\tat x\n2026-03-01 10:00:31 INFO next\n")
        .unwrap();
    let lines: String = (40..50).map(|second| line(second, "segment")).collect();
    for format in ["1.0", "1.1"] {
        let to = at(format);
        let to = [OsStr::new("import"), OsStr::new("-"), OsStr::new("--to"), to.as_os_str()];
        let options = ["--format", format, "--service", "shop"].map(OsStr::new);
        let run = fusewire_with_input(to.into_iter().chain(options), lines.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
    }
    let paths = ["a.jsonl.1", "a.jsonl", "b.log", "1.0", "1.1"].map(at).to_vec();
    (directory, paths)
}

#[test]
fn the_new_log_has_the_entries_of_all_inputs() {
    let (directory, paths) = inputs();
    let segment = common::segments(&paths[4]).remove(0);
    let all: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let (whole, one) = ([directory.path()], [segment.as_path()]);
    let cases: [&[&Path]; 6] = [&all[..1], &all[..3], &all[3..4], &one, &whole, &all];
    for (at, inputs) in cases.into_iter().enumerate() {
        for format in ["1.0", "1.1"] {
            let to = directory.path().join(format!("to-{at}-{format}"));
            let run = import(inputs, &to, &["--format", format]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{inputs:?}");
            let (expected, found) = (cat(inputs), cat(&[&to]));
            assert!(!expected.stdout.is_empty(), "{inputs:?}");
            assert_eq!((found.code, found.stdout), (0, expected.stdout), "{inputs:?}");
        }
    }
}

#[test]
fn the_resource_of_a_segment_is_kept() {
    let (directory, paths) = inputs();
    let resource = |options: &[&str], name: &str| {
        let to = directory.path().join(name);
        assert_eq!(import(&[&paths[3]], &to, options).code, 0);
        fusewire(["info".as_ref(), common::segments(&to)[0].as_os_str()]).stdout
    };
    assert!(resource(&[], "kept").contains("service.name=shop"));
    let changed = resource(&["--service", "cart"], "changed");
    assert!(changed.contains("service.name=cart") && !changed.contains("shop"), "{changed}");
}

#[test]
fn frames_and_lines_in_one_stream_are_imported() {
    let (directory, paths) = inputs();
    let mut stream = fs::read(&paths[0]).unwrap();
    let segment = common::segments(&paths[3]).remove(0);
    stream.splice(0..0, fs::read(segment).unwrap());
    let to = directory.path().join("to");
    let run =
        fusewire_with_input(["import".as_ref(), "-".as_ref(), "--to".as_ref(), to.as_os_str()], &stream);
    assert_eq!(run.code, 0, "{run:?}");
    for part in ["10 lines", "10 entries of segments and messages", "20 entries"] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    let expected = fusewire_with_input(["cat", "-", "--output", "json"], &stream).stdout;
    let mut expected: Vec<_> = expected.lines().collect();
    let found = cat(&[&to]).stdout;
    let mut found: Vec<_> = found.lines().collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn holes_are_reported_once() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("a.jsonl");
    let hole = "\0".repeat(100);
    let (a, b, c) = (line(1, "a"), line(2, "b"), line(3, "c"));
    fs::write(&file, format!("{hole}{a}{hole}{b}{hole}{c}")).unwrap();
    let to = directory.path().join("to");
    let run = import(&[&file], &to, &[]);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    assert!(run.stderr.contains("2 more holes of NUL bytes"), "{}", run.stderr);
    assert_eq!(cat(&[&to]).stdout.lines().count(), 3);
}

#[test]
fn an_unusable_input_does_not_stop_the_others() {
    let (directory, paths) = inputs();
    let missing = directory.path().join("missing.jsonl");
    let to = directory.path().join("to");
    let run = import(&[&missing, &paths[0]], &to, &[]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("missing.jsonl"), "{}", run.stderr);
    assert_eq!(cat(&[&to]).stdout.lines().count(), 10);
}
