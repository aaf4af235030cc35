//! Lookup by path.

use super::tape::Attributes;
use super::value::Value;

/// Returns the value at `path` below `level`. Each iteration searches one container, so the length of the path bounds
/// the work.
pub(super) fn find<'a>(level: Attributes<'a>, path: &str) -> Option<Value<'a>> {
    place(level, path).map(|(_, value)| value)
}

/// Returns the value at `path` below `level`, and the index of its node.
pub(super) fn place<'a>(mut level: Attributes<'a>, mut path: &str) -> Option<(usize, Value<'a>)> {
    loop {
        let (at, value, rest) = match index(path) {
            Some((index, rest)) => {
                let (at, value) = element(level, index)?;
                (at, value, rest)
            }
            None => member(level, path)?,
        };
        if rest.is_empty() {
            return Some((at, value));
        }
        level = match value {
            Value::Array(children) | Value::Map(children) => children.iter(),
            _ => return None,
        };
        path = rest.strip_prefix('.').unwrap_or(rest);
    }
}

/// Returns the index at the beginning of `path`, and the rest.
fn index(path: &str) -> Option<(usize, &str)> {
    let (digits, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((digits.parse().ok()?, rest))
}

fn element(mut level: Attributes<'_>, index: usize) -> Option<(usize, Value<'_>)> {
    for _ in 0..index {
        level.next()?.ok()?;
    }
    let at = level.position();
    Some((at, level.next()?.ok()?.value))
}

/// Returns the value of the longest key at the beginning of `path` with the index of its node, and the rest of the path. Among
/// equal keys, the first is used. The search compares only keys whose length is that of a possible step.
fn member<'a, 'p>(mut level: Attributes<'a>, path: &'p str) -> Option<(usize, Value<'a>, &'p str)> {
    let (path, text) = (path.as_bytes(), path);
    let mut best = None;
    let mut longest = None;
    while let Some(Ok((index, node))) = level.step() {
        let len = usize::from(node.key_length);
        let is_step = len == path.len() || matches!(path.get(len), Some(b'.' | b'['));
        if !is_step || longest.is_some_and(|longest| len <= longest) {
            continue;
        }
        let Ok(key) = level.nodes().key(index, node) else { break };
        if path.starts_with(key.as_bytes()) {
            best = Some((level.nodes().place(), index, node));
            longest = Some(len);
            // No key can be longer.
            if len == path.len() {
                break;
            }
        }
    }
    let (place, index, node) = best?;
    let mut nodes = level.nodes();
    nodes.go_back(place);
    // A key that is not UTF-8 cannot match, so the length is a character boundary.
    Some((index, nodes.value(index, node, level.end()).ok()?, text.get(longest?..)?))
}
