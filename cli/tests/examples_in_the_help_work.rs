//! Each example in `--help` is valid. Each help text fits into 80 columns and lists the exit codes.

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
        Some("completions"),
        Some("man"),
    ] {
        let help = fusewire(subcommand.into_iter().chain(["--help"]));
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains("Exit codes:\n  0  success\n"), "{subcommand:?}: {}", help.stdout);
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 80, "{subcommand:?}: {line}");
        }
        let examples = help.stdout.split("Examples:").nth(1).expect("examples");
        for line in examples.lines().filter(|line| line.contains("fusewire ")) {
            // The text after a pipe or `&&` and the quotes of a remote command belong to the shell.
            for part in line.split("fusewire ").skip(1) {
                let words = part.split(['|', '&']).next().unwrap_or_default();
                let words = words.trim_end_matches(|c| c == '\'' && words.matches('\'').count() % 2 == 1);
                let mut arguments = shlex::split(words).expect("quotes are closed");
                if let Some(redirection) = arguments.iter().position(|argument| argument == ">") {
                    arguments.truncate(redirection);
                }
                let has_effects = ["demo", "man"].contains(&arguments[0].as_str());
                if has_effects || arguments.iter().any(|argument| argument == "-f") {
                    // The command is parsed but does not run, because it writes many files or follows the log
                    // without an end.
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
