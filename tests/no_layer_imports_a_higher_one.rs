//! Each module of the library uses only modules of the lower layers in the table of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The uses that the document permits in addition: `panic` uses `event`, and `log` uses a type of `memory`.
const EXCEPTIONS: [(&str, &str); 2] = [("panic", "event"), ("log", "memory")];

/// Returns the layer of each module of the table. Layer 0 is the highest.
fn layers(document: &str) -> BTreeMap<&str, usize> {
    let (_, table) = document.split_once("| layer | modules | content |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let mut layers = BTreeMap::new();
    for (layer, row) in rows.enumerate() {
        for name in row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2) {
            assert_eq!(layers.insert(name, layer), None, "{name} is in the table twice");
        }
    }
    layers
}

/// Returns the files of Rust code below a directory.
fn files(directory: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// Returns the code of a file without comments and without the unit tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap()
}

/// Returns the names after `crate::` in a code: `a` of `crate::a::b`, and `a` and `b` of `crate::{a::c, b}`.
fn uses(code: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let Some(group) = code[at + path.len()..].strip_prefix('{') else {
            names.insert(name(&code[at + path.len()..]));
            continue;
        };
        let mut depth = 0;
        let mut is_first = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => is_first = true,
                c if is_first && !c.is_whitespace() => {
                    names.insert(name(&group[at..]));
                    is_first = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// Returns the module of each item that the root of the library exports.
fn exports(root: &str) -> BTreeMap<&str, &str> {
    let mut exports = BTreeMap::new();
    for statement in root.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap()) {
        let (module, items) = statement.split_once("::").unwrap();
        for item in items.trim_matches(['{', '}']).split(',') {
            exports.insert(item.trim(), module);
        }
    }
    exports
}

#[test]
fn by_the_table_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let layers = layers(&document);
    let source = root.join("src");
    let text = fs::read_to_string(source.join("lib.rs")).unwrap();
    let exports = exports(&text);
    assert_eq!((exports.get("Timestamp"), exports.get("KindSet")), (Some(&"time"), Some(&"kind")));

    let mut paths = Vec::new();
    files(&source, &mut paths);
    let (mut modules, mut wrong, mut seen) = (BTreeSet::new(), Vec::new(), 0);
    for path in &paths {
        let inside = path.strip_prefix(&source).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.strip_suffix(".rs").unwrap_or(first);
        // `specification.rs` of `json` contains only tests.
        if module == "lib" || inside == Path::new("json/specification.rs") {
            continue;
        }
        modules.insert(module.to_owned());
        let Some(layer) = layers.get(module) else { continue };
        let text = code(&fs::read_to_string(path).unwrap());
        for name in uses(&text) {
            let used = exports.get(name).copied().unwrap_or(name);
            let Some(other) = layers.get(used).filter(|_| used != module) else { continue };
            seen += 1;
            let is_type = *layer == layers["time"] && other == layer;
            if other <= layer && !is_type && !EXCEPTIONS.contains(&(module, used)) {
                wrong.push(format!("{}: `{module}` uses `{name}` of `{used}`", inside.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(seen > 500, "{seen}");
    assert_eq!(
        modules.iter().map(String::as_str).collect::<Vec<_>>(),
        layers.keys().copied().collect::<Vec<_>>()
    );
}
