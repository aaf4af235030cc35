//! Files of lines in gzip, zstd, bzip2 and xz give the entries of the plain lines, in every command. Their first bytes decide, not
//! their names. Damage costs the entries after it and is reported with an offset, and hostile data needs little memory.

mod common;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use common::{Run, TempDir, command, fusewire, fusewire_with_input, run};

/// 60 lines, which `tests/data/lines.jsonl.xz` contains in the format xz.
fn lines() -> String {
    let level = |n| if n % 2 == 0 { "info" } else { "error" };
    (0..60)
        .map(|n| {
            format!(
                "{{\"time\":\"2026-03-01T10:00:{n:02}Z\",\"level\":\"{}\",\"msg\":\"line {n}\",\
                 \"trace_id\":\"5b8aa5a2d2c872e8321cf37308d69df2\",\"duration_ms\":{n}}}\n",
                level(n)
            )
        })
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    bzip2.write_all(bytes).unwrap();
    bzip2.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Returns the lines in each format, with the extension of the format.
fn packed() -> [(&'static str, Vec<u8>); 4] {
    let lines = lines();
    [
        ("gz", gzip(lines.as_bytes())),
        ("bz2", bzip2(lines.as_bytes())),
        ("zst", zstd(lines.as_bytes())),
        ("xz", include_bytes!("data/lines.jsonl.xz").to_vec()),
    ]
}

fn on(args: &[&str], path: &Path) -> Run {
    fusewire(args.iter().map(AsRef::as_ref).chain([path.as_os_str()]))
}

/// The commands that read lines, without their path.
const COMMANDS: [&[&str]; 11] = [
    &["cat", "--output", "json"],
    &["query", "level >= error", "--output", "json"],
    &["query", "level >= error", "--count"],
    &["query", "duration_ms == 7", "-C", "2"],
    &["tail", "-n", "3"],
    &["stats", "--by", "level", "--output", "json"],
    &["histogram", "--output", "json"],
    &["trace", "5b8aa5a2d2c872e8321cf37308d69df2", "--output", "json"],
    &["check", "--output", "json"],
    &["slo", "--output", "json"],
    &["metrics"],
];

#[test]
fn every_command_reads_every_format() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        COMMANDS.map(|args| {
            let run = on(args, &path);
            // The size of the file on disk differs.
            let stdout: Vec<_> =
                run.stdout.lines().filter(|line| !line.contains("bytes")).map(str::to_owned).collect();
            (run.code, stdout, run.stderr)
        })
    };
    let expected = read(lines().as_bytes());
    assert_eq!(expected[0].1.len(), 60);
    assert_eq!(expected[2].1, ["30"]);
    for (format, bytes) in packed() {
        for (args, (found, expected)) in COMMANDS.iter().zip(read(&bytes).iter().zip(&expected)) {
            assert_eq!(found, expected, "{format}: {args:?}");
        }
        let piped = fusewire_with_input(["cat", "-", "--output", "json"], &bytes);
        assert_eq!(piped.stdout.lines().collect::<Vec<_>>(), expected[0].1, "{format}");
    }
}

