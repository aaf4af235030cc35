//! Each relative link in the documents leads to a file of the repository, and to a heading if it names one. The book has a
//! chapter for each document in `docs/`.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the documents of the repository, as paths relative to its root.
fn documents() -> Vec<PathBuf> {
    let folders =
        ["", ".github", ".github/ISSUE_TEMPLATE", "docs", "docs/book", "schema", "python", "tests/data/logs"];
    let names = folders.iter().flat_map(|folder| {
        let files = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        files.map(|file| Path::new(folder).join(file.unwrap().file_name())).collect::<Vec<_>>()
    });
    let mut found: Vec<_> =
        names.filter(|name| name.extension().is_some_and(|extension| extension == "md")).collect();
    found.sort();
    found
}

/// Returns the lines of a document that are not in fenced code.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    })
}

/// Returns the targets of the links of a document.
fn links(text: &str) -> Vec<String> {
    let text = lines(text).collect::<Vec<_>>().join("\n");
    // Between backticks, a bracket is not a link.
    let text: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// Returns the anchors of the headings of a document, as GitHub and mdBook derive them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = lines(text).filter(|line| line.starts_with('#'));
    let mut found = HashSet::new();
    for heading in headings {
        let title = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor: String =
            title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        let repeated = (1..).map(|n| format!("{anchor}-{n}"));
        let free = std::iter::once(anchor.clone()).chain(repeated).find(|name| !found.contains(name));
        found.insert(free.unwrap());
    }
    found
}

/// Returns `path` without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(normal.pop(), "{} is outside the repository", path.display()),
            Component::CurDir => {}
            component => normal.push(component),
        }
    }
    normal
}

#[test]
fn each_link() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(Path::new(ROOT).join(&document)).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => document.clone(),
                path => normal(&document.parent().unwrap().join(path)),
            };
            let file = Path::new(ROOT).join(&target);
            let is_there = file.exists()
                && (heading.is_empty()
                    || anchors(&fs::read_to_string(&file).unwrap_or_default()).contains(heading));
            if !is_there {
                wrong.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
    assert!(seen >= 150, "{seen} links");
}

#[test]
fn each_chapter_of_the_book() {
    let docs = Path::new(ROOT).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let chapters: BTreeSet<PathBuf> = links(&summary).into_iter().map(PathBuf::from).collect();
    let pages: BTreeSet<PathBuf> = documents()
        .iter()
        .filter_map(|document| Some(document.strip_prefix("docs").ok()?.to_owned()))
        // The first page of the documentation of the library is not in the book.
        .filter(|page| !["SUMMARY.md", "crate.md"].contains(&page.to_str().unwrap()))
        .collect();
    assert_eq!(chapters, pages);
    let mut documents = BTreeSet::new();
    for page in &pages {
        let text = fs::read_to_string(docs.join(page)).unwrap();
        let include = text.trim().strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
        let Some(include) = include else { continue };
        documents.insert(normal(&Path::new("docs").join(page.parent().unwrap()).join(include)));
    }
    let of_other_folders = [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
        "python/README.md",
        "schema/DESIGN.md",
        "schema/FORMAT.md",
        "schema/JSON.md",
        "schema/QUERY.md",
    ];
    assert_eq!(documents, of_other_folders.map(PathBuf::from).into());
}
