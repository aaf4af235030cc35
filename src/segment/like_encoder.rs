//! The conversion of the entries of one writer to like entries.
//!
//! The writer remembers private copies of its newest bases. It never reads a base from the map of the segment, because
//! another process may change the file.

use std::io;

use crate::encode::direct::LikeWriter;
use crate::encode::like::convert;
use crate::encode::row::Row;
use crate::format::bytes::{u16_at, u32_at};
use crate::format::entry as layout;
use crate::format::frame::{self, frame_len};
use crate::format::like::{Base, Facts, MAX_BASE, Node, Parts, is_repeat_due};
use crate::map::pages::Pages;

use super::like_site::{IS_OF_SITE, SITE_LEN, Site};

/// The number of records in a set. The hash of a shape selects the set.
const WAYS: usize = 8;
/// The number of bytes of copies for each record. Most bases are longer, so a set rarely has too few records.
const COPY_LEN: usize = 512;
/// The number of bytes for the frame of one like entry. A longer entry is written in full.
const FRAME_LEN: usize = 32 << 10;
/// The space of a copy is a multiple of this number of bytes, so that it often has space for the next base of its shape.
const COPY_ALIGN: u16 = 64;

/// The maximum of the confidence in predictions. Above half of it, the encoder uses them.
const SURE: u8 = 8;

/// The bases of one writer in one segment, and the space for one like entry. All memory is allocated in advance, and a page
/// becomes resident when it is first used.
///
/// Invariant: the base of each record is in a committed frame of `segment`.
pub(crate) struct LikeEncoder {
    /// The id of the segment that contains the bases, or zero before the first entry.
    segment: [u8; 16],
    /// The position of the next copy. The copies form a ring: the copy at position `p` is at the offset `p` modulo
    /// `copies_len`, and exists until the next position is greater than `p + copies_len`. Positions are below 2^32, because
    /// a segment has at most 1 GiB.
    next: u32,
    /// The index of the record that the last entry used.
    last: u16,
    /// The index of the record of the last appended entry, if it is a base or has one.
    current: Option<u16>,
    /// The number of correct predictions minus the number of wrong ones, from 0 to [`SURE`].
    confidence: u8,
    /// The number of bytes for the copies, a power of two.
    copies_len: u32,
    /// The frame of a like entry, the records, the call sites, and the copies.
    memory: Pages,
}

/// A base and its copy.
#[derive(Clone, Copy, Default)]
struct Record {
    /// The hash of the shape, or 0 if there is no base.
    hash: u32,
    /// The slot of the base.
    slot: u32,
    /// The slot of its last dependant, or of the base if there is none.
    last: u32,
    /// The number of entries that depend on it, or the maximum of the type.
    dependants: u16,
    /// The index of the record that the entry after the last dependant used. Programs often write the same entries in the
    /// same order.
    successor: u16,
    /// The position of the copy.
    position: u32,
    /// The length of the copy.
    len: u16,
    /// The length of the space for the copy.
    space: u16,
    /// The results of the check of the base, which happens when the base is first needed.
    facts: Facts,
}

/// The length of a record in bytes.
const RECORD_LEN: usize = 32;

const _: () = assert!(MAX_BASE <= u16::MAX as usize && MAX_BASE.is_multiple_of(COPY_ALIGN as usize));

impl Record {
    fn load(bytes: &[u8; RECORD_LEN]) -> Self {
        let [hash, slot, last, position, leaves, check] =
            core::array::from_fn(|i| u32_at(bytes, 4 * i).unwrap_or(0));
        let [dependants, successor, len, space] =
            core::array::from_fn(|i| u16_at(bytes, 24 + 2 * i).unwrap_or(0));
        let facts = Facts::of_words([leaves, check]);
        Self { hash, slot, last, dependants, successor, position, len, space, facts }
    }

