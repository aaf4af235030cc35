//! Syntax errors in the text of a query, with their column.

use core::fmt;

/// An error in the text of a query.
///
/// `{}` writes one line. `{:#}` also writes the text, with a caret below the error.
///
/// ```
/// use fusewire::query::Query;
///
/// let error = "level >= loud".parse::<Query>().unwrap_err();
/// assert_eq!((error.offset(), error.column()), (9, 10));
/// let lines: Vec<String> = format!("{error:#}").lines().map(str::to_owned).collect();
/// assert_eq!(lines[1..], ["  level >= loud", "           ^^^^"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    text: String,
    start: usize,
    end: usize,
    message: String,
}

impl QueryError {
    pub(super) fn new(text: &str, start: usize, end: usize, message: String) -> Self {
        Self { text: text.to_owned(), start, end: end.max(start), message }
    }

    /// Returns the byte offset of the error in the text, from 0. The offset is on a character boundary.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.start
    }

    /// Returns the column of the error in its line, in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = self.text.get(..self.start).unwrap_or(&self.text);
        before.rsplit('\n').next().unwrap_or("").chars().count() + 1
    }

    /// Returns the message, without the column. The message contains the expected and the found text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The maximum number of characters that `{:#}` prints on each side of the beginning of the error.
const SHOWN: usize = 60;

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column(), self.message)?;
        if !f.alternate() {
            return Ok(());
        }
        let (before, behind) = self.text.split_at_checked(self.start).unwrap_or((&self.text, ""));
        let before = before.rsplit('\n').next().unwrap_or("");
        let behind = behind.split('\n').next().unwrap_or("");
        let skipped = before.chars().count().saturating_sub(SHOWN);
        let width = self.text.get(self.start..self.end).map_or(1, |marked| marked.chars().count());
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let before: String = before.chars().skip(skipped).map(shown).collect();
        let behind: String = behind.chars().take(SHOWN).map(shown).collect();
        let indent = " ".repeat(before.chars().count());
        let carets = "^".repeat(width.clamp(1, behind.chars().count().max(1)));
        write!(f, "\n  {before}{behind}\n  {indent}{carets}")
    }
}

impl core::error::Error for QueryError {}
