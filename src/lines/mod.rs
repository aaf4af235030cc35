//! Lines of JSON and of text: the recognition of their format, and their conversion to entries. `schema/LINES.md` specifies
//! the conversion of text, `schema/JSON.md` the conversion of JSON.
//!
//! A format is a type that implements `LineFormat`, in a file of `formats`. The list in `formats` contains all formats in the
//! order in which they are tried.

mod ansi;
mod docker;
mod formats;
mod import;
mod inherit;
mod join;
mod level;
mod object;
mod objects;
mod recognise;
mod record;
mod scan;
mod stamp;
mod years;

pub use import::{ImportReport, Importer};
pub(crate) use join::{Joint, Next};
use record::Record;

/// The state of a file on which the meaning of its lines depends.
#[derive(Default)]
struct Context {
    /// The names of the columns of the extended log format.
    fields: String,
}

/// A format of lines of text.
trait LineFormat: Sync {
    /// Returns the name of the format, which entries contain.
    fn name(&self) -> &'static str;

    /// Returns a description of the form in Markdown, for the specification.
    fn form(&self) -> &'static str;

    /// Parses the lines of a record. Returns `None` if they do not have this format. `out` receives the text of the object of
    /// a record that the format converts.
    fn parse<'l>(&self, lines: &'l str, context: &Context, out: &mut String) -> Option<Record<'l>>;

    /// Returns whether a line begins a record of this format.
    fn begins(&self, line: &str, context: &Context) -> bool {
        self.parse(line, context, &mut String::new()).is_some()
    }

    /// Returns whether a line continues a record of this format whose last line is `last`, if the format has its own rule.
    fn continues(&self, _last: &[u8], _line: &[u8]) -> Option<bool> {
        None
    }

    /// Appends the lines of a record as one line to `out`. Returns `false` if the lines are not the parts of one line.
    fn joined(&self, _record: &str, _out: &mut String) -> bool {
        false
    }
}

/// Returns the names of the formats of text, in the order in which they are tried, and a description of their form in
/// Markdown. Lines of JSON are tried first.
///
/// ```
/// assert!(fusewire::lines::formats().any(|(name, _)| name == "syslog"));
/// ```
pub fn formats() -> impl Iterator<Item = (&'static str, &'static str)> {
    formats::FORMATS.into_iter().map(|format| (format.name(), format.form()))
}