    /// Returns whether the record contains a base whose copy exists. `next` is the position of the next copy, in `copies_len`
    /// bytes.
    #[inline(always)]
    fn lives(&self, next: u32, copies_len: u32) -> bool {
        self.hash != 0 && next.wrapping_sub(self.position) <= copies_len
    }

    /// Counts a dependant in the frame at `slot`, in a stored record.
    #[inline(always)]
    fn add_dependant(bytes: &mut [u8; RECORD_LEN], slot: u32) {
        let dependants = u16::from_le_bytes([bytes[24], bytes[25]]).saturating_add(1);
        bytes[8..12].copy_from_slice(&slot.to_le_bytes());
        bytes[24..26].copy_from_slice(&dependants.to_le_bytes());
    }

    fn store(self, bytes: &mut [u8; RECORD_LEN]) {
        let [leaves, check] = self.facts.words();
        let pair = |low: u16, high: u16| u32::from(low) | u32::from(high) << 16;
        let (counts, lens) = (pair(self.dependants, self.successor), pair(self.len, self.space));
        let words = [self.hash, self.slot, self.last, self.position, leaves, check, counts, lens];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
    }
}

/// The form in which an entry is appended.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// In full. The entry does not become a base.
    Full,
    /// In full. The entry becomes a base.
    Base {
        /// The hash of its shape.
        hash: u32,
        /// The index of its record.
        index: usize,
    },
    /// As a like entry of `len` bytes.
    Like {
        /// The length of the like entry.
        len: usize,
        /// The index of the record of the base.
        index: usize,
    },
}

impl LikeEncoder {
    /// The minimum number of bytes for the copies.
    const MIN_COPIES_LEN: usize = 8 << 10;
    /// The maximum number of bytes for the copies.
    const MAX_COPIES_LEN: usize = 1 << 20;

    /// Creates an encoder without bases. At least `copies_len` bytes are for the copies of bases.
    ///
    /// # Errors
    /// The system has no memory.
    pub(crate) fn new(copies_len: usize) -> io::Result<Self> {
        let copies_len = rounded(copies_len);
        Ok(Self {
            segment: [0; 16],
            next: 0,
            last: 0,
            current: None,
            confidence: 0,
            copies_len,
            memory: Pages::new(memory_len(copies_len))?,
        })
    }

    /// Returns the maximum number of bytes of memory that an encoder with `copies_len` bytes for the copies uses.
    pub(crate) fn memory(copies_len: usize) -> usize {
        memory_len(rounded(copies_len)).next_multiple_of(4096)
    }

    /// Selects the form in which `entry` is appended to the segment with the id `segment`, whose next frame is at the offset
    /// `tail` or after it. If the result is [`Form::Like`], the like entry is in [`frame`](Self::frame).
    ///
    /// The encoder forgets the bases of another segment.
    pub(crate) fn choose(&mut self, segment: &[u8; 16], tail: usize, entry: &[u8]) -> Form {
        if self.segment != *segment {
            self.begin(segment);
        }
        // A wrong prediction costs more than half of the hash that a correct one saves.
        if self.confidence > SURE / 2 {
            let index = usize::from(self.record(self.last.into()).successor);
            let record = self.record(index);
            if self.lives(&record)
                && let Some(len) = self.convert(index, record, tail, entry)
            {
                return Form::Like { len, index };
            }
        }
        self.search(tail, entry)
    }

    /// Selects the form of an entry by the hash of its shape.
    fn search(&mut self, tail: usize, entry: &[u8]) -> Form {
        let Some(hash) = Parts::of(entry).and_then(|parts| shape_hash(&parts)) else { return Form::Full };
        let can_be_base = entry.len() <= MAX_BASE.min(self.copies_len as usize / 4);
        let full = |index| if can_be_base { Form::Base { hash, index } } else { Form::Full };
        let set = hash as usize % (records(self.copies_len) / WAYS) * WAYS;
        let mut oldest = (u32::MAX, set);
        for index in set..set + WAYS {
            let record = self.record(index);
            let lives = self.lives(&record);
            if lives && record.hash == hash {
                let like = self.convert(index, record, tail, entry);
                return like.map_or_else(|| full(index), |len| Form::Like { len, index });
            }
            oldest = oldest.min((if lives { record.last } else { 0 }, index));
        }
        full(oldest.1)
    }

