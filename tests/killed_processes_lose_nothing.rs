//! A process can be killed at any moment. A reader then returns each acknowledged entry exactly once, in the order of
//! its thread, and no partial entries.
#![cfg(unix)]

mod common {
    pub mod ledger;
    pub mod random;
    pub mod victims;
}

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::ledger::{Mark, Receipts, found, found_at_rest, receipts};
use common::random::Random;
use common::victims::{self, Scene, Victim, order, wait_until};
use fusewire::failpoint;
use fusewire::log::{Log, OnFull};

/// The points at which a victim kills itself, and the maximum number of times that it passes the point before.
const POINTS: [(&str, u64); 15] = [
    ("reserve", 500),
    ("intent", 500),
    ("copy", 500),
    ("commit", 500),
    ("make", 4),
    ("prepare", 4),
    ("prepared", 4),
    ("rotate", 4),
    ("rotated", 4),
    ("closed", 4),
    ("seal", 4),
    ("trailer", 4),
    ("sealed", 4),
    ("sync", 6),
    ("retire", 4),
];
const KILLS_AT_EACH: usize = 10;
/// The number of kills, which include kills at random moments.
const KILLS: usize = 240;
/// The number of victims that run one after the other in the same directory.
const RUNS: usize = 4;
const THREADS: u64 = 3;
/// The maximum number of appended entries. Every victim is killed before it reaches this number.
const ENTRIES: u64 = 200_000;

static POINT: OnceLock<String> = OnceLock::new();
static PASSES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static BEFORE: Cell<&'static str> = const { Cell::new("") };
}

fn kill_at(point: &'static str) -> bool {
    // The point "copy" after "seal" is the copy of the trailer.
    let before = BEFORE.replace(point);
    let point = if (before, point) == ("seal", "copy") { "trailer" } else { point };
    if POINT.get().is_some_and(|at| at == point) && PASSES.fetch_sub(1, Ordering::Relaxed) == 0 {
        // SAFETY: this system call accesses no memory of the process.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
    false
}

/// Appends from several threads until it is killed or has appended all its entries.
#[test]
#[ignore = "is started and killed by the other tests"]
fn victim() {
    victims::begin();
    let (directory, run): (PathBuf, u64) = (order("DIRECTORY").unwrap(), order("RUN").unwrap());
    let receipts: PathBuf = order("RECEIPTS").unwrap();
    let arm = || {
        if let Some(point) = order("POINT") {
            PASSES.store(order("PASSES").unwrap(), Ordering::Relaxed);
            POINT.set(point).unwrap();
            failpoint::set(kill_at);
        }
    };
    let ends = order("ENDS").unwrap_or(false);
    if !ends {
        arm();
    }
    let mut options = Log::options(directory).segment_size(order("SEGMENT").unwrap());
    // The directory contains segments of format 1.0 and of format 1.1.
    options = options.self_contained(run % 2 == 0);
    let budget = order("TOTAL");
    if let Some(total) = budget {
        options = options.max_total_bytes(total).on_full(OnFull::OverwriteOldest);
    }
    if let Some(milliseconds) = order("SYNC") {
        options = options.sync_every(Duration::from_millis(milliseconds));
    }
    let pause = order("PAUSE").map(Duration::from_micros);
    let log = options.open().unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, mut receipts) = (log.clone(), Receipts::begin(&receipts, (run, thread)));
            scope.spawn(move || {
                for n in 0..if ends { 200 } else { ENTRIES } {
                    let mark = Mark { author: (run, thread), n };
                    if log.append(|entry| mark.write(entry)).is_written() {
                        receipts.add(n);
                    } else {
                        // The disk has space. The log deletes segments that exceed the budget, but not a segment that
                        // it still seals, so it can drop an entry.
                        assert!(budget.is_some(), "{:?}", log.stats());
                    }
                    pause.inspect(|pause| thread::sleep(*pause));
                }
            });
        }
    });
    arm();
    drop(log);
}

