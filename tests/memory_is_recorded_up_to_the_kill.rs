//! If the OOM killer ends a process, its log contains the growth of its memory up to the end.
#![cfg(target_os = "linux")]

mod common {
    pub mod memory_group;
    pub mod victims;
}

use std::path::PathBuf;
use std::time::Duration;

use common::memory_group::MemoryGroup;
use common::victims::{self, Scene, order, wait_until};
use fusewire::Severity;
use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::memory::{MemStats, MemoryRecorder};

const MIB: u64 = 1 << 20;
const LIMIT: u64 = 96 * MIB;

/// Allocates memory in steps of 512 KiB.
#[test]
#[ignore = "is started by the other test, in a group of processes with little memory"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(directory).segment_size(256 << 10).open().unwrap();
    // The process is moved into the group while it runs. The recorder must detect this.
    let _memory = MemoryRecorder::options().start(&log).unwrap();
    std::fs::write(receipts.join("ready"), "").unwrap();
    wait_until("the group", || receipts.join("go").exists());
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![hoard.len() as u8 | 1; 512 << 10]);
        std::thread::sleep(Duration::from_millis(8));
    }
}

#[test]
fn of_a_process_in_a_group_with_little_memory() {
    let group = match MemoryGroup::new(LIMIT) {
        Ok(group) => group,
        Err(reason) => {
            // SAFETY: this system call accesses no memory of the process.
            let root = unsafe { libc::geteuid() } == 0;
            assert!(!root || std::env::var_os("CI").is_none(), "root has no memory cgroup: {reason}");
            println!("skipped: no memory cgroup can be made here: {reason}");
            return;
        }
    };
    let scene = Scene::new();
    let mut victim = scene.start("victim", 0, &[]);
    wait_until("the victim", || scene.receipts.join("ready").exists());
    group.add(victim.id());
    std::fs::write(scene.receipts.join("go"), "").unwrap();
    victim.die();
    assert_eq!(group.kills(), 1, "it died, and not for its memory");

    let mut reader = LogReader::options().open(std::slice::from_ref(&scene.log)).unwrap();
    let mut samples = Vec::new();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            samples.push((entry.severity(), MemStats::from_entry(&entry).expect("nothing else was logged")));
        }
    }
    let (severity, last) = samples.last().unwrap();
    let headroom = last.headroom().unwrap();
    assert_eq!((headroom.limited_by, headroom.limit), ("container.memory.limit", LIMIT));
    assert!(headroom.share() > 0.85, "{headroom:?}");
    assert_eq!(*severity, if headroom.share() >= 0.9 { Severity::WARN } else { Severity::INFO });
    let grown: Vec<u64> = samples.iter().filter_map(|(_, sample)| sample.anonymous).collect();
    assert!(grown.len() >= 10 && grown.is_sorted(), "{grown:?}");
    assert!(samples.iter().map(|(_, sample)| sample.time_unix_nano).is_sorted());
}
