//! An error message contains the file, the offset and the cause.

mod common;

use common::{TempDir, fusewire, fusewire_with_input, imported, segments};

#[test]
fn a_missing_file_is_named_with_the_cause() {
    for command in ["cat", "info", "verify"] {
        let run = fusewire([command, "no/such/file.fws"]);
        assert_eq!(run.code, 2);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with("fusewire: no/such/file.fws: No such file"), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1);
    }
}

#[test]
fn a_directory_without_segments_is_not_a_silent_nothing() {
    let directory = TempDir::new().unwrap();
    for (command, cause) in [
        ("cat", "no segments and no other log files; expected *.fws or *."),
        ("info", "no segments and no other log files; expected *.fws or *."),
        ("verify", "no segments; expected *.fws"),
    ] {
        let run = fusewire([command.as_ref(), directory.path().as_os_str()]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(cause), "{}", run.stderr);
    }
}

#[test]
fn a_path_in_place_of_an_expression_is_named() {
    let (directory, logs) = imported(b"{\"msg\":\"paid\"}\n");
    let hint = "is also a path; expected an expression and a path: fusewire query EXPR PATH";
    for (folder, code) in [(directory.path(), 2), (&logs, 1)] {
        let run = common::run(common::command(["query".as_ref(), logs.as_os_str()]).current_dir(folder));
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
    let other = common::run(common::command(["query", "nothing"]).current_dir(&logs));
    assert_eq!((other.code, other.stderr.as_str()), (1, ""));
}

#[test]
fn a_file_that_is_no_segment_is_named_with_the_offset() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("x.fws");
    std::fs::write(&file, [0x55; 65_536]).unwrap();
    let run = fusewire(["info".as_ref(), file.as_os_str()]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with(&format!("fusewire: {}: ", file.display())), "{}", run.stderr);
    assert!(run.stderr.contains("offset 0: "), "{}", run.stderr);
}

#[test]
fn empty_input_is_said() {
    let directory = TempDir::new().unwrap();
    let run = fusewire_with_input(
        ["import".as_ref(), "-".as_ref(), "--to".as_ref(), directory.path().join("logs").as_os_str()],
        b"",
    );
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("standard input"), "{}", run.stderr);
}

#[test]
fn a_file_name_cannot_reach_the_terminal_as_an_escape_sequence() {
    let run = fusewire(["cat", "evil\x1b[31m.fws"]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
}

#[test]
fn a_file_cut_short_says_so() {
    let (_directory, logs) = imported(b"{\"msg\":\"a\"}\n");
    let file = segments(&logs).remove(0);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..100]).unwrap();
    let run = fusewire(["cat".as_ref(), file.as_os_str()]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains(file.to_str().unwrap()), "{}", run.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_under_standard_output_is_a_failure_that_is_named() {
    let (_directory, logs) = imported(b"{\"msg\":\"a\"}\n");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = common::run(common::command(["cat".as_ref(), logs.as_os_str()]).stdout(full));
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("fusewire: standard output: No space left"), "{}", run.stderr);
}
