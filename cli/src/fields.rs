//! The names of the fields in a log, with their types, counts and examples.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Result;
use fusewire::decode::{EntryRef, Value, Visit};
use fusewire::log::{Found as FoundEntry, LogEvent, Visitor};
use fusewire::query::Field;

use crate::args::AccessArgs;
use crate::input::{self, selection::Selection};
use crate::output::Terminal;
use crate::output::colour::Palette;
use crate::output::numbers::grouped;
use crate::output::value::push_scalar;

/// The maximum number of names. Some logs have random keys.
const MOST_NAMES: usize = 10_000;
/// The maximum length of an example in bytes.
const LONGEST_EXAMPLE: usize = 200;
/// The maximum number of entries that are read to find the fields of a question without an answer.
const MOST_ENTRIES: u64 = 1_000_000;
/// The number of entries whose names are collected for a suggestion.
const SUGGESTING: u64 = 100_000;

/// The fields in the head of an entry, with the names of their types.
const HEAD: [(&str, &str); 7] = [
    ("time", "timestamp"),
    ("level", "level"),
    ("target", "string"),
    ("thread", "string"),
    ("trace_id", "id"),
    ("span_id", "id"),
    ("message", "string"),
];

/// One name.
#[derive(Default)]
pub(crate) struct Found {
    /// The number of values.
    pub(crate) count: u64,
    /// The types of the values, with their counts.
    pub(crate) types: Vec<(&'static str, u64)>,
    /// The text of the first value that is not empty.
    pub(crate) example: String,
}

/// The fields of the entries that were added.
pub(crate) struct Inventory {
    pub(crate) entries: u64,
    /// Whether the log has further names.
    pub(crate) is_full: bool,
    head: Vec<(Field, &'static str, Found)>,
    attributes: HashMap<String, Found>,
    /// The path of the current value, and the length of the path of each container around it.
    path: String,
    ends: Vec<usize>,
}

impl Visitor for Inventory {
    fn entry(&mut self, found: &FoundEntry<'_>) {
        self.add(&found.entry);
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inventory {
    pub(crate) fn new() -> Self {
        let head =
            HEAD.into_iter().filter_map(|(name, kind)| Some((name.parse().ok()?, kind, Found::default())));
        Self {
            entries: 0,
            is_full: false,
            head: head.collect(),
            attributes: HashMap::new(),
            path: String::new(),
            ends: Vec::new(),
        }
    }

    /// Adds the fields of an entry. The values of an array have the name of the array with `[*]`.
    pub(crate) fn add(&mut self, entry: &EntryRef<'_>) {
        self.entries += 1;
        for (field, kind, found) in &mut self.head {
            if field.value(entry).is_some() {
                found.add(kind, |example| _ = field.write(entry, example));
            }
        }
        for visit in entry.walk().map_while(Result::ok) {
            self.visit(&visit);
        }
    }

    fn visit(&mut self, visit: &Visit<'_>) {
        self.ends.truncate(visit.depth);
        self.path.truncate(self.ends.last().copied().unwrap_or(0));
        if visit.in_array {
            self.path.push_str("[*]");
        } else {
            push_key(&visit.attribute.key.to_str_lossy(), &mut self.path);
        }
        self.ends.push(self.path.len());
        if let Value::Array(children) | Value::Map(children) = visit.attribute.value
            && !children.is_empty()
        {
            return;
        }
        if !self.attributes.contains_key(&self.path) {
            if self.attributes.len() >= MOST_NAMES {
                self.is_full = true;
                return;
            }
            self.attributes.insert(self.path.clone(), Found::default());
        }
        if let Some(found) = self.attributes.get_mut(&self.path) {
            let value = visit.attribute.value;
            let kind = value.kind().map_or("unknown", fusewire::Kind::name);
            found.add(kind, |example| push_scalar(value, &Palette::default(), example));
        }
    }

    /// Returns the fields: first those of the head, then the attributes in the order of their names.
    pub(crate) fn fields(&self) -> Vec<(String, &Found)> {
        let head = self.head.iter().filter(|(_, _, found)| found.count > 0);
        let head = head.map(|(field, _, found)| (field.to_string(), found));
        let mut attributes: Vec<_> =
            self.attributes.iter().map(|(name, found)| (name.clone(), found)).collect();
        attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
        head.chain(attributes).collect()
    }

    /// Returns the name that is most similar to `name`.
    fn similar(&self, name: &str) -> Option<&str> {
        let names = HEAD.iter().map(|(name, _)| *name).chain(self.attributes.keys().map(String::as_str));
        let most = name.chars().count().div_ceil(3).min(3);
        let near = names.filter_map(|other| Some((distance(name, other, most)?, other)));
        near.min().map(|(_, other)| other)
    }
}

impl Found {
    fn add(&mut self, kind: &'static str, write: impl FnOnce(&mut String)) {
        self.count += 1;
        match self.types.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.types.push((kind, 1)),
        }
        if self.example.is_empty() {
            write(&mut self.example);
            if self.example.len() > LONGEST_EXAMPLE {
                self.example.truncate(self.example.floor_char_boundary(LONGEST_EXAMPLE));
                self.example.push('…');
            }
        }
    }
}

/// Appends a key to a path as a query spells it.
fn push_key(key: &str, path: &mut String) {
    if !path.is_empty() {
        path.push('.');
    }
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@' | '$' | '/' | '+' | '#' | '%')
    };
    if !key.is_empty() && key.chars().all(is_plain) {
        path.push_str(key);
    } else {
        path.push('"');
        path.push_str(&key.replace('\\', "\\\\").replace('"', "\\\""));
        path.push('"');
    }
}

/// Returns the number of insertions, deletions, replacements and swaps that lead from one name to the other, without regard to
/// case. Returns `None` if there are more than `most`.
fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let letters = |name: &str| name.chars().take(64).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (one, other) = (letters(one), letters(other));
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, found) in other.iter().enumerate() {
            let replaced = last[j] + usize::from(letter != found);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *found && other[j - 1] == *letter {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

/// Reports the attributes among `fields` that no entry in `paths` has. The range of `selection` applies.
pub(crate) fn report_unknown(
    fields: impl IntoIterator<Item = Field>,
    paths: &[PathBuf],
    selection: &Selection,
    access: &AccessArgs,
    terminal: &mut Terminal,
) -> Result<()> {
    let mut unknown: Vec<Field> = fields.into_iter().filter(Field::is_attribute).collect();
    if unknown.is_empty() || paths.is_empty() {
        return Ok(());
    }
    let mut inventory = Inventory::new();
    let (mut entries, mut is_complete) = (0, true);
    let mut reader = input::open_logs(paths, Selection::of_range(selection.range).options(access))?;
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { continue };
        if entries == MOST_ENTRIES {
            is_complete = false;
            break;
        }
        entries += 1;
        unknown.retain(|field| field.value(&entry).is_none());
        if unknown.is_empty() {
            return Ok(());
        }
        if entries <= SUGGESTING {
            inventory.add(&entry);
        }
    }
    for field in unknown.iter().filter(|_| entries > 0) {
        let name = field.to_string();
        let who = if is_complete {
            "no entry has".to_owned()
        } else {
            format!("none of the first {} entries has", grouped(MOST_ENTRIES))
        };
        let hint =
            inventory.similar(&name).map(|other| format!("; did you mean '{other}'?")).unwrap_or_default();
        terminal.report(&format!("{who} a field '{name}'{hint}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_near() {
        for (one, other, expected) in [
            ("levl", "level", Some(1)),
            ("statsu", "status", Some(1)),
            ("Status", "status", Some(0)),
            ("request.staus", "request.status", Some(1)),
            ("user", "level", None),
            ("", "a", Some(1)),
        ] {
            assert_eq!(distance(one, other, 2), expected, "{one} {other}");
        }
    }
}
