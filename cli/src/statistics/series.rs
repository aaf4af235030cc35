//! Values over time, at uneven distances.

/// Values over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// Seconds since the first one, and values; sorted, no two at one time.
    points: Vec<(f64, f64)>,
}

impl Series {
    /// Of nanoseconds and bytes; by time. Of two at one time the first counts.
    pub(crate) fn new(points: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut start = None;
        let mut series = Self::default();
        for (time, value) in points {
            let start = *start.get_or_insert(time);
            let seconds = time.saturating_sub(start) as f64 / 1e9;
            if series.points.last().is_none_or(|(last, _)| *last < seconds) {
                series.points.push((seconds, value as f64));
            }
        }
        series
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// Seconds from the first to the last.
    pub(crate) fn seconds(&self) -> f64 {
        self.points.last().map_or(0.0, |(last, _)| *last)
    }

    pub(super) fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The least value of each of `count` equal parts of the time: what is left when everything that comes and goes is gone.
    /// A part without a value is passed over.
    pub(super) fn floors(&self, count: usize) -> Vec<(f64, f64)> {
        let whole = self.seconds();
        let mut floors: Vec<Option<f64>> = vec![None; count];
        for (seconds, value) in &self.points {
            let part = ((seconds / whole * count as f64) as usize).min(count - 1);
            let floor = floors[part].get_or_insert(*value);
            *floor = floor.min(*value);
        }
        let middle = |part: usize| (part as f64 + 0.5) * whole / count as f64;
        floors.iter().enumerate().filter_map(|(part, floor)| Some((middle(part), (*floor)?))).collect()
    }

    /// The value at `seconds`, on the line between the two beside it.
    pub(super) fn at(&self, seconds: f64) -> Option<f64> {
        let next = self.points.partition_point(|(time, _)| *time < seconds);
        let (right, left) = (self.points.get(next), next.checked_sub(1).and_then(|at| self.points.get(at)));
        match (left, right) {
            (Some((t0, v0)), Some((t1, v1))) => Some(v0 + (v1 - v0) * (seconds - t0) / (t1 - t0)),
            (None, Some((_, value))) | (Some((_, value)), None) => Some(*value),
            (None, None) => None,
        }
    }
}
