//! The verification of a canonical entry in one pass accepts the same entries as the verification of all
//! rules, and the errors are those of the latter. The same entry at an offset of 8 bytes in its buffer is not canonical,
//! so the verification of all rules decides.

use std::fs;
use std::mem::discriminant;

use crate::common::random::Random;
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::error::{DecodeError, DecodeFault};
use fusewire::owned::OwnedValue;
use fusewire::segment::{Event, FrameKind, Mode, Segment};

const NODES: usize = 104;

fn verdict(bytes: &[u8]) -> Result<(), DecodeError> {
    EntryRef::new(bytes).and_then(|entry| entry.verify())
}

/// Asserts that both verifications agree, and returns whether the entry is valid.
fn agree(bytes: &[u8], about: &dyn Fn() -> String) -> bool {
    let mut moved = vec![40, 0, 0, 0, 0, 0, 0, 0];
    moved.extend_from_slice(bytes);
    match (verdict(bytes), verdict(&moved)) {
        (Ok(()), Ok(())) => true,
        (Err(ours), Err(theirs)) => {
            assert_eq!((ours.offset + 8, ours.field), (theirs.offset, theirs.field), "{}", about());
            match ours.fault {
                // The numbers contain the length of the buffer.
                DecodeFault::OutOfBounds { .. } => {
                    assert_eq!(discriminant(&ours.fault), discriminant(&theirs.fault), "{}", about())
                }
                fault => assert_eq!(fault, theirs.fault, "{}", about()),
            }
            false
        }
        (ours, theirs) => panic!("{}: {ours:?}, {theirs:?}", about()),
    }
}

