//! The verification of a canonical entry without the places of its faults.

use crate::format::bytes::u32_at;
use crate::format::entry as layout;
use crate::kind::{Content, Kind, NodeFlags, is_container};
use crate::text::Text;

/// The bits of the first word of a node that the pass does not support: a wide value, dropped children, and kinds above
/// 15.
const UNSUPPORTED: u64 = ((NodeFlags::WIDE.bits() | NodeFlags::CHILDREN_DROPPED.bits()) as u64)
    << (8 * layout::NODE_FLAGS)
    | 0xF0 << (8 * layout::NODE_KIND);

/// The rules for a node of one kind.
#[derive(Clone, Copy)]
struct Rule {
    /// All bits if the value is a span, otherwise 0.
    span: u64,
    /// The bits of the value that must be 0.
    zero: u64,
    /// A bit for a container, or for a kind that the pass does not support.
    property: u64,
}

const CONTAINER: u64 = 1;
const UNKNOWN: u64 = 2;

static RULES: [Rule; 16] = {
    let mut rules = [Rule { span: 0, zero: 0, property: UNKNOWN }; 16];
    let mut i = 0;
    while i < Kind::ALL.len() && (Kind::ALL[i] as usize) < rules.len() {
        rules[Kind::ALL[i] as usize] = rule(Kind::ALL[i]);
        i += 1;
    }
    rules
};

/// Returns the rules for a node of a kind that the pass supports.
const fn rule(kind: Kind) -> Rule {
    let (span, property) = match kind.content() {
        Content::Word | Content::WordOrWide => (0, 0),
        Content::Span => (u64::MAX, 0),
        Content::Container => (0, CONTAINER),
    };
    let zero = match kind {
        Kind::Null => u64::MAX,
        Kind::Bool => !1,
        Kind::Int
        | Kind::Uint
        | Kind::Float
        | Kind::String
        | Kind::Bytes
        | Kind::Timestamp
        | Kind::Duration
        | Kind::Array
        | Kind::Map => 0,
    };
    Rule { span, zero, property }
}

/// Returns whether `entry`, a canonical entry without trips, satisfies all rules of the format.
///
/// `false` means only that the general verification must decide. The pass does not support wide values, dropped
/// children, unknown kinds, deep nesting, and other places of the vectors and strings.
pub(super) fn is_valid(entry: &[u8]) -> bool {
    parts(entry).is_some_and(|(nodes, text)| {
        is_well_formed(nodes, text) && (text.is_ascii() || has_utf8(entry, nodes, text))
    })
}

/// Returns the nodes and the text if they are at their canonical offsets. The strings of the header are inside the
/// text, each with a NUL byte.
#[inline(always)]
fn parts(entry: &[u8]) -> Option<(&[[u8; layout::NODE_LEN]], &[u8])> {
    let count = u32_at(entry, layout::NODE_COUNT)? as usize;
    let nodes = count.checked_mul(layout::NODE_LEN)?;
    let (nodes, rest) = entry.get(layout::NODES..)?.split_at_checked(nodes)?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let text = rest.get(..u32::from_le_bytes(*len) as usize)?;
    let start = layout::text_start(count);
    let is_canonical = u32_at(entry, layout::ATTRIBUTES)? as usize == layout::NODE_COUNT - layout::ATTRIBUTES
        && u32_at(entry, layout::TEXT)? as usize == start - 4 - layout::TEXT;
    for field in [layout::TARGET, layout::BODY, layout::THREAD] {
        string(entry, field, text, start)?;
    }
    is_canonical.then_some((nodes.as_chunks().0, text))
}

/// Returns the string `field` of the header if it is inside `text`, which begins at `start`.
#[inline(always)]
fn string<'a>(entry: &[u8], field: usize, text: &'a [u8], start: usize) -> Option<&'a [u8]> {
    let at = (u32_at(entry, field)? as usize).checked_sub(start - field)?;
    let (len, rest) = text.get(at..)?.split_first_chunk::<4>()?;
    let (string, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    // The text begins at a multiple of 4.
    (at.is_multiple_of(4) && rest.first() == Some(&0)).then_some(string)
}

