//! A table of groups with bounded size.

use std::hash::{BuildHasher, RandomState};

use super::distinct::Distinct;
use super::numbers::Numbers;

/// The counts of one key.
#[derive(Debug)]
pub(super) struct Slot {
    hash: u64,
    pub(super) key: Box<[u8]>,
    pub(super) count: u64,
    /// The earliest and the latest time, in nanoseconds since the Unix epoch.
    pub(super) times: Option<(u64, u64)>,
    pub(super) bytes: u64,
    pub(super) tripped: u64,
    /// Whether an index supplied a part of the count. In this case, times, bytes and trips are unknown.
    pub(super) is_told: bool,
    pub(super) numbers: Option<Box<Numbers>>,
    pub(super) distinct: Option<Box<Distinct>>,
}

/// The maximum size of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) groups: usize,
    pub(super) bytes: usize,
}

/// A hash table of groups. A full table drops the groups with the fewest entries.
///
/// This rule keeps frequent keys, even keys that first appear late. A dropped group has at most as many
/// entries as the largest group of the same drop. So the count of a group is short by at most the sum of
/// these maxima (Misra and Gries, *Finding repeated elements*, 1982). A table that refused new groups would
/// have no bound for these groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    slots: Vec<Slot>,
    /// Slot numbers by hash, each with a part of the hash. The length is a power of two, and at least half of
    /// the places are [`FREE`].
    index: Vec<(u32, u32)>,
    /// Random hash keys: a producer cannot create keys that collide.
    hasher: RandomState,
    /// The slot of the last lookup.
    recent: usize,
    /// The approximate size of all slots, in bytes.
    used: usize,
    /// The number of entries in dropped groups.
    pub(super) others: u64,
    /// The maximum number of entries that a count is short by.
    pub(super) short_by: u64,
}

/// The slot number of a free place.
const NONE: u32 = u32::MAX;
const FREE: (u32, u32) = (NONE, 0);
/// The number of groups that the table keeps regardless of their size.
const FEWEST: usize = 16;

/// Returns the half of a hash that does not select the place in the index.
#[expect(clippy::cast_possible_truncation, reason = "the low half")]
fn part(hash: u64) -> u32 {
    hash as u32
}

impl Slot {
    fn cost(&self) -> usize {
        let numbers = self.numbers.as_ref().map_or(0, |numbers| size_of::<Numbers>() + numbers.memory());
        let distinct = self.distinct.as_ref().map_or(0, |distinct| size_of::<Distinct>() + distinct.memory());
        // A `Vec` can have twice the capacity. The index has up to four places per slot. The key is a
        // separate allocation, with an overhead of about 16 bytes.
        2 * size_of::<Self>() + 4 * size_of::<(u32, u32)>() + self.key.len() + 16 + numbers + distinct
    }

    pub(super) fn add_times(&mut self, (first, last): (u64, u64)) {
        let times = self.times.get_or_insert((first, last));
        *times = (times.0.min(first), times.1.max(last));
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.is_told |= other.is_told;
        other.times.into_iter().for_each(|times| self.add_times(times));
        self.bytes += other.bytes;
        self.tripped += other.tripped;
        if let Some(numbers) = other.numbers {
            match &mut self.numbers {
                Some(own) => own.merge(*numbers),
                own => *own = Some(numbers),
            }
        }
        if let Some(distinct) = other.distinct {
            match &mut self.distinct {
                Some(own) => own.merge(&distinct),
                own => *own = Some(distinct),
            }
        }
    }
}

impl Groups {
    /// Calls `change` with the group of `key`, and creates the group if it does not exist. `measures` states
    /// whether `change` can change the size of the group.
    #[inline]
    pub(super) fn change(&mut self, key: &[u8], room: Room, measures: bool, change: impl FnOnce(&mut Slot)) {
        if self.slots.get(self.recent).is_none_or(|slot| *slot.key != *key) {
            let hash = self.hasher.hash_one(key);
            self.recent = match self.find(key, hash) {
                Some(found) => found,
                None => self.insert(key, hash, room),
            };
        }
        let Some(slot) = self.slots.get_mut(self.recent) else { return };
        if !measures {
            return change(slot);
        }
        let before = slot.cost();
        change(slot);
        self.used = (self.used + slot.cost()).saturating_sub(before);
        self.bound(room);
    }

