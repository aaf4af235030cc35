//! Values over time, at uneven intervals.

/// A series of values at uneven times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// Time of the first point, in nanoseconds since the Unix epoch.
    start: u64,
    /// Seconds after the first point, and values, in strictly ascending order of time.
    points: Vec<(f64, f64)>,
}

impl Series {
    /// Creates a series of times in nanoseconds and values in bytes. Ignores each point that is not later than the point
    /// before it.
    pub(crate) fn new(points: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut series = Self::default();
        for (time, value) in points {
            if series.points.is_empty() {
                series.start = time;
            }
            let seconds = time.saturating_sub(series.start) as f64 / 1e9;
            if series.points.last().is_none_or(|(last, _)| *last < seconds) {
                series.points.push((seconds, value as f64));
            }
        }
        series
    }

    /// Returns the number of points.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    pub(super) fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// Returns the time of the first point in nanoseconds, or 0 if the series is empty.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Returns the time of the last point in nanoseconds.
    pub(super) fn end(&self) -> u64 {
        self.points.last().map_or(self.start, |(last, _)| self.time(*last))
    }

    /// Converts seconds after the first point to a time in nanoseconds.
    pub(super) fn time(&self, seconds: f64) -> u64 {
        self.start.saturating_add((seconds * 1e9) as u64)
    }

    /// Returns the linearly interpolated value at a time in nanoseconds. Before the first and after the last point, returns
    /// the value of the nearest point. Returns `None` if the series is empty.
    pub(super) fn at(&self, nanos: u64) -> Option<f64> {
        let ahead = nanos.saturating_sub(self.start) as f64;
        let seconds = if nanos < self.start { -1.0 } else { ahead / 1e9 };
        let next = self.points.partition_point(|(time, _)| *time < seconds);
        let (right, left) = (self.points.get(next), next.checked_sub(1).and_then(|at| self.points.get(at)));
        match (left, right) {
            (Some((t0, v0)), Some((t1, v1))) => Some(v0 + (v1 - v0) * (seconds - t0) / (t1 - t0)),
            (None, Some((_, value))) | (Some((_, value)), None) => Some(*value),
            (None, None) => None,
        }
    }
}

/// Returns the middle and the minimum of each of `count` equal parts of the time, and the number of parts with samples. A
/// part without samples contains the last value before it, because a recorder writes no samples while nothing changes.
///
/// Returns no parts if the points cover no time.
pub(super) fn floors(points: &[(f64, f64)], count: usize) -> (Vec<(f64, f64)>, usize) {
    let (Some((start, first)), Some((end, _))) = (points.first(), points.last()) else {
        return Default::default();
    };
    let whole = end - start;
    if whole <= 0.0 {
        return Default::default();
    }
    let mut parts: Vec<Option<f64>> = vec![None; count];
    let mut lasts: Vec<f64> = vec![*first; count];
    for (seconds, value) in points {
        let part = (((seconds - start) / whole * count as f64) as usize).min(count - 1);
        let floor = parts[part].get_or_insert(*value);
        *floor = floor.min(*value);
        lasts[part] = *value;
    }
    let (mut own, mut held, mut floors) = (0, *first, Vec::with_capacity(count));
    for (part, floor) in parts.iter().enumerate() {
        let middle = start + (part as f64 + 0.5) * whole / count as f64;
        floors.push((middle, floor.unwrap_or(held)));
        if floor.is_some() {
            (own, held) = (own + 1, lasts[part]);
        }
    }
    (floors, own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_without_samples_has_what_was_there_before() {
        let points = [(0.0, 5.0), (1.0, 3.0), (1.5, 4.0), (7.9, 9.0), (8.0, 10.0)];
        let (floors, own) = floors(&points, 4);
        assert_eq!(floors, [(1.0, 3.0), (3.0, 4.0), (5.0, 4.0), (7.0, 9.0)]);
        assert_eq!(own, 2);
        assert_eq!(super::floors(&points[..1], 4), (Vec::new(), 0));
    }

    #[test]
    fn values_are_found_by_the_clock() {
        let series = Series::new([(10_000_000_000, 100), (12_000_000_000, 300), (11_000_000_000, 7)]);
        assert_eq!((series.len(), series.start(), series.end()), (2, 10_000_000_000, 12_000_000_000));
        let at = |seconds: u64| series.at(seconds * 1_000_000_000);
        assert_eq!(
            [at(0), at(10), at(11), at(12), at(20)].map(Option::unwrap),
            [100.0, 100.0, 200.0, 300.0, 300.0]
        );
        assert_eq!(Series::default().at(1), None);
    }
}
