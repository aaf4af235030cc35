//! A reader of any mutant returns entries or reports damage. Mutants are segments, indexes, frames and lines with changed
//! bytes, most with repaired checksums. The library and the commands do not panic, report each changed byte that a
//! checksum covers, and print valid JSON and CSV. A debug build checks for arithmetic overflow.
//!
//! `FUSEWIRE_MUTANTS=200000` sets the number of mutants for the library, and `FUSEWIRE_MUTANT_RUNS=2000` the number of
//! mutants for the commands.

mod common;
#[path = "common/mutant.rs"]
mod mutant;
#[path = "../../tests/common/random.rs"]
mod random;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{TempDir, command};
use fusewire::Severity;
use fusewire::decode::EntryRef;
use fusewire::json::write_entry;
use fusewire::log::{LogReader, list};
use fusewire::mixed::{MixedEvent, MixedReader};
use fusewire::query::Query;
use fusewire::query::aggregate::Aggregation;
use fusewire::segment::{Event, Mode, Segment, SegmentIndex, Wanted, verify, verify_index};
use mutant::{Crc, Mutant, Place, mutate};
use random::Random;

/// The time after which a command counts as hanging. Only a test that fails waits for this time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The number in the environment variable `name`.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The segments from which mutants are made: small, small and not sealed, and with an index.
fn whole(directory: &Path, random: &mut Random) -> [Mutant; 3] {
    let with_index = Mutant::whole(directory, 256 << 10, 450, true, random);
    assert!(with_index.index.is_some());
    [
        Mutant::whole(directory, 32 << 10, 40, true, random),
        Mutant::whole(directory, 32 << 10, 40, false, random),
        with_index,
    ]
}

/// Calls every function that reads an entry. Its JSON is valid.
fn read_entry(entry: &EntryRef<'_>) {
    let mut json = String::new();
    write_entry(entry, &mut json).unwrap();
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&json) {
        panic!("{error}: {json}");
    }
    let verified = entry.verify();
    let walked = entry.walk().find_map(Result::err);
    assert!(walked.is_none() || verified.is_err(), "valid, and unreadable: {walked:?}");
    let _ = (entry.to_owned(), entry.timestamp(), entry.trips().count(), entry.get("request.status"));
}

fn read_segment(segment: &Segment) {
    for mode in [Mode::Strict, Mode::Recover, Mode::Trust] {
        let Ok(events) = segment.events(mode) else { continue };
        for event in events.thorough() {
            if let Ok(Event::Entry(_, entry)) = event {
                read_entry(&entry);
            }
        }
    }
    let _ = (
        segment.resource().map(|resource| read_entry(&resource)),
        segment.trailer(),
        segment.durable_up_to(),
    );
}

/// Reads a directory in the ways that use an index, a trailer and the numbers of segments.
fn read_directory(directory: &Path) {
    let paths = [directory.to_owned()];
    let query = |text: &str| Query::parse(text).unwrap();
    for query in [
        query("level >= error"),
        query("target == db"),
        query("trace_id == 00000000000000000000000000000003"),
    ] {
        let mut reader = LogReader::options().query(&query).open(&paths).unwrap();
        while reader.next().is_some() {}
        let scan = fusewire::log::Scan::new(&paths);
        let _ = Aggregation::new().run(&scan, &query).unwrap();
    }
    let mut reader = LogReader::options().open(&paths).unwrap();
    reader.seek_to_last(7).unwrap();
    while reader.next().is_some() {}
    let mut reader =
        LogReader::options().since(1_700_000_000_100_000_000).until(u64::MAX).open(&paths).unwrap();
    while reader.next().is_some() {}
    let _ = list(directory).unwrap();
    for path in common::segments(directory) {
        let segment = Segment::read_copy(&path).unwrap();
        let Some(index) = SegmentIndex::read_copy(&path, &segment) else { continue };
        let mut wanted = Wanted::default();
        wanted.of_severities([Severity::ERROR]);
        wanted.targets = vec![b"db".as_slice().into()];
        for range in index.ranges(&wanted).into_iter().flatten() {
            assert!(segment.as_bytes().get(range.clone()).is_some(), "{range:?}");
        }
        let _ = (index.counts(), SegmentIndex::build(&segment), verify_index(&segment, &path).unwrap());
    }
}

/// Reads lines and frames from a stream of bytes.
fn read_stream(bytes: &[u8]) {
    let mut reader = MixedReader::new(bytes);
    while let Some(event) = reader.next().unwrap() {
        if let MixedEvent::Entry { entry, .. } = event {
            read_entry(&entry);
        }
    }
}

