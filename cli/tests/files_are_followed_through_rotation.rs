//! `fusewire tail -f` prints each line once when another program copies, compresses, truncates or rewrites the file, and waits for a
//! file that does not exist.

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::{TempDir, command, signal};

/// A running `tail -f` and its output.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn new(path: &Path) -> Self {
        let mut child = command(["tail", "-f", "-n", "100", "-F", "message"])
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = sender.clone();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.filter(|line| !line.ends_with("message")).try_for_each(|line| sender.send(line))
        });
        std::thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.map(|line| format!("stderr: {line}")).try_for_each(|line| errors.send(line))
        });
        Self { child, lines }
    }

    /// Returns the next line that is an entry.
    fn next(&self) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(120)).expect("a line");
            if !line.starts_with("stderr: ") {
                return line;
            }
        }
    }

    fn expect(&self, bodies: &[&str]) {
        for body in bodies {
            assert_eq!(self.next().trim(), *body);
        }
    }

    /// Ends the command. Returns the remaining entries.
    fn rest(mut self) -> Vec<String> {
        signal(&self.child, "INT");
        assert!(matches!(self.child.wait().unwrap().code(), Some(0 | 3)));
        self.lines.iter().filter(|line| !line.starts_with("stderr: ")).collect()
    }
}

fn line(body: &str) -> String {
    format!("{{\"time\":\"2026-03-01T10:00:00Z\",\"msg\":\"{body}\",\"pad\":\"{}\"}}\n", "x".repeat(600))
}

fn append(path: &Path, bodies: &[&str]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(bodies.iter().map(|body| line(body)).collect::<String>().as_bytes()).unwrap();
}

fn truncate(path: &Path) {
    File::options().write(true).open(path).unwrap().set_len(0).unwrap();
}

#[test]
fn a_copy_in_the_directory_repeats_nothing_and_completes_the_original() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    append(&path, &["1"]);
    let follower = Follower::new(directory.path());
    follower.expect(&["1"]);
    append(&path, &["2"]);
    follower.expect(&["2"]);
    fs::copy(&path, directory.path().join("app.log.1")).unwrap();
    truncate(&path);
    append(&path, &["3"]);
    follower.expect(&["3"]);

    // The copy contains a line that is not in the original: it was truncated before the command read the line.
    signal(&follower.child, "STOP");
    append(&path, &["4"]);
    fs::rename(directory.path().join("app.log.1"), directory.path().join("app.log.2")).unwrap();
    fs::copy(&path, directory.path().join("app.log.1")).unwrap();
    truncate(&path);
    append(&path, &["5"]);
    signal(&follower.child, "CONT");
    let mut both = [follower.next(), follower.next()].map(|line| line.trim().to_owned());
    both.sort();
    assert_eq!(both, ["4", "5"]);
    append(&path, &["6"]);
    follower.expect(&["6"]);
    assert_eq!(follower.rest(), [""; 0]);
}

#[test]
fn a_compressed_copy_repeats_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    append(&path, &["1"]);
    let follower = Follower::new(directory.path());
    follower.expect(&["1"]);
    append(&path, &["2"]);
    let rotated = directory.path().join("app.log.1");
    fs::rename(&path, &rotated).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&fs::read(&rotated).unwrap()).unwrap();
    fs::write(directory.path().join("app.log.1.gz"), gzip.finish().unwrap()).unwrap();
    fs::remove_file(&rotated).unwrap();
    follower.expect(&["2"]);
    append(&path, &["3"]);
    follower.expect(&["3"]);
    // A compressed file with other content is read.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(line("other").as_bytes()).unwrap();
    fs::write(directory.path().join("other.log.gz"), gzip.finish().unwrap()).unwrap();
    follower.expect(&["other"]);
    assert_eq!(follower.rest(), [""; 0]);
}

#[test]
fn a_file_that_is_rewritten_to_the_same_size_is_read_again() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    append(&path, &["1"]);
    let follower = Follower::new(&path);
    follower.expect(&["1"]);
    // The ends of both lines are alike.
    fs::write(&path, line("7")).unwrap();
    follower.expect(&["7"]);
    append(&path, &["8"]);
    follower.expect(&["8"]);
    assert_eq!(follower.rest(), [""; 0]);
}

#[test]
fn a_path_that_does_not_exist_is_waited_for() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("later").join("app.log");
    let follower = Follower::new(&path);
    let told = follower.lines.recv_timeout(Duration::from_secs(120)).unwrap();
    assert!(told.contains("app.log: no such file or directory; waiting for it"), "{told}");
    fs::create_dir(directory.path().join("later")).unwrap();
    append(&path, &["1"]);
    follower.expect(&["1"]);
    append(&path, &["2"]);
    follower.expect(&["2"]);
    assert_eq!(follower.rest(), [""; 0]);
    // Without --follow, this is an error.
    let run = common::run(Command::new(env!("CARGO_BIN_EXE_fusewire")).args(["tail", "nowhere.log"]));
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn standard_input_is_not_a_path_to_wait_for() {
    let run = common::fusewire_with_input(["tail", "-f", "-"], b"{\"msg\":\"x\"}\n");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("not standard input; use: fusewire cat -"), "{run:?}");
}
