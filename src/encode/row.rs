//! The values of a call site whose keys are those of a base.
//!
//! The call site stores its values in a row, and one function then writes their cells. Neither the call site nor this function
//! compares keys.

use crate::format::entry as layout;
use crate::format::like::{self, Cell, Node};
use crate::kind::{Kind, NodeFlags};
use crate::map::buffer::STRING_OVERHEAD;

use super::direct::{LikeWriter, Text};
use super::like::{Data, is_equal};
use super::scope::{Key, Scope};
use super::tape::Tape;
use super::writer::EntryWriter;

/// The maximum number of values in a row.
pub(crate) const ROW: usize = 32;

/// The values of a call site: in bits 0 to 63 the value, and from bit 64 the kind. The value of a string is that of its node in
/// the base if the strings are equal, otherwise the length of its bytes in the texts with [`ADDED`].
pub(crate) type Row = [[u8; 16]; ROW];

/// The bit of the value of a string that has been added to the texts. No span of a base has this bit, because it has at most
/// 16 KiB.
const ADDED: u64 = 1 << 63;

/// Returns a value in a row.
#[inline(always)]
pub(super) fn staged(kind: Kind, value: u64) -> [u8; 16] {
    (u128::from(value) | u128::from(kind as u8) << 64).to_le_bytes()
}

/// Returns the length of a string that has been added to the texts.
fn added_len(value: u64) -> usize {
    usize::try_from(value & !ADDED).unwrap_or(0)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
fn parts(staged: &[u8; 16]) -> (u32, u64) {
    let staged = u128::from_le_bytes(*staged);
    ((staged >> 64) as u32, staged as u64)
}

impl LikeWriter<'_> {
    /// Adds a string to the texts, if it is not that of the node at `index` of the base. Returns its value in a row, or `None` if
    /// the node is not a string.
    #[inline(always)]
    fn stage(&mut self, index: usize, text: &[u8]) -> Option<u64> {
        let old = Node::new(self.base.parts.nodes.get(index)?);
        if old.shape() >> 16 != u32::from(Kind::String as u8) {
            return None;
        }
        if is_equal(text, old.span(self.base.parts.text)?) {
            return Some(old.value);
        }
        self.data.push_text(text)?;
        Some(text.len() as u64 | ADDED)
    }

    /// Writes the cells of the values of a row, up to the first value with another kind than that of its node in the base.
    #[inline(always)]
    fn write_row(&mut self, row: &[[u8; 16]]) -> Option<()> {
        if !self.is_closed {
            self.close_header()?;
        }
        let nodes = self.base.parts.nodes;
        // The result is `None` at the first value that cannot be written.
        let written = self
            .data
            .with(|data| row.iter().zip(nodes).map_while(|(value, node)| write(data, value, node)).count());
        self.next = written;
        Some(())
    }
}

/// Writes the cell of a value. `node` is its node in the base.
#[inline(always)]
fn write(data: &mut Data<'_>, value: &[u8; 16], node: &[u8; layout::NODE_LEN]) -> Option<()> {
    let (old, (kind, value)) = (Node::new(node), parts(value));
    if old.shape() >> 16 != kind {
        return None;
    }
    if value == old.value {
        return if kind == u32::from(Kind::Null as u8) { Some(()) } else { data.push_class(0) };
    }
    // A value of a row has no flags, and the flags are equal. So the value is not wide.
    match Cell::of(old.kind(), false) {
        Cell::Difference => data.push_cell(like::difference(value, old.value)),
        Cell::ChangedBits => data.push_cell(like::changed_bits(value, old.value)),
        Cell::Length => data.push_cell(value & !ADDED),
        Cell::None => None,
    }
}

