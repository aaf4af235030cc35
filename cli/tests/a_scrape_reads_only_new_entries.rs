//! A scrape of `fusewire metrics --listen` does not read the log again, even if other programs append to, rotate and
//! truncate the files of the log.

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use common::TempDir;
use common::served::{Served, serve, wait_until};

fn append(path: &Path, count: usize) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let line = format!("{{\"level\":\"INFO\",\"target\":\"t\",\"message\":\"{}\"}}\n", "x".repeat(200));
    file.write_all(line.repeat(count).as_bytes()).unwrap();
}

/// Waits until the server has counted `count` entries.
fn expect(served: &Served, count: usize) {
    let sample = format!("fusewire_log_entries_total{{level=\"info\",target=\"t\"}} {count}\n");
    wait_until(|| served.get("/metrics").contains(&sample));
}

#[test]
fn each_line_is_read_and_counted_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("app.log");
    append(&path, 10_000);
    let size = fs::metadata(&path).unwrap().len();
    let served = serve(directory.path());
    // The server reads the file without a scrape.
    wait_until(|| served.number("io", "rchar") >= size);
    expect(&served, 10_000);
    for round in 1..=3 {
        append(&path, 10);
        expect(&served, 10_000 + round * 10);
    }
    let read = served.number("io", "rchar");
    assert!(read < size + size / 2, "{read} bytes read, of a file of {size} bytes");

    // Rotation: the file has a new name, and another file has its name.
    fs::rename(&path, directory.path().join("app.log.1")).unwrap();
    append(&path, 5);
    expect(&served, 10_035);
    // Truncation: the server counts the new lines.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, 3);
    expect(&served, 10_038);
    let read = served.number("io", "rchar");
    assert!(read < size + size / 2, "{read} bytes read, of a file of {size} bytes");
}
