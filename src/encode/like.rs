//! The conversion of a complete entry to a like entry: the difference from an earlier entry with the same shape.

use crate::format::bytes::u64_at;
use crate::format::entry as layout;
use crate::format::like::{self, Base, Cell, Node, Parts};

/// Writes `entry` into `out` as a like entry with the base `base`, which is in the frame at `slot`. Returns the length in
/// bytes.
///
/// Returns `None` if the entry must be written in full: it has another shape than the base, it has trips, the like
/// entry is not shorter, or `out` has fewer than [`scratch_len`] bytes. The bytes of `out` then have no meaning.
#[must_use]
pub fn convert(entry: &[u8], base: &Base<'_>, slot: u32, out: &mut [u8]) -> Option<usize> {
    let parts = Parts::of(entry)?;
    let old = &base.parts;
    let [severity, trace_flags, utc_offset @ ..] = parts.scalars()?;
    let [old_severity, _, old_utc_offset @ ..] = old.scalars()?;
    if severity != old_severity || utc_offset != old_utc_offset || parts.nodes.len() != old.nodes.len() {
        return None;
    }
    if parts.string(layout::TARGET)? != old.string(layout::TARGET)? {
        return None;
    }
    let trace: &[u8; like::TRACE_LEN] = entry.get(layout::TRACE..)?.first_chunk()?;
    let has_trace = trace.iter().any(|byte| *byte != 0);
    let classes = if has_trace { like::TRACE + like::TRACE_LEN } else { like::TRACE };
    let mut data = Data::new(out, classes, base.leaves());
    for field in [layout::BODY, layout::THREAD] {
        data.text(parts.string(field)?, old.string(field)?)?;
    }
    for (node, old_node) in parts.nodes.iter().zip(old.nodes) {
        let (node, old_node) = (Node::new(node), Node::new(old_node));
        if node.shape() != old_node.shape() || !is_equal(node.key(parts.text)?, old_node.key(old.text)?) {
            return None;
        }
        match old_node.cell() {
            Cell::None if node.value != old_node.value => return None,
            Cell::None => {}
            Cell::Difference => data.number(like::difference(node.value, old_node.value))?,
            Cell::ChangedBits => data.number(like::changed_bits(node.value, old_node.value))?,
            Cell::Length => data.text(node.span(parts.text)?, old_node.span(old.text)?)?,
        }
    }
    let len = data.finish()?;
    if len >= entry.len() || len > like::MAX_LEN {
        return None;
    }
    let head = out.get_mut(..classes)?;
    head[..like::PREFIX_LEN].copy_from_slice(&like::PREFIX);
    head[like::TIME..like::BASE].copy_from_slice(&u64_at(entry, layout::TIME)?.to_le_bytes());
    head[like::BASE..like::BASE_CHECK].copy_from_slice(&slot.to_le_bytes());
    head[like::BASE_CHECK..like::DATA_OFFSET].copy_from_slice(&base.check().to_le_bytes());
    let offset = u32::try_from(like::DATA_LEN - like::DATA_OFFSET).ok()?;
    head[like::DATA_OFFSET..like::DATA_LEN].copy_from_slice(&offset.to_le_bytes());
    let data_len = u32::try_from(len - like::FORM).ok()?;
    head[like::DATA_LEN..like::FORM].copy_from_slice(&data_len.to_le_bytes());
    head[like::FORM] = if has_trace { like::FORM_TRACE } else { 0 };
    head[like::TRACE_FLAGS] = trace_flags;
    if has_trace {
        head[like::TRACE..].copy_from_slice(trace);
    }
    Some(len)
}

/// Returns the number of bytes that [`convert`] needs for an entry of `entry` bytes.
#[must_use]
pub fn scratch_len(base: &Base<'_>, entry: usize) -> usize {
    texts_start(like::TRACE + like::TRACE_LEN, base.leaves()) + entry
}

