//! Lines of text fit into the width of a terminal: they are wrapped or cut, the date is printed when it changes, and the thread and
//! the spans are printed on request. Output to a pipe is not changed.

mod common;

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};

use common::{TempDir, command, run};

/// Writes three entries of two days, with bodies that are longer than a row.
fn log() -> TempDir {
    let directory = TempDir::new().unwrap();
    let lines: String = ["2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-02T00:00:01Z"]
        .map(|time| {
            format!(
                "{{\"time\":\"{time}\",\"level\":\"info\",\"target\":\"shop\",\"thread\":\"worker\",\
                 \"trace_id\":\"5b8aa5a2d2c872e8321cf37308d69df2\",\"span_id\":\"051581bf3cb55c13\",\
                 \"msg\":\"{}\",\"user\":7,\"map\":{{\"a\":1,\"b\":2}},\"spans\":[{{\"name\":\"pay\"}}]}}\n",
                "a word and another ".repeat(5)
            )
        })
        .concat();
    std::fs::write(directory.path().join("app.jsonl"), lines).unwrap();
    directory
}

fn cat(args: &[&str]) -> String {
    let directory = log();
    let run = run(command(["cat"]).args(args).arg(directory.path()).env("COLUMNS", "60"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
    run.stdout
}

const BODY: &str =
    "a word and another a word and another a word and another a word and another a word and another ";

#[test]
fn a_pipe_gets_whole_lines_with_all_parts() {
    let expected = format!(
        "2026-03-01 23:59:59.000000 INFO   shop  {BODY}  user=7 map={{a=1 b=2}} spans=[{{name=pay}}]  thread:worker \
         trace:5b8aa5a2d2c872e8321cf37308d69df2 span:051581bf3cb55c13\n"
    );
    for args in [&[][..], &["--wrap", "auto"], &["--wrap", "never"], &["--show", "spans"]] {
        let lines = cat(args);
        assert_eq!(lines.split_inclusive('\n').next(), Some(expected.as_str()), "{args:?}");
        assert_eq!(lines.lines().count(), 3, "{args:?}");
    }
}

#[test]
fn lines_are_wrapped_after_an_indentation() {
    let first = "2026-03-01\n\
                 23:59:59.000000 INFO   shop  a word and another a word and\n    \
                 another a word and another a word and another a word and\n    \
                 another   user=7 map={a=1 b=2}\n    \
                 trace:5b8aa5a2d2c872e8321cf37308d69df2\n";
    let second = first.replace("2026-03-01", "2026-03-02").replace("23:59:59", "00:00:00");
    let third = second.replace("2026-03-02\n", "").replace("00:00:00", "00:00:01");
    assert_eq!(cat(&["--wrap", "always"]), [first, &second, &third].concat());
    let backwards = ["2026-03-02\n", &third, &second.replace("2026-03-02\n", ""), first].concat();
    assert_eq!(cat(&["--wrap", "always", "--reverse"]), backwards);
    assert_eq!(cat(&["--wrap", "always", "--reverse", "-n", "1"]), format!("2026-03-02\n{third}"));
}

#[test]
fn lines_are_cut() {
    let cut = cat(&["--wrap", "cut"]);
    let lines: Vec<&str> = cut.lines().collect();
    assert_eq!(lines.len(), 5, "{cut}");
    assert_eq!(lines[1], "23:59:59.000000 INFO   shop  a word and another a word and …");
    assert!(lines.iter().all(|line| line.chars().count() <= 60), "{cut}");
}

#[test]
fn threads_and_spans_are_printed_on_request() {
    let shown = cat(&["--wrap", "always", "--show", "thread"]);
    assert!(shown.contains("thread:worker") && !shown.contains("span"), "{shown}");
    let shown = cat(&["--wrap", "always", "--show", "spans,thread"]);
    assert!(shown.contains("thread:worker") && shown.contains("spans=[{name=pay}]"), "{shown}");
    assert!(shown.contains("span:051581bf3cb55c13"), "{shown}");
}

#[test]
fn hidden_parts_are_not_printed() {
    let some = cat(&["--hide", "time,target,map.a,trace_id,spans,thread"]);
    assert_eq!(
        some.lines().next(),
        Some(&*format!("INFO   {BODY}  user=7 map={{b=2}}  span:051581bf3cb55c13"))
    );
    let parts = "time,level,target,message,thread,trace_id,span_id,map,spans";
    assert_eq!(cat(&["--hide", parts]), "user=7\n".repeat(3));
    let directory = log();
    let refused = run(command(["cat", "--hide", "time", "-o", "json"]).arg(directory.path()));
    let message =
        "fusewire: --hide: expected --output text, found --output json; use --fields to select fields\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (2, message));
}

#[test]
fn a_trace_fits_too() {
    let directory = log();
    let args = ["trace", "5b8aa5a2d2c872e8321cf37308d69df2", "--wrap", "always"];
    let run = run(command(args).arg(directory.path()).env("COLUMNS", "60"));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 60), "{}", run.stdout);
    assert_eq!(run.stdout.matches("another").count(), 15, "{}", run.stdout);
}

/// Opens a terminal of 60 columns. Returns its two ends.
fn terminal() -> (File, OwnedFd) {
    let size = libc::winsize { ws_row: 24, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut ours, mut theirs) = (-1, -1);
    let none = std::ptr::null_mut();
    // SAFETY: the pointers to the descriptors and to the size are valid. The name and the modes can be null.
    let result = unsafe { libc::openpty(&raw mut ours, &raw mut theirs, none, none.cast(), &raw const size) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: `openpty` has opened both descriptors, and nothing else uses them.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

#[test]
fn a_terminal_gets_wrapped_lines_by_default() {
    let directory = log();
    let expected = cat(&["--wrap", "always"]);
    let (mut ours, theirs) = terminal();
    let mut command = command(["cat", "--color", "never", "--no-pager"]);
    let mut child = command.arg(directory.path()).stdout(theirs).spawn().unwrap();
    // The command has the last copy of the other end, so the input ends with the command.
    drop(command);
    let mut printed = Vec::new();
    // At its end, a terminal reports an error in place of the end of the file.
    let _ = ours.read_to_end(&mut printed);
    assert!(child.wait().unwrap().success());
    assert_eq!(String::from_utf8(printed).unwrap().replace("\r\n", "\n"), expected);
}
