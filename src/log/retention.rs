//! The rules of deletion: the order of segments, and the segments that are too old. They depend only on facts and
//! clocks.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The shortest difference of the wall clock that counts as a step, in nanoseconds. The system also corrects clocks
/// gradually.
pub(super) const TOLERANCE: u64 = 2_000_000_000;
/// The year 2000. A clock with an earlier time has never been set.
const EARLIEST: u64 = 946_684_800_000_000_000;

/// The facts about a segment that determine when it is deleted ([`Facts::of`]).
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) segment_id: [u8; 16],
    pub(super) stream_id: [u8; 16],
    pub(super) sequence: u64,
    /// The position in the order of creation in the directory, from 1, or 0 if it is unknown.
    pub(super) ordinal: u64,
    /// The time of creation by the wall clock of its process, in nanoseconds since the Unix epoch.
    pub(super) created: u64,
    /// The latest time of its entries.
    pub(super) last: Option<u64>,
    /// Whether the time of its last entry is much earlier than its latest time.
    pub(super) runs_back: bool,
    /// The number of bytes on disk.
    pub(super) bytes: u64,
    /// Whether no process can append to it any more.
    pub(super) ended: bool,
    /// Whether its process ended without completing it.
    pub(super) died: bool,
}

/// A reading of two clocks, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The time since the Unix epoch. This clock can be set.
    pub(super) wall: u64,
    /// The time since the start of the machine (`CLOCK_BOOTTIME`). This clock cannot be set.
    pub(super) uptime: u64,
}

/// Returns the indexes of `facts` in the order of creation, by ordinal. Segments without an ordinal (of earlier
/// versions) are sorted among the others by the time of their last entry.
fn by_creation(facts: &[Facts]) -> Vec<usize> {
    let time = |facts: &Facts| facts.last.unwrap_or(facts.created);
    let mut order: Vec<usize> = (0..facts.len()).collect();
    order.sort_by_key(|i| (facts[*i].ordinal, facts[*i].stream_id, facts[*i].sequence));
    // The keys are times that never decrease: over the ordinals, and over the sequences of a stream without ordinals.
    let mut keys = vec![0; facts.len()];
    let (mut reached, mut of_stream) = (0, (None, 0));
    for i in &order {
        let segment = &facts[*i];
        let reached = if segment.ordinal != 0 {
            &mut reached
        } else {
            if of_stream.0 != Some(segment.stream_id) {
                of_stream = (Some(segment.stream_id), 0);
            }
            &mut of_stream.1
        };
        *reached = time(segment).max(*reached);
        keys[*i] = *reached;
    }
    // The sort is stable: equal keys keep the order above.
    order.sort_by_key(|i| keys[*i]);
    order
}

/// Returns the indexes of `facts` in the order in which segments are deleted to make space.
///
/// The oldest segment by creation comes first. The last segment of a process that died comes after all others,
/// because it contains the cause of the death. Only the newest of these last segments are deferred, up to `spared`
/// bytes in total but at least one of them, so that a crash loop cannot displace the whole history.
pub(super) fn order(facts: &[Facts], spared: u64) -> Vec<usize> {
    let mut last_of: HashMap<[u8; 16], u64> = HashMap::new();
    for segment in facts {
        let last = last_of.entry(segment.stream_id).or_default();
        *last = segment.sequence.max(*last);
    }
    let order = by_creation(facts);
    let (mut bytes, mut kept) = (0_u64, HashSet::new());
    for i in order.iter().rev() {
        let segment = &facts[*i];
        if !segment.died || last_of.get(&segment.stream_id) != Some(&segment.sequence) {
            continue;
        }
        bytes = bytes.saturating_add(segment.bytes);
        if bytes > spared && !kept.is_empty() {
            break;
        }
        kept.insert(*i);
    }
    let (later, first): (Vec<_>, Vec<_>) = order.into_iter().partition(|i| kept.contains(i));
    first.into_iter().chain(later).collect()
}

/// A step of the wall clock that happened while the log was open.
#[derive(Clone, Copy, Debug)]
struct Step {
    uptime: u64,
    before: u64,
    after: u64,
}

