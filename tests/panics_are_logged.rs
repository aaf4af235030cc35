//! The log contains the message of every panic, wherever the panic happens and however the process ends.

mod common {
    pub mod logs;
    pub mod victims;
}

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{panic, thread};

use common::victims::{Victim, order};
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Severity, TraceContext, event};

/// A lock for the panic hook, which all threads of the process share.
static HOOK: Mutex<()> = Mutex::new(());

/// Runs `work` with the hook installed before a hook that counts its calls. Returns the entries that `work` logs and
/// the number of calls.
fn logged(work: impl FnOnce(&Log)) -> (Vec<Entry>, u64) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let _hook = HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| _ = CALLS.fetch_add(1, Ordering::Relaxed)));
    let calls = CALLS.load(Ordering::Relaxed);
    let hook = fusewire::panic::install(&log);
    work(&log);
    hook.uninstall();
    let calls = CALLS.load(Ordering::Relaxed) - calls;
    panic::set_hook(before);
    drop(log);
    (common::logs::read(directory.path()).entries, calls)
}

fn attribute<'e>(entry: &'e Entry, key: &str) -> Option<&'e OwnedValue> {
    entry.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| &attribute.value)
}

const LINE: u32 = line!() + 2;
fn look_for_orders() {
    panic!("no {} left", "orders");
}

#[test]
fn a_panic_is_an_entry_and_the_hook_before_is_called() {
    let trace = TraceContext { trace_id: 1, span_id: 2, flags: 1 };
    let context = Context::root().with(|to| _ = to.entry("order", &7)).unwrap().with_trace(trace);
    let (entries, calls) = logged(|_| {
        let work = move || {
            let _context = context.enter();
            look_for_orders();
        };
        let worker = thread::Builder::new().name("worker-7".to_owned());
        assert!(worker.spawn(work).unwrap().join().is_err());
        assert!(panic::catch_unwind(|| panic::panic_any(7)).is_err());
    });
    assert_eq!((entries.len(), calls), (2, 2));
    let entry = &entries[0];
    assert_eq!((entry.body.as_str(), entry.thread.as_str()), ("no orders left", "worker-7"));
    assert_eq!((entry.severity, entry.target.as_str()), (Severity::ERROR, "panic"));
    assert_eq!((entry.trace, attribute(entry, "order")), (trace, Some(&OwnedValue::Int(7))));
    assert_eq!(attribute(entry, "exception.type"), Some(&OwnedValue::String("panic".to_owned())));
    assert_eq!(attribute(entry, "code.file.path"), Some(&OwnedValue::String(file!().to_owned())));
    assert_eq!(attribute(entry, "code.line.number"), Some(&OwnedValue::Uint(LINE.into())));
    assert!(attribute(entry, "code.column.number").is_some());
    assert_eq!(entries[1].body, "a panic with a value that is not text");
}

/// A value that panics when it is formatted.
struct Bad;

impl std::fmt::Debug for Bad {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("the value is bad")
    }
}

#[test]
fn a_panic_inside_an_append_is_an_entry() {
    let (entries, calls) = logged(|log| {
        let log_it = panic::AssertUnwindSafe(|| event!(log, Severity::INFO, "about to end", value = ?Bad));
        assert!(panic::catch_unwind(log_it).is_err());
        event!(log, Severity::INFO, "it goes on");
    });
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.as_str()).collect();
    assert_eq!((bodies, calls), (vec!["the value is bad", "it goes on"], 1));
}

#[test]
fn an_uninstalled_hook_and_a_closed_log_are_passed_over() {
    let (entries, calls) = logged(|log| {
        let second = fusewire::panic::install(log);
        assert!(panic::catch_unwind(|| panic!("by both")).is_err());
        second.uninstall();
        assert!(panic::catch_unwind(|| panic!("by one")).is_err());
        // The hook does not hold the log open.
        let directory = tempfile::tempdir().unwrap();
        let other = Log::options(directory.path()).open().unwrap();
        let _installed = fusewire::panic::install(&other);
        drop(other);
        assert!(common::logs::all_sealed(directory.path()));
        assert!(panic::catch_unwind(|| panic!("once more")).is_err());
        assert!(common::logs::read(directory.path()).entries.is_empty());
    });
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.as_str()).collect();
    assert_eq!((bodies, calls), (vec!["by both", "by both", "by one", "once more"], 3));
}

