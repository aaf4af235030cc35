//! Self-contained HTML pages: one file without scripts and external resources.
//!
//! `maud` escapes every text. [`shown`] replaces invisible and bidirectional characters with visible ones.

mod axis;
mod chart;

pub(crate) use axis::Unit;
pub(crate) use chart::{Bars, Chart, Line};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::output::colour::Paint;
use crate::output::escape;

/// Content security policy of a page: inline styles and `data:` images only; no scripts, external resources or forms.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// Returns a complete HTML page.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Without this element, browsers request an icon from the server.
                link rel="icon" href="data:,";
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    page.into_string()
}

/// Returns `text` with visible forms of control, invisible and bidirectional characters.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape::push_line(text.as_bytes(), &Paint::default(), &mut out);
    out
}

/// Returns a table. `right` marks the columns that contain numbers.
pub(crate) fn table(titles: &[&str], right: &[bool], rows: &[Vec<String>]) -> Markup {
    let class = |at: usize| right.get(at).copied().unwrap_or(false).then_some("n");
    html! {
        div.scroll {
            table {
                thead { tr { @for (at, title) in titles.iter().enumerate() { th scope="col" class=[class(at)] { (shown(title)) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (at, cell) in row.iter().enumerate() { td class=[class(at)] { (shown(cell)) } } }
                    }
                }
            }
        }
    }
}
