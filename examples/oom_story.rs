//! A service that runs out of memory because of its logging, the same service with Fusewire, and the post-mortem:
//! `cargo run --release --example oom_story`.
//!
//! A shop logs each cart with the previous cart in it, recursively. The first service writes the carts as JSON to a queue. It
//! reaches its memory limit within seconds, and the lines that explain the failure are lost with the process. The second
//! service makes the same calls to a Fusewire log and survives. The memory recorder runs in both. `fusewire postmortem`
//! finds the time at which the growth of the first service began, and the call site that caused it.
//!
//! The limit is a memory cgroup of version 1 or 2. Without the permission to create a cgroup, it is a limit of the address space.

#[path = "../tests/common/memory_group.rs"]
mod memory_group;

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fusewire::encode::{LogValue, ValueWriter};
use fusewire::log::Log;
use fusewire::memory::MemoryRecorder;
use fusewire::segment::Resource;
use fusewire::{Severity, event};
use memory_group::MemoryGroup;

const MIB: u64 = 1 << 20;
const LIMIT: u64 = 96 * MIB;
const REQUESTS: u32 = 1_200;
const BETWEEN_REQUESTS: Duration = Duration::from_millis(3);
/// The write rate of a busy disk or network in bytes per second.
const BYTES_PER_SECOND: u64 = 4 * MIB;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("naive") => serve(Path::new(&arguments[2]), naive),
        Some("fused") => serve(Path::new(&arguments[2]), fused),
        directory => run_both(directory.map(PathBuf::from)),
    }
}

// ---- both runs and the report

fn run_both(directory: Option<PathBuf>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let directory = directory.unwrap_or_else(|| temporary.path().to_owned());
    let (naive, fused) = (directory.join("naive"), directory.join("fused"));
    fs::create_dir_all(&naive)?;
    fs::create_dir_all(&fused)?;

    println!("1. A shop logs JSON with a memory limit of {} MiB", LIMIT / MIB);
    let (status, logged) = (run("naive", &naive)?, naive.join("shop.jsonl"));
    println!("   {status}; {} KiB of JSON lines are on disk", fs::metadata(&logged)?.len() / 1024);
    assert!(!status.success(), "expected the first service to reach its memory limit");

    println!("2. The same shop logs with Fusewire and the same limit");
    let status = run("fused", &fused)?;
    println!("   {status}; it answered all {REQUESTS} requests");
    assert!(status.success(), "expected the second service to succeed");

    println!("3. Report of `fusewire postmortem {}` on the first shop", naive.display());
    let mut fusewire = fusewire();
    fusewire.arg("postmortem").arg(&naive);
    if let Some(kern_log) = kernel_log(&directory)? {
        fusewire.arg("--kern-log").arg(kern_log);
    }
    println!();
    let start = Instant::now();
    let status = fusewire.status()?;
    println!("\n   duration {:.1?}; {status}", start.elapsed());
    assert!(status.success(), "expected the post-mortem to succeed");
    Ok(())
}

/// Runs the service with its memory limit.
fn run(kind: &str, directory: &Path) -> Result<ExitStatus> {
    let mut service = Command::new(std::env::current_exe()?);
    service.arg(kind).arg(directory).stdin(Stdio::piped());
    let group = MemoryGroup::new(LIMIT);
    if let Err(reason) = &group {
        println!("   cannot create a cgroup ({reason}); the address space is limited instead");
        service.env("LIMIT_ADDRESS_SPACE", "1");
    }
    let mut child = service.spawn()?;
    if let Ok(group) = &group {
        group.add(child.id());
    }
    // The service waits for the end of its standard input, so all its memory belongs to the group.
    drop(child.stdin.take());
    Ok(child.wait()?)
}

/// Saves the kernel log, if it is readable.
fn kernel_log(directory: &Path) -> Result<Option<PathBuf>> {
    let output = Command::new("dmesg").output();
    let Some(output) = output.ok().filter(|output| output.status.success() && !output.stdout.is_empty())
    else {
        println!("   cannot read the kernel log; the report does not contain the record of the kill");
        return Ok(None);
    };
    let path = directory.join("kern.log");
    fs::write(&path, output.stdout)?;
    Ok(Some(path))
}

