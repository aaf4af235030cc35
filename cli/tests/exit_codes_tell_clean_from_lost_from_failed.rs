//! The exit code is 0 for a clean log, 2 for a usage error or a failure, and 3 if data was lost.

mod common;

use common::{damage, fusewire, fusewire_with_input, imported, segments};

fn lines(count: u32) -> Vec<u8> {
    (0..count).map(|n| format!("{{\"msg\":\"message-{n:05}\"}}\n")).collect::<String>().into_bytes()
}

#[test]
fn an_intact_log_is_clean() {
    let (_directory, logs) = imported(&lines(100));
    for command in ["cat", "info", "verify"] {
        let run = fusewire([command.as_ref(), logs.as_os_str()]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn a_damaged_log_gives_every_intact_entry_and_code_3_and_names_what_is_lost() {
    let (_directory, logs) = imported(&lines(100));
    let file = segments(&logs).remove(0);
    let at = damage(&file, "message-00042");
    let before = std::fs::read(&file).unwrap();

    let cat = fusewire(["cat".as_ref(), logs.as_os_str()]);
    assert_eq!(cat.code, 3, "{}", cat.stderr);
    assert_eq!(cat.stdout.lines().count(), 99);
    assert!(!cat.stdout.contains("message-00042"));
    // The message about the lost range names the file, and the range contains the damaged byte.
    let loss = cat.stderr.lines().find(|line| line.contains("lost")).expect("a lost range");
    assert!(loss.contains(file.to_str().unwrap()), "{loss}");
    let numbers: Vec<usize> = loss
        .rsplit(".fws")
        .next()
        .unwrap()
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .filter_map(|word| word.replace(',', "").parse().ok())
        .collect();
    assert!(numbers[0] <= at && at < numbers[1], "{at} in {loss}");

    let verify = fusewire(["verify".as_ref(), logs.as_os_str()]);
    assert_eq!(verify.code, 3, "{verify:?}");
    assert!(verify.stdout.contains("99 entries"), "{}", verify.stdout);
    assert_eq!(std::fs::read(&file).unwrap(), before, "nothing edits a damaged file");
}

#[test]
fn strict_stops_at_the_first_fault_with_code_2() {
    let (_directory, logs) = imported(&lines(100));
    damage(&segments(&logs)[0], "message-00042");
    let run = fusewire(["cat".as_ref(), logs.as_os_str(), "--strict".as_ref()]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 42);
    assert!(run.stderr.contains("offset "), "{}", run.stderr);
}

#[test]
fn a_damaged_first_page_costs_no_entry_and_is_said() {
    let (_directory, logs) = imported(&lines(100));
    let file = segments(&logs).remove(0);
    let intact = std::fs::read(&file).unwrap();
    // The bytes belong to the signature, to the salt, and to a part that only the checksum covers.
    for at in [0, 40, 3_000] {
        let mut bytes = intact.clone();
        bytes[at] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        let from_file = fusewire(["cat".as_ref(), file.as_os_str()]);
        let from_stdin = fusewire_with_input(["cat", "-"], &bytes);
        for run in [from_file, from_stdin] {
            assert_eq!((run.code, run.stdout.lines().count()), (3, 100), "byte {at}: {}", run.stderr);
            assert!(run.stderr.contains("offset "), "{}", run.stderr);
        }
    }
}

#[test]
fn a_file_that_is_missing_does_not_hide_the_others() {
    let (_directory, logs) = imported(&lines(10));
    let run = fusewire(["cat", "missing.fws", logs.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.lines().count()), (2, 10), "{}", run.stderr);
    assert!(run.stderr.contains("missing.fws"), "{}", run.stderr);
}

#[test]
fn recover_copies_what_is_intact_and_the_copy_is_clean() {
    let (directory, logs) = imported(&lines(100));
    damage(&segments(&logs)[0], "message-00042");
    let to = directory.path().join("recovered");
    let run = fusewire(["recover".as_ref(), logs.as_os_str(), "--to".as_ref(), to.as_os_str()]);
    assert_eq!(run.code, 3, "{run:?}");
    let verify = fusewire(["verify".as_ref(), to.as_os_str()]);
    assert_eq!(verify.code, 0, "{verify:?}");
    assert!(verify.stdout.contains("99 entries"), "{}", verify.stdout);
    let again = fusewire(["recover".as_ref(), logs.as_os_str(), "--to".as_ref(), to.as_os_str()]);
    assert_eq!(again.code, 2, "nothing is overwritten: {again:?}");
}

#[test]
fn wrong_usage_is_code_2() {
    for args in [&["cat"][..], &["no-such-command"], &["cat", "x", "--tz", "Mars/Olympus"], &["import", "x"]]
    {
        assert_eq!(fusewire(args).code, 2, "{args:?}");
    }
}
