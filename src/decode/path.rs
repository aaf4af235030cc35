//! Lookup by path.

use super::tape::Attributes;
use super::value::Value;

/// The value at `path` below `level`. Each round looks into one container, so the path's length bounds the work.
pub(super) fn find<'a>(mut level: Attributes<'a>, mut path: &str) -> Option<Value<'a>> {
    loop {
        let (value, rest) = match index(path) {
            Some((index, rest)) => (element(level, index)?, rest),
            None => member(level, path)?,
        };
        if rest.is_empty() {
            return Some(value);
        }
        level = match value {
            Value::Array(children) | Value::Map(children) => children.iter(),
            _ => return None,
        };
        path = rest.strip_prefix('.').unwrap_or(rest);
    }
}

/// The index that `path` begins with, and the rest.
fn index(path: &str) -> Option<(usize, &str)> {
    let (digits, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((digits.parse().ok()?, rest))
}

fn element(level: Attributes<'_>, index: usize) -> Option<Value<'_>> {
    level.map_while(Result::ok).nth(index).map(|attribute| attribute.value)
}

/// The value of the longest key that `path` begins with, and the rest. Among equal keys the first.
fn member<'a, 'p>(level: Attributes<'a>, path: &'p str) -> Option<(Value<'a>, &'p str)> {
    let mut best: Option<(Value<'a>, usize)> = None;
    for attribute in level.map_while(Result::ok) {
        let key = attribute.key.as_bytes();
        let is_longer = best.is_none_or(|(_, length)| key.len() > length);
        if is_longer
            && path.as_bytes().starts_with(key)
            && matches!(path.as_bytes().get(key.len()), None | Some(b'.' | b'['))
        {
            best = Some((attribute.value, key.len()));
        }
    }
    // A key that is not UTF-8 cannot begin a path, so the length is a boundary between characters.
    best.and_then(|(value, length)| Some((value, path.get(length..)?)))
}