#[test]
fn the_library_reads_mutants() {
    let directory = TempDir::new().unwrap();
    let (crc, mut random) = (Crc::new(), Random(0x5eed));
    let whole = whole(directory.path(), &mut random);
    let lines: Vec<String> = {
        let segment = Segment::from_vec(whole[0].segment.clone());
        let entries = segment.entries().unwrap();
        let line = |entry: EntryRef<'_>| {
            let mut line = String::new();
            write_entry(&entry, &mut line).unwrap();
            line + "\n"
        };
        entries.map(line).collect()
    };
    let logs = directory.path().join("logs");
    fs::create_dir(&logs).unwrap();
    for n in 0..number("FUSEWIRE_MUTANTS", 400) {
        // A segment with an index is large, and its mutants are read from files.
        let kind = if n % 40 == 39 { 2 } else { (n % 2) as usize };
        let mut mutant = whole[kind].clone();
        if n % 5 == 4 || (kind == 2 && n % 3 == 0) {
            let place = mutant.flip(&mut random);
            mutant.store(&logs);
            let path = common::segments(&logs).remove(0);
            let segment = Segment::read_copy(&path).unwrap();
            let found = if place == Place::Index {
                !verify_index(&segment, &path).unwrap().unwrap_or_default().is_empty()
            } else {
                !verify(&segment).is_ok_and(|report| report.is_clean())
            };
            assert!(found, "mutant {n}: a changed byte of {place:?} is not detected");
            fs::remove_file(&path).unwrap();
            let _ = fs::remove_file(path.with_extension("fwi"));
            continue;
        }
        mutant.change(&crc, &mut random);
        if kind == 2 {
            mutant.store(&logs);
            read_directory(&logs);
        } else {
            read_segment(&Segment::from_vec(mutant.segment.clone()));
            let _ = verify(&Segment::from_vec(mutant.segment.clone()));
        }
        let mut stream = lines[random.below(lines.len() as u64) as usize].clone().into_bytes();
        stream.extend_from_slice(mutant.payload(&mut random));
        stream.extend_from_slice(lines[random.below(lines.len() as u64) as usize].as_bytes());
        mutate(&mut stream, &mut random);
        mutate(&mut stream, &mut random);
        read_stream(&stream);
    }
}

/// A form of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Csv,
    Raw,
}

