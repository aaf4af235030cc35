//! A file of lines and the log of its import contain the same entries, and answer every query alike.
#![cfg(all(unix, feature = "json", feature = "query"))]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::common::random::Random;
use fusewire::Limits;
use fusewire::json::write_entry;
use fusewire::lines::{Importer, formats};
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

/// Imports a file to segments of format 1.0 or 1.1.
fn import(file: &Path, to: &Path, self_contained: bool) {
    let mut options = SegmentOptions::default();
    options.self_contained = self_contained;
    options.size = 64 << 20;
    options.limits = Limits::READER;
    let mut series = Series::create(to, options).unwrap();
    let input = File::open(file).unwrap();
    let changed = input.metadata().unwrap().modified().unwrap();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| Ok(series.append(write)?.report);
    Importer::new().changed_at(changed).import(BufReader::new(input), sink).unwrap();
    series.finish().unwrap();
}

/// Compares a file of `lines` with its imports to both formats. Returns the entries.
fn compare(lines: &[u8], about: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("lines.log");
    fs::write(&file, lines).unwrap();
    let of_file = answers(&file);
    for (name, self_contained) in [("1.0", true), ("1.1", false)] {
        let log = directory.path().join(name);
        fs::create_dir(&log).unwrap();
        import(&file, &log, self_contained);
        let of_log = answers(&log);
        assert_eq!(of_file.0, of_log.0, "{about}, format {name}");
        assert_eq!(of_file.1, of_log.1, "{about}, format {name}");
    }
    of_file.0
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
        samples().iter().enumerate().map(|(at, lines)| compare(lines, &format!("sample {at}")).len()).sum();
    assert!(entries > 200, "{entries}");
}

/// Lines of each format of text. The columns of W3C apply to the lines after them.
const LINES: &str = r#"2026-03-01T10:00:00Z stdout P part one
2026-03-01T10:00:00Z stdout F part two
E0301 10:00:01.123456 7 file.go:12] klog failed
<11>Mar  1 10:00:02 web sshd[7]: error: no route
Mar  1 10:00:02 fw1 %ASA-3-106014: denied
192.0.2.1 - ann [01/Mar/2026:10:00:03 +0000] "GET /a?b=c HTTP/1.1" 404 12 "-" "curl"
2026/03/01 10:00:04 [error] 7#7: *1 failed, client: 192.0.2.1
time=2026-03-01T10:00:05Z level=info msg="paid" order=7
7:M 01 Mar 2026 10:00:06.123 * Redis is ready
2026-03-01 10:00:07.123 UTC [7] ann@shop FATAL:  no password
Mar 01, 2026 10:00:08 AM shop.Cart pay
SEVERE: failed
	at shop.Cart.pay(Cart.java:7)
03-01 10:00:09.123  1702  2395 D Wifi: connected
260301 100010 148 INFO dfs.DataNode: closed
web-1  | {"time":"2026-03-01T10:00:11Z","level":"error","msg":"failed"}
2026-03-01 10:00:12,123 [main] ERROR org.x.App - failed
java.lang.IllegalStateException: no order
	at shop.Cart.pay(Cart.java:7)
[2026-03-01 10:00:13,123: INFO/MainProcess] ready
{"log":"E0301 10:00:14.1 7 a.go:1] failed\n","stream":"stderr","attrs":{"tag":"web"},"time":"2026-03-01T10:00:14Z"}
{
  "time": "2026-03-01T10:00:15Z",
  "level": "error",
  "msg": "an object of several lines"
}
[{"time":"2026-03-01T10:00:16Z","msg":"a"},{"time":"2026-03-01T10:00:17Z","msg":"b"}]
{"time":"2026-03-01T10:00:18Z","msg":"torn",
plain text
__CURSOR=s=1
__REALTIME_TIMESTAMP=1772359219123456
PRIORITY=3
MESSAGE=failed

#Fields: date time c-ip cs-method cs-uri-stem sc-status
2026-03-01 10:00:20 192.0.2.1 GET /a 200
"#;

#[test]
fn each_format() {
    let entries = compare(LINES.as_bytes(), "lines of each format");
    for name in formats().map(|(name, _)| name).chain(["docker", "text"]) {
        let mark = format!("\"fusewire.import.format\":\"{name}\"");
        assert!(entries.iter().any(|entry| entry.contains(&mark)), "{name}");
    }
    // The order of the lines is a part of their meaning.
    let lines: Vec<&str> = LINES.split_inclusive('\n').collect();
    for seed in 1..20 {
        let mut random = Random(seed);
        let mut mixture = String::new();
        for _ in 0..200 {
            mixture.push_str(lines[usize::try_from(random.below(lines.len() as u64)).unwrap()]);
        }
        compare(mixture.as_bytes(), &format!("order {seed}"));
    }
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
