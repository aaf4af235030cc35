//! The documents name the tests of their statements. Each named test exists.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the texts between backticks.
fn names(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

#[test]
fn each_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["SECURITY.md", "docs/reliability.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let paths: Vec<&str> = names(&text).filter(|name| name.contains("tests/")).collect();
        assert!(paths.len() >= 30, "{paths:?}");
        for path in paths {
            assert!(root.join(path).is_file(), "{document}: {path} does not exist");
        }
    }

    let deployment = fs::read_to_string(root.join("docs/deployment.md")).unwrap();
    let (_, table) = deployment.split_once("| statement | test in `tests/` |").unwrap();
    let rows = table.lines().filter_map(|line| line.trim_end_matches('|').rsplit_once('|'));
    let tests: Vec<&str> = rows.flat_map(|row| names(row.1)).filter(|name| !name.contains(' ')).collect();
    assert!(tests.len() >= 20, "{tests:?}");
    let folders = fs::read_dir(root.join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let places: Vec<_> = folders.filter(|path| path.is_dir()).chain([root.join("tests")]).collect();
    for test in tests {
        let is_there = |place: &PathBuf| place.join(test).with_extension("rs").is_file();
        assert!(places.iter().any(is_there), "deployment.md: {test}");
    }
}
