//! The conversion of a Markdown document to plain text for a terminal.
//!
//! The module supports the subset that `schema/` uses: headings, paragraphs, lists without nesting, tables and fenced code.

use super::colour::Paint;
use super::wrap;

/// Maximum number of columns of a line, except in code.
const COLUMNS: usize = 80;
/// Maximum width of the first column of a table. A longer cell is on a separate line.
const CELL: usize = 28;

/// Appends `document` as text to `out`, with `heading` as the style of headings.
pub(crate) fn push_text(out: &mut String, document: &str, heading: &Paint) {
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                let code = format!("  {code}");
                out.push_str(code.trim_end());
                out.push('\n');
            }
        } else if let Some(title) = line.strip_prefix('#') {
            out.push_str(&heading.of(title.trim_start_matches('#').trim_start()));
            out.push('\n');
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            push_table(out, &rows);
        } else if line.is_empty() {
            out.push('\n');
        } else {
            let (first, rest) = if line.starts_with("- ") { ("- ", "  ") } else { ("", "") };
            let mut text = plain(line.strip_prefix(first).unwrap_or(line));
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(&plain(more));
            }
            push_wrapped(out, &text, first, rest);
        }
    }
}

/// Returns whether `line` continues a paragraph or an item of a list.
fn continues(line: &str) -> bool {
    !line.is_empty() && !["- ", "|", "#", "```"].iter().any(|start| line.starts_with(start))
}

/// Returns the cells of a row, or no cells for the line below the head of a table.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim_matches('|');
    if row.chars().all(|c| matches!(c, '-' | ':' | '|' | ' ')) {
        return Vec::new();
    }
    // A bar in a cell is escaped.
    row.replace("\\|", "\0").split('|').map(|cell| plain(cell).replace('\0', "|")).collect()
}

/// Appends a table of two columns. Further columns are appended to the second one.
fn push_table(out: &mut String, rows: &[Vec<String>]) {
    let width = |row: &Vec<String>| row.first().map_or(0, |cell| cell.chars().count());
    let wide = rows.iter().map(width).filter(|width| *width <= CELL).max().unwrap_or(0);
    let indent = " ".repeat(wide + 4);
    // The first row is the head, which a text does not need.
    for row in rows.iter().skip(1) {
        let Some((first, rest)) = row.split_first() else { continue };
        if width(row) <= wide {
            push_wrapped(out, &rest.join("; "), &format!("  {first:wide$}  "), &indent);
        } else {
            push_wrapped(out, first, "  ", "  ");
            push_wrapped(out, &rest.join("; "), &indent, &indent);
        }
    }
}

/// Returns `text` without the marks of emphasis and links.
fn plain(text: &str) -> String {
    let mut result = String::new();
    for (n, piece) in text.trim().split('`').enumerate() {
        if n > 0 {
            result.push('`');
        }
        // Between backticks, each character is literal.
        if n % 2 == 1 {
            result.push_str(piece);
            continue;
        }
        let mut rest = piece.replace("**", "");
        while let Some((before, link)) = rest.split_once('[')
            && let Some((label, target)) = link.split_once("](")
            && let Some((_, after)) = target.split_once(')')
        {
            rest = format!("{before}{label}{after}");
        }
        result.push_str(&rest);
    }
    result
}

/// Appends `text`, wrapped, with `first` before the first line and `rest`, of the same width, before the others.
fn push_wrapped(out: &mut String, text: &str, first: &str, rest: &str) {
    let mut start = first;
    for line in wrap::lines(text, COLUMNS - first.chars().count()) {
        out.push_str(format!("{start}{line}").trim_end());
        out.push('\n');
        start = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_becomes_text() {
        let document = "# Title\n\nA **strong** [link](a.md) in\na paragraph.\n\n- one\n  item\n- `[a](b)`\n\n\
                        | name | meaning |\n|---|---|\n| `a` | `x \\| y` |\n| `bb` | two |\n\n```text\n| code\n```\n";
        let mut out = String::new();
        push_text(&mut out, document, &Paint::default());
        let expected = "Title\n\nA strong link in a paragraph.\n\n- one item\n- `[a](b)`\n\n  \
                        `a`   `x | y`\n  `bb`  two\n\n  | code\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn long_lines_are_wrapped() {
        let mut out = String::new();
        push_text(&mut out, &format!("- {}", "word ".repeat(40)), &Paint::default());
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with("  word")), "{out}");
    }
}
