//! The help texts, the manual pages and the documentation have the same text for each exit code.

mod common;

use std::fs;
use std::path::Path;

use common::{TempDir, fusewire};

/// Returns the exit codes of a help text.
fn codes(help: &str) -> Vec<(String, String)> {
    let (_, codes) = help.split_once("Exit codes:\n").expect("exit codes");
    let rows = codes.lines().map_while(|line| line.strip_prefix("  ")?.split_once("  "));
    rows.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())).collect()
}

#[test]
fn in_the_help_the_manual_pages_and_the_documentation() {
    let all = codes(&fusewire(["--help"]).stdout);
    assert_eq!(all.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["0", "1", "2", "3"]);

    let directory = TempDir::new().unwrap();
    assert_eq!(fusewire(["man".as_ref(), directory.path().as_os_str()]).code, 0);
    let mut pages = 0;
    for page in fs::read_dir(directory.path()).unwrap() {
        let path = page.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let command = name.strip_prefix("fusewire-").filter(|command| !command.starts_with("help"));
        if command.is_none() && name != "fusewire" {
            continue;
        }
        let of_help = codes(&fusewire(command.into_iter().chain(["--help"])).stdout);
        assert!(of_help.len() >= 2 && of_help.iter().all(|row| all.contains(row)), "{name}: {of_help:?}");
        // A manual page has a mark before some characters.
        let page = fs::read_to_string(&path).unwrap().replace('\\', "");
        assert_eq!(codes(&page)[..of_help.len()], of_help, "{name}");
        pages += 1;
    }
    assert!(pages >= 20, "{pages} pages");

    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut tables = Vec::new();
    for document in fs::read_dir(docs).unwrap() {
        let path = document.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).unwrap();
            let rows = text.split("| exit code | meaning |\n|---|---|\n").skip(1);
            tables.extend(rows.map(|rows| {
                let rows = rows
                    .lines()
                    .map_while(|row| row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
                rows.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())).collect::<Vec<_>>()
            }));
        }
    }
    assert_eq!(tables, [all]);
}
