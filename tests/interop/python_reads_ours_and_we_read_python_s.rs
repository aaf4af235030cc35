//! The Python code that `flatc` generates reads entries of this crate, and this crate reads entries of the Python
//! code.
//!
//! The tests need `flatc` and the Python package `flatbuffers`. If a tool is missing, the tests print the reason and
//! pass, except in CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::random::Random;
use crate::common::variants::{encoded, variant};
use fusewire::decode::{EntryRef, Value};
use fusewire::encode::encode;
use fusewire::generated::wire::LogEntry;
use fusewire::like;
use fusewire::{Limits, NodeFlags, Severity, TraceContext};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a program. Returns its output or the reason of its failure.
fn run(program: &str, arguments: &[&Path]) -> Result<String, String> {
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Returns a directory with the Python code of `flatc`, or `None` if a tool is missing.
fn generated() -> Option<tempfile::TempDir> {
    let directory = tempfile::tempdir().unwrap();
    let schema = PathBuf::from(ROOT).join("schema/log_entry.fbs");
    let result = run("flatc", &["--python".as_ref(), "-o".as_ref(), directory.path(), &schema])
        .and_then(|_| run("python3", &["-c".as_ref(), "import flatbuffers".as_ref()]));
    match result {
        Ok(_) => Some(directory),
        Err(reason) => {
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            println!("skipped: {reason}");
            None
        }
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(ROOT).join("tests/interop").join(name)
}

#[test]
fn we_read_what_python_writes() {
    let Some(directory) = generated() else { return };
    let file = directory.path().join("entries");
    run("python3", &[&script("write.py"), directory.path(), &file]).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let (mut rest, mut entries) = (bytes.as_slice(), Vec::new());
    while let Some((length, more)) = rest.split_first_chunk() {
        let (entry, more) = more.split_at(u32::from_le_bytes(*length) as usize);
        entries.push(entry);
        rest = more;
    }
    assert_eq!(entries.len(), 4);
    for (number, bytes) in entries.iter().enumerate() {
        let entry = EntryRef::new(bytes).unwrap();
        entry.verify().unwrap();
        assert!(!entry.is_canonical());
        assert_eq!(entry.body(), format!("entry {number} é").as_str());
        assert_eq!(entry.time_unix_nano(), 1_700_000_000_000_000_000 + number as u64);
        assert_eq!((entry.severity(), entry.trace().trace_id), (Severity::WARN, 1 << 64 | 2));
        assert!(entry.target().is_empty() && entry.utc_offset_minutes().is_none());
    }
    let entry = EntryRef::new(entries[1]).unwrap();
    assert_eq!(entry.get("neg").unwrap().as_i128(), Some(-5));
    assert_eq!(entry.get("s").unwrap().as_str(), Some("ünï"));
    assert!(matches!(entry.get("b"), Some(Value::Bytes(&[0, 0xFF]))));
    let entry = EntryRef::new(entries[2]).unwrap();
    assert_eq!(entry.get("request.tags[1][1].er").unwrap().as_i128(), Some(1));
    assert_eq!(entry.get("last").unwrap().as_str(), Some("x"));
    assert_eq!(EntryRef::new(entries[3]).unwrap().attributes().count(), 300);
}

#[test]
fn python_reads_what_we_write() {
    let Some(directory) = generated() else { return };
    let tight = Limits { max_width: 2, max_depth: 2, ..Limits::default() };
    let mut file = Vec::new();
    let mut random = Random(23);
    for i in 0..50_u64 {
        let limits = if i % 2 == 0 { Limits::default() } else { tight };
        let mut buffer = vec![0; 64 << 10];
        let body = random.text(20);
        let entry = encode(&mut buffer, &limits, |entry| {
            entry.set_time_unix_nano(i);
            entry.set_severity(Severity::ERROR);
            entry.set_trace(TraceContext { trace_id: 5, span_id: i, flags: 0 });
            entry.attr("n", &i.cast_signed().wrapping_neg());
            entry.set_body(&body);
            entry
                .attributes()
                .slot("m")
                .map()
                .entry("big", &u128::MAX)
                .entry("l", &[[i]])
                .entry("s", body.as_str());
        })
        .unwrap();
        file.extend_from_slice(&u32::try_from(entry.len()).unwrap().to_le_bytes());
        file.extend_from_slice(entry.bytes());
    }
    let path = directory.path().join("entries");
    std::fs::write(&path, file).unwrap();
    let printed = run("python3", &[&script("read.py"), directory.path(), &path]).unwrap();
    let mut random = Random(23);
    let mut lines = printed.lines();
    for i in 0..50_u64 {
        let line: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let body = random.text(20);
        let (m, trips) = if i % 2 == 0 {
            (serde_json::json!({"big": u128::MAX.to_string(), "l": [[i]], "s": body}), serde_json::json!([]))
        } else {
            let m = serde_json::json!({"big": u128::MAX.to_string(), "l": [null]});
            (m, serde_json::json!([[0, 1, 1], [1, 1, 1]]))
        };
        let expected = serde_json::json!({
            "time": i, "severity": 17, "span": i, "target": "", "body": body,
            "attributes": {"n": -i64::try_from(i).unwrap(), "m": m}, "trips": trips,
        });
        assert_eq!(line, expected);
    }
    assert!(lines.next().is_none());
}

/// Returns the line that `read_like.py` prints for a like entry with the base in slot 9. The accessors of `flatc` read the
/// full entry.
fn line(full: &[u8]) -> serde_json::Value {
    let entry = flatbuffers::root::<LogEntry>(full).unwrap();
    let text = entry.text().unwrap().bytes();
    let values = entry.attributes().unwrap().iter().map(|node| {
        let key = &text[node.key_offset() as usize..][..usize::from(node.key_length())];
        let is_span = matches!(node.kind().0, 5 | 6) || node.flags().bits() & NodeFlags::WIDE.bits() != 0;
        let value = if is_span {
            let bytes = &text[node.value() as u32 as usize..][..(node.value() >> 32) as usize];
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
        } else {
            serde_json::Value::from(node.value())
        };
        serde_json::json!([core::str::from_utf8(key).unwrap(), node.kind().0, node.flags().bits(), value])
    });
    let trace = entry.trace().unwrap();
    serde_json::json!({
        "header": [
            entry.time_unix_nano(), 9, trace.trace_id_hi(), trace.trace_id_lo(), trace.span_id(), entry.trace_flags(),
            entry.severity().0, entry.utc_offset_minutes(),
        ],
        "strings": [entry.target(), entry.body(), entry.thread()],
        "values": values.collect::<Vec<_>>(),
    })
}

#[test]
fn python_reads_like_entries() {
    let Some(directory) = generated() else { return };
    let (mut file, mut expected) = (Vec::new(), Vec::new());
    let mut random = Random(73);
    for round in 0..200 {
        let first = random.entry();
        let (base, full) = (encoded(&first, round), encoded(&variant(&first, &mut random), round));
        let parsed = like::base(&base).unwrap();
        let mut out = vec![0; like::scratch_len(&parsed, full.len())];
        let len = like::convert(&full, &parsed, 9, &mut out).unwrap();
        for block in [&base, &out[..len]] {
            file.extend_from_slice(&u32::try_from(block.len()).unwrap().to_le_bytes());
            file.extend_from_slice(block);
        }
        expected.push(line(&full));
    }
    let path = directory.path().join("pairs");
    std::fs::write(&path, file).unwrap();
    let printed = run("python3", &[&script("read_like.py"), directory.path(), &path]).unwrap();
    let printed: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(printed, expected);
}
