//! Sanitized. Entries that another FlatBuffers writer laid out give the same answers as ours.

mod common;

use common::random::{Random, without_storage_flags};
use flatbuffers::FlatBufferBuilder;
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::generated::wire::{LogEntry, LogEntryBuilder, Node, TraceContext, Trip};

/// The same entry, laid out by the `flatbuffers` builder: objects in random order, fields with default values left out
/// or not, empty strings absent or not.
fn rebuilt(canonical: &[u8], random: &mut Random) -> Vec<u8> {
    let entry = flatbuffers::root::<LogEntry>(canonical).unwrap();
    let mut fbb = FlatBufferBuilder::new();
    fbb.force_defaults(random.below(2) == 1);
    let (mut text, mut nodes, mut strings) = (None, None, [None; 3]);
    let mut order = [0, 1, 2, 3, 4];
    for i in 0..order.len() {
        order.swap(i, random.below(5) as usize);
    }
    for object in order {
        match object {
            0 => text = Some(fbb.create_vector(entry.text().unwrap().bytes())),
            1 => {
                let all: Vec<Node> = entry.attributes().unwrap().iter().copied().collect();
                nodes = Some(fbb.create_vector(&all));
            }
            i => {
                let string = [entry.target(), entry.body(), entry.thread()][i - 2].unwrap();
                let wanted = !string.is_empty() || random.below(2) == 1;
                strings[i - 2] = wanted.then(|| fbb.create_string(string));
            }
        }
    }
    let trips = entry.trips().map(|trips| {
        let all: Vec<Trip> = trips.iter().copied().collect();
        fbb.create_vector(&all)
    });
    let trace = entry.trace().copied().unwrap_or(TraceContext::new(0, 0, 0));
    let mut table = LogEntryBuilder::new(&mut fbb);
    // The builder puts each field where it stands when it is added.
    if random.below(2) == 1 {
        table.add_severity(entry.severity());
        table.add_time_unix_nano(entry.time_unix_nano());
    } else {
        table.add_time_unix_nano(entry.time_unix_nano());
        table.add_severity(entry.severity());
    }
    trips.into_iter().for_each(|trips| table.add_trips(trips));
    text.into_iter().for_each(|text| table.add_text(text));
    table.add_trace(&trace);
    table.add_trace_flags(entry.trace_flags());
    strings[0].into_iter().for_each(|target| table.add_target(target));
    strings[2].into_iter().for_each(|thread| table.add_thread(thread));
    strings[1].into_iter().for_each(|body| table.add_body(body));
    nodes.into_iter().for_each(|nodes| table.add_attributes(nodes));
    table.add_utc_offset_minutes(entry.utc_offset_minutes());
    table.add_dropped_attributes_count(entry.dropped_attributes_count());
    let root = table.finish();
    fbb.finish(root, None);
    fbb.finished_data().to_vec()
}

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
