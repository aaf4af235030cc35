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
    let head = Head::of(entry, &parts)?;
    if head.scalars != scalars(old)? || parts.nodes.len() != old.nodes.len() {
        return None;
    }
    if parts.string(layout::TARGET)? != old.string(layout::TARGET)? {
        return None;
    }
    let classes = if head.has_trace() { like::TRACE_END } else { like::TRACE };
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
    head.write(out.get_mut(..len)?, base, slot)?;
    Some(len)
}

/// Returns the severity and the UTC offset of an entry.
#[inline(always)]
pub(super) fn scalars(parts: &Parts<'_>) -> Option<[u8; 3]> {
    let [severity, _, offset, zone] = parts.scalars()?;
    Some([severity, offset, zone])
}

/// The fields of an entry before the classes, and those that are equal in the base.
pub(super) struct Head {
    /// The severity and the UTC offset.
    pub(super) scalars: [u8; 3],
    pub(super) trace_flags: u8,
    pub(super) time: u64,
    pub(super) trace: [u8; like::TRACE_LEN],
}

impl Head {
    /// Returns the fields of an entry.
    #[inline(always)]
    fn of(entry: &[u8], parts: &Parts<'_>) -> Option<Self> {
        Some(Self {
            scalars: scalars(parts)?,
            trace_flags: *entry.get(layout::TRACE_FLAGS)?,
            time: u64_at(entry, layout::TIME)?,
            trace: *entry.get(layout::TRACE..)?.first_chunk()?,
        })
    }

    #[inline(always)]
    pub(super) fn has_trace(&self) -> bool {
        self.trace != [0; like::TRACE_LEN]
    }

    /// Writes the bytes before the classes of the like entry `entry`, whose other bytes are complete.
    #[inline(always)]
    pub(super) fn write(&self, entry: &mut [u8], base: &Base<'_>, slot: u32) -> Option<()> {
        let data_len = u32::try_from(entry.len().checked_sub(like::FORM)?).ok()?;
        let head: &mut [u8; like::TRACE] = entry.first_chunk_mut()?;
        head[..like::PREFIX_LEN].copy_from_slice(&like::PREFIX);
        head[like::TIME..like::BASE].copy_from_slice(&self.time.to_le_bytes());
        head[like::BASE..like::BASE_CHECK].copy_from_slice(&slot.to_le_bytes());
        head[like::BASE_CHECK..like::DATA_OFFSET].copy_from_slice(&base.check().to_le_bytes());
        let offset = u32::try_from(like::DATA_LEN - like::DATA_OFFSET).ok()?;
        head[like::DATA_OFFSET..like::DATA_LEN].copy_from_slice(&offset.to_le_bytes());
        head[like::DATA_LEN..like::FORM].copy_from_slice(&data_len.to_le_bytes());
        head[like::FORM] = if self.has_trace() { like::FORM_TRACE } else { 0 };
        head[like::TRACE_FLAGS] = self.trace_flags;
        if self.has_trace() {
            *entry.get_mut(like::TRACE..)?.first_chunk_mut()? = self.trace;
        }
        Some(())
    }
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
pub(super) struct Data<'b> {
    pub(super) out: &'b mut [u8],
    /// The offset of the classes, and of the next byte of classes.
    pub(super) start: usize,
    class: usize,
    /// The offset of the cells, and of the next cell.
    cells: usize,
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
    pub(super) fn new(out: &'b mut [u8], class: usize, leaves: usize) -> Self {
        let texts = texts_start(class, leaves);
        let cell = class + leaves.div_ceil(like::CLASSES_PER_BYTE);
        let (classes, classes_bits) = (0, 0);
        let (start, cells, texts_end) = (class, cell, texts);
        Self { out, start, class, cells, cell, texts, texts_end, classes, classes_bits }
    }

    /// Appends the class of a leaf. The first class of a byte has its low bits.
    #[inline(always)]
    pub(super) fn push_class(&mut self, class: u8) -> Option<()> {
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
        // The bytes after the classes are cells, which stay. A store of a word costs less than a copy of some bytes.
        let word: &mut [u8; 8] = self.out.get_mut(self.class..)?.first_chunk_mut()?;
        let cells = if len < 8 { u64::MAX << (8 * len) } else { 0 };
        *word = (u64::from_le_bytes(*word) & cells | self.classes).to_le_bytes();
        self.class += len;
        (self.classes, self.classes_bits) = (0, 0);
        Some(())
    }

    /// Appends the shortest cell that has space for `number`.
    #[inline(always)]
    pub(super) fn push_cell(&mut self, number: u64) -> Option<()> {
        let class = like::class(number);
        // The next cell or text overwrites the bytes that the cell does not need.
        *self.out.get_mut(self.cell..)?.first_chunk_mut()? = number.to_le_bytes();
        self.cell += like::width(class) as usize;
        self.push_class(class)
    }

