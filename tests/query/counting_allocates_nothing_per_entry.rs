//! A count allocates memory for new groups and new values, but not for each entry.
#![cfg(feature = "query")]

use std::num::NonZero;

use crate::common::counting::allocations;
use crate::common::shop;
use fusewire::log::{Log, Scan};
use fusewire::query::Query;
use fusewire::query::aggregate::Aggregation;

#[test]
fn however_many_there_are() {
    let asked = Aggregation::new()
        .by("level".parse().unwrap())
        .by("target".parse().unwrap())
        .by("user".parse().unwrap())
        .number("trace_flags".parse().unwrap())
        .distinct("user".parse().unwrap())
        .look_at_every_entry();
    let query =
        Query::parse("level >= debug and user == u-17 and 'quick brown' and time > 2000-01-01").unwrap();
    let needed = [1_000, 8_000].map(|entries| {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .segment_size(16 << 20)
            .first_segment_size(16 << 20)
            .open()
            .unwrap();
        let mut dice = shop::random(53);
        for n in 0..entries {
            log.append(|entry| shop::write(&mut dice, n, entry));
        }
        drop(log);
        let scan = Scan::new([directory.path()]).threads(NonZero::<usize>::MIN);
        let (count, counted) = allocations(|| asked.run(&scan, &query).unwrap());
        assert!(counted.entries > entries / 2 && counted.groups().len() == 12, "{counted:?}");
        count
    });
    assert!(needed[1] < needed[0] + 20, "{needed:?}");
}
