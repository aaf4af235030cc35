//! `fusewire stats`: counts entries, bytes and trips by group.

mod table;

use anyhow::Result;
use fusewire::query::Field;
use fusewire::query::aggregate::{Aggregation, Counted};

use super::count;
use crate::args::{OutputFormat, StatsArgs};
use crate::fields::report_unknown;
use crate::input;
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::numbers::{bytes, counted, lasted};
use crate::output::time::Clock;
use table::Table;

/// Runs the command.
pub(crate) fn run(args: &StatsArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let zone = args.zone.zone();
    let selection = args.select.selection(&zone)?;
    let asked = Aggregation::new().max_groups(args.max_groups as usize);
    let asked = if args.counts { asked } else { asked.look_at_every_entry() };
    let tables: Vec<Table<'_>> = if args.by.is_empty() {
        let by = |fields: &'static [&'static str]| fields.iter().map(|field| field.parse()).collect();
        let tables = [by(&["level"]), by(&["target"]), by(&["target", "message"])];
        tables
            .into_iter()
            .map(|by: Result<Vec<Field>, _>| Ok(Table::new(by?, args)))
            .collect::<Result<_>>()?
    } else {
        vec![Table::new(args.by.clone(), args)]
    };
    let mut outcome = Outcome::NoMatch;
    for (i, table) in tables.iter().enumerate() {
        let counted = count::run(&table.asked(asked.clone()), &paths, &selection, &args.access)?;
        if i == 0 {
            outcome = if counted.entries == 0 { Outcome::NoMatch } else { Outcome::Clean };
            outcome = outcome.max(count::report(&counted.scanned, &args.paths, terminal)?);
            let fields = if counted.entries == 0 { selection.fields() } else { table.empty(&counted) };
            report_unknown(fields, &paths, &selection, &args.access, terminal)?;
        }
        if args.output == OutputFormat::Json {
            table.print_json(&counted, terminal);
            continue;
        }
        if i == 0 && !args.counts {
            summary(
                &counted,
                count::dropped(&paths, &selection, &args.access)?,
                &mut Clock::new(zone.clone()),
                terminal,
            );
        }
        table.print(&counted, terminal);
    }
    Ok(outcome.max(unread))
}

/// Prints the summary of all groups.
fn summary(found: &Counted, dropped: u64, clock: &mut Clock, terminal: &mut Terminal) {
    let size: u64 = found.groups().iter().filter_map(|group| group.bytes).sum();
    let tripped: u64 = found.groups().iter().filter_map(|group| group.tripped).sum();
    let times =
        found.groups().iter().filter_map(|group| group.times).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let total = terminal.palette.strong.of(counted(found.entries, "entry", "entries"));
    terminal.out.push_str(&format!("{total}, {}", bytes(size)));
    if let Some((first, last)) = times {
        let (spent, seconds) = (last.saturating_sub(first), last.saturating_sub(first) as f64 / 1e9);
        terminal.out.push_str(&format!(
            "\nfrom   {}\nto     {}",
            clock.describe(first),
            clock.describe(last)
        ));
        if seconds > 0.0 {
            let (rate, size) = (found.entries as f64 / seconds, size as f64 / seconds);
            let lasted = lasted(spent);
            terminal.out.push_str(&format!("  ({lasted}: {rate:.1} entries/s, {}/s)", bytes(size as u64)));
        }
    }
    terminal.out.push('\n');
    let line = match (dropped, tripped) {
        (0, 0) => terminal.palette.dim.of("no entries dropped; no trips"),
        (dropped, tripped) => {
            let share = tripped as f64 * 100.0 / found.entries.max(1) as f64;
            let fuse = format!(
                "the circuit breaker tripped in {} ({share:.1} %)",
                counted(tripped, "entry", "entries")
            );
            let what = format!("{} dropped; {fuse}", counted(dropped, "entry", "entries"));
            if dropped > 0 { terminal.palette.bad.of(what) } else { terminal.palette.fuse.of(what) }
        }
    };
    terminal.out.push_str(&line);
    terminal.out.push('\n');
}
