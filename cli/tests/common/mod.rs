//! Functions that run the binary and damage files.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a fixture; clippy knows functions marked as tests only"
)]

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fusewire::log::{Log, LogOptions};
use fusewire::segment::Resource;

pub mod served;

pub use tempfile::TempDir;

/// The result of a run of the binary.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Returns a command for the binary, without environment variables that change its output.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusewire"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    // The configuration file of the user does not apply.
    command.args(args).env("TZ", "UTC").env("XDG_CONFIG_HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// Runs the binary until it ends.
pub fn fusewire<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    run(&mut command(args))
}

/// Runs the binary with `input` on standard input.
pub fn fusewire_with_input<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
    let mut child =
        command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that rejects its input closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    finished(output)
}

pub fn run(command: &mut Command) -> Run {
    finished(command.output().unwrap())
}

fn finished(output: std::process::Output) -> Run {
    Run {
        code: output.status.code().expect("ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Imports `lines` into the directory `logs` of a new temporary directory.
pub fn imported(lines: &[u8]) -> (TempDir, PathBuf) {
    imported_with(&[], lines)
}

/// Imports `lines` as [`imported`] does, with more options.
pub fn imported_with(options: &[&str], lines: &[u8]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    let run = fusewire_with_input(
        [
            "import".as_ref(),
            "-".as_ref(),
            "--to".as_ref(),
            logs.as_os_str(),
            "--segment-size".as_ref(),
            "256KiB".as_ref(),
        ]
        .into_iter()
        .chain(options.iter().map(|option| option.as_ref())),
        lines,
    );
    assert_eq!(run.code, 0, "{run:?}");
    (directory, logs)
}

/// Returns the segment files in a directory, except temporary files.
pub fn segments(logs: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(logs).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension() == Some(OsStr::new("fws")));
    files.sort();
    files
}

/// Flips one bit of the first occurrence of `text` in a file. Returns the offset of the byte.
pub fn damage(file: &Path, text: &str) -> usize {
    let mut bytes = std::fs::read(file).unwrap();
    let at =
        bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("the text is there");
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
    at
}

/// Returns the options of a log of `service` in `directory` with segments of the smallest size.
pub fn small_log(directory: &Path, service: &str) -> LogOptions {
    Log::options(directory).resource(Resource::of_this_process(service)).segment_size(16 << 10)
}

/// Appends an entry with `body`, and with the time `unix_nano` unless this is 0.
pub fn append(log: &Log, body: &str, unix_nano: u64) {
    let outcome = log.append(|entry| {
        if unix_nano != 0 {
            entry.set_time_unix_nano(unix_nano);
        }
        entry.set_body(body);
    });
    assert!(outcome.is_written(), "{outcome:?}");
}

/// Sends `signal` to a process. Ctrl-C is `INT`.
pub fn signal(child: &std::process::Child, signal: &str) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status();
    assert!(status.unwrap().success());
}

/// Returns the verdict of a rule in a post-mortem report.
pub fn verdict<'a>(report: &'a serde_json::Value, rule: &str) -> &'a serde_json::Value {
    let verdicts = report["verdicts"].as_array().unwrap();
    verdicts
        .iter()
        .find(|verdict| verdict["rule"] == rule)
        .unwrap_or_else(|| panic!("no {rule}: {verdicts:#?}"))
}
