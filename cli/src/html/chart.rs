//! Charts over time, as SVG.

use maud::{Markup, html};

use super::axis::{self, Unit};
use super::{shown, table};
use crate::output::time::Clock;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 24.0;

/// Maximum number of columns of a line. If a line has more than two points per column, only the minimum and the maximum of
/// each column are drawn.
const COLUMNS: usize = 450;

/// Maximum number of rows in the table of numbers.
const ROWS: usize = 40;

/// A line through values over time.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Times in nanoseconds since the Unix epoch, and values, in the order of time.
    pub(crate) points: Vec<(u64, f64)>,
    /// Whether the area below the line is filled.
    pub(crate) filled: bool,
}

/// Stacked bars, one for each interval of time.
pub(crate) struct Bars {
    /// Start of the first interval, in nanoseconds since the Unix epoch. `step` is the length of an interval in nanoseconds.
    pub(crate) since: u64,
    pub(crate) step: u64,
    /// Names of the parts of a bar. Each name is also the CSS class of the part.
    pub(crate) names: Vec<&'static str>,
    /// Values by interval, then by part.
    pub(crate) values: Vec<Vec<u64>>,
}

/// A chart over time.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) unit: Unit,
    /// Start and end of the chart, in nanoseconds since the Unix epoch.
    pub(crate) span: (u64, u64),
    pub(crate) lines: Vec<Line>,
    pub(crate) bars: Option<Bars>,
    /// Value of a horizontal line, and its label.
    pub(crate) limit: Option<(f64, String)>,
    /// Times of vertical lines, and their labels.
    pub(crate) marks: Vec<(u64, String)>,
}

impl Chart {
    /// Returns the chart with its legend and a table of its numbers.
    pub(crate) fn draw(&self, clock: &mut Clock) -> Markup {
        let scale = Scale::new(self);
        let ticks = self.unit.ticks(scale.top);
        let times = axis::times(self.span, clock);
        let bottom = HEIGHT - BOTTOM;
        html! {
            figure {
                figcaption { (shown(&self.title)) }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(shown(&self.describe(clock))) {
                    @for tick in &ticks {
                        @let y = scale.y(*tick);
                        line class="grid" x1=(n(LEFT)) x2=(n(WIDTH - RIGHT)) y1=(n(y)) y2=(n(y)) {}
                        text x=(n(LEFT - 8.0)) y=(n(y + 4.0)) text-anchor="end" { (self.unit.describe(*tick)) }
                    }
                    @for (time, text) in &times {
                        @let x = scale.x(*time);
                        line class="grid" x1=(n(x)) x2=(n(x)) y1=(n(bottom)) y2=(n(bottom + 4.0)) {}
                        text x=(n(x)) y=(n(bottom + 16.0)) text-anchor="middle" { (text) }
                    }
                    @if let Some(bars) = &self.bars { (bars.draw(&scale, clock)) }
                    @for (at, line) in self.lines.iter().enumerate() { (line.draw(at, &scale)) }
                    @if let Some((limit, name)) = &self.limit {
                        @let y = scale.y(*limit);
                        line class="limit" x1=(n(LEFT)) x2=(n(WIDTH - RIGHT)) y1=(n(y)) y2=(n(y)) {}
                        text class="strong" x=(n(LEFT + 6.0)) y=(n(y - 5.0)) { (shown(name)) }
                    }
                    @for (at, (time, name)) in self.marks.iter().enumerate() { (mark(&scale, at, *time, name)) }
                }
                (self.legend())
                details { summary { "numbers" } (self.numbers(clock)) }
            }
        }
    }

    /// Returns a text that describes the chart to screen readers.
    fn describe(&self, clock: &mut Clock) -> String {
        let (from, to) = (clock.describe(self.span.0), clock.describe(self.span.1));
        let lines: Vec<String> = self
            .lines
            .iter()
            .filter_map(|line| {
                let (first, last) = (line.points.first()?, line.points.last()?);
                Some(format!(
                    "{} from {} to {}",
                    line.name,
                    self.unit.describe(first.1),
                    self.unit.describe(last.1)
                ))
            })
            .collect();
        format!("{}, {from} to {to}. {}", self.title, lines.join("; "))
    }

