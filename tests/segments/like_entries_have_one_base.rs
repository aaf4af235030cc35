//! A reader uses an entry as a base only if the entry is an earlier, intact entry of the segment that the like entry names.

use crate::common::random::Random;
use crate::common::variants::{encoded, variant};
use fusewire::like::{self, BaseFault, Bases, LikeHead};
use fusewire::segment::{FrameFault, FrameKind};

const SALT: u32 = 0x0fe2_bb30;
const FIRST: usize = 8192;

/// The bytes of a segment after page 0 and page 1, which are zeros.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new() -> Self {
        Self(vec![0; FIRST])
    }

    /// Appends a frame. Returns its slot.
    fn push(&mut self, kind: u8, payload: &[u8]) -> u32 {
        let at = self.0.len();
        let slot = (at / 16) as u32;
        self.0.extend_from_slice(&[0; 8]);
        self.0.extend_from_slice(&(SALT ^ slot).to_le_bytes());
        self.0.extend_from_slice(&[kind, 9, 0, 0]);
        self.0.extend_from_slice(payload);
        self.0.resize(at + 16 + payload.len().next_multiple_of(16), 0);
        let word = crate::common::checksum::commit_word(&self.0[at..], payload.len() as u32);
        self.0[at..at + 8].copy_from_slice(&word.to_le_bytes());
        slot
    }

    /// Returns the body of a like entry at the end of the segment.
    fn read(&self, bases: &mut Bases, like: &[u8]) -> Result<String, BaseFault> {
        let view = bases.view(&self.0, self.0.len() as u64, LikeHead::new(like).unwrap())?;
        view.verify().unwrap();
        Ok(view.body().to_string())
    }
}

/// Returns a like entry with the base `base` at `slot`, and the body of the entry.
fn like(base: &[u8], full: &[u8], slot: u32) -> Vec<u8> {
    let base = like::base(base).unwrap();
    let mut out = vec![0; like::scratch_len(&base, full.len())];
    let len = like::convert(full, &base, slot, &mut out).unwrap();
    out.truncate(len);
    out
}

/// Returns two entries of one shape, and the body of the second.
fn pair(random: &mut Random) -> (Vec<u8>, Vec<u8>, String) {
    let first = random.entry();
    let second = variant(&first, random);
    (encoded(&first, 0), encoded(&second, 0), second.body)
}

#[test]
fn an_earlier_entry_is_found() {
    let mut random = Random(83);
    let (mut bytes, mut bases) = (Bytes::new(), Bases::new(SALT, FIRST as u64));
    let mut entries = Vec::new();
    for _ in 0..300 {
        let (base, full, body) = pair(&mut random);
        let slot = bytes.push(1, &base);
        entries.push((like(&base, &full, slot), body));
        // More bases than a reader remembers, in any order.
        let (like, body) = &entries[random.below(entries.len() as u64) as usize];
        assert_eq!(bytes.read(&mut bases, like).as_ref(), Ok(body));
        assert_eq!(bytes.read(&mut bases, like).as_ref(), Ok(body));
    }
}

#[test]
fn every_other_slot_is_refused() {
    let mut random = Random(89);
    let (mut bytes, mut bases) = (Bytes::new(), Bases::new(SALT, FIRST as u64));
    let (base, full, body) = pair(&mut random);
    let resource = bytes.push(2, &base);
    let slot = bytes.push(1, &base);
    let twin = bytes.push(1, &base);
    let other = bytes.push(1, &full);
    let end = (bytes.0.len() / 16) as u32;
    let like = |slot| like(&base, &full, slot);
    let mut read = |slot| bytes.read(&mut bases, &like(slot));
    assert_eq!(read(slot), Ok(body.clone()));
    // The check does not depend on the slot.
    assert_eq!(read(twin), Ok(body));
    for outside in [0, 1, resource - 1, end, end + 1, 1 << 26, u32::MAX] {
        assert_eq!(read(outside), Err(BaseFault::Slot { found: outside }));
    }
    assert_eq!(read(resource), Err(BaseFault::Kind(FrameKind::Resource)));
    assert!(matches!(read(other), Err(BaseFault::Check { .. })));
    for inside in (resource..end).filter(|at| ![resource, slot, twin, other].contains(at)) {
        assert!(matches!(read(inside), Err(BaseFault::Frame(_))), "{inside}");
    }
}

#[test]
fn a_like_entry_is_no_base() {
    let mut random = Random(97);
    let (mut bytes, mut bases) = (Bytes::new(), Bases::new(SALT, FIRST as u64));
    let (base, full, _) = pair(&mut random);
    let slot = bytes.push(1, &base);
    let entry = like(&base, &full, slot);
    let chain = bytes.push(8, &entry);
    let found = bytes.read(&mut bases, &like(&base, &full, chain));
    assert!(matches!(found, Err(BaseFault::Kind(kind)) if kind.number() == 8), "{found:?}");
    // Nor is it one in a frame of kind entry.
    let chain = bytes.push(1, &entry);
    assert!(matches!(bytes.read(&mut bases, &like(&base, &full, chain)), Err(BaseFault::Entry(_))));
}

#[test]
fn a_damaged_base_is_refused() {
    let mut random = Random(101);
    for _ in 0..5 {
        let mut bytes = Bytes::new();
        let (base, full, body) = pair(&mut random);
        let slot = bytes.push(1, &base);
        let like = like(&base, &full, slot);
        for bit in FIRST * 8..bytes.0.len() * 8 {
            bytes.0[bit / 8] ^= 1 << (bit % 8);
            let found = bytes.read(&mut Bases::new(SALT, FIRST as u64), &like);
            assert!(matches!(found, Err(BaseFault::Frame(_))), "bit {bit}: {found:?}");
            bytes.0[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(bytes.read(&mut Bases::new(SALT, FIRST as u64), &like), Ok(body));
        let other = bytes.read(&mut Bases::new(!SALT, FIRST as u64), &like);
        assert!(matches!(other, Err(BaseFault::Frame(FrameFault::Misplaced { .. }))), "{other:?}");
    }
}