    /// Forgets all bases. The next entry is for the segment with the id `segment`.
    #[cold]
    fn begin(&mut self, segment: &[u8; 16]) {
        if self.segment != [0; 16] {
            let (_, records, sites, _) = self.parts();
            records.fill([0; RECORD_LEN]);
            sites.fill([0; SITE_LEN]);
        }
        (self.segment, self.next, self.last) = (*segment, 0, 0);
    }

    /// Converts `entry` to a like entry of the base of a record. Returns its length, or `None` if the entry is written in
    /// full.
    fn convert(&mut self, index: usize, mut record: Record, tail: usize, entry: &[u8]) -> Option<usize> {
        let distance = tail.saturating_sub(record.slot as usize * frame::ALIGN);
        if is_repeat_due(distance as u64, record.dependants.into()) {
            return None;
        }
        let offset = self.offset(record.position);
        let (out, records, _, copies) = self.parts();
        let base = base(&mut record, records.get_mut(index)?, offset, copies)?;
        let len = convert(entry, &base, record.slot, &mut out[frame::HEADER_LEN..FRAME_LEN - frame::ALIGN])?;
        (frame_len(len) < frame_len(entry.len())).then_some(len)
    }

    /// Begins a like entry of the call site `site` in the segment with the id `segment`, whose next frame is at the offset
    /// `tail` or after it. The base is that of the last entry of the call site. Returns `None` if there is none, or if the
    /// next entry is written in full.
    #[inline]
    pub(crate) fn follow(&mut self, segment: &[u8; 16], tail: usize, site: usize) -> Option<LikeWriter<'_>> {
        if self.segment != *segment {
            return None;
        }
        let number = self.site_number(site);
        let (next, copies_len) = (self.next, self.copies_len);
        let (frame, records, sites, copies) = parts(&mut self.memory, copies_len);
        let stored = sites.get_mut(number)?;
        let mut found = Site::load(stored);
        if found.address != site as u64 {
            return None;
        }
        if found.pause > 0 {
            found.pause -= 1;
            found.store(stored);
            return None;
        }
        let stored = records.get_mut(usize::from(found.index))?;
        let mut record = Record::load(stored);
        let distance = tail.saturating_sub(record.slot as usize * frame::ALIGN);
        if record.slot != found.slot
            || !record.lives(next, copies_len)
            || is_repeat_due(distance as u64, record.dependants.into())
        {
            return None;
        }
        self.current = Some(found.index);
        let (frame, row) = frame.split_at_mut(FRAME_LEN - size_of::<Row>());
        let row = row.as_chunks_mut().0.first_chunk_mut()?;
        let offset = offset(record.position, copies_len);
        let base = base(&mut record, stored, offset, copies)?;
        let is_of_site = found.state & IS_OF_SITE != 0;
        Some(LikeWriter::new(base, record.slot, frame, frame::HEADER_LEN, row, (site, is_of_site)))
    }

    /// Records that the like entry that [`follow`](Self::follow) began has been committed at `offset`. `is_of_site` means that
    /// the base has the target of the call site and exactly its keys.
    #[inline]
    pub(crate) fn followed(&mut self, site: usize, offset: usize, is_of_site: bool) {
        let (Some(index), Ok(slot)) = (self.current, u32::try_from(offset / frame::ALIGN)) else { return };
        let number = self.site_number(site);
        let (_, records, sites, _) = self.parts();
        if let Some(bytes) = records.get_mut(usize::from(index)) {
            Record::add_dependant(bytes, slot);
        }
        if let Some([.., state]) = sites.get_mut(number) {
            *state = if is_of_site { IS_OF_SITE } else { 0 };
        }
    }

    /// Records the base of the call site `site`, whose entry has been appended in another way. `has_failed` means that the
    /// like entry that [`follow`](Self::follow) began was not appended.
    #[cold]
    #[inline(never)]
    pub(crate) fn learn(&mut self, site: usize, has_failed: bool) {
        let number = self.site_number(site);
        let current = self.current.map(|index| (index, self.record(index.into()).slot));
        let Some(bytes) = self.parts().2.get_mut(number) else { return };
        let mut found = Site::load(bytes);
        if found.address != site as u64 {
            found = Site { address: site as u64, ..Site::default() };
        }
        if has_failed {
            found.wait();
        }
        if let Some((index, slot)) = current
            && (found.index, found.slot) != (index, slot)
        {
            (found.index, found.slot) = (index, slot);
            found.state &= !IS_OF_SITE;
        }
        found.store(bytes);
    }

    /// Returns the index of a call site.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the number of sites fits")]
    fn site_number(&self, site: usize) -> usize {
        let bits = records(self.copies_len).ilog2();
        ((site as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
    }

    /// Returns the space for the frame of a like entry. The like entry follows the space for the header, and space for the
    /// padding follows the like entry.
    pub(crate) fn frame(&mut self) -> &mut [u8] {
        self.parts().0
    }

    /// Records that `entry` has been committed in the form `form`. Its frame is at `offset` of the segment for which the
    /// form was selected.
    pub(crate) fn committed(&mut self, form: Form, offset: usize, entry: &[u8]) {
        self.current = None;
        let Ok(slot) = u32::try_from(offset / frame::ALIGN) else { return };
        let index = match form {
            Form::Full => return,
            Form::Base { hash, index } => {
                self.remember(hash, index, slot, entry);
                index
            }
            Form::Like { index, .. } => {
                if let Some(bytes) = self.parts().1.get_mut(index) {
                    Record::add_dependant(bytes, slot);
                }
                index
            }
        };
        let Ok(index) = u16::try_from(index) else { return };
        let mut before = self.record(self.last.into());
        if before.successor == index {
            self.confidence = (self.confidence + 1).min(SURE);
        } else {
            self.confidence = self.confidence.saturating_sub(1);
            before.successor = index;
            self.store(self.last.into(), before);
        }
        (self.last, self.current) = (index, Some(index));
    }

    /// Stores a copy of `entry` as the base of the record `index`.
    #[cold]
    fn remember(&mut self, hash: u32, index: usize, slot: u32, entry: &[u8]) {
        let Ok(len) = u16::try_from(entry.len()) else { return };
        let old = self.record(index);
        let (position, space) = if self.lives(&old) && len <= old.space {
            (old.position, old.space)
        } else {
            let space = len.next_multiple_of(COPY_ALIGN);
            (self.take(space), space)
        };
        let offset = self.offset(position);
        if let Some(copy) = self.parts().3.get_mut(offset..).and_then(|copies| copies.get_mut(..entry.len()))
        {
            copy.copy_from_slice(entry);
            let facts = Facts::NONE;
            self.store(
                index,
                Record { hash, slot, last: slot, position, len, space, facts, ..Record::default() },
            );
        }
    }

    /// Returns the position of `space` bytes for a copy. The copies that were there no longer exist.
    fn take(&mut self, space: u16) -> u32 {
        if self.offset(self.next) + usize::from(space) > self.copies_len as usize {
            // A copy is in one piece. The rest of the ring stays unused.
            self.next = self.next.next_multiple_of(self.copies_len);
        }
        let position = self.next;
        self.next = position + u32::from(space);
        position
    }

    /// Returns whether a record contains a base whose copy exists.
    fn lives(&self, record: &Record) -> bool {
        record.lives(self.next, self.copies_len)
    }

    /// Returns the offset in the copies of a position.
    fn offset(&self, position: u32) -> usize {
        offset(position, self.copies_len)
    }

    fn record(&mut self, index: usize) -> Record {
        self.parts().1.get(index).map_or_else(Record::default, Record::load)
    }

    fn store(&mut self, index: usize, record: Record) {
        if let Some(bytes) = self.parts().1.get_mut(index) {
            record.store(bytes);
        }
    }

    /// Returns the parts of the memory.
    #[inline(always)]
    fn parts(&mut self) -> MemoryParts<'_> {
        parts(&mut self.memory, self.copies_len)
    }
}