/// Returns the command `fusewire`: the binary in the directory of this example, or `cargo run`.
fn fusewire() -> Command {
    let built =
        std::env::current_exe().ok().and_then(|example| Some(example.parent()?.parent()?.join("fusewire")));
    if let Some(built) =
        std::env::var_os("FUSEWIRE").map(PathBuf::from).or(built.filter(|built| built.exists()))
    {
        return Command::new(built);
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "run",
        "--quiet",
        "--release",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        "--",
    ]);
    cargo
}

// ---- the service

/// A cart and its previous state.
struct Cart {
    id: u32,
    items: Vec<String>,
    before: Option<Arc<Cart>>,
}

/// The logging calls of the service, for both loggers.
trait Logger {
    fn request(&mut self, id: u32);
    fn cart(&mut self, cart: &Cart);
}

/// Serves requests.
fn serve<L: Logger>(directory: &Path, logger: impl FnOnce(&Path, &Log) -> Result<L>) -> Result<()> {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    if std::env::var_os("LIMIT_ADDRESS_SPACE").is_some() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(4 * LIMIT), maximum: Some(4 * LIMIT) };
        setrlimit(Resource::As, limit)?;
    }
    let log = Log::options(directory).resource(Resource::of_this_process("shop")).segment_size(MIB).open()?;
    let _guard = log.guard();
    let _memory = MemoryRecorder::options().interval(Duration::from_millis(40)).start(&log)?;
    let mut logger = logger(directory, &log)?;
    let mut cart: Option<Arc<Cart>> = None;
    for id in 0..REQUESTS {
        logger.request(id);
        let items = (0..6)
            .map(|n| format!("item {n} of cart {id}, in the colour of the day, gift-wrapped"))
            .collect();
        let now = Arc::new(Cart { id, items, before: cart.take() });
        logger.cart(&now);
        cart = Some(now);
        thread::sleep(BETWEEN_REQUESTS);
    }
    // The carts are dropped one by one, because dropping the list would recurse like the logging.
    while let Some(now) = cart.take() {
        cart = Arc::into_inner(now).and_then(|now| now.before);
    }
    Ok(())
}

/// The naive logger, which sends the complete value as text to an unbounded queue.
struct Queue(mpsc::Sender<String>);

fn naive(directory: &Path, _: &Log) -> Result<Queue> {
    let mut file = BufWriter::new(File::create(directory.join("shop.jsonl"))?);
    let (sender, lines) = mpsc::channel::<String>();
    thread::spawn(move || -> std::io::Result<()> {
        for line in lines {
            file.write_all(line.as_bytes())?;
            file.flush()?;
            thread::sleep(Duration::from_secs_f64(line.len() as f64 / BYTES_PER_SECOND as f64));
        }
        Ok(())
    });
    Ok(Queue(sender))
}

impl Queue {
    fn log(&self, target: &str, message: &str, rest: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let line =
            format!(r#"{{"time":{now:.6},"level":"info","target":"{target}","message":"{message}"{rest}}}"#);
        // The queue has no receiver after the service has ended.
        let _ = self.0.send(line + "\n");
    }
}

impl Logger for Queue {
    fn request(&mut self, id: u32) {
        self.log("shop::http", "request", &format!(r#","id":{id},"path":"/cart""#));
    }

    fn cart(&mut self, cart: &Cart) {
        fn write(cart: &Cart, out: &mut String) {
            let _ = write!(out, r#"{{"id":{},"items":{:?},"before":"#, cart.id, cart.items);
            match &cart.before {
                Some(before) => write(before, out),
                None => out.push_str("null"),
            }
            out.push('}');
        }
        let mut json = String::from(r#","cart":"#);
        write(cart, &mut json);
        self.log("shop::cart", "cart updated", &json);
    }
}

/// The Fusewire logger, which receives the same calls and applies limits.
struct Fused(Log);

fn fused(_: &Path, log: &Log) -> Result<Fused> {
    Ok(Fused(log.clone()))
}

impl LogValue for Cart {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.map().entry("id", &self.id).entry("items", &self.items).entry("before", &self.before);
    }
}

impl Logger for Fused {
    fn request(&mut self, id: u32) {
        event!(self.0, Severity::INFO, target: "shop::http", "request", id = id, path = "/cart");
    }

    fn cart(&mut self, cart: &Cart) {
        event!(self.0, Severity::INFO, target: "shop::cart", "cart updated", cart = cart);
    }
}