/// Checks all nodes except for UTF-8.
#[inline(never)]
fn is_well_formed(nodes: &[[u8; layout::NODE_LEN]], text: &[u8]) -> bool {
    let len = text.len() as u64;
    // A bit of `faults` is a fault. The highest bit of `excess` is a fault: an end minus the length is negative.
    let (mut faults, mut excess, mut properties) = (0, 0, 0);
    for node in nodes {
        let (first, value) = words(node);
        let key = (first & 0xFFFF_FFFF) + (first >> (8 * layout::NODE_KEY_LEN) & 0xFFFF);
        let rule = &RULES[usize::from(kind(first))];
        let span = (value & 0xFFFF_FFFF) + (value >> 32);
        faults |= first & UNSUPPORTED | value & rule.zero;
        excess |= len.wrapping_sub(key) | len.wrapping_sub(span & rule.span);
        properties |= rule.property;
    }
    if faults != 0 || excess >> 63 != 0 || properties & UNKNOWN != 0 {
        return false;
    }
    properties == 0 || is_nested(nodes)
}

/// The containers that are open at the same time. Entries are seldom deeper, and a short stack costs less to create.
const LEVELS: usize = 8;

/// An open container, or the top level.
#[derive(Clone, Copy)]
struct Level {
    /// The index after the last node. No index is the end of the top level.
    end: u64,
    /// The number of remaining children. It wraps around if there are too many.
    left: u32,
    /// All bits in an array, whose elements have no key, otherwise 0.
    no_key: u32,
}

/// Checks the numbers of all containers, and the lengths of the keys in arrays.
///
/// A container that ends after its parent, or after the last node, remains open: its parent ends before a node at which
/// the container is the innermost level.
#[inline(never)]
fn is_nested(nodes: &[[u8; layout::NODE_LEN]]) -> bool {
    let mut level = Level { end: u64::MAX, left: 0, no_key: 0 };
    let mut open = [level; LEVELS];
    let (mut depth, mut keys) = (0, 0);
    for (next, node) in (1..).zip(nodes) {
        let (first, value) = words(node);
        keys |= low(first >> (8 * layout::NODE_KEY_LEN)) & 0xFFFF & level.no_key;
        level.left = level.left.wrapping_sub(1);
        let kind = kind(first);
        if is_container(kind) {
            let Some(outer) = open.get_mut(depth) else { return false };
            *outer = level;
            depth += 1;
            let no_key = if kind == Kind::Array as u8 { u32::MAX } else { 0 };
            level = Level { end: next + (value >> 32), left: low(value), no_key };
        }
        while next == level.end {
            let outer = depth.checked_sub(1).and_then(|depth| open.get(depth));
            let Some(outer) = outer.filter(|_| level.left == 0) else { return false };
            level = *outer;
            depth -= 1;
        }
    }
    depth == 0 && keys == 0
}

/// Returns whether the strings of the header, the keys and the values of the kind string are valid UTF-8. All of them are
/// inside the text.
#[inline(never)]
fn has_utf8(entry: &[u8], nodes: &[[u8; layout::NODE_LEN]], text: &[u8]) -> bool {
    let start = layout::text_start(nodes.len());
    let slice = |span: u64| text.get(low(span) as usize..)?.get(..(span >> 32) as usize);
    let is_utf8 = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| Text::new(bytes).is_utf8());
    let mut header = [layout::TARGET, layout::BODY, layout::THREAD].into_iter();
    header.all(|field| is_utf8(string(entry, field, text, start)))
        && nodes.iter().all(|node| {
            let (first, value) = words(node);
            let is_string = kind(first) == Kind::String as u8;
            is_utf8(slice(first & 0xFFFF_FFFF_FFFF)) && (!is_string || is_utf8(slice(value)))
        })
}

/// Returns the kind of a node from its first word. Kinds above 15 are not supported.
#[inline(always)]
fn kind(first: u64) -> u8 {
    (first >> (8 * layout::NODE_KIND) & 0xF) as u8
}

/// Returns the key, kind and flags of a node in one word, and its value.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn words(node: &[u8; layout::NODE_LEN]) -> (u64, u64) {
    let word = u128::from_le_bytes(*node);
    (word as u64, (word >> 64) as u64)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half")]
fn low(value: u64) -> u32 {
    value as u32
}
