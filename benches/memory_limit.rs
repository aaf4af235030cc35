//! Benchmark of a service near its memory limit: the longest duration of a log call, and whether the kernel kills the
//! process. Also the memory of a log at full speed.
//!
//! ```text
//! sudo -E cargo bench --bench memory_limit --features tracing              # 20 runs each
//! sudo -E cargo bench --bench memory_limit --features tracing -- --smoke   # a short form
//! ```
//!
//! Each run is a process with two threads in a memory cgroup of 64 MiB. The process itself holds 57 MiB of this memory.
//! It logs 5,000 events per second for 3 s through `tracing`, to a log with segments of 64 MiB or as JSON lines to a
//! file. Both are on an ext4 file system on a loop device that the benchmark creates. The read-ahead of the device is
//! 8,192 KiB or 128 KiB. The runs of the log and of the JSON lines alternate. A mount needs root. Without root, only
//! the second part runs.
//!
//! The second part appends from two threads without a pause, and samples the memory of the log: the resident pages of
//! its segments, and the growth of the anonymous memory since the log was opened.

#[path = "../tests/common/memory_group.rs"]
mod memory_group;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fusewire::log::Log;
use fusewire::{Severity, event};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use memory_group::MemoryGroup;

const LIMIT: u64 = 64 << 20;
const BALLAST: usize = 57 << 20;
const RATE: f64 = 5000.0;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["paced", mode, directory, seconds] => paced(mode, Path::new(directory), seconds.parse().unwrap()),
        ["busy", directory, seconds] => busy(Path::new(directory), seconds.parse().unwrap()),
        ["--test"] => {}
        [] => figures(20, 3.0, 5.0),
        ["--smoke"] => figures(2, 1.0, 1.0),
        other => panic!("unknown arguments: {other:?}"),
    }
}

fn figures(runs: usize, seconds: f64, busy_seconds: f64) {
    for read_ahead in [8192, 128] {
        match Volume::new(read_ahead) {
            Ok(volume) => near_the_limit(&volume, runs, seconds),
            Err(reason) => println!("read-ahead {read_ahead} KiB: not measured: {reason}"),
        }
    }
    let directory = tempfile::tempdir().unwrap();
    run(&["busy", &directory.path().display().to_string(), &busy_seconds.to_string()], None);
}

/// Runs the log and JSON lines near the memory limit, and prints one line for each.
fn near_the_limit(volume: &Volume, runs: usize, seconds: f64) {
    let mut results = [("log", Vec::new()), ("json", Vec::new())];
    for _ in 0..runs {
        for (mode, results) in &mut results {
            let group = match MemoryGroup::new(LIMIT) {
                Ok(group) => group,
                Err(reason) => return println!("near the limit: not measured: {reason}"),
            };
            let directory = volume.directory.join("run");
            let text = directory.display().to_string();
            results.push(run(&["paced", mode, &text, &seconds.to_string()], Some(&group)));
            fs::remove_dir_all(&directory).unwrap();
        }
    }
    for (mode, results) in results {
        let killed = results.iter().filter(|result| result.is_none()).count();
        let mut worst: Vec<u64> = results
            .iter()
            .flatten()
            .map(|text| text.split_whitespace().last().unwrap().parse().unwrap())
            .collect();
        worst.sort_unstable();
        let at = |part: usize| {
            worst.get(worst.len() * part / 4).or(worst.last()).copied().unwrap_or(0) as f64 / 1e6
        };
        println!(
            "read-ahead {:5} KiB, {mode:4}: killed {killed} of {runs}; worst stall of a run, ms: least {:.1}, median {:.1}, most {:.1}",
            volume.read_ahead,
            at(0),
            at(2),
            at(4)
        );
    }
}

