//! The attributes of a line that was written here: step by step, and told from any other object.

use crate::json::base64;
use crate::json::cursor::RawString;
use crate::json::tagged::TAGS;
use crate::json::write::LEVELS;
use crate::kind::NodeFlags;
use crate::time::Timestamp;

use super::exact::{Exact, Number};
use super::notes::{Note, Notes, Step};

/// A value on the way through the attributes.
#[derive(Clone, Copy)]
pub(super) struct Found<'j> {
    /// `None` for an element of an array.
    pub(super) key: Option<RawString<'j>>,
    pub(super) item: Item<'j>,
    /// What the fuse had done to it.
    pub(super) note: Note,
}

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Item<'j> {
    Null,
    Bool(bool),
    Number(Number),
    String(RawString<'j>),
    /// Base64 of bytes, and of text that is not UTF-8.
    Bytes(&'j str),
    Timestamp(Timestamp),
    Duration(i128),
    /// A kind of a later version of the format, and the value of its node.
    Later(u8, u64),
    /// The values that follow, up to the end that is told, are its children.
    Map,
    Array,
}

/// What comes next.
pub(super) enum Next<'j> {
    Value(Found<'j>),
    /// The end of the innermost container; at last, of the attributes.
    End,
}

/// An open container.
#[derive(Clone, Copy)]
struct Open {
    kind: Container,
    /// Whether its first key is a tag.
    tag: bool,
    children: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Map,
    /// A map that stands inside of `{"$map":..}`.
    Wrapped,
}

const TOP: Open = Open { kind: Container::Map, tag: false, children: 0 };

/// Steps through the attributes.
pub(super) struct Values<'j> {
    text: Exact<'j>,
    /// Where the fuse had done anything.
    notes: Option<Notes<'j>>,
    depth: usize,
    open: [Open; LEVELS],
}

impl<'j> Values<'j> {
    /// The attributes whose opening brace is before `text`.
    pub(super) fn new(text: Exact<'j>, notes: Option<Exact<'j>>) -> Self {
        Self { text, notes: notes.map(Notes::new), depth: 0, open: [TOP; LEVELS] }
    }

    /// The places behind the attributes and behind the list of what the fuse had done to them, if there is one, where both
    /// are as they are written and belong together.
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

    /// Steps out of the container that was found last.
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

    /// `None` where the text is not as it is written here.
    pub(super) fn next(&mut self) -> Option<Next<'j>> {
        let depth = self.depth;
        let level = &mut self.open[depth];
        let is_end = match level.kind {
            Container::Array => self.text.eat("]"),
            Container::Map => self.text.eat("}"),
            Container::Wrapped => self.text.eat("}}"),
        };
        if is_end {
            // A map is wrapped where it would be taken for a value, and only there. The attributes never are.
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

/// Whether the object at `value`, which begins as a wrapped one does, is the last thing in the object around it.
fn is_only_member(mut value: Exact<'_>) -> bool {
    if !value.starts_with("{\"$") {
        return false;
    }
    value.skip();
    value.starts_with("}")
}

/// A value that is written as an object with a tag for its only key.
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
        // 11 is no value: it marks children that were dropped.
        let kind = text.integer().filter(|kind: &u8| *kind > 11)?;
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
