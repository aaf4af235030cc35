//! Printers of selected fields, comma-separated values and logfmt. Each entry is one line.

use std::fmt::Write;

use fusewire::decode::{Attributes, EntryRef, Value};
use fusewire::query::Field;

use super::colour::{Paint, Palette};
use super::escape;
use super::time::{Clock, Zone, push_timestamp};
use super::value::push_scalar;
use super::wrap;

/// The output form of fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Values, separated by blanks.
    Text {
        /// Whether the columns are aligned, with their names in the first line.
        is_aligned: bool,
    },
    Json,
    /// Values, separated by commas.
    Csv {
        /// Whether cells that a spreadsheet would run as a formula begin with `'`.
        guard: bool,
    },
    /// Values, separated by tabs.
    Tsv {
        /// Whether cells that a spreadsheet would run as a formula begin with `'`.
        guard: bool,
    },
    Logfmt,
}

/// A printer of selected fields.
pub(crate) struct Columns {
    form: Form,
    /// The name and the path of each field. If the list is empty, all fields of an entry are printed.
    fields: Vec<(String, Field)>,
    /// The selected attributes that no entry had.
    unseen: Vec<Field>,
    clock: Clock,
    palette: Palette,
    /// A buffer for one value.
    text: String,
    /// The width of each aligned column up to now.
    widths: Vec<usize>,
    /// Whether the names of the aligned columns are still to be printed.
    is_untitled: bool,
}

/// The fields before the attributes if no fields are selected.
const HEAD: [&str; 7] = ["time", "level", "target", "thread", "trace_id", "span_id", "message"];
/// The maximum width of an aligned column, in columns of the terminal. A longer value moves the values after it.
const WIDEST: usize = 40;
/// The maximum depth of printed containers. It is equal to the maximum depth of an entry.
const DEEPEST: usize = 64;

impl Columns {
    /// Returns a printer of `fields`, or of all fields if there are none. A CSV printer appends the header to `out`.
    pub(crate) fn new(form: Form, fields: &[Field], zone: Zone, palette: &Palette, out: &mut String) -> Self {
        let unseen = fields.iter().filter(|field| field.is_attribute()).cloned().collect();
        let fields: Vec<_> = fields.iter().map(|field| (field.to_string(), field.clone())).collect();
        let is_text = matches!(form, Form::Text { .. });
        let palette = if is_text { palette.clone() } else { Palette::default() };
        let widths = fields.iter().map(|(name, _)| usual_width(name)).collect();
        let is_untitled = form == Form::Text { is_aligned: true };
        let (clock, text) = (Clock::new(zone), String::new());
        let mut columns = Self { form, fields, unseen, clock, palette, text, widths, is_untitled };
        if let Form::Csv { .. } | Form::Tsv { .. } = form {
            columns.push_head(out);
        }
        columns
    }

