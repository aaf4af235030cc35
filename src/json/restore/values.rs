//! The parser of the attributes of a written line. It distinguishes them from any other object.

use crate::json::base64;
use crate::json::cursor::RawString;
use crate::json::tagged::TAGS;
use crate::json::write::LEVELS;
use crate::kind::{self, NodeFlags};
use crate::time::Timestamp;

use super::exact::{Exact, Number};
use super::notes::{Note, Notes, Step};

/// A value in the attributes.
#[derive(Clone, Copy)]
pub(super) struct Found<'j> {
    /// The key, or `None` for an element of an array.
    pub(super) key: Option<RawString<'j>>,
    pub(super) item: Item<'j>,
    /// The original trips of the value.
    pub(super) note: Note,
}

/// The parsed form of a value.
#[derive(Clone, Copy)]
pub(super) enum Item<'j> {
    Null,
    Bool(bool),
    Number(Number),
    String(RawString<'j>),
    /// The base64 text of bytes, or of text that is not UTF-8.
    Bytes(&'j str),
    Timestamp(Timestamp),
    Duration(i128),
    /// A kind of a later version of the format, and the value of its node.
    Later(u8, u64),
    /// A container. Its children follow, up to [`Next::End`].
    Map,
    Array,
}

/// The next event of the parser.
pub(super) enum Next<'j> {
    Value(Found<'j>),
    /// The end of the innermost container. The last event is the end of the attributes.
    End,
}

/// An open container.
#[derive(Clone, Copy)]
struct Open {
    kind: Container,
    /// Whether the first key of the container is a tag.
    tag: bool,
    children: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Map,
    /// A map inside `{"$map":..}`.
    Wrapped,
}

const TOP: Open = Open { kind: Container::Map, tag: false, children: 0 };

/// A parser of the attributes.
pub(super) struct Values<'j> {
    text: Exact<'j>,
    /// The list of values with trips, if there is one.
    notes: Option<Notes<'j>>,
    depth: usize,
    open: [Open; LEVELS],
}

impl<'j> Values<'j> {
    /// Creates a parser for attributes whose opening brace precedes `text`.
    pub(super) fn new(text: Exact<'j>, notes: Option<Exact<'j>>) -> Self {
        Self { text, notes: notes.map(Notes::new), depth: 0, open: [TOP; LEVELS] }
    }

