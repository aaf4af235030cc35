//! Lines of limited width.

use std::iter;

use unicode_width::UnicodeWidthChar;

/// Splits `text` at blanks into lines of at most `width` columns. A longer word is on a separate line.
pub(crate) fn lines(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The treatment of a line that exceeds the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The line continues in the next row, after an indentation.
    Wrap,
    /// The rest of the line is omitted, and the last column contains an ellipsis.
    Cut,
}

/// The width of the output, and the treatment of longer lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    width: usize,
    excess: Excess,
}

/// The indentation of a continued line in columns, in addition to the indentation of the line.
const INDENT: usize = 4;
/// The minimum width in columns. A narrower output has the same rows.
const NARROWEST: usize = 20;
/// The distance of two tab stops in columns.
const TAB: usize = 8;
/// The escape sequence that ends all styles.
const RESET: &str = "\x1b[0m";

impl Fit {
    /// Returns the fit into `width` columns.
    pub(crate) fn new(width: usize, excess: Excess) -> Self {
        Self { width: width.max(NARROWEST), excess }
    }

    /// Fits the lines of `out` from the byte offset `start` on.
    pub(crate) fn apply(self, out: &mut String, start: usize) {
        // A character has at most as many columns as bytes, except a tab.
        let is_short = |line: &str| line.len() <= self.width && !line.contains('\t');
        if out[start..].lines().all(is_short) {
            return;
        }
        let text = out.split_off(start);
        for line in text.split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            match self.excess {
                Excess::Wrap => push_wrapped(line.trim_end_matches(' '), self.width, out),
                Excess::Cut => push_cut(line, self.width, out),
            }
            out.push_str(end);
        }
    }
}

/// A part of a line.
enum Part<'a> {
    /// An escape sequence that sets a style, or an empty text for the sequence that ends all styles. It has no columns.
    Style(&'a str),
    Character(char),
}

/// Returns the parts of a line with their byte offsets.
fn parts(line: &str) -> impl Iterator<Item = (usize, Part<'_>)> {
    let mut at = 0;
    iter::from_fn(move || {
        let rest = line.get(at..)?;
        let (begin, first) = (at, rest.chars().next()?);
        if first == '\x1b'
            && let Some(end) = rest.find('m')
        {
            at += end + 1;
            let sequence = &rest[..=end];
            return Some((begin, Part::Style(if sequence == RESET { "" } else { sequence })));
        }
        at += first.len_utf8();
        Some((begin, Part::Character(first)))
    })
}

/// Returns the column after `character` if it begins at `column`.
fn after(column: usize, character: char) -> usize {
    match character {
        '\t' => column + TAB - column % TAB,
        _ => column + character.width().unwrap_or(0),
    }
}

/// Returns the column after `text` if it begins at `column`.
pub(crate) fn end(column: usize, text: &str) -> usize {
    parts(text).fold(column, |column, (_, part)| match part {
        Part::Style(_) => column,
        Part::Character(character) => after(column, character),
    })
}

/// A place at which a line can continue in the next row.
struct Break<'a> {
    /// The end of the row, before the blanks.
    end: usize,
    /// The begin of the next row, after the blanks.
    next: usize,
    style: &'a str,
}

fn push_wrapped(line: &str, width: usize, out: &mut String) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let indent = (indent + INDENT).min(width / 2);
    let (mut from, mut column, mut has_text) = (0, 0, false);
    let (mut last, mut style): (Option<Break<'_>>, &str) = (None, "");
    for (at, part) in parts(line) {
        let character = match part {
            Part::Style(sequence) => {
                style = sequence;
                continue;
            }
            Part::Character(character) => character,
        };
        if character == ' ' {
            match &mut last {
                Some(last) if last.next == at => last.next = at + 1,
                _ if has_text => last = Some(Break { end: at, next: at + 1, style }),
                _ => {}
            }
            column += 1;
            continue;
        }
        has_text = true;
        if after(column, character) > width {
            // A word that does not fit into one row begins in this row.
            let is_short = |last: &Break<'_>| {
                let word = line[last.next..].split(' ').next().unwrap_or("");
                end(indent, word) <= width
            };
            let here = last.take().filter(is_short).unwrap_or(Break { end: at, next: at, style });
            out.push_str(line[from..here.end].trim_end_matches(' '));
            out.push_str(if here.style.is_empty() { "" } else { RESET });
            out.push('\n');
            out.extend(iter::repeat_n(' ', indent));
            out.push_str(here.style);
            from = here.next;
            column = end(indent, &line[from..at]);
        }
        column = after(column, character);
    }
    out.push_str(&line[from..]);
}

