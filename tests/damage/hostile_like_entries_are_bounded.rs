//! For any bytes of a like entry and of its base, the decoder returns a view or an error, never panics, and
//! does bounded work.

use crate::common::random::Random;
use crate::common::variants::{encoded, variant};
use fusewire::decode::EntryRef;
use fusewire::like::{self, Base, LikeHead};

const MAX_BASE: usize = 16 << 10;

/// Calls every function that reads from the entry. Returns whether the entry is valid.
fn read(like: &[u8], base: Base<'_>) -> bool {
    let Ok(head) = LikeHead::new(like) else { return false };
    let _ = (head.base(), head.base_check(), head.time_unix_nano(), head.trace());
    let Ok(view) = like::view(head, base) else { return false };
    let _ = (view.severity(), view.utc_offset_minutes(), view.target(), view.body(), view.thread());
    let unreadable = view.walk().find_map(Result::err);
    assert!(view.walk().count() <= MAX_BASE / 16);
    let _ = (view.get("a.b[1]"), view.get("request"), view.attributes().count());
    let verified = view.verify();
    assert!(unreadable.is_none() || verified.is_err(), "verified, and unreadable: {unreadable:?}");
    let bound = view.expanded_bound();
    assert!(bound <= MAX_BASE + like.len() + 24);
    let mut out = vec![0; bound];
    let expanded = view.expand(&mut out);
    if verified.is_ok() {
        let entry = EntryRef::new(&out[..expanded.unwrap()]).unwrap();
        entry.verify().unwrap();
        assert_eq!((entry.body(), entry.thread()), (view.body(), view.thread()));
    }
    verified.is_ok()
}

/// Returns a base and a like entry of it.
fn pair(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let first = random.entry();
    let base = encoded(&first, random.below(16));
    let full = encoded(&variant(&first, random), 0);
    let parsed = like::base(&base).unwrap();
    let mut out = vec![0; like::scratch_len(&parsed, full.len())];
    let len = like::convert(&full, &parsed, 7, &mut out).unwrap();
    out.truncate(len);
    (base, out)
}

#[test]
fn every_bit_of_a_like_entry_flipped() {
    let mut random = Random(43);
    let (mut valid, mut refused) = (0, 0);
    for _ in 0..100 {
        let (base, mut like) = pair(&mut random);
        let base = like::base(&base).unwrap();
        assert!(read(&like, base));
        for bit in 0..like.len() * 8 {
            like[bit / 8] ^= 1 << (bit % 8);
            *(if read(&like, base) { &mut valid } else { &mut refused }) += 1;
            like[bit / 8] ^= 1 << (bit % 8);
        }
    }
    assert!(valid > 1_000 && refused > 1_000, "{valid} {refused}");
}

#[test]
fn a_like_entry_cut_at_every_length_is_refused() {
    let mut random = Random(47);
    for _ in 0..200 {
        let (base, mut like) = pair(&mut random);
        let base = like::base(&base).unwrap();
        for len in 0..like.len() {
            assert!(!read(&like[..len], base));
        }
        // With a length of the data that agrees with the cut.
        for len in (40..like.len()).rev() {
            like.truncate(len);
            like[36..40].copy_from_slice(&(len as u32 - 40).to_le_bytes());
            assert!(!read(&like, base), "{len}");
        }
    }
}

#[test]
fn a_like_entry_with_bytes_after_its_texts_is_refused() {
    let mut random = Random(53);
    for _ in 0..200 {
        let (base, mut like) = pair(&mut random);
        like.push(0);
        assert!(LikeHead::new(&like).is_err());
        let len = like.len() as u32 - 40;
        like[36..40].copy_from_slice(&len.to_le_bytes());
        assert!(!read(&like, like::base(&base).unwrap()));
    }
}

#[test]
fn random_classes_cells_and_texts() {
    let mut random = Random(59);
    for _ in 0..20_000 {
        let (base, mut like) = pair(&mut random);
        for _ in 0..=random.below(8) {
            let at = 42 + random.below(like.len() as u64 - 42) as usize;
            like[at] = [0, 0x55, 0xAA, 0xFF, random.next() as u8][random.below(5) as usize];
        }
        read(&like, like::base(&base).unwrap());
    }
}

