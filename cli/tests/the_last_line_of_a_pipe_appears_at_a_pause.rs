//! `cat` prints the last line of a pipe while the pipe is open: of standard input and of a named pipe.

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use common::{TempDir, command};

/// The time after which the test is considered to hang.
const LIMIT: Duration = Duration::from_secs(120);

/// A line of text that a stack trace can follow.
const LINE: &str = "2026-03-01 10:00:00,000 ERROR [main] app - failed\n";

/// Writes [`LINE`] to a pipe twice. Expects an entry after each line, before the pipe is closed.
fn expect_lines(path: &Path, open: impl FnOnce(&mut std::process::Child) -> Box<dyn Write>) {
    let mut command = command(["cat".as_ref(), path.as_os_str()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = open(&mut child);
    let (sender, receiver) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    for _ in 0..2 {
        input.write_all(LINE.as_bytes()).unwrap();
        input.flush().unwrap();
        let line = receiver.recv_timeout(LIMIT);
        if line.is_err() {
            let _ = child.kill();
        }
        assert!(line.unwrap().contains("failed"));
    }
    drop((input, child.stdin.take()));
    assert!(child.wait().unwrap().success());
    assert!(receiver.recv_timeout(LIMIT).is_err(), "each line is printed once");
}

#[test]
fn of_standard_input() {
    expect_lines(Path::new("-"), |child| Box::new(child.stdin.take().unwrap()));
}

#[test]
fn of_a_named_pipe() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    expect_lines(&path, |_| {
        // With both directions, the open does not wait for the command.
        Box::new(File::options().read(true).write(true).open(&path).unwrap())
    });
}