#[derive(Clone, Copy, Debug)]
enum Kill {
    /// The test kills the victim after `micros` us, measured from its start or from its first entry.
    After { start: bool, micros: u64 },
    /// The victim kills itself after it has passed the point `passes` times.
    At { point: &'static str, passes: u64 },
    /// The victim kills itself when it reaches the point while it closes the log.
    AtEnd { point: &'static str },
}

fn kills(random: &mut Random) -> Vec<Kill> {
    let mut kills = Vec::new();
    // Builds without debug assertions have no such points.
    for (point, most) in POINTS.into_iter().filter(|_| cfg!(debug_assertions)) {
        kills.extend((0..KILLS_AT_EACH).map(|_| Kill::At { point, passes: random.below(most) }));
    }
    for point in ["closed", "seal", "trailer", "sealed"].into_iter().filter(|_| cfg!(debug_assertions)) {
        kills.extend([Kill::AtEnd { point }; 3]);
    }
    while kills.len() < KILLS {
        let start = kills.len() % 8 == 0;
        kills.push(Kill::After { start, micros: random.below(if start { 15_000 } else { 25_000 }) });
    }
    for last in (1..kills.len()).rev() {
        kills.swap(last, random.below(last as u64 + 1) as usize);
    }
    kills
}

fn kill(scene: &Scene, run: u64, kill: Kill, segment: u64, total: Option<u64>) {
    let mut orders: Vec<(&str, &dyn ToString)> = vec![("SEGMENT", &segment)];
    if let Some(total) = &total {
        orders.push(("TOTAL", total));
    }
    let mut victim;
    match &kill {
        Kill::At { point, passes } => {
            orders.extend([("POINT", point as &dyn ToString), ("PASSES", passes)]);
            if *point == "sync" {
                orders.push(("SYNC", &1));
            }
            victim = scene.start("victim", run, &orders);
        }
        Kill::AtEnd { point } => {
            orders.extend([("POINT", point as &dyn ToString), ("PASSES", &0), ("ENDS", &true)]);
            victim = scene.start("victim", run, &orders);
        }
        Kill::After { start, micros } => {
            victim = scene.start("victim", run, &orders);
            if !start {
                wait_until("the first entry", || scene.has_begun(run, 0) || victim.ended().is_some());
            }
            thread::sleep(Duration::from_micros(*micros));
            victim.kill();
        }
    }
    victim.die();
}

/// Kills victims one after the other in one directory, and checks the directory after each kill. Returns the number of
/// acknowledged entries and the number of like entries.
fn kill_one_after_the_other(kills: &[Kill], random: &mut Random) -> (u64, u64) {
    let scene = Scene::new();
    let segment = [16 << 10, 64 << 10, 128 << 10][random.below(3) as usize];
    let retires = kills.iter().any(|kill| matches!(kill, Kill::At { point: "retire", .. }));
    let total = retires.then_some(8 * segment);
    let mut likes = 0;
    for (run, kill) in (0..).zip(kills) {
        self::kill(&scene, run, *kill, segment, total);
        let (found, receipts) = (found_at_rest(&scene.log), receipts(&scene.receipts));
        likes = found.likes;
        if retires {
            found.holds_the_end_of(&receipts)
        } else {
            found.holds(&receipts)
        };
    }
    (receipts(&scene.receipts).values().map(|acknowledged| acknowledged.len() as u64).sum(), likes)
}

#[test]
fn killed_at_any_moment_and_at_every_step_of_an_append() {
    let kills = kills(&mut Random(0x5EED));
    let next = AtomicU64::new(0);
    let (acknowledged, likes) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(kills) = kills.chunks(RUNS).nth(number as usize) else { return };
                    let (entries, of_these) = kill_one_after_the_other(kills, &mut Random(number + 1));
                    acknowledged.fetch_add(entries, Ordering::Relaxed);
                    likes.fetch_add(of_these, Ordering::Relaxed);
                }
            });
        }
    });
    // The victims must have acknowledged enough entries for a useful test.
    let (acknowledged, likes) = (acknowledged.into_inner(), likes.into_inner());
    assert!(acknowledged > 10_000 && likes > 1_000, "{acknowledged} entries, {likes} like entries");
    println!("{} kills, {acknowledged} entries acknowledged and read back", kills.len());
}

#[test]
fn killed_one_by_one_while_others_go_on_in_the_same_directory() {
    let (scene, mut random) = (Scene::new(), Random(0xD1CE));
    let begin = |run| {
        let mut victim = scene.start("victim", run, &[("SEGMENT", &(64 << 10)), ("PAUSE", &2_000)]);
        wait_until("the first entry", || scene.has_begun(run, 0) || victim.ended().is_some());
        victim
    };
    let mut victims: Vec<Victim> = (0..3).map(begin).collect();
    for run in 3..15 {
        thread::sleep(Duration::from_micros(random.below(10_000)));
        let mut victim = victims.swap_remove(random.below(3) as usize);
        victim.kill();
        victim.die();
        let receipts = receipts(&scene.receipts);
        found(&scene.log).holds_at_least(&receipts);
        victims.push(begin(run));
    }
    for victim in &mut victims {
        victim.kill();
        victim.die();
    }
    found_at_rest(&scene.log).holds(&receipts(&scene.receipts));
}
