//! Each command gives the same answer for a log with like entries as for the same log without them.

mod common;
#[path = "../../tests/common"]
mod shared {
    pub mod checksum;
    pub mod like;
}

use std::path::Path;

use common::{Run, TempDir, segments};
use regex::Regex;
use shared::like::{convert_directory, copy_directory};

/// Returns a log in both formats. The directories have the name `logs`.
fn both() -> (TempDir, TempDir) {
    let mut lines = String::new();
    for n in 0..3_000_u32 {
        let level = ["info", "info", "warn", "error"][n as usize % 4];
        lines += &format!(
            "{{\"time\":\"2025-11-28T10:{:02}:{:02}Z\",\"level\":\"{level}\",\"target\":\"shop::{}\",\"message\":\"request {n} was \
             answered\",\"status\":{},\"user\":\"user_{}\",\"took\":{}.5,\"trace_id\":\"{:032x}\"}}\n",
            n / 60,
            n % 60,
            n % 3,
            200 + n % 7,
            n % 40,
            n % 90,
            1 + n / 5
        );
    }
    let (full, logs) = common::imported_with(&["--format", "1.0"], lines.as_bytes());
    assert!(segments(&logs).len() > 2);
    let like = TempDir::new().unwrap();
    copy_directory(&logs, &like.path().join("logs"));
    let count = convert_directory(&like.path().join("logs"));
    assert!(count > 2_900, "{count}");
    (full, like)
}

fn run_in(directory: &Path, args: &str) -> Run {
    let mut command = common::command(args.split(' '));
    command.current_dir(directory);
    common::run(&mut command)
}

#[test]
fn entries_and_counts() {
    let (full, like) = both();
    for (args, code) in [
        ("cat logs", 0),
        ("cat logs --output json", 0),
        ("cat logs --output json --reverse", 0),
        ("cat logs --output csv", 0),
        ("cat logs -n 10 --reverse", 0),
        ("cat logs --since 2025-11-28T10:00:20Z --until 2025-11-28T10:00:40Z", 0),
        ("query level>=warn logs --output json", 0),
        ("query status==203 logs --output json", 0),
        ("query user==user_7 logs --output json", 0),
        ("query trace_id==2f logs --output json", 0),
        ("query body=~/77/ logs", 0),
        ("query user==nobody logs", 1),
        ("histogram logs", 0),
        ("trace 0000000000000000000000000000002f logs", 0),
        ("tail -n 5 logs", 0),
    ] {
        let (full, like) = (run_in(full.path(), args), run_in(like.path(), args));
        println!("{args}: {full:?}");
        assert_eq!((full.code, &full.stderr), (like.code, &like.stderr), "{args}");
        assert!(code == 1 || full.stdout.len() > 100, "{args}: {full:?}");
        assert!(full.stdout == like.stdout, "{args}: {} {}", full.stdout, like.stdout);
        assert_eq!(full.code, code, "{args}");
    }
}

/// Returns `text` without the numbers of bytes and the offsets, which depend on the format.
fn without_sizes(text: &str) -> String {
    let sizes = Regex::new(
        "[0-9.,]+ (B|KiB|MiB)|offset [0-9,]+|[0-9,]+ bytes|\"bytes\":[0-9]+|format +1[.][01]|B/s|  +",
    )
    .unwrap();
    let lines = text.lines().filter(|line| !line.contains("_bytes"));
    lines.map(|line| sizes.replace_all(line, " ").trim().to_owned() + "\n").collect()
}

#[test]
fn reports_with_sizes() {
    let (full, like) = both();
    for args in [
        "verify logs",
        "info logs",
        "ls logs",
        "recover logs --to recovered",
        "postmortem logs",
        "metrics logs",
        "stats logs --by status --output json",
    ] {
        let (full, like) = (run_in(full.path(), args), run_in(like.path(), args));
        assert_eq!(without_sizes(&full.stdout), without_sizes(&like.stdout), "{args}");
        assert_eq!((full.code, &full.stderr), (like.code, &like.stderr), "{args}");
        assert!(full.stdout.len() > 100, "{args}");
    }
    assert!(run_in(like.path(), "info logs").stdout.contains("format   1.1"));
    // A recovery writes full entries.
    assert!(run_in(like.path(), "info recovered").stdout.contains("format   1.0"));
    let recovered = run_in(like.path(), "cat recovered --output json");
    assert!(recovered.stdout == run_in(full.path(), "cat logs --output json").stdout);
}

/// `cat -` reads segments from a pipe.
#[test]
fn a_stream_of_segments() {
    let (full, like) = both();
    let read = |directory: &TempDir| {
        let files = segments(&directory.path().join("logs"));
        let bytes: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        common::fusewire_with_input(["cat", "-", "--output", "json"], &bytes)
    };
    let (full, like) = (read(&full), read(&like));
    assert_eq!((full.code, like.code), (0, 0));
    assert!(full.stdout == like.stdout && full.stdout.lines().count() == 3_000);
}

/// A base that is lost costs the entries that depend on it, and each of them is reported with its place and its reason.
#[test]
fn a_lost_base_is_reported() {
    let (_, like) = both();
    let logs = like.path().join("logs");
    let file = &segments(&logs)[0];
    let mut bytes = std::fs::read(file).unwrap();
    let first = bytes.windows(9).position(|window| window == b"request 0").unwrap();
    bytes[first] ^= 1;
    std::fs::write(file, &bytes).unwrap();
    let verified = run_in(like.path(), "verify logs");
    assert_eq!(verified.code, 3);
    let lost = verified.stdout.matches("bad base: bad frame checksum").count();
    assert!(lost > 100, "{}", verified.stdout);
    let printed = run_in(like.path(), "cat logs --output json");
    assert_eq!(printed.code, 3);
    assert_eq!(printed.stdout.lines().count() + lost + 1, 3_000);
    let recovered = run_in(like.path(), "recover logs --to recovered --format 1.0");
    assert_eq!(recovered.code, 3);
    let recovered = run_in(like.path(), "cat recovered --output json");
    assert!(recovered.stdout == printed.stdout);
}

/// The full entries of a recovery need more space than the segment, which like entries fill to its end.
#[test]
fn a_recovery_of_full_segments() {
    let (full, like) = both();
    let printed = run_in(full.path(), "cat logs --output json").stdout;
    let lines = like.path().join("lines.jsonl");
    std::fs::write(&lines, &printed).unwrap();
    let imported = run_in(
        like.path(),
        "import lines.jsonl --to dense --format 1.1 --segment-size 128KiB --max-entry-bytes 16KiB",
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(segments(&like.path().join("dense")).len() > 1);
    let recovered = run_in(like.path(), "recover dense --to recovered");
    assert_eq!((recovered.code, recovered.stderr.as_str()), (0, ""));
    assert!(run_in(like.path(), "cat recovered --output json").stdout == printed);
}
