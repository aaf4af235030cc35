//! A file of lines and the log of its import contain the same entries, and answer every query alike.
#![cfg(all(unix, feature = "json", feature = "query"))]

mod common {
    pub mod random;
}

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use common::random::Random;
use fusewire::Limits;
use fusewire::json::write_entry;
use fusewire::lines::Importer;
use fusewire::log::{LogEvent, LogReader};
use fusewire::query::Query;
use fusewire::segment::{SegmentOptions, Series};

const QUERIES: [&str; 16] = [
    "level >= error",
    "level == info",
    "\"error\"",
    "\"10:0\"",
    "body contains \"a\"",
    "exists time",
    "exists target",
    "time >= 2015-01-01T00:00:00Z",
    "time < 2020-01-01T00:00:00Z",
    "http.response.status_code >= 400",
    "client.address starts_with \"1\"",
    "process.pid > 1000",
    "fusewire.import.format == \"plain\"",
    "fusewire.import.format == \"text\"",
    "attributes[*] contains \"x\"",
    "not (level > debug)",
];

/// Returns the entries of `path` as JSON, and the number of matches of each query.
fn answers(path: &Path) -> (Vec<String>, Vec<u64>) {
    let queries: Vec<_> = QUERIES.iter().map(|text| Query::parse(text).unwrap()).collect();
    let mut counts = vec![0; queries.len()];
    let mut entries = Vec::new();
    let mut reader = LogReader::options().open(&[path.to_path_buf()]).unwrap();
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { continue };
        let mut json = String::new();
        write_entry(&entry, &mut json).unwrap();
        entries.push(json);
        for (query, count) in queries.iter().zip(&mut counts) {
            *count += u64::from(query.matches(&entry));
        }
    }
    (entries, counts)
}

/// Imports a file.
fn import(file: &Path, to: &Path) {
    let mut options = SegmentOptions::default();
    options.size = 64 << 20;
    options.limits = Limits::READER;
    let mut series = Series::create(to, options).unwrap();
    let input = File::open(file).unwrap();
    let changed = input.metadata().unwrap().modified().unwrap();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| Ok(series.append(write)?.report);
    Importer::new().changed_at(changed).import(BufReader::new(input), sink).unwrap();
    series.finish().unwrap();
}

fn compare(lines: &[u8], about: &str) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("lines.log");
    let log = directory.path().join("log");
    fs::create_dir(&log).unwrap();
    fs::write(&file, lines).unwrap();
    import(&file, &log);
    let (of_file, of_log) = (answers(&file), answers(&log));
    assert_eq!(of_file.0, of_log.0, "{about}");
    assert_eq!(of_file.1, of_log.1, "{about}");
    of_file.0.len()
}

/// Returns the lines of all samples.
fn samples() -> Vec<Vec<u8>> {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logs");
    let mut files: Vec<_> = fs::read_dir(logs).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn real_logs() {
    let entries: usize =
        samples().iter().enumerate().map(|(at, lines)| compare(lines, &format!("sample {at}"))).sum();
    assert!(entries > 200, "{entries}");
}

#[test]
fn mixtures_of_lines() {
    let samples = samples();
    let lines: Vec<&[u8]> =
        samples.iter().flat_map(|file| file.split_inclusive(|byte| *byte == b'\n')).collect();
    for seed in 1..9 {
        let mut random = Random(seed);
        let mut mixture = Vec::new();
        while mixture.len() < 30_000 {
            let start = usize::try_from(random.below(lines.len() as u64)).unwrap();
            let count = 1 + usize::try_from(random.below(4)).unwrap();
            for line in lines.iter().skip(start).take(count) {
                let mut line = line.to_vec();
                // Some lines are damaged.
                if random.below(5) == 0 && !line.is_empty() {
                    let at = usize::try_from(random.below(line.len() as u64)).unwrap();
                    line[at] = b" :[]{}\"=0a\n\xff"[usize::try_from(random.below(12)).unwrap()];
                }
                mixture.extend(line);
            }
        }
        compare(&mixture, &format!("mixture {seed}"));
    }
}