/// The ages of segments, as far as the clocks are reliable.
///
/// The age of a segment is the time since its last entry. It has two sources. The first is `CLOCK_BOOTTIME`: a
/// segment that was found ended is at least as old as the time since then. The second is the wall clock: the
/// difference between the last entry and the creation of the segment, and the time since the creation. That time is
/// the sum of the differences from one creation to the next, in the order of creation. Three differences do not
/// count:
/// - a negative one, until the clock reaches the earlier time again;
/// - one that was observed as a step against `CLOCK_BOOTTIME`;
/// - the largest positive one, if it is longer than the maximum age.
///
/// A clock that was set leaves such differences.
pub(super) struct Ages {
    last: Option<Reading>,
    steps: Vec<Step>,
    /// The uptime at which each segment was first found, and at which it was first found ended.
    seen: HashMap<[u8; 16], (u64, Option<u64>)>,
    /// The segments for which the wall clock is not trusted: at the first check all segments were too old at once.
    distrusted: HashSet<[u8; 16]>,
}

impl Ages {
    pub(super) fn new() -> Self {
        Self { last: None, steps: Vec::new(), seen: HashMap::new(), distrusted: HashSet::new() }
    }

    /// Returns the indexes of the segments whose last entry is older than `max_age`, the oldest first. `own` is the
    /// stream of the calling process.
    pub(super) fn too_old(
        &mut self,
        facts: &[Facts],
        own: &[u8; 16],
        now: Reading,
        max_age: Duration,
    ) -> Vec<usize> {
        let max_age = u64::try_from(max_age.as_nanos()).unwrap_or(u64::MAX);
        let is_first = self.last.is_none();
        self.note_step(now);
        self.note_segments(facts, now);
        let order = by_creation(facts);
        let passed = self.passed_since(facts, &order, now, max_age);
        let ages = wall_ages(facts, &order, &passed, now);
        let old_by_wall = |i: usize| facts[i].ended && ages[i].is_some_and(|age| age > max_age);
        if is_first {
            let is_other = |i: &&usize| facts[**i].stream_id != *own && facts[**i].ended;
            if order.iter().filter(is_other).all(|i| old_by_wall(*i)) {
                let by_entry = order.iter().filter(|i| passed[**i] <= max_age);
                self.distrusted = by_entry.map(|i| facts[*i].segment_id).collect();
            }
        }
        let old_by_uptime = |i: usize| {
            let ended = self.seen.get(&facts[i].segment_id).and_then(|(_, ended)| *ended);
            ended.is_some_and(|ended| now.uptime.saturating_sub(ended) > max_age)
        };
        let trusted = |i: usize| !self.distrusted.contains(&facts[i].segment_id);
        order.into_iter().filter(|i| old_by_uptime(*i) || trusted(*i) && old_by_wall(*i)).collect()
    }

    /// Compares the clocks with the last reading, and records a step.
    fn note_step(&mut self, now: Reading) {
        if let Some(last) = self.last {
            let expected = last.wall.saturating_add(now.uptime.saturating_sub(last.uptime));
            if expected.abs_diff(now.wall) > TOLERANCE {
                self.steps.push(Step { uptime: now.uptime, before: expected, after: now.wall });
            }
        }
        self.last = Some(now);
    }

    fn note_segments(&mut self, facts: &[Facts], now: Reading) {
        let mut seen = HashMap::with_capacity(facts.len());
        for segment in facts {
            let (first, ended) = self.seen.get(&segment.segment_id).copied().unwrap_or((now.uptime, None));
            let ended = segment.ended.then(|| ended.unwrap_or(now.uptime));
            seen.insert(segment.segment_id, (first, ended));
        }
        self.seen = seen;
        self.distrusted.retain(|id| self.seen.contains_key(id));
    }

