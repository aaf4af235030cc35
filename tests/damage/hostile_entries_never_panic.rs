//! For any bytes, the decoder returns an entry or an error, and never panics.

use crate::common::random::Random;
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;

/// Calls every function that reads from the entry.
fn read(bytes: &[u8]) {
    let Ok(entry) = EntryRef::new(bytes) else { return };
    let verified = entry.verify();
    let walked = entry.walk().find_map(Result::err);
    assert!(walked.is_none() || verified.is_err(), "verified, and unreadable: {walked:?}");
    let _ = (entry.timestamp(), entry.trace(), entry.severity(), entry.target(), entry.thread());
    let _ = (entry.body().to_str_lossy(), entry.trips().count(), entry.get("a.b[1]"), entry.get("request"));
    let _ = entry.to_owned();
}

fn sample(random: &mut Random) -> Vec<u8> {
    let mut buffer = vec![0; 64 << 10];
    let entry = random.entry();
    let limits = Limits { max_width: 4, ..Limits::default() };
    encode(&mut buffer, &limits, |out| entry.write_to(out)).unwrap().bytes().to_vec()
}

#[test]
fn every_bit_of_an_entry_flipped() {
    let mut random = Random(3);
    for _ in 0..20 {
        let mut bytes = sample(&mut random);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            read(&bytes);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn an_entry_cut_at_every_length() {
    let mut random = Random(5);
    for _ in 0..50 {
        let bytes = sample(&mut random);
        (0..bytes.len()).for_each(|len| read(&bytes[..len]));
    }
}

#[test]
fn numbers_that_lie_in_every_field() {
    let mut random = Random(11);
    for _ in 0..30 {
        let bytes = sample(&mut random);
        for at in (0..bytes.len().saturating_sub(4)).step_by(2) {
            for lie in [0, 1, 4, 0x7FFF_FFFF, 0x8000_0000, u32::MAX - 3, u32::MAX, bytes.len() as u32] {
                let mut bytes = bytes.clone();
                bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                read(&bytes);
            }
        }
    }
}

#[test]
fn random_bytes_behind_a_right_prefix() {
    let mut random = Random(13);
    for _ in 0..20_000 {
        let mut bytes = sample(&mut random);
        for _ in 0..=random.below(8) {
            let at = 36 + random.below(bytes.len() as u64 - 36) as usize;
            bytes[at] = random.next() as u8;
        }
        read(&bytes);
    }
}

/// The subtree of each container contains the container itself and all later nodes. A reader that uses only the counts
/// of the children, and not the counts of the nodes, would not end.
#[test]
fn containers_nested_as_deep_as_there_are_nodes() {
    let mut buffer = vec![0; 64 << 10];
    let bytes = encode(&mut buffer, &Limits::default(), |entry| {
        for _ in 0..200 {
            entry.attr("n", &0);
        }
    })
    .unwrap()
    .into_bytes();
    for i in 0..200_u64 {
        let at = 104 + 16 * i as usize;
        bytes[at + 6] = 9;
        bytes[at + 8..at + 16].copy_from_slice(&(u64::from(i < 199) | (199 - i) << 32).to_le_bytes());
    }
    let entry = EntryRef::new(bytes).unwrap();
    assert_eq!(entry.verify().unwrap_err().field, "key length", "keys have no place in arrays");
    for i in 1..200 {
        bytes[104 + 16 * i..104 + 16 * i + 6].fill(0);
    }
    let entry = EntryRef::new(bytes).unwrap();
    assert_eq!(entry.verify().unwrap_err().field, "depth");
    assert_eq!(entry.walk().filter(Result::is_ok).count(), 64);
    read(bytes);
}