    /// Checks all attributes. Returns the position after them, and the position after the list of values with trips
    /// if there is one. Returns `None` if a value does not have the written form, or if the list does not match the
    /// values.
    pub(super) fn check(mut self) -> Option<(Exact<'j>, Option<Exact<'j>>)> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                Next::Value(found) => {
                    let is_container = matches!(found.item, Item::Map | Item::Array);
                    if found.note.flags.contains(NodeFlags::CHILDREN_DROPPED) && !is_container {
                        return None;
                    }
                    depth += usize::from(is_container);
                }
                Next::End if depth == 0 => {
                    let behind_notes = match self.notes {
                        Some(notes) => Some(notes.end()?),
                        None => None,
                    };
                    return Some((self.text, behind_notes));
                }
                Next::End => depth -= 1,
            }
        }
    }

    /// Skips the rest of the container that was returned last.
    pub(super) fn skip(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some(Next::Value(Found { item: Item::Map | Item::Array, .. })) => depth += 1,
                Some(Next::Value(_)) => {}
                Some(Next::End) | None => depth -= 1,
            }
        }
    }

    /// Returns the next event, or `None` if the text does not have the written form.
    pub(super) fn next(&mut self) -> Option<Next<'j>> {
        let depth = self.depth;
        let level = &mut self.open[depth];
        let is_end = match level.kind {
            Container::Array => self.text.eat("]"),
            Container::Map => self.text.eat("}"),
            Container::Wrapped => self.text.eat("}}"),
        };
        if is_end {
            // A map is wrapped if and only if its only key is a tag. The attributes of an entry are never wrapped.
            let is_odd = (level.kind == Container::Wrapped) != (level.children == 1 && level.tag);
            if is_odd && depth > 0 {
                return None;
            }
            self.depth = depth.saturating_sub(1);
            return Some(Next::End);
        }
        if level.children > 0 {
            self.text.expect(",")?;
        }
        let index = level.children;
        level.children += 1;
        let key = if level.kind == Container::Array {
            None
        } else {
            let key = self.text.string()?;
            self.text.expect(":")?;
            level.tag = index == 0 && key.raw().starts_with('$') && TAGS.iter().any(|tag| key.is(tag));
            Some(key)
        };
        let note = match &mut self.notes {
            Some(notes) => notes.of(depth, key.map_or(Step::Index(index), |key| Step::Key(key.raw()))),
            None => Note::default(),
        };
        let item = self.item()?;
        Some(Next::Value(Found { key, item, note }))
    }

    fn item(&mut self) -> Option<Item<'j>> {
        let text = &mut self.text;
        if text.starts_with("\"") {
            return text.string().map(Item::String);
        }
        if text.eat("null") {
            return Some(Item::Null);
        }
        if text.eat("true") {
            return Some(Item::Bool(true));
        }
        if text.eat("false") {
            return Some(Item::Bool(false));
        }
        if text.eat("[") {
            self.open(Container::Array)?;
            return Some(Item::Array);
        }
        if !text.starts_with("{") {
            return text.number().map(Item::Number);
        }
        if text.starts_with("{\"$") {
            let mut value = *text;
            if let Some(item) = tagged(&mut value) {
                *text = value;
                return Some(item);
            }
            let mut map = *text;
            if map.eat("{\"$map\":") && is_only_member(map) {
                map.expect("{")?;
                *text = map;
                self.open(Container::Wrapped)?;
                return Some(Item::Map);
            }
        }
        text.expect("{")?;
        self.open(Container::Map)?;
        Some(Item::Map)
    }

    fn open(&mut self, kind: Container) -> Option<()> {
        *self.open.get_mut(self.depth + 1)? = Open { kind, ..TOP };
        self.depth += 1;
        Some(())
    }
}

/// Returns whether the object at `value` begins as a wrapped map and is the last member of the object around it.
fn is_only_member(mut value: Exact<'_>) -> bool {
    if !value.starts_with("{\"$") {
        return false;
    }
    value.skip();
    value.starts_with("}")
}

/// Parses a value in the form of an object whose only key is a tag.
fn tagged<'j>(text: &mut Exact<'j>) -> Option<Item<'j>> {
    text.expect("{\"$")?;
    let item = if text.eat("time\":\"") {
        Item::Timestamp(Timestamp::from_display(text.plain()?)?)
    } else if text.eat("nanos\":") {
        Item::Duration(text.integer()?)
    } else if text.eat("bytes\":\"") {
        Item::Bytes(text.plain().filter(|text| base64::is_canonical(text))?)
    } else if text.eat("text\":\"") {
        Item::Bytes(text.plain().filter(|text| base64::is_canonical(text))?)
    } else if text.eat("float\":\"") {
        Item::Number(Number::Float(not_finite(text.plain()?)?))
    } else {
        text.expect("kind\":[")?;
        // The kinds of version 1.0 have other forms.
        let kind = text.integer().filter(|kind| *kind > kind::DROPPED)?;
        text.expect(",")?;
        let value = text.integer()?;
        text.expect("]")?;
        Item::Later(kind, value)
    };
    text.expect("}")?;
    Some(item)
}

fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let digits = text.strip_prefix("NaN:").filter(|digits| digits.len() == 16)?;
            let mut digits = Exact::new(digits);
            let bits = u64::try_from(digits.hex(16)?).ok()?;
            Some(f64::from_bits(bits)).filter(|float| float.is_nan() && bits != f64::NAN.to_bits())
        }
    }
}