    /// Returns the time since the creation of each segment, by index.
    fn passed_since(&self, facts: &[Facts], order: &[usize], now: Reading, max_age: u64) -> Vec<u64> {
        let mut steps = self.steps.iter().peekable();
        let (mut reached, mut offset) = (0_u64, 0_i128);
        // One sample for each creation and one for now: the latest time of the clock before the creation and after
        // it. Observed steps are subtracted.
        let mut samples = Vec::with_capacity(order.len() + 1);
        let mut take = |wall: u64, offset: i128| {
            let wall = u64::try_from(i128::from(wall) - offset).unwrap_or(0);
            let before = if samples.is_empty() { wall } else { reached };
            reached = before.max(wall);
            samples.push((before, reached, wall.saturating_add(TOLERANCE) < before));
        };
        for i in order {
            let (created, first) = (facts[*i].created, self.seen.get(&facts[*i].segment_id));
            let first = first.map_or(0, |(first, _)| *first);
            while let Some(step) = steps.next_if(|step| step.is_before(first, created)) {
                offset += step.width();
            }
            take(created, offset);
        }
        offset += steps.map(Step::width).sum::<i128>();
        take(now.wall, offset);
        let largest = samples.iter().map(|(before, after, _)| after - before).max().unwrap_or(0);
        let left_out =
            samples.iter().rposition(|(before, after, _)| largest > max_age && after - before == largest);
        let (mut passed, mut since_next, mut result) = (0_u64, 0, vec![0; facts.len()]);
        for (n, (before, after, is_behind)) in samples.iter().enumerate().rev() {
            if let Some(i) = order.get(n) {
                // The segment was created while the clock was set back, some time before the clock reached a new time
                // again.
                result[*i] = if *is_behind { since_next } else { passed };
            }
            if after > before {
                since_next = passed;
                if left_out != Some(n) {
                    passed = passed.saturating_add(after - before);
                }
            }
        }
        result
    }
}

/// Returns the ages by the wall clock, by index, or `None` for an unknown age. `passed` is the time since the
/// creation of each segment.
fn wall_ages(facts: &[Facts], order: &[usize], passed: &[u64], now: Reading) -> Vec<Option<u64>> {
    let (mut ages, mut reached) = (vec![None; facts.len()], 0);
    for i in order {
        let (segment, passed) = (&facts[*i], passed[*i]);
        let is_possible = |last: &u64| (EARLIEST..=now.wall).contains(last) && !segment.runs_back;
        let Some(last) = segment.last.filter(is_possible) else { continue };
        if last >= segment.created {
            // If the clock was not set in between, the entry is later than the creation by the difference of their
            // times.
            ages[*i] = Some(passed.saturating_sub(last - segment.created));
        } else if segment.created <= now.wall {
            // The program has set earlier times. An entry does not count as earlier than the entries of earlier
            // segments.
            ages[*i] = Some(passed.saturating_add(segment.created.saturating_sub(last.max(reached))));
        }
        reached = reached.max(last);
    }
    ages
}

impl Step {
    fn width(&self) -> i128 {
        i128::from(self.after) - i128::from(self.before)
    }