/// The space for the frame, the records, the sites, and the copies.
type MemoryParts<'m> = (&'m mut [u8], &'m mut [[u8; RECORD_LEN]], &'m mut [[u8; SITE_LEN]], &'m mut [u8]);

/// Returns the parts of the memory of an encoder with `copies_len` bytes for the copies.
#[inline(always)]
fn parts(memory: &mut Pages, copies_len: u32) -> MemoryParts<'_> {
    let records = records(copies_len);
    let (frame, rest) = memory.bytes().split_at_mut(FRAME_LEN);
    let (records_part, rest) = rest.split_at_mut(records * RECORD_LEN);
    let (sites, copies) = rest.split_at_mut(records * SITE_LEN);
    (frame, records_part.as_chunks_mut().0, sites.as_chunks_mut().0, copies)
}

/// Returns the offset of a position in `copies_len` bytes of copies, a power of two.
#[inline(always)]
fn offset(position: u32, copies_len: u32) -> usize {
    (position & (copies_len - 1)) as usize
}

/// Returns the base of a record, whose copy is at `offset` of `copies`. If it is first needed, checks it and stores the
/// results in `stored`.
#[inline(always)]
fn base<'c>(
    record: &mut Record,
    stored: &mut [u8; RECORD_LEN],
    offset: usize,
    copies: &'c [u8],
) -> Option<Base<'c>> {
    let copy = copies.get(offset..)?.get(..record.len.into())?;
    if record.facts != Facts::NONE {
        return Base::own(copy, record.facts);
    }
    let base = Base::new(copy)?;
    record.facts = base.facts();
    record.store(stored);
    Some(base)
}

