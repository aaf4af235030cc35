//! The decoder returns the same values for the layout of another FlatBuffers writer as for the
//! layout of this crate.

use crate::common::foreign::rebuilt;
use crate::common::random::{Random, without_storage_flags};
use flatbuffers::FlatBufferBuilder;
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::generated::wire::LogEntryBuilder;

#[test]
fn ten_thousand_random_entries_read_equal_on_both_roads() {
    let mut random = Random(7);
    let mut buffer = vec![0; 64 << 10];
    let tight = Limits { max_depth: 2, max_width: 3, max_string_bytes: 9, ..Limits::default() };
    let mut tripped = 0;
    for i in 0..10_000 {
        let limits = if i % 2 == 0 { Limits::default() } else { tight };
        let owned = random.entry();
        let canonical = encode(&mut buffer, &limits, |entry| owned.write_to(entry)).unwrap().into_bytes();
        let ours = EntryRef::new(canonical).unwrap();
        assert!(ours.is_canonical());
        ours.verify().unwrap();
        if i % 2 == 0 {
            let read = ours.to_owned().unwrap();
            assert_eq!(without_storage_flags(read.attributes), owned.attributes);
            assert_eq!(
                (read.body, read.trace, read.time_unix_nano),
                (owned.body, owned.trace, owned.time_unix_nano)
            );
        }
        tripped += u32::from(ours.is_tripped());

        let foreign = rebuilt(canonical, &mut random);
        let theirs = EntryRef::new(&foreign).unwrap();
        assert!(!theirs.is_canonical());
        theirs.verify().unwrap_or_else(|error| panic!("entry {i}: {error}"));
        assert_eq!(theirs.to_owned().unwrap(), ours.to_owned().unwrap());
    }
    assert!(tripped > 1000, "the tight limits are there to be met: {tripped}");
}

#[test]
fn an_entry_without_any_field_is_empty() {
    let mut fbb = FlatBufferBuilder::new();
    let root = LogEntryBuilder::new(&mut fbb).finish();
    fbb.finish(root, None);
    let entry = EntryRef::new(fbb.finished_data()).unwrap();
    entry.verify().unwrap();
    assert!(entry.body().is_empty() && entry.attributes().next().is_none() && !entry.is_tripped());
    assert_eq!((entry.timestamp(), entry.utc_offset_minutes(), entry.trace().is_none()), (None, None, true));
}
