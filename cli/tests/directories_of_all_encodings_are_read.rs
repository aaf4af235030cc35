//! `cat`, `tail`, `ls` and `info` read directories and files of segments, JSON lines and frames.

mod common;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{TempDir, command, fusewire, imported, signal};
use fusewire::{Limits, message};

fn line(n: u64) -> String {
    format!("{{\"time\":\"2026-01-02T03:04:{n:02}Z\",\"level\":\"info\",\"msg\":\"m{n}\"}}\n")
}

fn frame(n: u64) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| {
        entry.set_time_unix_nano((1_767_323_040 + n) * 1_000_000_000);
        entry.set_body_fmt(format_args!("m{n}"));
    });
    frame.unwrap().to_vec()
}

/// Creates a directory with 30 entries: one third in a segment, one third in lines and one third in frames.
fn mixed() -> (TempDir, PathBuf) {
    let every = |first: u64| (first..30).step_by(3);
    let (directory, logs) = imported(every(0).map(line).collect::<String>().as_bytes());
    std::fs::write(logs.join("app.jsonl"), every(1).map(line).collect::<String>()).unwrap();
    std::fs::write(logs.join("messages.fwm"), every(2).flat_map(frame).collect::<Vec<u8>>()).unwrap();
    (directory, logs)
}

/// Returns the last word of each line.
fn bodies(text: &str) -> Vec<String> {
    text.lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
}

fn expected(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers.map(|n| format!("m{n}")).collect()
}

fn run(command: &str, path: &Path, more: &[&str]) -> common::Run {
    fusewire([command.as_ref(), path.as_os_str()].into_iter().chain(more.iter().map(|arg| arg.as_ref())))
}

#[test]
fn cat_merges_them_by_time() {
    let (_directory, logs) = mixed();
    let all = run("cat", &logs, &[]);
    assert_eq!((all.code, all.stderr.as_str()), (0, ""));
    assert_eq!(bodies(&all.stdout), expected(0..30));
    let range = run("cat", &logs, &["--since", "2026-01-02T03:04:10Z", "--until", "2026-01-02T03:04:20Z"]);
    assert_eq!(bodies(&range.stdout), expected(10..20));
    // Files that are named one by one are also merged.
    let files = ["app.jsonl", "messages.fwm"].map(|name| logs.join(name));
    let two = fusewire(["cat".as_ref(), files[1].as_os_str(), files[0].as_os_str()]);
    assert_eq!(bodies(&two.stdout), expected((0..30).filter(|n| n % 3 != 0)));
}

#[test]
fn cat_takes_a_stream_of_all_of_them() {
    let (_directory, logs) = mixed();
    let mut stream = Vec::new();
    for file in common::segments(&logs).iter().chain(&[logs.join("app.jsonl"), logs.join("messages.fwm")]) {
        stream.extend(std::fs::read(file).unwrap());
    }
    let all = common::fusewire_with_input(["cat", "-"], &stream);
    assert_eq!((all.code, all.stderr.as_str()), (0, ""));
    let order = (0..3).flat_map(|first| (first..30).step_by(3));
    assert_eq!(bodies(&all.stdout), expected(order));
}

#[test]
fn damage_in_a_file_is_named_and_the_exit_code_says_so() {
    let (_directory, logs) = mixed();
    let path = logs.join("messages.fwm");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let all = run("cat", &logs, &[]);
    assert_eq!((all.code, all.stdout.lines().count()), (3, 29));
    assert!(all.stderr.contains(path.to_str().unwrap()) && all.stderr.contains("lost"), "{}", all.stderr);
    assert_eq!(run("cat", &logs, &["--strict"]).code, 2);
    let info = run("info", &logs, &[]);
    assert!(info.stdout.contains("lost"), "{}", info.stdout);
    assert!(run("ls", &logs, &[]).stdout.contains("damaged"));
}

#[test]
fn tail_shows_the_last_of_all() {
    let (_directory, logs) = mixed();
    assert_eq!(bodies(&run("tail", &logs, &["-n", "7"]).stdout), expected(23..30));
    let one = run("tail", &logs.join("app.jsonl"), &["-n", "2"]);
    assert_eq!(bodies(&one.stdout), expected([25, 28].into_iter()));
}

#[test]
fn ls_and_info_count_them() {
    let (_directory, logs) = mixed();
    let ls = run("ls", &logs, &[]);
    assert_eq!((ls.code, ls.stderr.as_str()), (0, ""));
    for what in ["app.jsonl", "messages.fwm", "1 segment: 1 sealed; 2 files of lines or frames; 30 entries"] {
        assert!(ls.stdout.contains(what), "{what}: {}", ls.stdout);
    }
    let json = run("ls", &logs, &["--output", "json"]);
    let of_file = json.stdout.lines().find(|line| line.contains("app.jsonl")).unwrap();
    assert!(of_file.contains("\"state\":\"file\"") && of_file.contains("\"entries\":10"), "{of_file}");
    let info = run("info", &logs, &["--utc"]);
    assert_eq!((info.code, info.stderr.as_str()), (0, ""));
    assert!(
        info.stdout.contains("entries  30") && info.stdout.contains("2 (lines or frames)"),
        "{}",
        info.stdout
    );
    let one = run("info", &logs.join("app.jsonl"), &["--utc"]);
    assert_eq!(one.code, 0, "{}", one.stderr);
    assert!(
        one.stdout.contains("entries  10") && one.stdout.contains("2026-01-02 03:04:01"),
        "{}",
        one.stdout
    );
}

#[test]
fn nothing_is_not_silent() {
    let directory = TempDir::new().unwrap();
    let empty = directory.path().join("empty.log");
    std::fs::write(&empty, b"").unwrap();
    let run_on_file = run("cat", &empty, &[]);
    assert_eq!(run_on_file.code, 2);
    assert!(run_on_file.stderr.contains("is empty"), "{}", run_on_file.stderr);
    let packed = directory.path().join("app.log.1.zip");
    std::fs::write(&packed, b"PK\x03\x04").unwrap();
    let run_on_directory = run("cat", directory.path(), &[]);
    assert_eq!(run_on_directory.code, 3);
    assert!(run_on_directory.stderr.contains("compressed"), "{}", run_on_directory.stderr);
}

#[test]
fn tail_follows_a_file_across_rotation() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.jsonl");
    std::fs::write(&path, line(0) + &line(1)).unwrap();
    let mut child =
        command(["tail".as_ref(), "-f".as_ref(), "-n".as_ref(), "1".as_ref(), directory.path().as_os_str()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || bodies(&lines.next().unwrap().unwrap());
    assert_eq!(next(), ["m1"]);
    let append = |text: &str| {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(&line(2));
    assert_eq!(next(), ["m2"]);
    std::fs::rename(&path, directory.path().join("app.jsonl.1")).unwrap();
    append(&line(3));
    assert_eq!(next(), ["m3"]);
    std::fs::write(&path, b"").unwrap();
    std::fs::write(directory.path().join("other.log"), b"text that waits\n").unwrap();
    assert_eq!(next(), ["waits"]);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("app.jsonl: replaced by another file"), "{said}");
}