fn encoded(limits: &Limits, write: impl FnOnce(&mut fusewire::encode::EntryWriter<'_>)) -> Vec<u8> {
    let mut buffer = vec![0; 64 << 10];
    encode(&mut buffer, limits, write).unwrap().bytes().to_vec()
}

/// Returns entries of all kinds of values that are short enough for the test of each bit.
fn samples() -> Vec<Vec<u8>> {
    let limits = Limits::default();
    let mut random = Random(17);
    let tight = Limits { max_width: 2, max_string_bytes: 5, ..Limits::default() };
    let mut samples = vec![
        encoded(&limits, |_| {}),
        encoded(&limits, |entry| entry.set_body(&"long ".repeat(40))),
        encoded(&limits, |entry| {
            entry.set_target("shop");
            entry.set_body("Zahlung übernommen");
            entry.attr("größe", &3).attr("ok", &true).attr("none", &());
        }),
        encoded(&limits, |entry| {
            entry.attr("a", &[[1, 2], [3, 4]]).attr("b", &[(); 0]).attr("c", &1.5).attr("d", &i128::MAX);
        }),
        encoded(&tight, |entry| _ = entry.attr("ids", &[1, 2, 3, 4, 5])),
    ];
    for _ in 0..12 {
        let entry = random.entry();
        samples.push(encoded(&limits, |out| entry.write_to(out)));
    }
    samples.extend(deep(6..12));
    samples.extend(
        fs::read_dir("fuzz/seeds/entry").unwrap().map(|seed| fs::read(seed.unwrap().path()).unwrap()),
    );
    samples
}

/// Returns an entry with a chain of containers for each depth.
fn deep(depths: std::ops::Range<u8>) -> impl Iterator<Item = Vec<u8>> {
    depths.map(|depth| {
        let mut value = OwnedValue::Null;
        for _ in 0..depth {
            let child = fusewire::owned::OwnedAttribute {
                key: String::new(),
                value,
                flags: fusewire::NodeFlags::NONE,
            };
            value = OwnedValue::Array { values: vec![child], dropped: Some(0) };
        }
        let limits = Limits { max_depth: 64, ..Limits::default() };
        encoded(&limits, |entry| _ = entry.attr("deep", &value))
    })
}

#[test]
fn for_every_bit_of_entries_of_all_sorts() {
    let (mut valid, mut invalid) = (0, 0);
    for (i, sample) in samples().into_iter().enumerate() {
        assert!(agree(&sample, &|| format!("sample {i}")), "sample {i} is invalid");
        let mut bytes = sample;
        // The first word is the offset of the root table, which differs between the two forms.
        for bit in 32..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let is_valid = agree(&bytes, &|| format!("sample {i}, bit {bit}"));
            (valid, invalid) = (valid + u32::from(is_valid), invalid + u32::from(!is_valid));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
    assert!(valid > 10_000 && invalid > 10_000, "{valid} valid, {invalid} invalid");
}

#[test]
fn for_every_length_of_an_entry() {
    for sample in samples() {
        (NODES..sample.len()).for_each(|len| _ = agree(&sample[..len], &|| format!("{len} bytes")));
    }
}

#[test]
fn for_all_depths() {
    for (depth, bytes) in deep(0..64).enumerate() {
        assert!(agree(&bytes, &|| format!("depth {depth}")));
    }
}

/// Writes a node with a key of one byte or without a key.
fn set_node(bytes: &mut [u8], i: usize, kind: u8, has_key: bool, value: u64) {
    let node = &mut bytes[NODES + 16 * i..][..16];
    node.fill(0);
    node[4] = u8::from(has_key);
    node[6] = kind;
    node[8..].copy_from_slice(&value.to_le_bytes());
}

/// Returns the `choice`th form of a node: a null, or an array or a map with small numbers.
fn choose(bytes: &mut [u8], i: usize, choice: u64) {
    let (has_key, choice) = (choice % 2 == 1, choice / 2);
    match choice.checked_sub(1) {
        None => set_node(bytes, i, 0, has_key, 0),
        Some(choice) => {
            let (kind, choice) = (9 + (choice % 2) as u8, choice / 2);
            set_node(bytes, i, kind, has_key, choice % 3 + ((choice / 3) << 32));
        }
    }
}

#[test]
fn for_all_small_trees() {
    const CHOICES: u64 = 2 * (1 + 2 * 9);
    let mut bytes =
        encoded(&Limits::default(), |entry| _ = entry.attr("k", &()).attr("k", &()).attr("k", &()));
    let mut valid = 0;
    for tree in 0..CHOICES.pow(3) {
        for i in 0..3 {
            choose(&mut bytes, i, tree / CHOICES.pow(i as u32) % CHOICES);
        }
        valid += u32::from(agree(&bytes, &|| format!("tree {tree}")));
    }
    // The valid trees are also reached.
    assert!(valid > 100, "{valid}");

    let mut random = Random(23);
    let mut bytes = encoded(&Limits::default(), |entry| {
        for _ in 0..7 {
            entry.attr("k", &());
        }
    });
    for _ in 0..60_000 {
        for i in 0..7 {
            let choice = if random.below(2) == 0 { random.below(2) } else { random.below(CHOICES) };
            choose(&mut bytes, i, choice);
        }
        agree(&bytes, &|| format!("{bytes:?}"));
    }
}

#[test]
fn for_random_changes() {
    let mut random = Random(29);
    for _ in 0..20_000 {
        let entry = random.entry();
        let mut bytes = encoded(&Limits::default(), |out| entry.write_to(out));
        assert!(agree(&bytes, &|| format!("{entry:?}")));
        for _ in 0..=random.below(3) {
            let at = 36 + random.below(bytes.len() as u64 - 36) as usize;
            bytes[at] = if random.below(2) == 0 { random.next() as u8 } else { random.below(12) as u8 };
        }
        agree(&bytes, &|| format!("{bytes:?}"));
    }
}

#[test]
fn for_the_entries_of_the_golden_segments() {
    let mut entries = 0;
    for file in fs::read_dir("tests/data/golden").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "fws") {
            continue;
        }
        let segment = Segment::read_copy(&path).unwrap();
        for event in segment.events(Mode::Recover).unwrap() {
            if let Ok(Event::Entry(frame, _) | Event::Frame(frame)) = event
                && matches!(frame.kind, FrameKind::Entry | FrameKind::Resource)
            {
                assert!(agree(frame.payload, &|| format!("{}: offset {}", path.display(), frame.offset)));
                entries += 1;
            }
        }
    }
    assert!(entries > 0);
}