    fn legend(&self) -> Markup {
        let bars = self.bars.as_ref().map(Bars::seen).unwrap_or_default();
        html! {
            div.legend {
                @for (at, line) in self.lines.iter().enumerate() {
                    span {
                        svg viewBox="0 0 28 10" aria-hidden="true" { line class={ "series s" (at % 4) } x1="0" x2="28" y1="5" y2="5" {} }
                        (shown(&line.name))
                    }
                }
                @for name in bars {
                    span {
                        svg viewBox="0 0 28 10" aria-hidden="true" { rect class=(name) x="8" y="0" width="12" height="10" {} }
                        (name)
                    }
                }
            }
        }
    }

    /// Returns a table of at most [`ROWS`] rows: sums of adjacent intervals, or every n-th point of the first line.
    fn numbers(&self, clock: &mut Clock) -> Markup {
        let mut titles = vec!["time"];
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut time = |nanos: u64| {
            let mut text = String::new();
            clock.write(nanos, &mut text);
            text.truncate(23);
            text
        };
        if let Some(bars) = &self.bars {
            titles.extend(&bars.names);
            let merged = bars.values.len().div_ceil(ROWS).max(1);
            for (at, part) in bars.values.chunks(merged).enumerate() {
                let sum = |name: usize| part.iter().map(|values| values[name]).sum::<u64>() as f64;
                let begin = bars.since + bars.step * (at * merged) as u64;
                let cells = (0..bars.names.len()).map(|name| self.unit.describe(sum(name)));
                rows.push(std::iter::once(time(begin)).chain(cells).collect());
            }
        } else if let Some(first) = self.lines.first() {
            titles.extend(self.lines.iter().map(|line| line.name.as_str()));
            for (at, _) in first.points.iter().step_by(first.points.len().div_ceil(ROWS).max(1)) {
                let cells = self.lines.iter().map(|line| {
                    let found = line.points.iter().rev().find(|(time, _)| time <= at);
                    found.map_or_else(|| "-".to_owned(), |(_, value)| self.unit.describe(*value))
                });
                rows.push(std::iter::once(time(*at)).chain(cells).collect());
            }
        }
        let right: Vec<bool> = (0..titles.len()).map(|at| at > 0).collect();
        table(&titles, &right, &rows)
    }
}

/// A conversion of times and values to coordinates.
struct Scale {
    span: (u64, u64),
    top: f64,
}

impl Scale {
    fn new(chart: &Chart) -> Self {
        let lines = chart.lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
        let bars = chart
            .bars
            .iter()
            .flat_map(|bars| bars.values.iter().map(|values| values.iter().sum::<u64>() as f64));
        let highest = lines.chain(bars).chain(chart.limit.iter().map(|limit| limit.0)).fold(1.0, f64::max);
        let top = chart.unit.ticks(highest).last().copied().unwrap_or(highest);
        Self { span: chart.span, top }
    }

    fn x(&self, time: u64) -> f64 {
        let whole = self.span.1.saturating_sub(self.span.0).max(1) as f64;
        let part = time.clamp(self.span.0, self.span.1) - self.span.0;
        LEFT + (WIDTH - LEFT - RIGHT) * part as f64 / whole
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top
    }
}