impl<'b> Tape<'b> {
    /// Writes the header of a call site, whose target is that of the base, without a body that is formatted. If a string differs,
    /// does nothing and returns `false`.
    #[inline(always)]
    fn follow_header_of_site(&mut self, thread: &[u8], target: usize, body: Option<&[u8]>) -> bool {
        let Some(like) = &mut self.like else { return false };
        let parts = &like.base.parts;
        let is_same = |text: &[u8], field| parts.string(field).is_some_and(|old| is_equal(text, old));
        let mut cost = STRING_OVERHEAD + target;
        if !thread.is_empty() {
            cost += STRING_OVERHEAD + thread.len();
        }
        let is_body_same = body.is_none_or(|body| {
            cost += STRING_OVERHEAD + body.len();
            is_same(body, layout::BODY) && body.len() <= self.limits.max_string_bytes as usize
        });
        if is_body_same
            && is_same(thread, layout::THREAD)
            && thread.len() <= usize::from(self.limits.max_key_bytes)
            && self.out.take_withheld(cost)
        {
            like.has_target = true;
            if !thread.is_empty() {
                like.thread = Text::Same;
            }
            if body.is_some() {
                (like.body, self.body) = (Text::Same, 0);
            }
            return true;
        }
        false
    }
}

impl<'b> EntryWriter<'b> {
    /// Writes the header of a call site, as [`Tape::follow_header_of_site`] does.
    #[inline(never)]
    pub(super) fn follow_header_of_site(&mut self, thread: &[u8], target: usize, body: Option<&str>) -> bool {
        self.tape.follow_header_of_site(thread, target, body.map(str::as_bytes))
    }

    /// Returns a string at `index` of the row as its value. Returns `None` if the string must be written in another way.
    #[inline(never)]
    pub(super) fn stage(&mut self, index: usize, text: &str) -> Option<u64> {
        let Tape { like: Some(like), out, limits, .. } = &mut self.tape else { return None };
        if text.len() > limits.max_string_bytes as usize || !out.take_withheld(text.len()) {
            return None;
        }
        let value = like.stage(index, text.as_bytes());
        if value.is_none() {
            out.give_back(text.len());
        }
        value
    }

    /// Writes the values of a row, whose keys have `keys` bytes. If a value differs in its kind from that of the base, ends the
    /// attempt and writes the remaining values to the tape.
    #[inline(never)]
    pub(super) fn write_row(&mut self, row: &[[u8; 16]], keys: usize) {
        self.top.kept = super::writer::to_u32(row.len());
        let cost = row.len() * layout::NODE_LEN + keys;
        let Tape { like: Some(like), out, .. } = &mut self.tape else { return };
        let is_taken = out.take_withheld(cost);
        if is_taken && like.write_row(row).is_some() && like.next == row.len() {
            return;
        }
        if is_taken {
            self.tape.give_back(cost);
        }
        self.write_rest(row);
    }

    /// Ends the attempt, and writes the values of a row to the tape.
    #[cold]
    #[inline(never)]
    fn write_rest(&mut self, row: &[[u8; 16]]) {
        let Some(mut like) = self.tape.like.take() else { return };
        let (nodes, base) = (like.base.parts.nodes, like.base.parts.text);
        let old = |node| Node::new(node).span(base).unwrap_or_default();
        let is_text = |kind| kind == u32::from(Kind::String as u8);
        // The tape takes the bytes of the strings again.
        let (mut lens, mut added) = (0, 0);
        for (value, node) in row.iter().zip(nodes) {
            match parts(value) {
                (kind, value) if is_text(kind) && value & ADDED != 0 => added += added_len(value),
                (kind, _) if is_text(kind) => lens += old(node).len(),
                _ => {}
            }
        }
        self.tape.give_back(lens + added);
        like.next = 0;
        self.tape.replay(&mut like);
        self.top.kept = 0;
        let mut texts = like.data.last(added);
        for (value, node) in row.iter().zip(nodes) {
            let key = Node::new(node).key(base).unwrap_or_default();
            let key = core::str::from_utf8(key).unwrap_or_default();
            let Self { tape, top, .. } = self;
            if !tape.admit_child(top, &Scope::ROOT) {
                continue;
            }
            let (kind, value) = parts(value);
            if is_text(kind) {
                let text = if value & ADDED == 0 {
                    old(node)
                } else {
                    let (text, rest) = texts.split_at_checked(added_len(value)).unwrap_or_default();
                    texts = rest;
                    text
                };
                tape.span(Kind::String, NodeFlags::NONE, Key::Name(key), text, top, &Scope::ROOT);
            } else if let Some(kind) = u8::try_from(kind).ok().and_then(Kind::from_number) {
                tape.scalar(kind, Key::Name(key), value, top, &Scope::ROOT);
            }
        }
    }
}