#[test]
fn numbers_that_lie_in_every_field() {
    let mut random = Random(61);
    for _ in 0..100 {
        let (base, like) = pair(&mut random);
        let base = like::base(&base).unwrap();
        for at in 0..like.len() - 4 {
            for lie in [0, 1, 4, 0x7FFF_FFFF, 0x8000_0000, u32::MAX - 3, u32::MAX, like.len() as u32] {
                let mut like = like.clone();
                like[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                read(&like, base);
            }
        }
    }
}

#[test]
fn the_base_must_be_the_one_that_the_like_entry_names() {
    let mut random = Random(67);
    for _ in 0..100 {
        let first = random.entry();
        let (base, other) = (encoded(&first, 0), encoded(&variant(&first, &mut random), 0));
        let parsed = like::base(&base).unwrap();
        let mut out = vec![0; like::scratch_len(&parsed, other.len())];
        let len = like::convert(&other, &parsed, 7, &mut out).unwrap();
        let head = LikeHead::new(&out[..len]).unwrap();
        assert!(like::view(head, parsed).is_ok());
        let error = like::view(head, like::base(&other).unwrap()).err().unwrap();
        assert_eq!(error.field, "base check");
    }
}

/// A base is checked before its use: no flipped bit leads to a panic, and the check word excludes a changed base.
#[test]
fn every_bit_of_a_base_flipped() {
    let mut random = Random(71);
    for _ in 0..30 {
        let (mut base, mut like) = pair(&mut random);
        for bit in 0..base.len() * 8 {
            base[bit / 8] ^= 1 << (bit % 8);
            if let Some(changed) = Base::new(&base) {
                assert!(like::view(LikeHead::new(&like).unwrap(), changed).is_err());
                // With the right check word.
                like[28..32].copy_from_slice(&changed.check().to_le_bytes());
                if like::base(&base).is_ok() {
                    read(&like, changed);
                } else if let Ok(view) = like::view(LikeHead::new(&like).unwrap(), changed) {
                    let mut out = vec![0; view.expanded_bound()];
                    let _ = (view.verify(), view.expand(&mut out), view.walk().count());
                }
            }
            base[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn these_entries_are_no_bases() {
    use fusewire::Limits;
    use fusewire::encode::encode;
    let mut buffer = vec![0; 64 << 10];
    let tight = Limits { max_width: 1, ..Limits::default() };
    let tripped = encode(&mut buffer, &tight, |entry| _ = entry.attr("a", &1).attr("b", &2)).unwrap();
    assert!(Base::new(tripped.bytes()).is_none(), "the circuit breaker tripped");
    let text = "x".repeat(MAX_BASE);
    let long = encode(&mut buffer, &Limits::default(), |entry| _ = entry.attr("a", text.as_str())).unwrap();
    assert!(Base::new(long.bytes()).is_none(), "more than 16 KiB");
    let plain = encode(&mut buffer, &Limits::default(), |entry| _ = entry.attr("a", "xyz").attr("b", "xyz"));
    let mut plain = plain.unwrap().bytes().to_vec();
    assert!(Base::new(&plain).is_some());
    for (at, byte, reason) in [
        (36 - 4, 29, "another layout"),
        (84, 20, "nodes at another place"),
        (88, 8, "text at another place"),
        (92, 1, "an offset of trips"),
        (96, 1, "dropped attributes"),
        (104 + 6, 11, "a marker of dropped children"),
        (104 + 6, 12, "an unknown kind"),
        (104 + 7, 1, "a string that was cut"),
        (104 + 7, 64, "a wide string"),
        (104 + 12, 200, "a span after the end of the text"),
        (104 + 4, 200, "a key after the end of the text"),
    ] {
        let old = core::mem::replace(&mut plain[at], byte);
        assert!(Base::new(&plain).is_none(), "{reason}");
        plain[at] = old;
    }
    plain.push(0);
    assert!(Base::new(&plain).is_none(), "a byte after the text");
}

/// 800 keys that are all the whole text: an expansion of the entry would have 2 MiB.
#[test]
fn keys_that_overlap_make_no_base() {
    let mut buffer = vec![0; 64 << 10];
    let bytes = fusewire::encode::encode(
        &mut buffer,
        &fusewire::Limits { max_width: 1_000, ..Default::default() },
        |entry| {
            for _ in 0..800 {
                entry.attr("key", &0);
            }
        },
    );
    let mut bytes = bytes.unwrap().bytes().to_vec();
    assert!(bytes.len() <= MAX_BASE && Base::new(&bytes).is_some());
    for node in 0..800 {
        bytes[104 + 16 * node..][..6].copy_from_slice(&[0, 0, 0, 0, 0x60, 0x09]);
    }
    EntryRef::new(&bytes).unwrap().verify().unwrap();
    assert!(Base::new(&bytes).is_none());
}