    /// Appends `entry` as one line.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, out: &mut String) {
        let start = out.len();
        self.unseen.retain(|field| field.value(entry).is_none());
        match self.form {
            Form::Logfmt => self.push_logfmt(entry, out),
            Form::Json => self.push_json(entry, out),
            Form::Csv { .. } | Form::Tsv { .. } | Form::Text { .. } => self.push_row(entry, out),
        }
        if self.form == Form::Json {
            escape::secure_json(out, start);
        }
        out.push('\n');
    }

    /// Returns the selected attributes that no printed entry had.
    pub(crate) fn unseen(&self) -> &[Field] {
        &self.unseen
    }

    fn push_head(&mut self, out: &mut String) {
        let names: Vec<&str> = match self.fields.is_empty() {
            true => HEAD.into_iter().chain(["attributes"]).collect(),
            false => self.fields.iter().map(|(name, _)| name.as_str()).collect(),
        };
        for (i, name) in names.into_iter().enumerate() {
            self.text.clear();
            escape::push_line(name.as_bytes(), &self.palette.escape, &mut self.text);
            push_cell(i, &self.text, self.form, out);
        }
        out.push('\n');
    }

    /// Appends the names of the aligned columns, if they were not printed. `first` is the entry after the names.
    pub(crate) fn push_titles(&mut self, first: Option<&EntryRef<'_>>, out: &mut String) {
        if !std::mem::take(&mut self.is_untitled) {
            return;
        }
        if let Some(entry) = first {
            // The columns are as wide as the values of the first entry.
            self.push_row(entry, &mut String::new());
        }
        out.push_str(&self.palette.dim.on);
        for i in 0..self.fields.len() {
            self.text.clear();
            if let Some((name, _)) = self.fields.get(i) {
                escape::push_line(name.as_bytes(), &Paint::default(), &mut self.text);
            }
            self.push_aligned(i, out);
        }
        out.push_str(self.palette.dim.off);
        out.push('\n');
    }

    /// Appends the buffer as the value of the column `i`.
    fn push_aligned(&mut self, i: usize, out: &mut String) {
        out.push_str(if i > 0 { "  " } else { "" });
        out.push_str(&self.text);
        let is_last = i + 1 == self.widths.len();
        let Some(width) = self.widths.get_mut(i) else { return };
        let printed = wrap::end(0, &self.text);
        *width = (*width).max(printed.min(WIDEST));
        if !is_last {
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(printed)));
        }
    }

    /// Appends the values, separated by commas, tabs or blanks.
    fn push_row(&mut self, entry: &EntryRef<'_>, out: &mut String) {
        let fields = std::mem::take(&mut self.fields);
        if fields.is_empty() {
            for (i, name) in HEAD.into_iter().enumerate() {
                self.text.clear();
                if let Ok(field) = name.parse::<Field>() {
                    self.push_value(&field, entry);
                }
                push_cell(i, &self.text, self.form, out);
            }
            self.text.clear();
            push_json(&entry.attributes(), &mut self.text);
            escape::secure_json(&mut self.text, 0);
            push_cell(HEAD.len(), &self.text, self.form, out);
        }
        for (i, (_, field)) in fields.iter().enumerate() {
            self.text.clear();
            let is_there = self.push_value(field, entry);
            match self.form {
                Form::Csv { .. } | Form::Tsv { .. } => push_cell(i, &self.text, self.form, out),
                Form::Text { is_aligned: true } => {
                    if !is_there {
                        self.text.push('-');
                    }
                    self.push_aligned(i, out);
                }
                _ => {
                    out.push_str(if i > 0 { "  " } else { "" });
                    out.push_str(if is_there { &self.text } else { "-" });
                }
            }
        }
        self.fields = fields;
    }

    /// Writes the escaped value of a field to the buffer. Returns whether the entry has the field.
    fn push_value(&mut self, field: &Field, entry: &EntryRef<'_>) -> bool {
        let (text, escape) = (&mut self.text, &self.palette.escape);
        if field.is_id() {
            return field.write(entry, text);
        }
        match field.value(entry) {
            None => return false,
            Some(Value::Timestamp(time)) if matches!(self.form, Form::Text { .. }) => {
                match u64::try_from(time.unix_nanos()) {
                    Ok(nanos) => self.clock.write(nanos, text),
                    Err(_) => push_timestamp(time, text),
                }
            }
            Some(Value::String(value)) => escape::push_line(value.as_bytes(), escape, text),
            Some(value @ (Value::Array(_) | Value::Map(_))) => {
                let start = text.len();
                push_json(&value, text);
                escape::secure_json(text, start);
            }
            Some(value) => push_scalar(value, &self.palette, text),
        }
        true
    }

    fn push_json(&mut self, entry: &EntryRef<'_>, out: &mut String) {
        out.push('{');
        let mut first = true;
        for (name, field) in &self.fields {
            self.text.clear();
            let is_there = match field.is_id() {
                true => {
                    let mut id = String::new();
                    let is_there = field.write(entry, &mut id);
                    push_json(&id, &mut self.text);
                    is_there
                }
                false => field.value(entry).is_some_and(|value| push_json(&value, &mut self.text)),
            };
            if is_there {
                out.push_str(if first { "" } else { "," });
                push_json(name, out);
                // A write to a `String` cannot fail.
                _ = write!(out, ":{}", self.text);
                first = false;
            }
        }
        out.push('}');
    }

    fn push_logfmt(&mut self, entry: &EntryRef<'_>, out: &mut String) {
        let mut line = Logfmt { out, palette: &self.palette, first: true };
        for (name, field) in &self.fields {
            line.push_field(name, field, entry, &mut self.text);
        }
        if !self.fields.is_empty() {
            return;
        }
        for name in HEAD {
            if let Ok(field) = name.parse::<Field>() {
                let name = if name == "message" { "msg" } else { name };
                line.push_field(name, &field, entry, &mut self.text);
            }
        }
        flatten(entry.attributes(), &mut String::new(), 0, &mut |path, value| line.push(path, value));
    }
}

/// One line of logfmt.
struct Logfmt<'o> {
    out: &'o mut String,
    palette: &'o Palette,
    first: bool,
}

