//! `fusewire fields`: lists the fields of entries.

use std::fmt::Write;
use std::num::NonZero;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::count;
use crate::args::{FieldsArgs, OutputFormat};
use crate::fields::{Found, Inventory};
use crate::input;
use crate::outcome::Outcome;
use crate::output::numbers::{counted, grouped};
use crate::output::{Terminal, escape, progress};

/// The width of the column of names, if the names are not shorter.
const NAMES: usize = 32;

/// Runs the command.
pub(crate) fn run(args: &FieldsArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let selection = args.select.selection(&args.zone.zone())?;
    let query = selection.to_query()?;
    // One thread reads the files in their order, so that the examples are the same in each run.
    let scan = args.access.scan(&paths).threads(NonZero::<usize>::MIN).wanted(query.wanted());
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let looking = progress::looking();
    let scanned = scan.run(|entry| query.matches(entry), Inventory::new).with_context(names);
    looking.finish_and_clear();
    let (inventories, scanned) = scanned?.split();
    let outcome = count::report(&scanned, &args.paths, terminal)?;
    let inventory = inventories.into_iter().next().unwrap_or_default();
    match args.output {
        OutputFormat::Text => print(&inventory, terminal),
        OutputFormat::Json => print_json(&inventory, terminal),
    }
    let nothing = if inventory.entries == 0 { Outcome::NoMatch } else { Outcome::Clean };
    Ok(nothing.max(outcome).max(unread))
}

/// Prints a table. A line has at most 80 columns, or the columns of the terminal.
fn print(inventory: &Inventory, terminal: &mut Terminal) {
    let fields = inventory.fields();
    let columns = terminal.columns().unwrap_or(80);
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(4, NAMES);
    let types = fields.iter().map(|(_, found)| types(found).len()).max().unwrap_or(0).clamp(4, 20);
    let counts = fields.iter().map(|(_, found)| grouped(found.count).len()).max().unwrap_or(0).max(5);
    let (out, palette) = (&mut terminal.out, &terminal.palette);
    let title = format!("{:width$}  {:types$}  {:>counts$}  EXAMPLE", "NAME", "TYPE", "COUNT");
    _ = writeln!(out, "{}", palette.dim.of(title));
    for (name, found) in fields {
        let mut shown = String::new();
        escape::push_line(name.as_bytes(), &palette.escape, &mut shown);
        let before = width.max(name.chars().count()) + types.max(self::types(found).len()) + counts + 6;
        let room = columns.saturating_sub(before).max(12);
        let mut example: String = found.example.chars().take(room).collect();
        if example.len() < found.example.len() {
            example.pop();
            example.push('…');
        }
        let mut safe = String::new();
        escape::push_line(example.as_bytes(), &palette.escape, &mut safe);
        let line = format!(
            "{shown:width$}  {:types$}  {:>counts$}  {safe}",
            self::types(found),
            grouped(found.count)
        );
        _ = writeln!(out, "{}", line.trim_end());
    }
    _ = writeln!(out, "{}", palette.dim.of(counted(inventory.entries, "entry", "entries")));
    if inventory.is_full {
        _ = writeln!(out, "further names are left out");
    }
}

fn types(found: &Found) -> String {
    let names: Vec<&str> = found.types.iter().map(|(name, _)| *name).collect();
    names.join("|")
}

fn print_json(inventory: &Inventory, terminal: &mut Terminal) {
    for (name, found) in inventory.fields() {
        let types: Map<String, Value> =
            found.types.iter().map(|(name, count)| ((*name).to_owned(), (*count).into())).collect();
        let start = terminal.out.len();
        let line = json!({"name": name, "count": found.count, "types": types, "example": found.example});
        _ = write!(terminal.out, "{line}");
        escape::secure_json(&mut terminal.out, start);
        terminal.out.push('\n');
    }
}