#[test]
fn rotated_files_are_one_log_with_the_live_one() {
    let directory = TempDir::new().unwrap();
    let lines = lines();
    let lines: Vec<_> = lines.split_inclusive('\n').collect();
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
    write("app.log", lines[40..].concat().as_bytes());
    write("app.log.1", lines[30..40].concat().as_bytes());
    write("app.log.2.gz", &gzip(lines[20..30].concat().as_bytes()));
    write("app.log.3.zst", &zstd(lines[10..20].concat().as_bytes()));
    // Several compressed streams in one file, with zeros after them.
    let halves =
        [bzip2(lines[..5].concat().as_bytes()), bzip2(lines[5..10].concat().as_bytes()), vec![0; 512]];
    write("app.log-20260301.bz2", &halves.concat());
    let run = on(&["cat", "--output", "json"], directory.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let bodies: Vec<_> = run.stdout.lines().map(|line| line.split("line ").nth(1).unwrap()).collect();
    assert_eq!(bodies.len(), 60);
    assert!(bodies.iter().enumerate().all(|(n, body)| body.starts_with(&format!("{n}\""))), "{bodies:?}");
    assert_eq!(on(&["query", "exists level", "--count"], directory.path()).stdout, "60\n");
    assert_eq!(on(&["ls", "--output", "json"], directory.path()).stdout.lines().count(), 5);
}

#[test]
fn damage_is_reported_after_the_entries_before_it() {
    let directory = TempDir::new().unwrap();
    let whole = lines();
    for (format, bytes) in packed() {
        let path = directory.path().join(format!("app.log.{format}"));
        let cut = bytes.len() - 9;
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let run = on(&["cat", "--output", "json"], &path);
        assert_eq!(run.code, 3, "{format}: {run:?}");
        let told = format!("app.log.{format}: offset {cut}: the ");
        assert!(
            run.stderr.contains(&told) && run.stderr.contains("data is incomplete"),
            "{format}: {}",
            run.stderr
        );
        // The last line can be incomplete.
        let read = run.stdout.lines().filter(|line| line.contains("duration_ms")).count();
        assert!(run.stdout.lines().count() - read <= 1, "{format}: {}", run.stdout);
        let counted = on(&["query", "exists duration_ms", "--count"], &path);
        assert_eq!((counted.code, counted.stdout), (3, format!("{read}\n")), "{format}");

        // Other bytes after the data.
        std::fs::write(&path, [&bytes[..], b"no compressed data"].concat()).unwrap();
        let run = on(&["cat", "--output", "json"], &path);
        assert_eq!((run.code, run.stdout.lines().count()), (3, 60), "{format}");
        let told =
            format!("lost bytes {}..{} (18 bytes): other bytes after the ", bytes.len(), bytes.len() + 18);
        assert!(run.stderr.contains(&told), "{format}: {}", run.stderr);
    }
    // One damaged bit in each part of the data. The checksum of the format finds it.
    for (format, bytes) in packed() {
        let path = directory.path().join(format!("app.log.{format}"));
        for at in (12..bytes.len()).step_by(bytes.len() / 12) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let run = on(&["cat", "--output", "json"], &path);
            assert!(!run.stderr.contains("panicked"), "{format}, {at}: {}", run.stderr);
            let is_whole = run.code == 0 && run.stdout.lines().count() == 60;
            assert!(run.code == 3 || is_whole, "{format}, {at}: {run:?}");
            assert!(run.stdout.len() <= 4 * whole.len(), "{format}, {at}");
        }
    }
}

/// The commands that print nothing about the entries of a file, or print other things than its lines.
const OTHERS: [&[&str]; 6] =
    [&["cat"], &["query", "duration_ms == 7"], &["stats"], &["ls"], &["info"], &["postmortem"]];

