//! An appender that stores the bytes of its last entry, random limits, and the comparison of two ways to write an event.
#![allow(dead_code, unreachable_pub)]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, KeyFilter, encode};
use fusewire::error::EncodeError;
use fusewire::limits::{Limits, OnLongKey, OnType, OnWidth};
use fusewire::log::{Appender, CloseError, DropCause, Durability, FlushError, Levels, Log, Outcome};
use fusewire::{Context, Kind, KindSet};

use super::random::Random;

pub type Written = Result<Vec<u8>, EncodeError>;

/// An appender that stores the bytes of the last entry. Clones share this entry.
#[derive(Clone)]
pub struct Kept {
    log: Log,
    pub limits: Limits,
    pub filter: Option<KeyFilter>,
    /// The size of the buffer.
    pub room: usize,
    /// The number of attributes that the appender writes before and after those of the event.
    pub around: u64,
    last: Arc<Mutex<Option<Written>>>,
}

impl Kept {
    pub fn new(limits: Limits) -> (tempfile::TempDir, Self) {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).open().unwrap();
        (directory, Self { log, limits, filter: None, room: 1 << 17, around: 0, last: Arc::default() })
    }

    /// Returns the last entry, and forgets it.
    pub fn take(&self) -> Written {
        self.last.lock().unwrap().take().expect("an entry")
    }

    /// Sets limits, a filter, a buffer and attributes that are random.
    pub fn randomise(&mut self, random: &mut Random, filter: [&str; 3]) {
        self.limits = if random.below(4) == 0 { Limits::default() } else { limits(random) };
        self.room = [random.below(1500) as usize, 1 << 17][usize::from(random.below(8) > 0)];
        self.around = random.below(3) * random.below(2);
        self.filter = (random.below(8) == 0).then(|| KeyFilter::new(filter));
    }

    /// Returns the entry that `write` writes.
    pub fn write(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Written {
        let mut buffer = vec![0; self.room];
        encode(&mut buffer, &self.limits, |entry| {
            if let Some(filter) = &self.filter {
                entry.set_key_filter(filter);
            }
            (0..self.around).for_each(|n| _ = entry.attr("before", &n));
            write(entry);
            (0..self.around).for_each(|n| _ = entry.attr("after", &n));
        })
        .map(|encoded| encoded.bytes().to_vec())
    }
}

impl Appender for Kept {
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        let written = self.write(write);
        *self.last.lock().unwrap() = Some(written);
        Outcome::Dropped(DropCause::Full)
    }

    fn levels(&self) -> &Levels {
        self.log.levels()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn flush(&self, _: Durability, _: Duration) -> Result<(), FlushError> {
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> Result<(), CloseError> {
        Ok(())
    }
}

/// Writes `runs` random events in two ways under random limits, with a filter for the keys `filter` in some runs, and
/// compares the bytes. At least a tenth of the events are clean, a tenth trip, and a fortieth are refused.
pub fn assert_same_bytes<V: Debug>(
    runs: u32,
    filter: [&str; 3],
    values: impl Fn(&mut Random) -> V,
    event: impl Fn(&Kept, &V) -> Written,
    methods: impl Fn(&Kept, &V) -> Written,
) {
    let (_directory, mut to) = Kept::new(Limits::default());
    let mut random = Random(0x5eed);
    let (mut clean, mut tripped, mut failed) = (0, 0, 0);
    for _ in 0..runs {
        to.randomise(&mut random, filter);
        let values = values(&mut random);
        let context = Context::root().with(|map| _ = map.entry("context", &7)).unwrap();
        let _entered = (random.below(3) == 0).then(|| context.enter());
        let (event, methods) = (event(&to, &values), methods(&to, &values));
        assert_eq!(event, methods, "{values:?} under {:?}", to.limits);
        match event {
            Ok(bytes) => {
                let entry = EntryRef::new(&bytes).unwrap();
                entry.verify().unwrap();
                *(if entry.trips().count() == 0 { &mut clean } else { &mut tripped }) += 1;
            }
            Err(_) => failed += 1,
        }
    }
    let enough = clean > runs / 10 && tripped > runs / 10 && failed > runs / 40;
    assert!(enough, "{clean} {tripped} {failed}");
}

/// Returns random limits, of which some apply to most entries.
pub fn limits(random: &mut Random) -> Limits {
    let allowed = Kind::ALL
        .iter()
        .fold(KindSet::ALL, |set, kind| if random.below(40) == 0 { set.without(*kind) } else { set });
    let pick = |random: &mut Random, all: &[u64]| all[random.below(all.len() as u64) as usize];
    Limits {
        max_width: pick(random, &[0, 3, 10, 13, 14, 15, 256, 256, 256, 256]) as u16,
        max_entry_bytes: [1024 + random.below(900), 64 << 10][random.below(2) as usize] as u32,
        max_string_bytes: [random.below(60), 16 << 10][random.below(2) as usize] as u32,
        max_key_bytes: pick(random, &[0, 30, 1024]) as u16,
        max_formatted_bytes: pick(random, &[2, 4096]) as u32,
        allowed_kinds: allowed,
        on_type: [OnType::Reject, OnType::Omit, OnType::Replace][random.below(3) as usize],
        on_width: [OnWidth::Truncate, OnWidth::Reject][random.below(2) as usize],
        on_long_key: [OnLongKey::Cut, OnLongKey::Hash][random.below(2) as usize],
        ..Limits::default()
    }
}