fn push_cut(line: &str, width: usize, out: &mut String) {
    let (mut column, mut kept, mut style) = (0, None, "");
    for (at, part) in parts(line) {
        match part {
            Part::Style(sequence) if kept.is_none() => style = sequence,
            Part::Style(_) => {}
            Part::Character(character) => {
                column = after(column, character);
                // The last column is for the ellipsis.
                if column >= width {
                    kept = kept.or(Some(at));
                }
            }
        }
        if column > width {
            out.push_str(&line[..kept.unwrap_or(at)]);
            out.push('…');
            out.push_str(if style.is_empty() { "" } else { RESET });
            return;
        }
    }
    out.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str, width: usize, excess: Excess) -> String {
        let mut out = format!("before\n{text}");
        Fit::new(width, excess).apply(&mut out, 7);
        assert!(out.starts_with("before\n"), "{out}");
        out.split_off(7)
    }

    #[test]
    fn a_line_continues_at_a_blank_after_an_indentation() {
        assert_eq!(fitted("short\n", 20, Excess::Wrap), "short\n");
        assert_eq!(
            fitted("one two three four  five six seven\nsix\n", 20, Excess::Wrap),
            "one two three four\n    five six seven\nsix\n"
        );
        assert_eq!(
            fitted("    a line with an indentation\n", 20, Excess::Wrap),
            "    a line with an\n        indentation\n"
        );
        // A word that exceeds a row begins where it is.
        assert_eq!(
            fitted("one abcdefghijklmnopqrstuvwxyz0123456789\n", 20, Excess::Wrap),
            "one abcdefghijklmnop\n    qrstuvwxyz012345\n    6789\n"
        );
        let words = "a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj";
        for width in NARROWEST..60 {
            let rows = fitted(words, width, Excess::Wrap);
            assert!(rows.lines().all(|row| end(0, row) <= width), "{width}: {rows}");
            let joined: String = rows.chars().filter(|c| !c.is_whitespace()).collect();
            assert_eq!(joined, words.replace(' ', ""), "{width}");
        }
    }

    #[test]
    fn a_cut_line_ends_with_an_ellipsis() {
        let exact = "twenty columns wide.";
        assert_eq!(fitted(exact, 20, Excess::Cut), exact);
        assert_eq!(fitted("twenty-one columns wi\nx\n", 20, Excess::Cut), "twenty-one columns …\nx\n");
    }

    #[test]
    fn wide_characters_have_two_columns_and_marks_have_none() {
        let wide = "漢".repeat(15);
        assert_eq!(fitted(&wide, 20, Excess::Wrap), format!("{}\n    {}", "漢".repeat(10), "漢".repeat(5)));
        assert_eq!(fitted(&wide, 20, Excess::Cut), format!("{}…", "漢".repeat(9)));
        let marks = "e\u{301}".repeat(20);
        assert_eq!(fitted(&marks, 20, Excess::Wrap), marks);
        assert_eq!(fitted("a\tb\tc\n", 20, Excess::Wrap), "a\tb\tc\n");
        assert_eq!(fitted("aaaa\tbbbb\tcccccc\n", 20, Excess::Wrap), "aaaa\tbbbb\tcccc\n    cc\n");
    }

    #[test]
    fn styles_have_no_columns_and_do_not_pass_the_end_of_a_row() {
        let line = "\x1b[2mone two three four\x1b[0m six";
        assert_eq!(fitted(line, 30, Excess::Wrap), line);
        assert_eq!(
            fitted("\x1b[2mone two three four five\x1b[0m six", 20, Excess::Wrap),
            "\x1b[2mone two three four\x1b[0m\n    \x1b[2mfive\x1b[0m six"
        );
        assert_eq!(
            fitted("\x1b[2mone two three four five\x1b[0m six", 20, Excess::Cut),
            "\x1b[2mone two three four …\x1b[0m"
        );
    }
}