/// Runs this program again, in `group` if there is one. Returns its output, or `None` if it was killed.
fn run(arguments: &[&str], group: Option<&MemoryGroup>) -> Option<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).stdin(Stdio::piped());
    if group.is_some() {
        command.stdout(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(group) = group {
        group.add(child.id());
    }
    // The child begins when its standard input ends.
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Waits until the parent has moved this process into its group.
fn wait_for_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn paced(mode: &str, directory: &Path, seconds: f64) {
    wait_for_parent();
    let ballast = std::hint::black_box(vec![1_u8; BALLAST]);
    fs::create_dir_all(directory).unwrap();
    let mut log = None;
    if mode == "json" {
        let file = fs::File::create(directory.join("a.jsonl")).unwrap();
        tracing_subscriber::fmt().json().with_writer(file).init();
    } else {
        let opened = Log::options(directory).segment_size(64 << 20).max_total_bytes(1 << 30).open().unwrap();
        log = Some(opened.clone());
        let layer = fusewire::bridge::tracing::Layer::new(opened);
        tracing_subscriber::registry().with(layer).with(LevelFilter::INFO).init();
    }
    let start = Instant::now();
    let thread = |thread: u64| {
        let events = (RATE / 2.0 * seconds) as u64;
        let mut worst = Duration::ZERO;
        for i in 0..events {
            let due = Duration::from_secs_f64(i as f64 / (RATE / 2.0));
            if let Some(early) = due.checked_sub(start.elapsed()) {
                std::thread::sleep(early);
            }
            if start.elapsed().as_secs_f64() > 3.0 * seconds {
                break;
            }
            let begun = Instant::now();
            tracing::info!(
                thread,
                i,
                path = "/api/v1/orders/7/items",
                user = "alice@example.com",
                status = 200,
                agent = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                "a request was served, with some text that is as long as such text is"
            );
            worst = worst.max(begun.elapsed());
        }
        worst
    };
    let worst = std::thread::scope(|scope| {
        let threads = [0, 1].map(|number| scope.spawn(move || thread(number)));
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    drop(ballast);
    let dropped = log.map_or(0, |log| log.stats().drops.total());
    println!("dropped {dropped} worst {}", worst.as_nanos());
}

/// Returns the number of bytes of anonymous memory.
fn anonymous() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    kib(status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap())
}

fn kib(text: &str) -> u64 {
    text.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Returns the number of resident bytes of the files in `directory`.
fn resident(directory: &str) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut ours, mut bytes) = (false, 0);
    for line in maps.lines() {
        match line.strip_prefix("Rss:") {
            Some(size) if ours => bytes += kib(size),
            None if line.contains('-') && !line.ends_with(" kB") => ours = line.contains(directory),
            _ => {}
        }
    }
    bytes
}

fn busy(directory: &Path, seconds: f64) {
    wait_for_parent();
    let text = directory.display().to_string();
    resident(&text);
    let before = anonymous();
    let options = Log::options(directory).max_total_bytes(512 << 20);
    let bound = options.resident_bound();
    let log = options.open().unwrap();
    let done = AtomicBool::new(false);
    let start = Instant::now();
    let (mut samples, entries) = std::thread::scope(|scope| {
        let threads = [0_u64, 1].map(|thread| {
            let (log, done) = (&log, &done);
            scope.spawn(move || {
                let mut entries = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    event!(
                        log,
                        Severity::INFO,
                        "a request was served, with some text that is as long as such text is",
                        thread,
                        entries,
                        path = "/api/v1/orders/7/items",
                        user = "alice@example.com",
                        status = 200,
                        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
                    );
                    entries += 1;
                }
                entries
            })
        });
        let mut samples = Vec::new();
        while start.elapsed().as_secs_f64() < seconds {
            samples.push((resident(&text), anonymous().saturating_sub(before)));
            std::thread::sleep(Duration::from_millis(2));
        }
        done.store(true, Ordering::Relaxed);
        (samples, threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>())
    });
    samples.sort_unstable_by_key(|(files, anonymous)| files + anonymous);
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let at = |part: usize| samples[(samples.len() * part / 100).min(samples.len() - 1)];
    let stats = log.stats();
    println!(
        "two busy threads, {:.1} s: {:.2} million entries/s, {:.0} MiB/s, {} dropped",
        seconds,
        entries as f64 / seconds / 1e6,
        mib(stats.bytes) / seconds,
        stats.drops.total()
    );
    let ((median, median_anonymous), (most, most_anonymous)) = (at(50), at(100));
    println!(
        "resident, MiB, of {} samples: median {:.1} + {:.1} anonymous, most {:.1} + {:.1} anonymous; resident_bound {:.1}: {}",
        samples.len(),
        mib(median),
        mib(median_anonymous),
        mib(most),
        mib(most_anonymous),
        mib(bound),
        if most + most_anonymous <= bound { "holds" } else { "does not hold" }
    );
}

/// A mounted ext4 file system on a loop device, which is removed when the value is dropped.
struct Volume {
    temporary: tempfile::TempDir,
    directory: PathBuf,
    device: String,
    read_ahead: u32,
}

impl Volume {
    fn new(read_ahead: u32) -> Result<Self, String> {
        let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
        let image = temporary.path().join("image");
        let file = fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(2 << 30).map_err(|error| error.to_string())?;
        let image = image.display().to_string();
        command("mkfs.ext4", &["-q", "-F", &image])?;
        let device = command("losetup", &["--find", "--show", &image])?.trim().to_owned();
        let directory = temporary.path().join("mounted");
        let mut volume = Self { temporary, directory, device, read_ahead };
        volume.prepare().map(|()| volume)
    }

    fn prepare(&mut self) -> Result<(), String> {
        let name = self.device.trim_start_matches("/dev/");
        let queue = format!("/sys/block/{name}/queue/read_ahead_kb");
        let set = fs::OpenOptions::new()
            .write(true)
            .open(&queue)
            .and_then(|mut file| write!(file, "{}", self.read_ahead));
        if set.is_err() {
            let sectors = (self.read_ahead * 2).to_string();
            command("blockdev", &["--setra", &sectors, &self.device])?;
        }
        fs::create_dir(&self.directory).map_err(|error| error.to_string())?;
        command("mount", &[&self.device, &self.directory.display().to_string()]).map(drop)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = command("umount", &[&self.directory.display().to_string()]);
        let _ = command("losetup", &["--detach", &self.device]);
        let _ = &self.temporary;
    }
}

fn command(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
