//! The configuration file contains default values of options. An option of the command line has priority, and an error contains the
//! file, the line, the key, the expected and the found value.

mod common;

use std::fs;
use std::path::Path;

use common::{Run, TempDir, command, run};

const LINE: &str = "{\"time\":\"2026-03-01 10:00:00\",\"level\":\"error\",\"msg\":\"m\",\"user\":7}\n";

/// Runs `fusewire ARGS FILE` with the configuration `text` in `directory`.
fn configured(directory: &Path, text: &str, args: &[&str]) -> Run {
    let log = directory.join("app.jsonl");
    fs::write(&log, LINE).unwrap();
    fs::create_dir_all(directory.join("fusewire")).unwrap();
    fs::write(directory.join("fusewire/config.toml"), text).unwrap();
    run(command(args).arg(&log).env("XDG_CONFIG_HOME", directory).env("COLUMNS", "60"))
}

fn printed(text: &str, args: &[&str]) -> String {
    let directory = TempDir::new().unwrap();
    let run = configured(directory.path(), text, args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{text}");
    run.stdout
}

#[test]
fn each_key_is_the_default_of_its_option() {
    let plain = "2026-03-01 10:00:00.000000 ERROR  m  user=7\n";
    for (text, expected) in [
        ("", plain),
        ("# a comment\n", plain),
        ("tz = \"+01:00\"", "2026-03-01 11:00:00.000000 ERROR  m  user=7\n"),
        ("log-tz = \"+01:00\"", "2026-03-01 09:00:00.000000 ERROR  m  user=7\n"),
        ("hide = [\"user\", \"level\"]", "2026-03-01 10:00:00.000000   m\n"),
        ("wrap = \"always\"", "2026-03-01\n10:00:00.000000 ERROR  m  user=7\n"),
        ("show = [\"thread\"]\nwrap = \"cut\"", "2026-03-01\n10:00:00.000000 ERROR  m  user=7\n"),
    ] {
        assert_eq!(printed(text, &["cat"]), expected, "{text}");
    }
    assert!(printed("color = \"always\"", &["cat"]).contains("\x1b[31mERROR\x1b[0m"));
}

#[test]
fn an_option_has_priority() {
    let text = "tz = \"+01:00\"\nhide = [\"user\"]\nwrap = \"always\"\ncolor = \"always\"\n";
    let args = ["cat", "--tz", "+02:00", "--hide", "level", "--wrap", "never", "--color", "never"];
    assert_eq!(printed(text, &args), "2026-03-01 12:00:00.000000   m  user=7\n");
    assert_eq!(
        printed(text, &["cat", "--utc", "--hide", "", "--wrap", "never", "--color", "never"]),
        "2026-03-01 10:00:00.000000 ERROR  m  user=7\n"
    );
    assert_eq!(printed(text, &["cat", "--no-config"]), "2026-03-01 10:00:00.000000 ERROR  m  user=7\n");
    // Other formats contain all parts.
    assert!(printed(text, &["cat", "-o", "json"]).contains("\"user\":7"));
}

#[test]
fn an_error_contains_the_line_and_the_key() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("fusewire/config.toml");
    for (text, message) in [
        (
            "tz = \"UTC\"\nwrap = \"sometimes\"\n",
            "line 2, column 8: wrap: expected \"auto\", \"always\", \"cut\" or \"never\", found \"sometimes\"",
        ),
        ("hide = \"user\"", "line 1, column 8: hide: expected a list of fields, found \"user\""),
        ("hide = [7]", "line 1, column 8: hide: expected a list of fields, found 7"),
        (
            "\n\ncolour = \"never\"",
            "line 3, column 1: expected one of the keys color, hide, log-tz, show, tz, wrap, found colour",
        ),
        ("tz = \"Nowhere\"", "line 1, column 6: tz: expected a time zone, found \"Nowhere\""),
        ("[cat]\nwrap = \"cut\"", "expected one of the keys color, hide, log-tz, show, tz, wrap, found cat"),
        ("wrap = ", "line 1, column "),
    ] {
        let run = configured(directory.path(), text, &["cat"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{text}");
        let expected = format!("fusewire: {}: ", path.display());
        assert!(run.stderr.starts_with(&expected) && run.stderr.contains(message), "{text}: {}", run.stderr);
        assert_eq!(configured(directory.path(), text, &["cat", "--no-config"]).code, 0, "{text}");
        assert_eq!(configured(directory.path(), text, &["cat", "--help"]).code, 0, "{text}");
    }
}

#[test]
fn the_file_is_in_the_home_directory_by_default() {
    let home = TempDir::new().unwrap();
    fs::create_dir_all(home.path().join(".config/fusewire")).unwrap();
    fs::write(home.path().join(".config/fusewire/config.toml"), "hide = [\"time\"]\n").unwrap();
    let log = home.path().join("app.jsonl");
    fs::write(&log, LINE).unwrap();
    let cat = |home: &Path| run(command(["cat"]).arg(&log).env_remove("XDG_CONFIG_HOME").env("HOME", home));
    assert_eq!(cat(home.path()).stdout, "ERROR  m  user=7\n");
    assert_eq!(cat(&home.path().join("none")).stdout, "2026-03-01 10:00:00.000000 ERROR  m  user=7\n");
}
