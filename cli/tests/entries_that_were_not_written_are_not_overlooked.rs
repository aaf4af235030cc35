//! Commands report the loss records of a log in a distinct form. An append that never returned is not a loss.

mod common;

use std::fmt;
use std::fs;

use common::{TempDir, append, fusewire, segments, small_log};
use fusewire::encode::AsDisplay;
use fusewire::log::Log;
use fusewire::segment::{Event, Mode, Segment};

/// A value that logs while it is formatted, which the log refuses.
struct Logging<'a>(&'a Log);

impl fmt::Display for Logging<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.0.append(|entry| entry.set_body("inside")).is_written());
        f.write_str("outside")
    }
}

fn log_with_drops(dropped: u32) -> TempDir {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    for _ in 0..dropped {
        let outcome = log.append(|entry| {
            entry.attr("value", &AsDisplay(&Logging(&log)));
        });
        assert!(outcome.is_written());
    }
    assert_eq!(log.stats().drops.total(), u64::from(dropped));
    directory
}

#[test]
fn in_text_by_a_mark_and_in_json_by_a_member_of_its_own() {
    let directory = log_with_drops(7);
    let logs = directory.path().to_str().unwrap();
    for command in ["cat", "tail"] {
        let text = fusewire([command, logs]);
        assert_eq!((text.code, text.stderr.as_str()), (0, ""));
        let marked: Vec<_> = text.stdout.lines().filter(|line| line.starts_with("!! LOST ")).collect();
        assert!(!marked.is_empty(), "{}", text.stdout);
        assert!(marked.iter().all(|line| line.contains("entries were not written")), "{marked:?}");
        assert!(marked.iter().all(|line| line.contains("causes={reentrant=")), "{marked:?}");

        let json = fusewire([command, logs, "--output", "json"]).stdout;
        let lines = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let (losses, entries): (Vec<_>, Vec<_>) = lines.partition(|line| line["frame"] == "loss");
        assert_eq!((losses.len(), entries.len()), (marked.len(), 7));
        let counts = losses.iter().map(|loss| loss["attributes"]["count"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), 7);
        assert!(entries.iter().all(|entry| entry.get("frame").is_none()));
    }
}

#[test]
fn backwards_as_forwards() {
    let directory = log_with_drops(7);
    let logs = directory.path().to_str().unwrap();
    let mut forwards: Vec<_> = fusewire(["cat", logs]).stdout.lines().map(str::to_owned).collect();
    assert!(forwards.last().unwrap().starts_with("!! LOST "), "{forwards:?}");
    forwards.reverse();
    let backwards = fusewire(["cat", "--reverse", logs]).stdout;
    assert_eq!(backwards.lines().collect::<Vec<_>>(), forwards);
}

#[test]
fn info_sums_them_up() {
    let logs = log_with_drops(3);
    let run = fusewire(["info".as_ref(), logs.path().as_os_str()]);
    assert!(run.stdout.contains("dropped  3 entries\n"), "{}", run.stdout);
    let logs = TempDir::new().unwrap();
    append(&small_log(logs.path(), "shop").open().unwrap(), "all is well", 0);
    let run = fusewire(["info".as_ref(), logs.path().as_os_str()]);
    assert!(run.stdout.contains("dropped  no entries\n"), "{}", run.stdout);
}

#[test]
fn what_a_killed_process_was_about_to_append_is_no_loss() {
    let directory = TempDir::new().unwrap();
    let (at_work, dead) = (directory.path().join("at work"), directory.path().join("dead"));
    let log = small_log(&at_work, "shop").open().unwrap();
    for n in 0..3 {
        append(&log, &format!("entry {n}"), 0);
    }
    // The copy has no owner, like a segment of a killed process.
    fs::create_dir(&dead).unwrap();
    let file = segments(&at_work).remove(0);
    let copy = dead.join(file.file_name().unwrap());
    let mut bytes = fs::read(file).unwrap();
    let segment = Segment::from_vec(bytes.clone());
    let end = segment.events(Mode::Recover).unwrap().filter_map(|event| match event {
        Ok(Event::Entry(frame, _)) => usize::try_from(frame.offset + frame.len_on_disk()).ok(),
        _ => None,
    });
    let end = end.last().unwrap();
    // An intent: state 1 in the bits above the 28 bits of the length.
    let intent = (1_u64 << 28) | 200;
    assert_eq!(bytes[end..end + 8], [0; 8]);
    bytes[end..end + 8].copy_from_slice(&intent.to_le_bytes());
    fs::write(&copy, bytes).unwrap();
    for command in ["cat", "tail", "info", "verify"] {
        for path in [dead.as_os_str(), copy.as_os_str()] {
            let run = fusewire([command.as_ref(), path]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}: {}", run.stdout);
            assert!(!run.stdout.contains("lost"), "{command}: {}", run.stdout);
        }
    }
    assert_eq!(fusewire(["cat".as_ref(), copy.as_os_str()]).stdout.lines().count(), 3);
}
