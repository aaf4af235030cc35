//! A process that the OOM killer ends loses no entry whose append has returned.
#![cfg(target_os = "linux")]

mod common {
    pub mod ledger;
    pub mod memory_group;
    pub mod victims;
}

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::ledger::{Mark, Receipts, found_at_rest, receipts};
use common::memory_group::MemoryGroup;
use common::victims::{self, Scene, order, wait_until};
use fusewire::log::Log;

const MIB: u64 = 1 << 20;

/// Appends from two threads, and allocates memory in a third thread.
#[test]
#[ignore = "is started by the other test, in a group of processes with little memory"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let go = receipts.with_extension("go");
    wait_until("the group", || go.exists());
    let options = Log::options(directory).segment_size(order("SEGMENT").unwrap());
    let log = options.self_contained(order("FULL").unwrap()).open().unwrap();
    let logging = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..2 {
            let (log, logging, mut receipts) = (&log, &logging, Receipts::begin(&receipts, (0, thread)));
            scope.spawn(move || {
                for n in 0.. {
                    let mark = Mark { author: (0, thread), n };
                    assert!(log.append(|entry| mark.write(entry)).is_written());
                    receipts.add(n);
                    logging.store(n > 100, Ordering::Relaxed);
                }
            });
        }
        wait_until("the threads", || logging.load(Ordering::Relaxed));
        let mut hoard = Vec::new();
        loop {
            // Every page must have a nonzero byte, so that the kernel allocates it.
            hoard.push(vec![hoard.len() as u8 | 1; 256 << 10]);
            thread::yield_now();
        }
    });
}

#[test]
fn killed_for_its_memory_while_it_logs() {
    // The segments also count as memory of the group, so the kernel must reclaim pages of the segments or kill
    // the process.
    for (limit, segment, full) in
        [(64 * MIB, 256 << 10, false), (48 * MIB, 64 * MIB, false), (64 * MIB, 4 * MIB, true)]
    {
        let group = match MemoryGroup::new(limit) {
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
        let mut victim = scene.start("victim", 0, &[("SEGMENT", &segment), ("FULL", &full)]);
        group.add(victim.id());
        std::fs::write(scene.receipts.with_extension("go"), "").unwrap();
        victim.die();
        assert_eq!(group.kills(), 1, "it died, and not for its memory");
        let (found, receipts) = (found_at_rest(&scene.log), receipts(&scene.receipts));
        found.holds(&receipts);
        let entries: usize = receipts.values().map(Vec::len).sum();
        assert!(receipts.len() == 2 && entries > 100, "{entries} entries");
        println!("{entries} entries before the kill");
    }
}
