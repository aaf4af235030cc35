//! The output of groups as a table and as JSON lines.

use std::fmt::Write;

use fusewire::query::Field;
use fusewire::query::aggregate::{Aggregation, Counted, Group, Numbers};
use serde_json::{Map, Value, json};

use crate::args::{StatsArgs, StatsOrder};
use crate::output::colour::Paint;
use crate::output::numbers::{bytes, grouped};
use crate::output::{Terminal, escape};

/// A table of groups.
pub(super) struct Table<'a> {
    by: Vec<Field>,
    args: &'a StatsArgs,
}

/// The width of the columns before the fields.
const NUMBERS: usize = 44;

impl<'a> Table<'a> {
    pub(super) fn new(by: Vec<Field>, args: &'a StatsArgs) -> Self {
        Self { by, args }
    }

    /// Returns `asked`, grouped by the fields of this table.
    pub(super) fn asked(&self, mut asked: Aggregation) -> Aggregation {
        for field in &self.by {
            asked = asked.by(field.clone());
        }
        if let Some(number) = &self.args.number {
            asked = asked.number(number.clone());
        }
        if let Some(distinct) = &self.args.distinct {
            asked = asked.distinct(distinct.clone());
        }
        asked
    }

    /// Returns the fields without a value in any group.
    pub(super) fn empty(&self, counted: &Counted) -> Vec<Field> {
        let groups = || counted.groups().iter();
        let by = self.by.iter().enumerate();
        let by = by.filter(|(at, _)| groups().all(|group| group.key.get(*at).is_none_or(Option::is_none)));
        let number = self.args.number.iter().filter(|_| {
            groups().all(|group| group.numbers.as_ref().is_none_or(|numbers| numbers.count() == 0))
        });
        let distinct = self.args.distinct.iter().filter(|_| {
            groups().all(|group| group.distinct.as_ref().is_none_or(|distinct| distinct.estimate() == 0))
        });
        by.map(|(_, field)| field).chain(number).chain(distinct).cloned().collect()
    }

    /// Returns the first groups in the selected order.
    fn top<'c>(&self, counted: &'c Counted) -> Vec<&'c Group> {
        let mut groups: Vec<&Group> = counted.groups().iter().collect();
        match self.args.sort {
            StatsOrder::Count => {}
            StatsOrder::Bytes => groups.sort_by_key(|group| std::cmp::Reverse(group.bytes)),
            StatsOrder::Tripped => groups.sort_by_key(|group| std::cmp::Reverse(group.tripped)),
        }
        groups.truncate(self.args.top);
        groups
    }

    /// Prints the table. Lines end at the width of the terminal.
    pub(super) fn print(&self, counted: &Counted, terminal: &mut Terminal) {
        let names: Vec<String> = self.by.iter().map(Field::to_string).collect();
        let top = self.top(counted);
        let room = terminal.columns().map_or(usize::MAX, |columns| columns.saturating_sub(NUMBERS + 2));
        let (out, palette) = (&mut terminal.out, &terminal.palette);
        let title = format!("{:>12}{:>7}{:>10}{:>9}{:>6}", "ENTRIES", "%", "BYTES", "EACH", "TRIPS");
        // A write to a `String` cannot fail.
        _ = writeln!(
            out,
            "\n{}",
            palette.dim.of(format_args!("{title}  {}", names.join(", ").to_uppercase()))
        );
        for group in &top {
            let share = group.count as f64 * 100.0 / counted.entries.max(1) as f64;
            let size = group.bytes.filter(|_| !self.args.counts);
            let tripped = match group.tripped.filter(|_| !self.args.counts).unwrap_or(0) {
                0 => format!("{:>6}", "-"),
                tripped => palette.fuse.of(format_args!("{tripped:>6}")),
            };
            let each = size.map_or("-".to_owned(), |size| (size / group.count.max(1)).to_string());
            let size = size.map_or("-".to_owned(), bytes);
            _ = write!(out, "{:>12}{share:>7.1}{:>10}{each:>9}{tripped}  ", grouped(group.count), size);
            let mut name = String::new();
            for (i, value) in group.key.iter().enumerate() {
                if i > 0 {
                    name.push_str("  ");
                }
                match value {
                    // Without colour, because the text can be cut.
                    Some(value) => escape::push_line(value.as_bytes(), &Paint::default(), &mut name),
                    None => name.push('-'),
                }
            }
            out.push_str(shortened(&name, room));
            out.push('\n');
            if let Some(numbers) = &group.numbers {
                _ = writeln!(out, "{:>14}{}", "", palette.dim.of(quantiles(numbers)));
            }
            if let Some(distinct) = &group.distinct {
                let field = self.args.distinct.as_ref().map(Field::to_string).unwrap_or_default();
                let about = format!("about {} distinct values of {field}", grouped(distinct.estimate()));
                _ = writeln!(out, "{:>14}{}", "", palette.dim.of(about));
            }
        }
        let more = counted.groups().len() - top.len();
        if more > 0 {
            let left = format!("and {} more groups (use --top to show them)", grouped(more as u64));
            _ = writeln!(out, "{:>14}{}", "", palette.dim.of(left));
        }
        if counted.others > 0 {
            let others = format!(
                "{} entries are in further groups, beyond --max-groups; each count\n{:>14}may be too low by at most {}",
                grouped(counted.others),
                "",
                grouped(counted.short_by)
            );
            _ = writeln!(out, "{:>14}{}", "", palette.fuse.of(others));
        }
    }

    /// Prints one object for each group.
    pub(super) fn print_json(&self, counted: &Counted, terminal: &mut Terminal) {
        for group in self.top(counted) {
            let mut by = Map::new();
            for (field, value) in self.by.iter().zip(&group.key) {
                by.insert(field.to_string(), value.clone().map_or(Value::Null, Value::from));
            }
            let mut line =
                json!({"by": by, "count": group.count, "bytes": group.bytes, "tripped": group.tripped});
            if let Some(numbers) = &group.numbers {
                let at = |share| numbers.quantile(share);
                line["number"] = json!({
                    "count": numbers.count(), "min": numbers.min(), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99),
                    "max": numbers.max(), "sum": numbers.sum(),
                });
            }
            if let Some(distinct) = &group.distinct {
                line["distinct"] = distinct.estimate().into();
            }
            print_line(&line, terminal);
        }
        if counted.others > 0 {
            print_line(&json!({"by": null, "count": counted.others, "short_by": counted.short_by}), terminal);
        }
    }
}

fn print_line(line: &Value, terminal: &mut Terminal) {
    let start = terminal.out.len();
    _ = write!(terminal.out, "{line}");
    escape::secure_json(&mut terminal.out, start);
    terminal.out.push('\n');
}

fn quantiles(numbers: &Numbers) -> String {
    let at = |share| numbers.quantile(share).unwrap_or(0.0);
    let (min, max) = (numbers.min().unwrap_or(0.0), numbers.max().unwrap_or(0.0));
    if numbers.count() == 0 {
        return "no numbers".to_owned();
    }
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| digits(at(share)));
    format!("min {}, p50 {p50}, p90 {p90}, p99 {p99}, max {}", digits(min), digits(max))
}

/// Formats a number without a fraction, or with four decimal places.
fn digits(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { format!("{number:.4}") }
}

/// Returns at most the first `columns` characters of a text.
fn shortened(text: &str, columns: usize) -> &str {
    text.char_indices().nth(columns.max(1)).map_or(text, |(end, _)| &text[..end])
}