    #[inline(always)]
    pub(super) fn number(&mut self, difference: u64) -> Option<()> {
        if difference == 0 { self.push_class(0) } else { self.push_cell(difference) }
    }

    #[inline(always)]
    pub(super) fn text(&mut self, text: &[u8], base: &[u8]) -> Option<()> {
        if is_equal(text, base) {
            return self.push_class(0);
        }
        self.push_text(text)?;
        self.push_cell(text.len() as u64)
    }

    /// Appends bytes to the texts.
    #[inline(always)]
    pub(super) fn push_text(&mut self, text: &[u8]) -> Option<()> {
        self.out.get_mut(self.texts_end..)?.get_mut(..text.len())?.copy_from_slice(text);
        self.texts_end += text.len();
        Some(())
    }

    /// Calls `write` with a copy of this value, and then has the state of the copy. The compiler can keep the copy in registers.
    #[inline(always)]
    pub(super) fn with<R>(&mut self, write: impl FnOnce(&mut Data<'_>) -> R) -> R {
        let Self { start, class, cells, cell, texts, texts_end, classes, classes_bits, .. } = *self;
        let out = &mut *self.out;
        let mut copy = Data { out, start, class, cells, cell, texts, texts_end, classes, classes_bits };
        let result = write(&mut copy);
        let Data { class, cell, texts_end, classes, classes_bits, .. } = copy;
        (self.class, self.cell, self.texts_end) = (class, cell, texts_end);
        (self.classes, self.classes_bits) = (classes, classes_bits);
        result
    }

    /// Returns the last `len` bytes of the texts.
    pub(super) fn last(&self, len: usize) -> &[u8] {
        let from = self.texts_end.saturating_sub(len);
        self.out.get(from..self.texts_end).unwrap_or_default()
    }

    /// Returns the space after the texts.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.out.get_mut(self.texts_end..).unwrap_or_default()
    }

    /// Adds the first `len` bytes of the [`room`](Self::room) to the texts.
    pub(super) fn add(&mut self, len: usize) {
        self.texts_end += len;
    }

    /// Moves the last `len` bytes of the texts before the `before` bytes before them.
    pub(super) fn move_last(&mut self, before: usize, len: usize) {
        let from = self.texts_end.saturating_sub(before + len);
        if let Some(texts) = self.out.get_mut(from..self.texts_end) {
            texts.rotate_left(before.min(texts.len()));
        }
    }

    /// Moves the texts to the end of the cells. Returns the offset of their end.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> Option<usize> {
        self.store_classes()?;
        if self.texts_end > self.out.len() {
            return None;
        }
        if self.texts < self.texts_end {
            self.out.copy_within(self.texts..self.texts_end, self.cell);
        }
        self.texts_end -= self.texts - self.cell;
        self.texts = self.cell;
        Some(self.texts_end)
    }

    /// Returns the leaves that were appended. No further leaf can be appended.
    pub(super) fn leaves(&mut self) -> Leaves<'_> {
        let _ = self.store_classes();
        let out = &*self.out;
        let part = |from: usize, to: usize| out.get(from..to).unwrap_or_default();
        Leaves {
            classes: part(self.start, self.class),
            cells: part(self.cells, self.texts),
            texts: part(self.texts, self.texts_end),
            leaf: 0,
        }
    }
}

/// The leaves of a like entry that is not complete.
pub(super) struct Leaves<'a> {
    classes: &'a [u8],
    cells: &'a [u8],
    texts: &'a [u8],
    leaf: usize,
}

impl<'a> Leaves<'a> {
    /// Returns the number in the next cell, or `None` if the leaf has the value of the base.
    pub(super) fn number(&mut self) -> Option<u64> {
        let (byte, bit) = (self.leaf / like::CLASSES_PER_BYTE, self.leaf % like::CLASSES_PER_BYTE * 2);
        self.leaf += 1;
        let class = self.classes.get(byte)? >> bit & 3;
        let (cell, rest) = self.cells.split_at_checked(like::width(class) as usize)?;
        self.cells = rest;
        let number = cell.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        (class > 0).then_some(number)
    }

    /// Returns the next `len` bytes of the texts.
    pub(super) fn text(&mut self, len: usize) -> &'a [u8] {
        let (text, rest) = self.texts.split_at_checked(len).unwrap_or_default();
        self.texts = rest;
        text
    }
}

/// Returns whether two texts are equal. Most keys and values are short, and a call of `memcmp` costs more than their
/// comparison.
#[inline(always)]
pub(super) fn is_equal(a: &[u8], b: &[u8]) -> bool {
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
