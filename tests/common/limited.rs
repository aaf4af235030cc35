//! Entries under limits, and what the fuse did to them.

use fusewire::encode::{EntryWriter, encode};
use fusewire::owned::Entry;
use fusewire::{Limits, TripCause};

use super::check;

/// Ends a chain of calls, whose last one gives back the writer.
pub fn done<T>(_writer: T) {}

/// What `write` writes under `limits`, once it has been found sound.
pub fn entry(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Entry {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let encoded = encode(&mut buffer, limits, write).unwrap();
    check::sound(encoded.bytes(), encoded.report())
}

/// The only trip of the entry: cause, count, loss.
pub fn trip(entry: &Entry) -> Option<(TripCause, u32, Option<u64>)> {
    assert!(entry.trips.len() <= 1, "{:?}", entry.trips);
    entry.trips.first().map(|trip| (trip.cause, trip.count, trip.lost))
}
