//! Memory and log volume over time, in bounded memory.

use std::collections::VecDeque;

use fusewire::Severity;
use fusewire::memory::MemStats;

use super::report::{Growth, Interval, Lines, MemoryPoint, Volume};

/// Maximum number of stored samples. When it is reached, every second sample is removed.
const SAMPLES: usize = 16_384;

/// Maximum number of intervals in the window.
const INTERVALS: u64 = 120;

/// Samples of the memory over time.
#[derive(Debug, Default)]
pub(super) struct Memory {
    points: Vec<MemoryPoint>,
    /// Number of received samples for each stored sample.
    stride: usize,
    skipped: usize,
    last: Option<MemoryPoint>,
}

impl Memory {
    /// Adds a sample. The caller adds samples in the order of time.
    pub(super) fn add(&mut self, sample: &MemStats) {
        let point = MemoryPoint {
            time: sample.time_unix_nano,
            resident: sample.usage,
            anonymous: sample.anonymous,
            allocated: sample.allocated,
            allocator_resident: sample.allocator_resident,
            container: sample.working_set.or(sample.container_usage),
            limit: sample.headroom().map(|headroom| headroom.limit),
            share: sample.headroom().map(|headroom| headroom.share()),
            log_bytes: sample.log_bytes,
            pressure: sample.pressure_some.or(sample.system_pressure_some),
        };
        self.last = Some(point);
        self.skipped += 1;
        if self.skipped >= self.stride.max(1) {
            self.skipped = 0;
            self.points.push(point);
        }
        if self.points.len() == SAMPLES {
            let mut at = 0;
            self.points.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.stride = self.stride.max(1) * 2;
        }
    }

    /// Returns the stored samples. The last received sample is always included.
    pub(super) fn into_points(mut self) -> Vec<MemoryPoint> {
        if self.points.last() != self.last.as_ref() {
            self.points.extend(self.last);
        }
        self.points
    }
}

/// Returns the growth over the last 10 s, 60 s and 300 s, if the samples cover more time, and over the complete time.
pub(super) fn growth(memory: &[MemoryPoint]) -> Vec<Growth> {
    const SECOND: u64 = 1_000_000_000;
    let heaps: VecDeque<(u64, u64)> =
        memory.iter().filter_map(|point| Some((point.time, point.heap()?))).collect();
    let (Some(first), Some(last)) = (heaps.front(), heaps.back()) else { return Vec::new() };
    let all = last.0.saturating_sub(first.0);
    let mut spans: Vec<u64> =
        [10, 60, 300].map(|seconds| seconds * SECOND).into_iter().filter(|span| *span < all).collect();
    spans.push(all);
    let over = |span: u64| {
        let since = last.0.saturating_sub(span);
        // The last sample at or before the start of the span.
        let at = heaps.partition_point(|(time, _)| *time <= since).saturating_sub(1);
        let from = heaps.get(at)?;
        let nanos = last.0.saturating_sub(from.0);
        let per_second = (last.1 as f64 - from.1 as f64) / (nanos as f64 / 1e9);
        (nanos > 0).then_some(Growth { nanos, from: from.1, to: last.1, per_second })
    };
    spans.into_iter().filter_map(over).collect()
}

impl Volume {
    /// Creates empty intervals for a window.
    pub(super) fn new((since, until): (u64, u64)) -> Self {
        let step = (until.saturating_sub(since) / INTERVALS + 1).max(1_000_000);
        let count = until.saturating_sub(since) / step + 1;
        Self { since, step, intervals: vec![Interval::default(); usize::try_from(count).unwrap_or(1)] }
    }

    fn interval(&mut self, time: u64) -> Option<&mut Interval> {
        let at = time.checked_sub(self.since)? / self.step;
        self.intervals.get_mut(usize::try_from(at).ok()?)
    }

    pub(super) fn add(&mut self, time: u64, severity: Severity, bytes: u64, tripped: bool) {
        if let Some(interval) = self.interval(time) {
            interval.entries[level(severity)] += 1;
            interval.bytes[level(severity)] += bytes;
            interval.tripped += u64::from(tripped);
        }
    }

    /// Adds bytes to an entry that is already counted.
    pub(super) fn add_bytes(&mut self, time: u64, severity: Severity, bytes: u64) {
        if let Some(interval) = self.interval(time) {
            interval.bytes[level(severity)] += bytes;
        }
    }

    pub(super) fn add_dropped(&mut self, time: u64, dropped: u64) {
        if let Some(interval) = self.interval(time) {
            interval.dropped = interval.dropped.saturating_add(dropped);
        }
    }
}

impl Lines {
    /// Adds a line. The caller adds lines in the order of time.
    pub(super) fn add(&mut self, time: u64) {
        if self.count > 0 {
            self.longest_gap = self.longest_gap.max(time.saturating_sub(self.last));
        }
        self.count += 1;
        self.last = time;
    }
}

/// Returns the index of the level in [`LEVELS`](super::report::LEVELS).
fn level(severity: Severity) -> usize {
    match severity.number() {
        number @ 1..=24 => usize::from(number).div_ceil(4),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_samples_there_are_the_last_is_kept() {
        let mut memory = Memory::default();
        for n in 1..100_000 {
            let mut sample = MemStats::default();
            sample.time_unix_nano = n;
            sample.usage = Some(n);
            memory.add(&sample);
        }
        let points = memory.into_points();
        assert!(points.len() <= SAMPLES && points.len() > SAMPLES / 4);
        assert_eq!((points[0].time, points.last().unwrap().time), (1, 99_999));
        assert!(points.is_sorted_by_key(|point| point.time));
    }

    #[test]
    fn growth_is_told_over_the_whole_time_and_over_its_end() {
        let points: Vec<MemoryPoint> = (0..=1000_u64)
            .map(|second| MemoryPoint {
                time: second * 1_000_000_000,
                resident: Some(if second < 940 { 1000 } else { 1000 + (second - 940) * 50 }),
                ..MemoryPoint::default()
            })
            .collect();
        let growth = growth(&points);
        let rates: Vec<_> =
            growth.iter().map(|growth| (growth.nanos / 1_000_000_000, growth.per_second)).collect();
        assert_eq!(rates, [(10, 50.0), (60, 50.0), (300, 10.0), (1000, 3.0)]);
    }

    #[test]
    fn volume_is_counted_where_it_falls() {
        let mut volume = Volume::new((1_000_000_000, 121_000_000_000));
        volume.add(1_000_000_000, Severity::INFO, 100, false);
        volume.add(121_000_000_000, Severity::ERROR, 200, true);
        volume.add(5, Severity::ERROR, 200, true);
        assert_eq!(volume.intervals[0].entries, [0, 0, 0, 1, 0, 0, 0]);
        let last = volume.intervals.last().unwrap();
        assert_eq!((last.bytes[5], last.tripped), (200, 1));
        let all: u64 = volume.intervals.iter().flat_map(|interval| interval.entries).sum();
        assert_eq!(all, 2);
    }
}
