//! Every example that `--help` shows is accepted by the command line as it is.

mod common;

use common::{TempDir, command, fusewire, run};

#[test]
fn every_command_has_help_with_examples_that_parse() {
    let empty = TempDir::new().unwrap();
    let mut seen = 0;
    for subcommand in [
        None,
        Some("demo"),
        Some("import"),
        Some("cat"),
        Some("query"),
        Some("stats"),
        Some("histogram"),
        Some("trace"),
        Some("postmortem"),
        Some("check"),
        Some("slo"),
        Some("metrics"),
        Some("tail"),
        Some("ls"),
        Some("info"),
        Some("verify"),
        Some("recover"),
    ] {
        let help = fusewire(subcommand.into_iter().chain(["--help"]));
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        let examples = help.stdout.split("Examples:").nth(1).expect("examples");
        for line in examples.lines().filter(|line| line.contains("fusewire ")) {
            // What stands before a pipe, `&&` or in a quoted remote command is the shell's.
            for part in line.split("fusewire ").skip(1) {
                let words = part.split(['|', '&']).next().unwrap_or_default();
                let words = words.trim_end_matches(|c| c == '\'' && words.matches('\'').count() % 2 == 1);
                let mut arguments = shlex::split(words).expect("quotes are closed");
                if arguments[0] == "demo" || arguments.iter().any(|argument| argument == "-f") {
                    // Accepted without writing a gigabyte, or following for ever.
                    arguments.push("--help".to_owned());
                }
                let tried = run(command(&arguments).current_dir(empty.path()));
                assert!(!tried.stderr.contains("Usage:"), "{arguments:?}: {}", tried.stderr);
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen} examples");
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(fusewire(["--version"]).stdout, format!("fusewire {}\n", env!("CARGO_PKG_VERSION")));
}
