//! Checks that every encoded entry passes, for any input.

use fusewire::TripReport;
use fusewire::decode::EntryRef;
use fusewire::generated::wire::LogEntry;
use fusewire::owned::Entry;

/// Asserts that the verifier of `flatc` and the verifier of this crate accept the bytes, and that
/// the bytes contain the trips of `report`.
pub fn sound(bytes: &[u8], report: TripReport) -> Entry {
    let wire = flatbuffers::root::<LogEntry>(bytes).expect("flatc's verifier");
    let entry = EntryRef::new(bytes).unwrap();
    assert!(entry.is_canonical());
    entry.verify().unwrap();
    let expected: Vec<_> = report.iter().collect();
    let theirs: Vec<_> = wire
        .trips()
        .into_iter()
        .flatten()
        .map(|trip| (trip.cause().0, trip.places(), trip.count(), trip.lost()))
        .collect();
    let ours: Vec<_> = expected
        .iter()
        .map(|trip| (trip.cause as u8, trip.places.bits(), trip.count, trip.lost.unwrap_or(u64::MAX)))
        .collect();
    assert_eq!(theirs, ours);
    let owned = entry.to_owned().unwrap();
    assert_eq!(owned.trips, expected);
    owned
}
