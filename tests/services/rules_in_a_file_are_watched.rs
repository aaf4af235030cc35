//! A router applies the rules in a TOML file soon after the file changes. If the file is invalid, the last valid rules
//! remain in force, and the error contains the position.
#![cfg(feature = "route-toml")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::common::routes::Lines;
use fusewire::Severity;
use fusewire::log::Log;
use fusewire::route::{Arm, Percent, RouteConfig, Router, Rule};

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn what_the_file_says_is_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("route.toml");
    replace(&file, "default = \"binary\"");
    let log = Log::options(directory.path().join("logs")).open().unwrap();
    let lines = Lines::default();
    let router = Router::new(log, lines.clone(), RouteConfig::default());
    let watch = router.watch(&file, Duration::from_millis(10)).unwrap();
    assert_eq!(router.append(|_| {}).arm, Arm::Binary, "at once");

    replace(&file, "[[rule]]\narm = \"binary\"\npercent = 100\nseverity = \"error\"\n");
    wait_until("the second file", || router.append(|_| {}).arm == Arm::Json);
    let error = |entry: &mut fusewire::encode::EntryWriter<'_>| entry.set_severity(Severity::ERROR);
    assert_eq!(router.append(error).arm, Arm::Binary);

    // The last valid rules remain in force.
    replace(&file, "[[rule]]\narm = \"binary\"\nseverity = \"warn\"\npercents = 3\n");
    wait_until("the error", || router.stats().config_error.is_some());
    let told = router.stats().config_error.unwrap();
    assert!(told.contains("route.toml") && told.contains("line 4") && told.contains("percents"), "{told}");
    assert_eq!((router.append(|_| {}).arm, router.append(error).arm), (Arm::Json, Arm::Binary));
    fs::remove_file(&file).unwrap();
    wait_until("the missing file", || {
        router.stats().config_error.is_some_and(|told| !told.contains("line 4"))
    });
    assert_eq!(router.append(error).arm, Arm::Binary);

    replace(&file, "default = \"binary\"\n");
    wait_until("the good file", || router.stats().config_error.is_none());
    assert_eq!(router.append(|_| {}).arm, Arm::Binary);
    drop(watch);
    replace(&file, "default = \"json\"\n");
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(router.append(|_| {}).arm, Arm::Binary, "nobody watches any more");

    drop(router);
    let told = crate::common::logs::read(&directory.path().join("logs")).entries;
    let told: Vec<_> = told.iter().filter(|entry| entry.target == "fusewire::route").collect();
    let errors: Vec<_> = told.iter().filter(|entry| entry.severity == Severity::ERROR).collect();
    assert_eq!(errors.len(), 2);
    let says = |entry: &fusewire::owned::Entry, text: &str| format!("{:?}", entry.attributes).contains(text);
    assert!(says(errors[0], "unknown field `percents`") && says(errors[0], "route.toml"), "{errors:?}");
    let in_sink = lines.entries().into_iter().filter(|entry| entry.target == "fusewire::route").count();
    assert_eq!(in_sink, told.len(), "whoever reads one of them knows");
}

#[test]
fn a_change_that_shows_in_neither_time_nor_length_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("route.toml");
    // The modification time is in the future. Therefore the times of two versions of the file are equal, and differ
    // from the current time.
    let now = SystemTime::now() + Duration::from_secs(3_600);
    let write = |text: &str| {
        fs::write(directory.path().join("new"), text).unwrap();
        let new = fs::File::options().append(true).open(directory.path().join("new")).unwrap();
        new.set_modified(now).unwrap();
        fs::rename(directory.path().join("new"), &file).unwrap();
    };
    write("default = 'binary'");
    let log = Log::options(directory.path().join("logs")).open().unwrap();
    let router = Router::new(log, Lines::default(), RouteConfig::default());
    let _watch = router.watch(&file, Duration::from_millis(10)).unwrap();
    assert_eq!(router.append(|_| {}).arm, Arm::Binary);
    write("default = 'json'  ");
    wait_until("the second file", || router.append(|_| {}).arm == Arm::Json);
}

#[test]
fn every_member_means_what_it_means_in_code() {
    let config = RouteConfig::from_toml(
        "default = 'json'\nshadow_percent = 0.5\n[[rule]]\narm = 'binary'\nseverity = 'WARN2'\ntag = 'a'\nvalue = 'b'\n\
         percent = 12.5\n[[rule]]\narm = 'json'\ntag = 'c'\n[bounds]\nwindow = 7\nmax_error_rate = 0.25\nmax_p99_ratio = 4\n",
    )
    .unwrap();
    let mut same = RouteConfig::all_to(Arm::Json);
    same.shadow = Percent::new(0.5);
    let severity = Severity::from_name("WARN2").unwrap();
    same.rules = vec![
        Rule::to(Arm::Binary).severity(severity).tag("a", "b").percent(Percent::new(12.5)),
        Rule::to(Arm::Json).tagged("c"),
    ];
    same.bounds.window = 7;
    same.bounds.max_error_rate = 0.25;
    same.bounds.max_p99_ratio = Some(4.0);
    assert_eq!(config, same);
    assert_eq!(RouteConfig::from_toml("").unwrap(), RouteConfig::default());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let cases = [
        ("default = 'xml'", "line 1", "binary"),
        ("\n[[rule]]\narm = 'binary'\nseverity = 'loud'", "line 4", "loud"),
        ("[[rule]]\narm = 'json'\npercent = 101", "line 3", "from 0 to 100"),
        ("[bounds]\nmax_error_rate = -0.5", "line 2", "from 0 to 1"),
        ("[[rule]]\nseverity = 'warn'", "line 1", "arm"),
        ("default = ", "line 1", ""),
        ("[[rule]]\narm = 'json'\nvalue = 'x'", "", "tag"),
    ];
    for (text, line, what) in cases {
        let error = RouteConfig::from_toml(text).unwrap_err().to_string();
        assert!(error.contains(line) && error.contains(what), "{text:?}: {error}");
    }
}
