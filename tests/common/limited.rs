//! Entries under limits, and the trips of the circuit breaker.

use fusewire::encode::{EntryWriter, encode};
use fusewire::owned::Entry;
use fusewire::{Limits, TripCause};

use super::check;

/// Discards the writer that the last call of a chain returns.
pub fn done<T>(_writer: T) {}

/// Encodes an entry with `write` under `limits`, and checks that it is valid.
pub fn entry(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Entry {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let encoded = encode(&mut buffer, limits, write).unwrap();
    check::sound(encoded.bytes(), encoded.report())
}

/// Returns the cause, the count and the loss of the only trip of the entry.
///
/// # Panics
/// Panics if the entry has more than one trip.
pub fn trip(entry: &Entry) -> Option<(TripCause, u32, Option<u64>)> {
    assert!(entry.trips.len() <= 1, "{:?}", entry.trips);
    entry.trips.first().map(|trip| (trip.cause, trip.count, trip.lost))
}
