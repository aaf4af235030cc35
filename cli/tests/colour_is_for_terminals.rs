//! A command writes plain text to a pipe unless colour is requested, and obeys NO_COLOR.

mod common;

use common::{command, imported, run};

#[test]
fn colour_is_off_where_no_terminal_is_and_on_where_it_is_asked_for() {
    let (_directory, logs) = imported(b"{\"level\":\"error\",\"msg\":\"m\",\"k\":{\"a\":[1]}}\n");
    let cat = |args: &[&str]| {
        let mut command = command([&["cat", logs.to_str().unwrap()], args].concat());
        command.env("TERM", "xterm-256color");
        command
    };
    assert!(!run(&mut cat(&[])).stdout.contains('\x1b'));
    assert!(!run(&mut cat(&["--color", "never"])).stdout.contains('\x1b'));
    assert!(run(&mut cat(&["--color", "always"])).stdout.contains("\x1b[31mERROR\x1b[0m"));
    assert!(!run(cat(&[]).env("NO_COLOR", "1")).stdout.contains('\x1b'));
    let json = run(&mut cat(&["--color", "always", "--output", "json"])).stdout;
    assert!(!json.contains('\x1b'), "JSON is for programs: {json}");
}
