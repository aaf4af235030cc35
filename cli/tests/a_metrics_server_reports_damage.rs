//! `fusewire metrics --listen` reports each damaged file on standard error, as `fusewire metrics` does, also if the damage arrives
//! while the server runs. A compressed file that no program completes is damaged.

mod common;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime};

use common::served::{Served, serve, wait_until};
use common::{damage, fusewire, imported, segments};

/// The time after which the test is considered to hang.
const LIMIT: Duration = Duration::from_secs(120);

/// Writes a compressed file that is cut, and was last changed `age` ago. `body` is the begin of its bodies. Returns the length of the file.
fn write_cut(path: &Path, body: &str, age: Duration) -> usize {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for n in 0..60 {
        writeln!(gzip, "{{\"level\":\"INFO\",\"target\":\"cut\",\"msg\":\"{body} {n}\"}}").unwrap();
    }
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 9);
    fs::write(path, &bytes).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    bytes.len()
}

/// Returns the lines of the standard error of a server.
fn messages(served: &mut Served) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let stderr = BufReader::new(served.0.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

#[test]
fn of_segments_and_of_compressed_files() {
    let lines: String = (0..50).map(|n| format!("{{\"msg\":\"message-{n:05}\"}}\n")).collect();
    let (_directory, logs) = imported(lines.as_bytes());
    let segment = segments(&logs).remove(0);
    damage(&segment, "message-00042");
    let len = write_cut(&logs.join("old.log.gz"), "old", Duration::from_secs(3_600));
    let of_file = format!("old.log.gz: offset {len}: the gzip data is incomplete");
    let of_segment = format!("{}: lost bytes ", segment.display());

    let once = fusewire(["metrics".as_ref(), logs.as_os_str()]);
    assert_eq!(once.code, 3, "{once:?}");
    assert!(once.stderr.contains(&of_file) && once.stderr.contains(&of_segment), "{once:?}");
    assert_eq!(once.stderr.lines().count(), 2, "{once:?}");

    let mut served = serve(&logs);
    let messages = messages(&mut served);
    let both = [messages.recv_timeout(LIMIT).unwrap(), messages.recv_timeout(LIMIT).unwrap()].join("\n");
    assert!(both.contains(&of_file) && both.contains(&of_segment), "{both}");
    wait_until(|| served.get("/metrics").contains("fusewire_log_caught_up 1\n"));
    assert!(!served.get("/metrics").contains("fusewire_log_lost_bytes_total 0\n"));

    // A program can still complete a file that was changed a short time ago.
    write_cut(&logs.join("new.log.gz"), "new", Duration::ZERO);
    fs::write(logs.join("hole.log"), b"{\"level\":\"INFO\",\"target\":\"hole\"}\n\0\0\0\0{\"msg\":\"m\"}\n")
        .unwrap();
    let later = messages.recv_timeout(LIMIT).unwrap();
    assert!(later.contains("hole.log: lost bytes "), "{later}");
    wait_until(|| served.get("/metrics").contains("target=\"hole\"} 1\n"));
    assert!(messages.try_recv().is_err());
}