#[test]
fn every_command_reports_truncated_data() {
    let directory = TempDir::new().unwrap();
    for (format, bytes) in packed() {
        let name = format!("app.log.{format}");
        let path = directory.path().join(&name);
        // The first stream is complete, so each command finds entries.
        let bytes = [&bytes[..], &bytes[..]].concat();
        let cut = bytes.len() - 9;
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let told = format!("{name}: offset {cut}: the ");
        for args in COMMANDS.iter().chain(&OTHERS) {
            for place in [path.as_path(), directory.path()] {
                let run = on(args, place);
                if args[0] == "check" {
                    // Damage is a finding.
                    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{format}");
                    assert!(run.stdout.contains("data is incomplete"), "{format}: {}", run.stdout);
                    continue;
                }
                assert_eq!(run.code, 3, "{format}: {args:?}: {run:?}");
                assert!(
                    run.stderr.contains(&told) && run.stderr.contains("data is incomplete"),
                    "{format}: {args:?}: {}",
                    run.stderr
                );
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn the_newest_entries_of_truncated_data_are_printed_with_a_report() {
    let directory = TempDir::new().unwrap();
    for (format, bytes) in packed() {
        let name = format!("app.log.{format}");
        let path = directory.path().join(&name);
        let bytes = [&bytes[..], &bytes[..]].concat();
        let cut = bytes.len() - 9;
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let told = format!("{name}: offset {cut}: the ");
        let all = on(&["cat", "--output", "json"], &path).stdout;
        let newest_first: Vec<_> = all.lines().rev().collect();
        assert!(newest_first.len() >= 60, "{format}");
        for most in ["1", "7", "60", "1000"] {
            for command in [&["cat"][..], &["query", "level >= trace or not exists level"]] {
                let limited = [command, &["--output", "json", "--reverse", "-n", most]].concat();
                let count = newest_first.len().min(most.parse().unwrap());
                for piped in [false, true] {
                    let run = match piped {
                        false => on(&limited, &path),
                        true => fusewire_with_input(limited.iter().copied().chain(["-"]), &bytes[..cut]),
                    };
                    let found: Vec<_> = run.stdout.lines().collect();
                    assert_eq!(
                        (run.code, found),
                        (3, newest_first[..count].to_vec()),
                        "{format}: {limited:?}"
                    );
                    let told = if piped { told.replace(&name, "standard input") } else { told.clone() };
                    assert!(run.stderr.contains(&told), "{format}: {limited:?}: {}", run.stderr);
                }
            }
        }
    }
}

#[test]
fn an_import_reads_every_format() {
    let directory = TempDir::new().unwrap();
    let import = |name: &str, bytes: &[u8]| {
        let (path, to) = (directory.path().join(name), directory.path().join(format!("{name}.logs")));
        std::fs::write(&path, bytes).unwrap();
        let run = fusewire(["import".as_ref(), path.as_os_str(), "--to".as_ref(), to.as_os_str()]);
        let entries = if to.exists() { on(&["cat", "--output", "json"], &to).stdout } else { String::new() };
        (run, entries)
    };
    let (run, expected) = import("plain", lines().as_bytes());
    assert_eq!((run.code, expected.lines().count()), (0, 60));
    for (format, bytes) in packed() {
        let (run, entries) = import(format, &bytes);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        assert_eq!(entries, expected, "{format}");

        let cut = bytes.len() - 9;
        let (run, entries) = import(&format!("cut.{format}"), &bytes[..cut]);
        assert_eq!(run.code, 3, "{format}: {run:?}");
        let told = format!("cut.{format}: offset {cut}: the ");
        assert!(run.stderr.contains(&told), "{format}: {}", run.stderr);
        let read = on(&["cat", "--output", "json"], &directory.path().join(format!("cut.{format}")));
        assert_eq!(entries, read.stdout, "{format}");
    }
    let to = directory.path().join("piped");
    let args = ["import".as_ref(), "-".as_ref(), "--to".as_ref(), to.as_os_str()];
    assert_eq!(common::fusewire_with_input(args, &gzip(lines().as_bytes())).code, 0);
    assert_eq!(on(&["cat", "--output", "json"], &to).stdout, expected);

    for big in [false, true] {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let text = format!("\u{feff}{}", lines());
        let utf16: Vec<_> = text.encode_utf16().flat_map(bytes).collect();
        let (run, entries) = import(if big { "utf16be" } else { "utf16le" }, &utf16);
        assert_eq!((run.code, entries == expected), (0, true), "{run:?}");
    }
    // A container without a decoder is refused, and no directory is created.
    let (run, _) = import("archive", b"PK\x03\x04rest of an archive");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("are not supported; decompress the file"), "{run:?}");
    assert!(!directory.path().join("archive.logs").exists());
    // Compressed data without lines is valid.
    let (run, entries) = import("empty", &gzip(b""));
    assert_eq!((run.code, entries.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_bomb_needs_little_memory() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("bomb.log");
    // A zstd frame with a window of 1 KiB. Each block repeats a byte 128 Ki times: one line of 192 MiB.
    let mut bomb = vec![0x28, 0xB5, 0x2F, 0xFD, 0, 0x38];
    for block in 0..1_536_u32 {
        let header = u32::from(block == 1_535) | 1 << 1 | (128 << 10) << 3;
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(b'a');
    }
    std::fs::write(&path, &bomb).unwrap();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 180000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_fusewire")]);
    limited.args(["cat", "-n", "20", "-F", "level"]).arg(&path);
    let run = run(&mut limited);
    // The line exceeds the bound of a reader, so it is read in parts.
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(run.stdout.lines().count(), 12, "{run:?}");
    assert!(run.stderr.contains("expected at most 16 MiB"), "{run:?}");
}

#[test]
fn formats_without_a_decoder_are_reported() {
    let directory = TempDir::new().unwrap();
    for (name, bytes) in
        [("app.log", &b"PK\x03\x04rest of an archive"[..]), ("b.log.lz4", b"\x04\x22\x4D\x18rest")]
    {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        for args in [&["cat"][..], &["query", "exists level"], &["query", "exists level", "--count"]] {
            let run = on(args, &path);
            assert_eq!(
                (run.code, run.stdout.as_str()),
                if args.contains(&"--count") { (2, "0\n") } else { (2, "") }
            );
            assert!(run.stderr.contains("are not supported; decompress the file"), "{run:?}");
        }
    }
    assert_eq!(on(&["cat"], directory.path()).code, 3);
    let run =
        run(command(["cat", "-"]).stdin(std::fs::File::open(directory.path().join("app.log")).unwrap()));
    assert_eq!(run.code, 2, "{run:?}");
}
