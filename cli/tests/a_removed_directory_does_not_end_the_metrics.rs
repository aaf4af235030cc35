//! `fusewire metrics --listen` continues when a directory of the log is removed. It counts the entries of the other directories, and
//! those of the removed one when it exists again.

mod common;

use std::fs;
use std::path::Path;

use common::TempDir;
use common::served::{serve_all, wait_until};

fn add(path: &Path, target: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{{\"level\":\"INFO\",\"target\":\"{target}\",\"message\":\"m\"}}\n")).unwrap();
}

#[test]
fn and_is_read_when_it_exists_again() {
    let root = TempDir::new().unwrap();
    let directories = [root.path().join("one"), root.path().join("two")];
    let counts =
        |target: &str| format!("\nfusewire_log_entries_total{{level=\"info\",target=\"{target}\"}} 1\n");
    directories.iter().for_each(|directory| add(&directory.join("a.jsonl"), "t"));
    let served = serve_all(&directories);
    wait_until(|| served.get("/metrics").contains("target=\"t\"} 2\n"));

    fs::remove_dir_all(&directories[0]).unwrap();
    wait_until(|| served.get("/metrics").contains("\nfusewire_log_unreadable_files 1\n"));
    add(&directories[1].join("b.jsonl"), "other");
    wait_until(|| served.get("/metrics").contains(&counts("other")));

    add(&directories[0].join("b.jsonl"), "again");
    wait_until(|| served.get("/metrics").contains(&counts("again")));
    wait_until(|| served.get("/metrics").contains("\nfusewire_log_unreadable_files 0\n"));
    assert!(served.get("/metrics").contains("target=\"t\"} 2\n"));
}