#[cfg(feature = "json")]
#[test]
fn a_router_takes_panics() {
    use fusewire::route::{Arm, RouteConfig, Router};
    let _hook = HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let router = Router::new(log, Mutex::new(std::io::sink()), RouteConfig::all_to(Arm::Binary));
    let hook = fusewire::panic::install(&router);
    assert!(panic::catch_unwind(|| panic!("routed")).is_err());
    hook.uninstall();
    panic::set_hook(before);
    drop(router);
    assert_eq!(common::logs::read(directory.path()).bodies(), ["routed"]);
}

fn installed(directory: &Path) -> Log {
    let log = Log::options(directory).open().unwrap();
    fusewire::panic::install(&log);
    event!(log, Severity::INFO, "started");
    log
}

#[test]
#[ignore = "is started by another test, and aborts"]
fn victim_that_aborts() {
    // This simulates `panic = "abort"`: the hook runs, and then the process ends.
    panic::set_hook(Box::new(|_| std::process::abort()));
    let Some(directory) = order::<PathBuf>("directory") else { return };
    let _log = installed(&directory);
    panic!("the last words");
}

#[test]
#[ignore = "is started by another test, and aborts"]
fn victim_that_aborts_in_an_append() {
    panic::set_hook(Box::new(|_| std::process::abort()));
    let Some(directory) = order::<PathBuf>("directory") else { return };
    let log = installed(&directory);
    event!(log, Severity::INFO, "about to end", value = ?Bad);
}

#[test]
#[ignore = "is started by another test, and aborts"]
fn victim_that_must_not_unwind() {
    extern "C" fn callback() {
        panic!("the last words");
    }
    let Some(directory) = order::<PathBuf>("directory") else { return };
    let _log = installed(&directory);
    callback();
}

#[test]
fn the_message_survives_an_abort() {
    for (victim, expected) in [
        ("victim_that_aborts", vec!["started", "the last words"]),
        ("victim_that_aborts_in_an_append", vec!["started", "the value is bad"]),
        (
            "victim_that_must_not_unwind",
            vec!["started", "the last words", "panic in a function that cannot unwind"],
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let status = Victim::start(victim, &[("directory", &directory.path().display())]).end();
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{victim}: {status}");
        assert_eq!(common::logs::read(directory.path()).bodies(), expected, "{victim}");
    }
}

#[test]
#[ignore = "is started by another test, with backtraces"]
fn victim_with_a_backtrace() {
    panic::set_hook(Box::new(|_| {}));
    let Some(directory) = order::<PathBuf>("directory") else { return };
    let log = installed(&directory);
    assert!(panic::catch_unwind(|| panic!("deep inside")).is_err());
    drop(log);
}

#[test]
fn a_backtrace_is_there_where_it_is_enabled() {
    for enabled in ["0", "1"] {
        let directory = tempfile::tempdir().unwrap();
        let orders: [(&str, &dyn ToString); 1] = [("directory", &directory.path().display())];
        let mut victim =
            Victim::start_with("victim_with_a_backtrace", &orders, &[("RUST_BACKTRACE", enabled)]);
        victim.succeed();
        let entries = common::logs::read(directory.path()).entries;
        assert_eq!(entries[1].body, "deep inside");
        match attribute(&entries[1], "exception.stacktrace") {
            Some(OwnedValue::String(trace)) => {
                assert!(enabled == "1" && trace.lines().count() > 3, "{trace}");
            }
            other => assert_eq!((enabled, other), ("0", None)),
        }
    }
}