    /// Returns whether a segment was created after the step. `first` is the uptime at which the segment was first
    /// found, and `created` is its time of creation.
    fn is_before(&self, first: u64, created: u64) -> bool {
        let is_nearer_after = created.abs_diff(self.after) < created.abs_diff(self.before);
        self.uptime < first || self.uptime == first && is_nearer_after
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const HOUR: u64 = 3_600 * SECOND;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    /// A time in 2026.
    const NOW: u64 = 56 * YEAR;
    const OWN: [u8; 16] = [255; 16];

    /// Returns the segment `ordinal`, the only one of its stream, with one entry at the moment of its creation.
    fn segment(ordinal: u64, created: u64) -> Facts {
        let (mut segment_id, mut stream_id) = ([1; 16], [2; 16]);
        segment_id[..8].copy_from_slice(&ordinal.to_le_bytes());
        stream_id[..8].copy_from_slice(&ordinal.to_le_bytes());
        let (sequence, bytes, ended, died) = (0, 100, true, false);
        let last = Some(created);
        Facts {
            segment_id,
            stream_id,
            sequence,
            ordinal,
            created,
            last,
            runs_back: false,
            bytes,
            ended,
            died,
        }
    }

    fn ordinals(facts: &[Facts], order: &[usize]) -> Vec<u64> {
        order.iter().map(|i| facts[*i].ordinal).collect()
    }

    fn at(wall: u64, uptime: u64) -> Reading {
        Reading { wall, uptime }
    }

    fn first_look(facts: &[Facts], now: u64, max_age: u64) -> Vec<u64> {
        let order = Ages::new().too_old(facts, &OWN, at(now, HOUR), Duration::from_nanos(max_age));
        ordinals(facts, &order)
    }

    #[test]
    fn the_oldest_by_creation_goes_first_whatever_the_clock_was() {
        let facts = [segment(3, 1), segment(1, NOW), segment(2, NOW + 10 * YEAR), segment(4, NOW + DAY)];
        assert_eq!(ordinals(&facts, &order(&facts, 1_000)), [1, 2, 3, 4]);
    }

    #[test]
    fn segments_without_an_ordinal_are_sorted_in_by_their_last_entry() {
        let mut facts = vec![segment(2, NOW), segment(5, NOW + 4 * HOUR)];
        for (sequence, last) in [(0, NOW + HOUR), (1, NOW - DAY), (2, NOW + 5 * HOUR)] {
            let mut other = segment(0, NOW);
            (other.sequence, other.last, other.segment_id[9]) = (sequence, Some(last), sequence as u8);
            facts.push(other);
        }
        // The second segment has an earlier time, and still comes after the first one of its stream.
        assert_eq!(order(&facts, 1_000), [0, 2, 3, 1, 4]);
    }

    #[test]
    fn the_last_segment_of_a_dead_process_outlives_the_others() {
        let mut facts: Vec<Facts> = (1..=6).map(|ordinal| segment(ordinal, NOW + ordinal)).collect();
        // Two segments belong to one dead process. Only the last one contains the cause.
        facts[1].stream_id = facts[0].stream_id;
        facts[1].sequence = 1;
        (facts[0].died, facts[1].died, facts[3].died) = (true, true, true);
        assert_eq!(ordinals(&facts, &order(&facts, 1_000)), [1, 3, 5, 6, 2, 4]);
        // The segments of a crash loop are deferred only as far as they have space.
        assert_eq!(ordinals(&facts, &order(&facts, 150)), [1, 2, 3, 5, 6, 4]);
        assert_eq!(ordinals(&facts, &order(&facts, 0)), [1, 2, 3, 5, 6, 4]);
    }

    #[test]
    fn segments_are_too_old_by_their_last_entry() {
        let mut facts: Vec<Facts> = (1..=9).map(|day| segment(day, NOW + day * DAY)).collect();
        // This segment was created on the second day and written until today.
        facts[1].last = Some(NOW + 9 * DAY);
        assert_eq!(first_look(&facts, NOW + 10 * DAY, 5 * DAY - 1), [1, 3, 4, 5]);
        // A segment that is not ended is not deleted.
        facts[2].ended = false;
        assert_eq!(first_look(&facts, NOW + 10 * DAY, 5 * DAY - 1), [1, 4, 5]);
    }

    #[test]
    fn a_clock_that_is_ahead_or_behind_at_the_start_deletes_nothing() {
        let facts: Vec<Facts> = (1..=9).map(|hour| segment(hour, NOW + hour * HOUR)).collect();
        for wall in [0, DAY, NOW + 10 * YEAR] {
            let mut ages = Ages::new();
            let mut look = |uptime| {
                let now = at(wall + uptime, uptime);
                ordinals(&facts, &ages.too_old(&facts, &OWN, now, Duration::from_nanos(DAY)))
            };
            assert_eq!(look(0), Vec::<u64>::new());
            assert_eq!(look(DAY), Vec::<u64>::new());
            // Now all segments are too old, independent of the wall clock.
            assert_eq!(look(DAY + 1), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
    }

    #[test]
    fn nor_does_one_that_is_set_in_mid_run() {
        for wrong in [0, NOW - 8 * DAY, NOW + 8 * DAY, NOW + 10 * YEAR] {
            let mut facts: Vec<Facts> = (1..=3).map(|hour| segment(hour, NOW - (4 - hour) * HOUR)).collect();
            let (mut ages, max_age) = (Ages::new(), Duration::from_nanos(7 * DAY));
            facts.push(segment(4, wrong));
            assert!(ages.too_old(&facts, &OWN, at(wrong, HOUR), max_age).is_empty());
            // The clock is corrected, and further segments are created.
            facts.push(segment(5, NOW + HOUR));
            assert!(ages.too_old(&facts, &OWN, at(NOW + HOUR, 2 * HOUR), max_age).is_empty());
            facts.push(segment(6, NOW + 2 * HOUR));
            assert!(ages.too_old(&facts, &OWN, at(NOW + 2 * HOUR, 3 * HOUR), max_age).is_empty(), "{wrong}");
            // A process that starts later has not observed the step.
            if wrong == 0 || wrong > NOW + 7 * DAY {
                assert_eq!(first_look(&facts, NOW + 3 * HOUR, 7 * DAY), Vec::<u64>::new(), "{wrong}");
            }
        }
    }

    #[test]
    fn times_that_the_program_sets_count_if_earlier_segments_allow_it() {
        let mut facts: Vec<Facts> = (1..=4).map(|n| segment(n, NOW + n * SECOND)).collect();
        // Old entries were imported first.
        (facts[0].last, facts[1].last) = (Some(NOW - 9 * DAY), Some(NOW - 2 * DAY));
        assert_eq!(first_look(&facts, NOW + 5 * SECOND, 7 * DAY), [1]);
        assert_eq!(first_look(&facts, NOW + 5 * SECOND, DAY), [1, 2]);
        // An old time after a new one comes from a clock that was set back.
        facts[3].last = Some(5);
        assert_eq!(first_look(&facts, NOW + 5 * SECOND, DAY), [1, 2]);
    }

    #[test]
    fn a_log_that_is_written_once_in_a_while_is_bounded_all_the_same() {
        // One segment per week, with a maximum age of three days: one gap may come from a clock that was set, but not
        // several.
        let facts: Vec<Facts> = (1..=4).map(|week| segment(week, NOW + week * 7 * DAY)).collect();
        assert_eq!(first_look(&facts, NOW + 5 * 7 * DAY, 3 * DAY), [1, 2, 3]);
    }

    /// An interval in which the wall clock of a machine was wrong.
    #[derive(Clone, Copy, Debug)]
    struct Wrong {
        from: u64,
        to: u64,
        /// The time of the wall clock at `from`.
        shows: u64,
    }

    impl Wrong {
        fn wall(self, time: u64) -> u64 {
            if (self.from..self.to).contains(&time) { self.shows + (time - self.from) } else { NOW + time }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_deleted_that_a_right_clock_would_keep(
            gaps in proptest::collection::vec((0..3 * DAY, 0..2 * DAY), 1..40),
            wrong in (0..60_u64, 0..20_u64, prop_oneof![Just(0), Just(NOW + 10 * YEAR), Just(NOW / 2)]),
            look in 0..DAY,
        ) {
            let max_age = 4 * DAY;
            let wrong = Wrong { from: wrong.0 * DAY, to: (wrong.0 + wrong.1) * DAY, shows: wrong.2 };
            let (mut time, mut facts, mut truth) = (0, Vec::new(), Vec::new());
            for (n, (gap, written)) in gaps.iter().enumerate() {
                time += gap;
                let mut made = segment(n as u64 + 1, wrong.wall(time));
                let last = wrong.wall(time + written);
                made.last = Some(last.max(made.created));
                made.runs_back = last + TOLERANCE < made.created;
                facts.push(made);
                truth.push(time + written);
            }
            // The process starts now, after the last of all entries.
            let now = truth.iter().max().unwrap() + look;
            let old = Ages::new().too_old(&facts, &OWN, at(wrong.wall(now), 0), Duration::from_nanos(max_age));
            for i in old {
                prop_assert!(now - truth[i] > max_age, "{i}: {} {facts:?}", now - truth[i]);
            }
        }
    }
}