/// Formats a coordinate with at most one decimal place.
fn n(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn mark(scale: &Scale, at: usize, time: u64, name: &str) -> Markup {
    let x = scale.x(time);
    // The label is on the side of the line that is next to the middle of the chart. Consecutive labels have different
    // heights.
    let (anchor, by) = if x > WIDTH / 2.0 { ("end", -5.0) } else { ("start", 5.0) };
    let y = TOP - 10.0 + 14.0 * (at % 4) as f64;
    html! {
        line class="mark" x1=(n(x)) x2=(n(x)) y1=(n(TOP - 18.0)) y2=(n(HEIGHT - BOTTOM)) {}
        text class="strong" x=(n(x + by)) y=(n(y)) text-anchor=(anchor) { (shown(name)) }
    }
}

impl Line {
    fn draw(&self, at: usize, scale: &Scale) -> Markup {
        let points = self.thinned(scale);
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", n(*x), n(*y))).collect();
        let path = path.join(" ");
        let (first, last) =
            (points.first().map_or(LEFT, |point| point.0), points.last().map_or(LEFT, |point| point.0));
        let ground = n(HEIGHT - BOTTOM);
        html! {
            @if self.filled {
                polygon class={ "area s" (at % 4) } points={ (n(first)) "," (ground) " " (path) " " (n(last)) "," (ground) } {}
            }
            polyline class={ "series s" (at % 4) } points=(path) {}
        }
    }

    /// Returns the coordinates of the points. If there are too many, returns the minimum and the maximum of each column, so
    /// that the line includes all peaks.
    fn thinned(&self, scale: &Scale) -> Vec<(f64, f64)> {
        if self.points.len() <= COLUMNS * 2 {
            return self.points.iter().map(|(time, value)| (scale.x(*time), scale.y(*value))).collect();
        }
        let column = |time: u64| ((scale.x(time) - LEFT) / (WIDTH - LEFT - RIGHT) * COLUMNS as f64) as usize;
        let columns = self.points.chunk_by(|a, b| column(a.0) == column(b.0));
        let ends = columns.flat_map(|points| {
            let least = points.iter().min_by(|a, b| a.1.total_cmp(&b.1));
            let greatest = points.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let mut ends: Vec<&(u64, f64)> = least.into_iter().chain(greatest).collect();
            ends.sort_by_key(|point| point.0);
            ends
        });
        ends.map(|(time, value)| (scale.x(*time), scale.y(*value))).collect()
    }
}

impl Bars {
    /// Returns the names of the parts with a value above 0 in at least one interval.
    fn seen(&self) -> Vec<&'static str> {
        let is_seen = |at: &usize| self.values.iter().any(|values| values[*at] > 0);
        (0..self.names.len()).filter(is_seen).map(|at| self.names[at]).collect()
    }

    fn draw(&self, scale: &Scale, clock: &mut Clock) -> Markup {
        html! {
            @for (at, values) in self.values.iter().enumerate() {
                @if values.iter().any(|value| *value > 0) { (self.bar(at, values, scale, clock)) }
            }
        }
    }

    fn bar(&self, at: usize, values: &[u64], scale: &Scale, clock: &mut Clock) -> Markup {
        let begin = self.since + self.step * at as u64;
        let (left, right) = (scale.x(begin), scale.x(begin.saturating_add(self.step)));
        let width = (right - left - 0.5).max(0.7);
        let mut below = 0;
        let parts: Vec<(&str, u64, u64)> = self
            .names
            .iter()
            .zip(values)
            .filter(|(_, value)| **value > 0)
            .map(|(name, value)| {
                let base = below;
                below += value;
                (*name, base, *value)
            })
            .collect();
        let told: Vec<String> = parts.iter().map(|(name, _, value)| format!("{name} {value}")).collect();
        let told = format!("{}: {}", clock.describe(begin), told.join(", "));
        html! {
            g {
                title { (told) }
                @for (name, base, value) in &parts {
                    @let (low, high) = (scale.y(*base as f64), scale.y((base + value) as f64));
                    rect class=(name) x=(n(left)) y=(n(high)) width=(n(width)) height=(n((low - high).max(0.4))) {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::time::Zone;

    #[test]
    fn a_chart_is_as_large_as_a_chart_however_many_points_there_are() {
        let points: Vec<(u64, f64)> =
            (0..1_000_000).map(|n| (n, if n == 777_777 { 5e9 } else { 1e6 })).collect();
        let line = Line { name: "x".into(), points, filled: true };
        let chart = Chart {
            title: "t".into(),
            unit: Unit::Bytes,
            span: (0, 1_000_000),
            lines: vec![line],
            bars: None,
            limit: None,
            marks: vec![],
        };
        let drawn = chart.draw(&mut Clock::new(Zone::utc())).into_string();
        assert!(drawn.len() < 60_000, "{}", drawn.len());
        // The chart contains the only peak, at its full height.
        let scale = Scale::new(&chart);
        assert!(drawn.contains(&format!(",{} ", n(scale.y(5e9)))), "no peak");
    }

    #[test]
    fn names_are_texts_wherever_they_stand() {
        let hostile = "</title><script>alert(1)</script>\" onload=\"x\u{202e}\u{0}";
        let chart = Chart {
            title: hostile.into(),
            unit: Unit::Count,
            span: (1, 10),
            lines: vec![Line { name: hostile.into(), points: vec![(1, 1.0)], filled: false }],
            bars: None,
            limit: Some((3.0, hostile.into())),
            marks: vec![(5, hostile.into())],
        };
        let drawn = chart.draw(&mut Clock::new(Zone::utc())).into_string();
        assert!(
            !drawn.contains("<script")
                && !drawn.contains("\" onload")
                && !drawn.contains(['\u{202e}', '\u{0}']),
            "{drawn}"
        );
        assert!(drawn.contains("&lt;script&gt;"));
    }
}