/// Returns the offset of the texts before they move to the end of the cells. `classes` is the offset of the classes.
fn texts_start(classes: usize, leaves: usize) -> usize {
    classes + leaves.div_ceil(like::CLASSES_PER_BYTE) + leaves * 8
}

/// The classes, the cells and the texts. The texts follow a gap for the longest possible cells.
struct Data<'b> {
    out: &'b mut [u8],
    /// The offset of the next byte of classes.
    class: usize,
    /// The offset of the next cell.
    cell: usize,
    /// The offset of the texts, and of the end of the texts.
    texts: usize,
    texts_end: usize,
    /// The classes that are not stored yet, and their number in bits.
    classes: u64,
    classes_bits: usize,
}

impl<'b> Data<'b> {
    #[inline(always)]
    fn new(out: &'b mut [u8], class: usize, leaves: usize) -> Self {
        let texts = texts_start(class, leaves);
        let cell = class + leaves.div_ceil(like::CLASSES_PER_BYTE);
        Self { out, class, cell, texts, texts_end: texts, classes: 0, classes_bits: 0 }
    }

    /// Appends the class of a leaf. The first class of a byte has its low bits.
    #[inline(always)]
    fn push_class(&mut self, class: u8) -> Option<()> {
        self.classes |= u64::from(class) << self.classes_bits;
        self.classes_bits += 2;
        if self.classes_bits == 64 {
            self.store_classes()?;
        }
        Some(())
    }

    /// Stores the classes that are not stored yet.
    #[inline(always)]
    fn store_classes(&mut self) -> Option<()> {
        let len = self.classes_bits.div_ceil(8);
        let classes = self.out.get_mut(self.class..)?.get_mut(..len)?;
        classes.copy_from_slice(self.classes.to_le_bytes().get(..len)?);
        self.class += len;
        (self.classes, self.classes_bits) = (0, 0);
        Some(())
    }

    /// Appends the shortest cell that has space for `number`.
    #[inline(always)]
    fn push_cell(&mut self, number: u64) -> Option<()> {
        let class = like::class(number);
        // The next cell or text overwrites the bytes that the cell does not need.
        *self.out.get_mut(self.cell..)?.first_chunk_mut()? = number.to_le_bytes();
        self.cell += like::width(class) as usize;
        self.push_class(class)
    }

    #[inline(always)]
    fn number(&mut self, difference: u64) -> Option<()> {
        if difference == 0 { self.push_class(0) } else { self.push_cell(difference) }
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8], base: &[u8]) -> Option<()> {
        if is_equal(text, base) {
            return self.push_class(0);
        }
        self.out.get_mut(self.texts_end..)?.get_mut(..text.len())?.copy_from_slice(text);
        self.texts_end += text.len();
        self.push_cell(text.len() as u64)
    }

    /// Moves the texts to the end of the cells. Returns the length of the entry.
    #[inline(always)]
    fn finish(mut self) -> Option<usize> {
        self.store_classes()?;
        if self.texts_end > self.out.len() {
            return None;
        }
        if self.texts < self.texts_end {
            self.out.copy_within(self.texts..self.texts_end, self.cell);
        }
        Some(self.cell + self.texts_end - self.texts)
    }
}

/// Returns whether two texts are equal. Most keys and values are short, and a call of `memcmp` costs more than their
/// comparison.
#[inline(always)]
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..8 => are_ends_equal::<4>(a, b),
        8..=16 => are_ends_equal::<8>(a, b),
        _ => a == b,
    }
}

/// Returns whether the first and the last `N` bytes are equal. These are all bytes of a text of at most 2 * `N` bytes.
#[inline(always)]
fn are_ends_equal<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    let ends = (a.first_chunk::<N>(), b.first_chunk::<N>(), a.last_chunk::<N>(), b.last_chunk::<N>());
    matches!(ends, (Some(a), Some(b), Some(c), Some(d)) if a == b && c == d)
}
