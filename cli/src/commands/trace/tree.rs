//! The tree of the spans of a trace, with their entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::iter::successors;

use crate::output::Terminal;
use crate::output::numbers::{counted, lasted};
use crate::output::time::Clock;

/// An entry. Its texts are escaped.
pub(super) struct Logged {
    pub(super) time: u64,
    /// Id of the span; 0 if the entry has no span.
    pub(super) span: u64,
    pub(super) parent: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) process: String,
    pub(super) text: String,
}

/// A span.
#[derive(Default)]
struct Span {
    parent: Option<u64>,
    name: Option<String>,
    process: String,
    /// The earliest and the latest time of the entries. The time 0 means that an entry has no time.
    times: (u64, u64),
    entries: Vec<usize>,
    children: Vec<u64>,
}

/// The spans of a trace.
pub(super) struct Tree {
    entries: Vec<Logged>,
    spans: BTreeMap<u64, Span>,
    /// Spans without a parent in this trace, in the order of their first times. Entries without a span are in span 0.
    roots: Vec<u64>,
}

/// Maximum depth with a separate indentation.
const DEEPEST: usize = 12;

impl Tree {
    pub(super) fn new(entries: Vec<Logged>) -> Self {
        let mut spans: BTreeMap<u64, Span> = BTreeMap::new();
        for (i, entry) in entries.iter().enumerate() {
            let span = spans.entry(entry.span).or_default();
            if span.entries.is_empty() {
                (span.times, span.process) = ((entry.time, entry.time), entry.process.clone());
            }
            span.times = (span.times.0.min(entry.time), span.times.1.max(entry.time));
            span.parent = span.parent.or(entry.parent.filter(|_| entry.span != 0));
            span.name = span.name.take().or_else(|| entry.name.clone());
            span.entries.push(i);
        }
        let mut tree = Self { entries, spans, roots: Vec::new() };
        tree.link();
        tree
    }

    /// Adds each span to the children of its parent.
    fn link(&mut self) {
        self.break_circles();
        let mut by_time: Vec<(u64, u64)> = self.spans.iter().map(|(id, span)| (span.times.0, *id)).collect();
        by_time.sort_unstable();
        for (_, id) in by_time {
            match self.parent(id).and_then(|parent| self.spans.get_mut(&parent)) {
                Some(parent) => parent.children.push(id),
                None => self.roots.push(id),
            }
        }
    }

    /// Returns the parent of a span if the trace contains the parent.
    fn parent(&self, id: u64) -> Option<u64> {
        self.spans.get(&id)?.parent.filter(|parent| self.spans.contains_key(parent))
    }

    /// Removes the parent of the earliest span of each cycle.
    fn break_circles(&mut self) {
        // The start from which each span was first reached. No span is visited twice.
        let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
        let starts: Vec<u64> = self.spans.keys().copied().collect();
        for start in starts {
            let mut at = Some(start);
            while let Some(id) = at.filter(|id| !seen.contains_key(id)) {
                seen.insert(id, start);
                at = self.parent(id);
            }
            let Some(met) = at.filter(|id| seen.get(id) == Some(&start)) else { continue };
            let circle = successors(Some(met), |id| self.parent(*id).filter(|parent| *parent != met));
            let earliest = circle.min_by_key(|id| (self.spans.get(id).map(|span| span.times.0), *id));
            if let Some(span) = earliest.and_then(|id| self.spans.get_mut(&id)) {
                span.parent = None;
            }
        }
    }

    pub(super) fn print(&self, left_out: u64, clock: &mut Clock, terminal: &mut Terminal) {
        let times = self.entries.iter().map(|entry| entry.time).filter(|time| *time != 0);
        let (first, last) = (times.clone().min().unwrap_or(0), times.max().unwrap_or(0));
        let processes: BTreeSet<&str> = self.entries.iter().map(|entry| entry.process.as_str()).collect();
        let spans = self.spans.keys().filter(|id| **id != 0).count() as u64;
        let title = format!(
            "{} in {} of {}, {}",
            counted(self.entries.len() as u64, "entry", "entries"),
            counted(spans, "span", "spans"),
            counted(processes.len() as u64, "process", "processes"),
            long(last.saturating_sub(first))
        );
        // A write to a `String` cannot fail.
        _ = writeln!(terminal.out, "{}\n{}", terminal.palette.strong.of(title), clock.describe(first));
        let mut open: Vec<(u64, usize)> = self.roots.iter().rev().map(|id| (*id, 0)).collect();
        while let Some((id, depth)) = open.pop() {
            let Some(span) = self.spans.get(&id) else { continue };
            self.print_span(id, span, depth, first, terminal);
            open.extend(span.children.iter().rev().map(|child| (*child, depth + 1)));
        }
        if left_out > 0 {
            let more = format!(
                "{} not shown; use --output json to print all entries",
                counted(left_out, "entry", "entries")
            );
            _ = writeln!(terminal.out, "{}", terminal.palette.fuse.of(more));
        }
    }

    fn print_span(&self, id: u64, span: &Span, depth: usize, first: u64, terminal: &mut Terminal) {
        let palette = &terminal.palette;
        let indent = "  ".repeat(depth.min(DEEPEST));
        let since = |time: u64| format!("+{}", long(time.saturating_sub(first)));
        let title = match id {
            0 => format!("{}  without a span", palette.strong.of(&span.process)),
            _ => {
                let name = span.name.as_deref().unwrap_or("span");
                let spent = long(span.times.1.saturating_sub(span.times.0));
                let about = palette.dim.of(format_args!("{id:016x}  {}  {spent}", since(span.times.0)));
                format!("{}  {name}  {about}", palette.strong.of(&span.process))
            }
        };
        _ = writeln!(terminal.out, "{indent}{title}");
        for entry in span.entries.iter().filter_map(|i| self.entries.get(*i)) {
            let at = palette.dim.of(format_args!("{:>10}", since(entry.time)));
            _ = writeln!(terminal.out, "{indent}  {at}  {}", entry.text);
        }
    }
}

/// Returns the text of a duration, or `0`.
fn long(nanos: u64) -> String {
    if nanos == 0 { "0".to_owned() } else { lasted(nanos) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(spans: &[(u64, u64, Option<u64>)]) -> Tree {
        let logged = |(span, time, parent): &(u64, u64, Option<u64>)| Logged {
            time: *time,
            span: *span,
            parent: *parent,
            name: None,
            process: String::new(),
            text: String::new(),
        };
        Tree::new(spans.iter().map(logged).collect())
    }

    #[test]
    fn spans_in_themselves_begin_with_the_earliest() {
        let tree =
            tree(&[(1, 40, Some(2)), (2, 30, Some(3)), (3, 20, Some(2)), (4, 10, Some(4)), (5, 5, Some(77))]);
        assert_eq!(tree.roots, [5, 4, 3]);
        assert_eq!((&tree.spans[&3].children, &tree.spans[&2].children), (&vec![2], &vec![1]));
    }

    #[test]
    fn a_hundred_thousand_spans_one_in_the_other_are_linked() {
        let spans: Vec<_> = (1..=100_000).map(|id| (id, id, Some(id + 1))).collect();
        assert_eq!(tree(&spans).roots, [100_000]);
    }
}
