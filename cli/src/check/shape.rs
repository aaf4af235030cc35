//! The depth, the width and the duplicate keys of an entry.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use fusewire::decode::{EntryRef, Value};

/// The measurements of an entry. The buffers are reused between entries.
#[derive(Debug, Default)]
pub(super) struct Shape {
    levels: Vec<Open>,
    /// The maximum depth of maps and arrays below the attributes.
    pub(super) depth: usize,
    /// The maximum number of children of one map or array.
    pub(super) width: usize,
    /// Whether a map contains a key twice.
    has_duplicate: bool,
}

#[derive(Debug, Default)]
struct Open {
    children: usize,
    keys: Vec<u64>,
}

impl Shape {
    /// Measures `entry`, and calls `visit` with the key and the value of each node.
    pub(super) fn measure<'a>(&mut self, entry: &EntryRef<'a>, mut visit: impl FnMut(&'a [u8], &Value<'a>)) {
        (self.depth, self.width, self.has_duplicate) = (0, 0, false);
        let mut open = 0;
        for found in entry.walk().map_while(Result::ok) {
            while open > found.depth + 1 {
                open -= 1;
                self.close(open);
            }
            if open == found.depth {
                if self.levels.len() == open {
                    self.levels.push(Open::default());
                }
                self.levels[open].children = 0;
                self.levels[open].keys.clear();
                open += 1;
            }
            let level = &mut self.levels[found.depth];
            level.children += 1;
            let key = found.attribute.key.as_bytes();
            if !found.in_array {
                level.keys.push(hash(key));
            }
            let is_open = matches!(found.attribute.value, Value::Map(_) | Value::Array(_));
            self.depth = self.depth.max(found.depth + usize::from(is_open));
            visit(key, &found.attribute.value);
        }
        while open > 0 {
            open -= 1;
            self.close(open);
        }
    }

    fn close(&mut self, at: usize) {
        let level = &mut self.levels[at];
        self.width = self.width.max(level.children);
        level.keys.sort_unstable();
        self.has_duplicate |= level.keys.windows(2).any(|pair| pair[0] == pair[1]);
    }

    /// Returns a duplicate key of the measured `entry`.
    pub(super) fn duplicate<'a>(&self, entry: &EntryRef<'a>) -> Option<&'a [u8]> {
        if !self.has_duplicate {
            return None;
        }
        let mut open: Vec<Vec<&[u8]>> = Vec::new();
        for found in entry.walk().map_while(Result::ok) {
            open.truncate(found.depth + 1);
            if open.len() == found.depth {
                open.push(Vec::new());
            }
            let key = found.attribute.key.as_bytes();
            if found.in_array {
                continue;
            }
            if open[found.depth].contains(&key) {
                return Some(key);
            }
            open[found.depth].push(key);
        }
        None
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
