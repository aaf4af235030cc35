//! `fusewire tail` prints exactly the last entries of the output of `cat`, across all segments and processes.

mod common;

use common::{TempDir, append, fusewire, segments, small_log};

/// Creates a log of two processes that append in turn, with several segments each.
fn two_processes(entries: u64) -> TempDir {
    let directory = TempDir::new().unwrap();
    let shop = small_log(directory.path(), "shop").open().unwrap();
    let billing = small_log(directory.path(), "billing").open().unwrap();
    for n in 0..entries {
        let log = if n % 3 == 0 { &billing } else { &shop };
        append(log, &format!("entry {n:04}"), 1_767_323_045_000_000_000 + n);
    }
    drop((shop, billing));
    assert!(segments(directory.path()).len() > 4);
    directory
}

#[test]
fn the_last_n_of_what_cat_shows_in_its_order() {
    let directory = two_processes(600);
    let logs = directory.path().to_str().unwrap();
    for output in ["text", "json"] {
        let all = fusewire(["cat", logs, "--output", output]).stdout;
        let all: Vec<_> = all.lines().collect();
        assert_eq!(all.len(), 600);
        for n in [0, 1, 2, 99, 250, 599, 600, 10_000] {
            let run = fusewire(["tail", logs, "-n", &n.to_string(), "--output", output]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{n}");
            let shown: Vec<_> = run.stdout.lines().collect();
            assert_eq!(shown, all[600_usize.saturating_sub(n)..], "{n}");
        }
    }
}

#[test]
fn ten_where_no_number_is_given_of_a_directory_and_of_a_file() {
    let directory = two_processes(600);
    let run = fusewire(["tail".as_ref(), directory.path().as_os_str()]);
    assert_eq!(run.stdout.lines().count(), 10);
    assert!(run.stdout.ends_with("entry 0599\n"), "{}", run.stdout);
    let run = fusewire(["tail".as_ref(), segments(directory.path())[0].as_os_str()]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 10), "{run:?}");
}

#[test]
fn where_there_is_nothing_to_show_the_exit_code_says_so() {
    let directory = TempDir::new().unwrap();
    let empty = fusewire(["tail".as_ref(), directory.path().as_os_str()]);
    assert_eq!((empty.code, empty.stdout.as_str()), (2, ""));
    assert!(empty.stderr.contains("no segments and no other log files"), "{}", empty.stderr);
    let missing = fusewire(["tail".as_ref(), directory.path().join("missing").as_os_str()]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("missing: No such file"), "{}", missing.stderr);
}