/// Returns the number of bytes for the copies of an encoder that needs at least `copies_len` bytes: a power of two.
fn rounded(copies_len: usize) -> u32 {
    let len = copies_len.clamp(LikeEncoder::MIN_COPIES_LEN, LikeEncoder::MAX_COPIES_LEN);
    u32::try_from(len).unwrap_or(0).next_power_of_two()
}

/// Returns the number of records of an encoder with `copies_len` bytes for the copies.
const fn records(copies_len: u32) -> usize {
    copies_len as usize / COPY_LEN
}

/// Returns the number of bytes of memory of an encoder with `copies_len` bytes for the copies.
const fn memory_len(copies_len: u32) -> usize {
    FRAME_LEN + records(copies_len) * (RECORD_LEN + SITE_LEN) + copies_len as usize
}

/// Returns a hash of the shape of an entry, which is not 0. Equal shapes have equal hashes. Different shapes can have equal
/// hashes; the conversion compares the shapes.
#[inline]
fn shape_hash(parts: &Parts<'_>) -> Option<u32> {
    let [severity, _, utc_offset @ ..] = parts.scalars()?;
    let scalars = u32::from_le_bytes([severity, 0, utc_offset[0], utc_offset[1]]);
    let target = parts.string(layout::TARGET)?;
    let (chunks, rest) = target.as_chunks();
    let mut hash = u64::from(scalars) << 32 ^ target.len() as u64;
    for chunk in chunks {
        hash = mixed(hash ^ u64::from_le_bytes(*chunk));
    }
    hash = mixed(hash ^ last_bytes(rest, rest.len()));
    for node in parts.nodes {
        let node = Node::new(node);
        let (offset, len) = node.key_span();
        let key = last_bytes(parts.text.get(..offset + len)?, len);
        // The nodes are mixed independently of each other, so that the processor can overlap this work.
        hash = hash.rotate_left(7) ^ mixed(key ^ u64::from(node.shape()).rotate_right(24));
    }
    Some((mixed(hash) >> 32) as u32 | 1)
}

