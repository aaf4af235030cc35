//! Entries in the layouts of other writers of FlatBuffers.
#![allow(dead_code, unreachable_pub)]

use flatbuffers::FlatBufferBuilder;
use fusewire::generated::wire::{LogEntry, LogEntryBuilder, Node, TraceContext, Trip};

use super::random::Random;

/// Returns the same entry in a layout of the `flatbuffers` builder. The order of the objects is random. Fields with
/// default values and empty strings are randomly present or absent.
pub fn rebuilt(canonical: &[u8], random: &mut Random) -> Vec<u8> {
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
    // The builder places the fields in the order of these calls.
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