impl Logfmt<'_> {
    fn push_field(&mut self, name: &str, field: &Field, entry: &EntryRef<'_>, text: &mut String) {
        text.clear();
        if !field.is_id() {
            if let Some(value) = field.value(entry) {
                self.push(name, value);
            }
        } else if field.write(entry, text) {
            self.push_name(name);
            self.out.push_str(text);
        }
    }

    fn push_name(&mut self, name: &str) {
        self.out.push_str(if std::mem::take(&mut self.first) { "" } else { " " });
        escape::push_key(name.as_bytes(), &self.palette.escape, self.out);
        self.out.push('=');
    }

    fn push(&mut self, name: &str, value: Value<'_>) {
        self.push_name(name);
        match value {
            // A selected array or map is one JSON value.
            Value::Array(_) | Value::Map(_) => {
                let mut json = String::new();
                push_json(&value, &mut json);
                escape::push_value(json.as_bytes(), &self.palette.escape, self.out);
            }
            scalar => push_scalar(scalar, self.palette, self.out),
        }
    }
}

/// Visits each scalar with its path: keys and indexes, separated by dots.
fn flatten(
    attributes: Attributes<'_>,
    path: &mut String,
    depth: usize,
    each: &mut impl FnMut(&str, Value<'_>),
) {
    let len = path.len();
    for (i, attribute) in attributes.map_while(Result::ok).enumerate() {
        path.truncate(len);
        if depth > 0 {
            path.push('.');
        }
        if attribute.key.is_empty() {
            _ = write!(path, "{i}");
        } else {
            path.push_str(&attribute.key.to_str_lossy());
        }
        match attribute.value {
            Value::Array(children) | Value::Map(children) if depth < DEEPEST => {
                flatten(children.iter(), path, depth + 1, each);
            }
            value => each(path, value),
        }
    }
    path.truncate(len);
}

/// Appends a value as JSON. Returns false if the value is damaged.
fn push_json(value: &impl serde::Serialize, out: &mut String) -> bool {
    let json = serde_json::to_string(value);
    if let Ok(json) = &json {
        out.push_str(json);
    }
    json.is_ok()
}

/// Returns the width of the values of most entries.
fn usual_width(name: &str) -> usize {
    let width = match name {
        "time" | "timestamp" => 26,
        "level" | "severity" => 5,
        "trace_id" => 32,
        "span_id" => 16,
        _ => 0,
    };
    width.max(wrap::end(0, name).min(WIDEST))
}

/// Appends a field of a row: of CSV as in RFC 4180, or of TSV, with the escape `\t` for a tab. If the form has a guard, a cell
/// that a spreadsheet would run as a formula begins with `'`. The spreadsheet then treats the cell as text.
fn push_cell(i: usize, text: &str, form: Form, out: &mut String) {
    let is_tsv = matches!(form, Form::Tsv { .. });
    if i > 0 {
        out.push(if is_tsv { '\t' } else { ',' });
    }
    let guards = matches!(form, Form::Csv { guard: true } | Form::Tsv { guard: true });
    let guard = if guards && is_formula(text) { "'" } else { "" };
    if is_tsv {
        out.push_str(guard);
        out.push_str(&text.replace('\t', "\\t"));
    } else if text.contains(['"', ',', '\r', '\n']) {
        // A write to a `String` cannot fail.
        _ = write!(out, "\"{guard}{}\"", text.replace('"', "\"\""));
    } else {
        out.push_str(guard);
        out.push_str(text);
    }
}

/// Returns whether a spreadsheet would run a cell as a formula. A number is not a formula.
fn is_formula(text: &str) -> bool {
    // Some spreadsheets also accept the full-width forms.
    if !text.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        return false;
    }
    let digits =
        text.strip_prefix(['+', '-']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !(digits && text.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_numbers_are_numbers() {
        for (text, expected) in [
            ("=1+2", "'=1+2"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\tx", "'\tx"),
            ("-inf", "'-inf"),
            ("-5", "-5"),
            ("+1.5e3", "+1.5e3"),
            ("-0.25", "-0.25"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            let mut out = String::new();
            push_cell(0, text, Form::Csv { guard: true }, &mut out);
            assert_eq!(out, expected, "{text:?}");
            let mut out = String::new();
            push_cell(0, text, Form::Csv { guard: false }, &mut out);
            assert_eq!(out.trim_matches('"').replace("\"\"", "\""), text);
        }
    }
}