/// The commands: arguments before the path, the exit codes, the form of the output.
const COMMANDS: [(&[&str], &[i32], Form); 40] = [
    (&["cat"], &[0, 1, 2, 3], Form::Text),
    (&["cat", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["cat", "--copy", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (
        &["cat", "--output", "json", "--fields", "time,target,big,request,body,trace_id"],
        &[0, 1, 2, 3],
        Form::Json,
    ),
    (&["cat", "--output", "csv"], &[0, 1, 2, 3], Form::Csv),
    (
        &["cat", "--output", "csv", "--fields", "time,level,big,long,message", "--csv-guard", "always"],
        &[0, 1, 2, 3],
        Form::Csv,
    ),
    (&["cat", "--output", "logfmt"], &[0, 1, 2, 3], Form::Text),
    (&["cat", "--output", "raw"], &[0, 1, 2, 3], Form::Raw),
    (&["cat", "--reverse", "--lines", "5", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["cat", "--strict"], &[0, 1, 2], Form::Text),
    (&["cat", "--since", "2023-11-14"], &[0, 1, 2, 3], Form::Text),
    (&["tail"], &[0, 1, 2, 3], Form::Text),
    (&["tail", "--output", "json", "--lines", "30"], &[0, 1, 2, 3], Form::Json),
    (&["query", "level >= error", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["query", "target == db and duration_ms > 3", "--context", "2"], &[0, 1, 2, 3], Form::Text),
    (&["query", "fuse.any or big > 5", "--count"], &[0, 1, 2, 3], Form::Text),
    (&["query", "level >= error", "--count"], &[0, 1, 2, 3], Form::Text),
    (&["stats"], &[0, 1, 2, 3], Form::Text),
    (&["stats", "--counts", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (
        &["stats", "--by", "level", "--number", "duration_ms", "--distinct", "big", "--output", "json"],
        &[0, 1, 2, 3],
        Form::Json,
    ),
    (&["histogram"], &[0, 1, 2, 3], Form::Text),
    (&["histogram", "--every", "1s", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["trace", "00000000000000000000000000000003"], &[0, 1, 2, 3], Form::Text),
    (&["trace", "00000000000000000000000000000003", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["postmortem"], &[0, 2, 3], Form::Text),
    (&["postmortem", "--output", "json"], &[0, 2, 3], Form::Json),
    (&["postmortem", "--window", "99999d", "--html", "page.html"], &[0, 2, 3], Form::Text),
    (&["check"], &[0, 1, 2, 3], Form::Text),
    (&["check", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["check", "--output", "sarif"], &[0, 1, 2, 3], Form::Json),
    (&["slo"], &[0, 1, 2, 3], Form::Text),
    (&["slo", "--output", "json"], &[0, 1, 2, 3], Form::Json),
    (&["slo", "--output", "markdown"], &[0, 1, 2, 3], Form::Text),
    (&["metrics"], &[0, 2, 3], Form::Text),
    (&["ls"], &[0, 2, 3], Form::Text),
    (&["ls", "--output", "json"], &[0, 2, 3], Form::Json),
    (&["info"], &[0, 1, 2, 3], Form::Text),
    (&["verify"], &[0, 2, 3], Form::Text),
    (&["verify", "--copy"], &[0, 2, 3], Form::Text),
    (&["recover", "--to", "recovered"], &[0, 2, 3], Form::Text),
];

/// Reads a pipe to its end.
fn drain(mut pipe: impl std::io::Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Runs a command. A command that hangs is killed.
fn output(args: &[&str], directory: &Path) -> Output {
    let mut child = command(args)
        .current_dir(directory)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, stderr) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        thread::sleep(Duration::from_millis(2));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// The number of columns of a row of CSV, and the rest of the text.
fn columns(text: &str) -> (usize, &str) {
    let (mut columns, mut quoted) = (1, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => columns += 1,
            b'\n' if !quoted => return (columns, &text[at + 1..]),
            _ => {}
        }
    }
    (columns, "")
}

/// Checks the result of a command.
fn expect(args: &[&str], codes: &[i32], form: Form, output: &Output) -> i32 {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let Some(code) = output.status.code() else { panic!("{args:?}: {:?}: {stderr}", output.status) };
    assert!(codes.contains(&code), "{args:?}: {code}: {stderr}");
    assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
    if form == Form::Raw {
        return code;
    }
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!stdout.contains(is_control), "{args:?}: a control character in {stdout:?}");
    match form {
        Form::Json => {
            for line in stdout.lines() {
                if let Err(error) = serde_json::from_str::<serde_json::Value>(line) {
                    panic!("{args:?}: {error}: {line}");
                }
            }
        }
        Form::Csv => {
            let (expected, mut rest) = columns(stdout);
            while !rest.is_empty() {
                let (found, after) = columns(rest);
                assert_eq!(found, expected, "{args:?}: {}", rest.lines().next().unwrap_or_default());
                rest = after;
            }
        }
        Form::Text | Form::Raw => {}
    }
    code
}

#[test]
fn the_commands_read_mutants() {
    let directory = TempDir::new().unwrap();
    let (crc, mut random) = (Crc::new(), Random(0xf00d));
    let whole = whole(directory.path(), &mut random);
    let count = number("FUSEWIRE_MUTANT_RUNS", 40);
    // The long form runs all commands over each mutant.
    let (all, some) = (COMMANDS.len(), if count > 40 { COMMANDS.len() } else { 5 });
    let mut next = 0;
    for n in 0..count {
        let logs = directory.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let mut mutant = whole[(n % 3) as usize].clone();
        let is_flipped = n % 4 == 3;
        if is_flipped {
            mutant.flip(&mut random);
        } else {
            mutant.change(&crc, &mut random);
        }
        mutant.store(&logs);
        let mut lines =
            b"{\"time\":\"2026-01-02T03:04:05Z\",\"level\":\"error\",\"msg\":\"=a\",\"duration_ms\":9}\n"
                .repeat(3);
        mutate(&mut lines, &mut random);
        fs::write(logs.join("a.jsonl"), lines).unwrap();
        if is_flipped {
            let run = output(&["verify", "logs"], directory.path());
            assert_ne!(expect(&["verify"], &[2, 3], Form::Text, &run), 0, "mutant {n}");
        }
        for (args, codes, form) in (0..some).map(|i| COMMANDS[(next + i) % all]) {
            let path = if n % 2 == 0 { "logs" } else { "logs/01700000000000000000-07070707-00000000.fws" };
            let mut args = args.to_vec();
            args.push(if args[0] == "ls" { "logs" } else { path });
            let run = output(&args, directory.path());
            expect(&args, codes, form, &run);
            let _ = fs::remove_dir_all(directory.path().join("recovered"));
        }
        next += some;
        fs::remove_dir_all(&logs).unwrap();
    }
}
