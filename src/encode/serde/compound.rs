//! Sequences, maps and structs.

use serde_core::Serialize;
use serde_core::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use crate::encode::container::{ArrayWriter, MapWriter};
use crate::encode::scope::{Counts, Key};
use crate::encode::slot::ValueWriter;
use crate::encode::tape::Tape;
use crate::trip::{Places, TripCause};

use super::key::{KeySerializer, KeyText};
use super::stop::Stop;

/// Returns the number of children that a container has not offered. Returns `None` if its length is not known, or is
/// less than `offered`.
pub(super) fn rest(len: Option<usize>, offered: u32) -> Option<u64> {
    (len? as u64).checked_sub(offered.into())
}

/// Counts the children that a container did not offer because its `Serialize` implementation failed or panicked.
#[cold]
pub(super) fn abandon(tape: &mut Tape<'_>, counts: &mut Counts, rest: Option<u64>) {
    counts.drop(rest);
    // An error is recorded by the function that receives it. No function receives a panic.
    if tape.error.is_none() && std::thread::panicking() {
        tape.report.record(TripCause::ValueError, Places::ATTRIBUTES, None);
    }
}

/// An open array.
pub(super) struct Array<'a, 'b> {
    array: ArrayWriter<'a, 'b>,
    len: Option<usize>,
    wrappers: u8,
    /// Whether the array ended normally, or was stopped at a limit.
    done: bool,
}

impl<'a, 'b> Array<'a, 'b> {
    #[inline]
    pub(super) fn new(array: ArrayWriter<'a, 'b>, len: Option<usize>, wrappers: u8) -> Self {
        Self { array, len, wrappers, done: false }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        if self.array.is_full() {
            return self.stop();
        }
        super::write(self.array.slot(), value, self.wrappers);
        Ok(())
    }

    #[inline]
    fn finish(mut self) -> Result<(), Stop> {
        self.done = true;
        Ok(())
    }

    #[cold]
    fn stop(&mut self) -> Result<(), Stop> {
        if !self.done {
            let offered = self.array.ledger().map_or(0, |(_, counts)| counts.offered());
            self.array.drop_rest(rest(self.len, offered).filter(|rest| *rest > 0));
            self.done = true;
        }
        Err(Stop::Enough)
    }
}

impl Drop for Array<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if !self.done
            && let Some((tape, counts)) = self.array.ledger()
        {
            abandon(tape, counts, rest(self.len, counts.offered()));
        }
    }
}

macro_rules! array {
    ($($trait:ident $method:ident;)*) => {$(
        impl $trait for Array<'_, '_> {
            type Ok = ();
            type Error = Stop;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<(), Stop> {
                self.finish()
            }
        }
    )*};
}
array! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// An open struct, or the entries of an open map.
pub(super) struct Struct<'a, 'b> {
    map: MapWriter<'a, 'b>,
    len: Option<usize>,
    /// The number of entries that this struct has offered. The map can contain other entries.
    offered: u32,
    wrappers: u8,
    /// Whether the struct ended normally, or was stopped at a limit.
    done: bool,
}

impl<'a, 'b> Struct<'a, 'b> {
    #[inline]
    pub(super) fn new(map: MapWriter<'a, 'b>, len: Option<usize>, wrappers: u8) -> Self {
        // Entries that the filter rejects are not offered, so the number of omitted entries is unknown.
        let len = len.filter(|_| !map.is_filtered());
        Self { map, len, offered: 0, wrappers, done: false }
    }

    #[inline]
    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Stop> {
        let Some((tape, counts, scope, filter)) = self.map.parts() else { return self.stop() };
        if filter.is_some_and(|filter| !filter.contains(key)) {
            return Ok(());
        }
        if tape.is_full(counts) {
            return self.stop();
        }
        self.offered = self.offered.saturating_add(1);
        super::write(ValueWriter::new(tape, counts, scope, Key::Name(key)), value, self.wrappers);
        Ok(())
    }

    /// Writes an entry whose key has already lost `lost` bytes.
    #[inline]
    fn entry_of<T: Serialize + ?Sized>(&mut self, key: &str, lost: u64, value: &T) -> Result<(), Stop> {
        if lost > 0 {
            self.tell_cut(key, lost);
        }
        self.entry(key, value)
    }

    #[cold]
    fn tell_cut(&mut self, key: &str, lost: u64) {
        if self.map.wants(key)
            && let Some((tape, _)) = self.map.ledger()
        {
            // A key that is still too long is cut again. That cut is counted as the trip.
            let first = key.len() <= usize::from(tape.limits.max_key_bytes);
            tape.report.record_in_run(TripCause::KeyBytes, Places::ATTRIBUTES, Some(lost), first);
        }
    }

    /// Counts an entry whose key has no form as text.
    #[cold]
    fn failed_key(&mut self) -> Result<(), Stop> {
        if self.map.is_full() {
            return self.stop();
        }
        self.offered = self.offered.saturating_add(1);
        if let Some((tape, counts)) = self.map.ledger() {
            counts.drop(Some(1));
            tape.report.record(TripCause::ValueError, Places::ATTRIBUTES, None);
        }
        Ok(())
    }

    #[inline]
    fn finish(&mut self) -> Result<(), Stop> {
        self.done = true;
        Ok(())
    }

    #[cold]
    fn stop(&mut self) -> Result<(), Stop> {
        if !self.done {
            let rest = rest(self.len, self.offered).filter(|rest| *rest > 0);
            self.map.drop_rest(rest);
            self.done = true;
        }
        Err(Stop::Enough)
    }
}

impl Drop for Struct<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if !self.done
            && let Some((tape, counts)) = self.map.ledger()
        {
            abandon(tape, counts, rest(self.len, self.offered));
        }
    }
}

impl SerializeStruct for Struct<'_, '_> {
    type Ok = ();
    type Error = Stop;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.entry(key, value)
    }

    #[inline]
    fn end(mut self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeStructVariant for Struct<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.entry(key, value)
    }

    fn end(mut self) -> Result<(), Stop> {
        self.finish()
    }
}

/// An open map.
pub(super) struct Map<'a, 'b> {
    entries: Struct<'a, 'b>,
    /// The key of the next value, if key and value come in separate calls.
    key: Option<KeyText>,
}

impl<'a, 'b> Map<'a, 'b> {
    #[inline]
    pub(super) fn new(map: MapWriter<'a, 'b>, len: Option<usize>, wrappers: u8) -> Self {
        Self { entries: Struct::new(map, len, wrappers), key: None }
    }
}

impl SerializeMap for Map<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.key = key.serialize(KeySerializer::new(KeyText::new)).ok();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let Some(key) = &self.key else { return self.entries.failed_key() };
        let result = self.entries.entry_of(key.text(), key.lost(), value);
        self.key = None;
        result
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Stop> {
        let entries = &mut self.entries;
        match key.serialize(KeySerializer::new(|key: &str, lost| entries.entry_of(key, lost, value))) {
            Ok(result) => result,
            Err(_) => self.entries.failed_key(),
        }
    }

    fn end(mut self) -> Result<(), Stop> {
        self.entries.finish()
    }
}