    fn find(&self, key: &[u8], hash: u64) -> Option<usize> {
        for place in self.places(hash) {
            let (number, tag) = *self.index.get(place)?;
            if number == NONE {
                return None;
            }
            // The comparison of the tag avoids a cache miss on most slots with another key.
            if tag == part(hash) && self.slots.get(number as usize).is_some_and(|slot| *slot.key == *key) {
                return Some(number as usize);
            }
        }
        None
    }

    /// Returns the possible places of a slot in the index, in the order of the search.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let len = self.index.len();
        let first = usize::try_from(hash >> 32).unwrap_or(0);
        (0..len).map(move |step| first.wrapping_add(step) & (len - 1))
    }

    fn insert(&mut self, key: &[u8], hash: u64, room: Room) -> usize {
        let (times, numbers, distinct) = (None, None, None);
        let (count, bytes, tripped, is_told) = (0, 0, 0, false);
        let slot = Slot { hash, key: key.into(), count, times, bytes, tripped, is_told, numbers, distinct };
        let cost = slot.cost();
        self.bound(Room { groups: room.groups.saturating_sub(1), bytes: room.bytes.saturating_sub(cost) });
        self.used += cost;
        if 2 * (self.slots.len() + 1) > self.index.len() {
            self.index = vec![FREE; (2 * self.index.len()).max(64)];
            (0..self.slots.len()).for_each(|number| self.enter(number));
        }
        self.slots.push(slot);
        let number = self.slots.len() - 1;
        self.enter(number);
        number
    }

    /// Inserts a slot into the index.
    fn enter(&mut self, number: usize) {
        let hash = self.slots.get(number).map_or(0, |slot| slot.hash);
        let free = self.places(hash).find(|place| self.index.get(*place) == Some(&FREE));
        if let Some(place) = free.and_then(|place| self.index.get_mut(place)) {
            *place = (u32::try_from(number).unwrap_or(NONE), part(hash));
        }
    }

    /// Drops the smaller half of the groups until the rest is within `room`.
    #[inline]
    fn bound(&mut self, room: Room) {
        let most = room.groups.min(NONE as usize - 1).max(1);
        while self.slots.len() > most || (self.used > room.bytes && self.slots.len() > FEWEST) {
            self.keep(self.slots.len() / 2);
        }
    }

    /// Drops all groups except the `largest` ones.
    #[cold]
    pub(super) fn keep(&mut self, largest: usize) {
        let Some(going) = self.slots.len().checked_sub(largest).filter(|going| *going > 0) else { return };
        let mut counts: Vec<u64> = self.slots.iter().map(|slot| slot.count).collect();
        let (fewer, most, _) = counts.select_nth_unstable(going - 1);
        // Several groups can have exactly `most` entries; only `alike` of them are dropped.
        let most = *most;
        let mut alike = 1 + fewer.iter().filter(|count| **count == most).count();
        let mut others = 0;
        self.slots.retain(|slot| {
            let goes = slot.count < most || (slot.count == most && alike > 0);
            alike -= usize::from(goes && slot.count == most);
            others += if goes { slot.count } else { 0 };
            !goes
        });
        self.others += others;
        self.short_by += most;
        self.slots.shrink_to(largest);
        self.used = self.slots.iter().map(Slot::cost).sum();
        self.index.fill(FREE);
        (0..self.slots.len()).for_each(|number| self.enter(number));
        self.recent = usize::MAX;
    }

    /// Adds the groups of `other`.
    pub(super) fn merge(&mut self, other: Self, room: Room) {
        self.others += other.others;
        self.short_by += other.short_by;
        for slot in other.slots {
            let key = slot.key.clone();
            self.change(&key, room, true, |own| own.merge(slot));
        }
    }

    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }
}
