//! `encoded_len` returns the exact length of an entry. A buffer of this length suffices, and the error of a shorter
//! buffer contains the required length. The bytes do not depend on the buffer.

use core::mem::MaybeUninit;

use crate::common::model::{self, Tree};
use crate::common::trees;
use bytes::{BufMut, BytesMut};
use fusewire::encode::{EntryWriter, encode, encode_into, encoded_len};
use fusewire::error::EncodeError;
use fusewire::{Limits, Severity};
use proptest::prelude::*;
use proptest::test_runner::Config;

fn write(tree: &Tree, entry: &mut EntryWriter<'_>) {
    entry.set_time_unix_nano(1);
    entry.set_severity(Severity::INFO);
    entry.set_body_fmt(format_args!("{} attributes", tree.len()));
    model::write(tree, entry);
    entry.set_target("after the attributes");
}

fn refused(limits: &Limits, tree: &Tree, expected: &EncodeError) {
    let mut buffer = vec![0; 4096];
    assert_eq!(encode(&mut buffer, limits, |entry| write(tree, entry)).unwrap_err(), *expected);
    assert_eq!(encode_into(&mut buffer, limits, |entry| write(tree, entry)).unwrap_err(), *expected);
    assert_eq!(buffer.len(), 4096, "advanced without an entry");
}

/// Returns the entry after all checks of its length.
fn checked(limits: &Limits, tree: &Tree, every_length: bool) -> Option<Vec<u8>> {
    let len = match encoded_len(limits, |entry| write(tree, entry)) {
        Ok(len) => len,
        Err(error) => {
            refused(limits, tree, &error);
            return None;
        }
    };
    assert_eq!(encoded_len(limits, |entry| write(tree, entry)), Ok(len), "not idempotent");
    let mut exact = vec![0xAA; len];
    let encoded = encode(&mut exact, limits, |entry| write(tree, entry)).unwrap();
    assert_eq!((encoded.len(), encoded.touched()), (len, len));
    let report = encoded.report();

    for available in (0..len).filter(|at| every_length || at % 97 == 0 || at + 3 > len) {
        let mut buffer = vec![0; available];
        let error = encode(&mut buffer, limits, |entry| write(tree, entry)).unwrap_err();
        assert_eq!(error, EncodeError::BufferTooSmall { needed: len, available });
    }
    for room in [len + 1, len + 15, len + 100, 2 * len, 4 * len, 8192 + len] {
        let mut buffer = vec![0xAA; room];
        let encoded = encode(&mut buffer, limits, |entry| write(tree, entry)).unwrap();
        assert_eq!((encoded.bytes(), encoded.report()), (&exact[..], report));
        let touched = encoded.touched();
        assert!((len..=room).contains(&touched));
        assert!(buffer[touched..].iter().all(|byte| *byte == 0xAA), "written beyond touched()");

        let mut uninit = vec![MaybeUninit::new(0xAA); room];
        let mut writer = EntryWriter::new_uninit(&mut uninit, limits);
        write(tree, &mut writer);
        assert_eq!(writer.finish().unwrap().bytes(), exact);
    }
    into_buf_mut(Vec::with_capacity(len + 3), limits, tree, &exact);
    into_buf_mut(BytesMut::with_capacity(len + 3), limits, tree, &exact);
    Some(exact)
}

fn into_buf_mut<B: BufMut + AsRef<[u8]>>(mut buffer: B, limits: &Limits, tree: &Tree, expected: &[u8]) {
    buffer.put_slice(b"abc");
    let (len, _) = encode_into(&mut buffer, limits, |entry| write(tree, entry)).unwrap();
    assert_eq!(len, expected.len());
    assert_eq!(buffer.as_ref()[..3], *b"abc");
    assert_eq!(buffer.as_ref()[3..], *expected);
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    #[test]
    fn of_small_entries_at_every_length_of_the_buffer(tree in trees::tree(6), limits in trees::limits()) {
        checked(&limits, &tree, true);
    }

    #[test]
    fn of_larger_entries(tree in trees::tree(60)) {
        checked(&Limits { on_type: fusewire::limits::OnType::Omit, ..Limits::default() }, &tree, false);
    }

    #[test]
    fn of_entries_that_are_full(tree in trees::tree(80), limits in trees::limits()) {
        let limits = Limits { max_entry_bytes: 1024, max_width: 50, ..limits };
        let entry = checked(&limits, &tree, false);
        prop_assert!(entry.is_none_or(|bytes| bytes.len() <= 1024));
    }

    #[test]
    fn whatever_number_of_nodes_is_expected(tree in trees::tree(20), expected in prop_oneof![0..100_usize, Just(usize::MAX)]) {
        let limits = Limits { on_type: fusewire::limits::OnType::Omit, ..Limits::default() };
        let exact = checked(&limits, &tree, false).unwrap();
        for room in [exact.len(), exact.len() + 50, 65536] {
            let mut buffer = vec![0xAA; room];
            let encoded = encode(&mut buffer, &limits, |entry| {
                entry.expect_nodes(expected);
                write(&tree, entry);
            }).unwrap();
            prop_assert_eq!(encoded.bytes(), &exact[..]);
            let touched = encoded.touched();
            prop_assert!(buffer[touched..].iter().all(|byte| *byte == 0xAA));
        }
    }
}
