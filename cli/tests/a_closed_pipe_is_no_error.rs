//! If a reader closes its pipe, as in `fusewire cat logs | head -1`, the command ends silently with code 0.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use common::{TempDir, append, command, imported, small_log};

#[test]
fn a_reader_that_goes_away_ends_the_command_silently_with_code_0() {
    let lines: String = (0..20_000).map(|n| format!("{{\"msg\":\"message {n}\"}}\n")).collect();
    let (_directory, logs) = imported(lines.as_bytes());
    for output in ["text", "json"] {
        let mut child = command(["cat".as_ref(), logs.as_os_str(), "--output".as_ref(), output.as_ref()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        // Dropping the reader closes the pipe long before the command has written all its output.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("message 0"), "{first}");
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{output}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_following_even_where_nothing_comes_any_more() {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    append(&log, "first", 0);
    let mut child = command(["tail".as_ref(), "--follow".as_ref(), directory.path().as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("first"), "{first}");
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}