/// Returns a number with the last 8 of the last `len` bytes of `bytes`.
#[inline(always)]
fn last_bytes(bytes: &[u8], len: usize) -> u64 {
    let word = match bytes.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => bytes.iter().fold(0, |word, byte| word >> 8 | u64::from(*byte) << 56),
    };
    if len == 0 { 0 } else { word >> (64 - 8 * len.min(8)) }
}

/// Returns a number whose bits depend on all bits of `number`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn mixed(number: u64) -> u64 {
    let product = u128::from(number ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::Limits;
    use crate::decode::EntryRef;
    use crate::decode::like::{self, LikeHead};
    use crate::encode::encode;

    /// Returns a pseudo-random number below `bound`.
    fn below(state: &mut u64, bound: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % bound
    }

    fn entry(random: &mut u64, shapes: u64) -> Vec<u8> {
        let mut buffer = vec![0; 64 << 10];
        let shape = below(random, shapes);
        let longest = if below(random, 20) == 0 { 40_000 } else { 600 };
        let text = "x".repeat(usize::try_from(below(random, longest)).unwrap());
        let number = below(random, 1 << 40);
        let limits = Limits { max_string_bytes: 60_000, ..Limits::DEFAULT };
        let encoded = encode(&mut buffer, &limits, |entry| {
            entry.set_body(&text);
            entry.attr(&format!("key {shape}"), &number).attr("same", "value");
        });
        encoded.unwrap().bytes().to_vec()
    }

    #[test]
    fn each_base_is_a_committed_entry_of_the_segment() {
        let mut random = 0x11CE_u64;
        for (copies_len, shapes) in [(0, 1), (0, 40), (8 << 10, 200), (64 << 10, 40), (64 << 10, 5_000)] {
            let mut encoder = LikeEncoder::new(copies_len).unwrap();
            let (mut id, mut tail, mut likes) = ([1; 16], 8192, 0);
            let mut committed = HashMap::new();
            for _ in 0..6_000 {
                let entry = entry(&mut random, shapes);
                let form = encoder.choose(&id, tail, &entry);
                let mut len = entry.len();
                if let Form::Like { len: like, .. } = form {
                    len = like;
                    let bytes = &encoder.frame()[frame::HEADER_LEN..][..len];
                    let head = LikeHead::new(bytes).unwrap();
                    let base: &Vec<u8> = &committed[&head.base()];
                    let base = like::base(base).unwrap();
                    let view = like::view(head, base).unwrap();
                    assert_eq!(view.to_owned().unwrap(), EntryRef::new(&entry).unwrap().to_owned().unwrap());
                    assert_eq!(head.base_check(), base.check());
                    likes += 1;
                }
                match below(&mut random, 100) {
                    // The append fails, and the entry is appended to another segment.
                    0 => {
                        (id[0], tail) = (id[0].wrapping_add(1).max(1), 8192);
                        committed.clear();
                    }
                    // The append fails, and the segment stays the same.
                    1 => {}
                    _ => {
                        encoder.committed(form, tail, &entry);
                        if !matches!(form, Form::Like { .. }) {
                            committed.insert(u32::try_from(tail / frame::ALIGN).unwrap(), entry);
                        }
                        tail += frame_len(len);
                    }
                }
            }
            assert!(likes > 0 && (shapes > 1 || likes > 5_000), "{likes} like entries of {shapes} shapes");
        }
    }
}
