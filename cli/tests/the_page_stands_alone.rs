//! The page of a post-mortem is one file that loads nothing, runs no script, and shows the content of the log as text.

mod common;

use std::path::Path;

use common::{TempDir, fusewire, small_log};
use fusewire::encode::{LogValue, ValueWriter};
use fusewire::memory::MemoryRecorder;
use fusewire::{Severity, event};

const HOSTILE: &str = "</title></style><script>alert(1)</script><img src=http://evil/ onerror=x> \" onload=\"y' <svg/onload=z> \u{202e}\u{0}\u{1b}[2J &amp; ]]>";

struct Deep(u32);

impl LogValue for Deep {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        if self.0 > 0 {
            out.map().entry(HOSTILE, &Self(self.0 - 1));
        }
    }
}

/// Returns the page of a log in which all names are hostile.
fn page(directory: &Path) -> String {
    let logs = directory.join("logs <script>alert(2)<");
    std::fs::create_dir(&logs).unwrap();
    let log = small_log(&logs, HOSTILE).open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    let name = "thread </h3><script>alert(3)</script>".to_owned();
    let worker = std::thread::Builder::new().name(name.clone());
    worker
        .spawn({
            let log = log.clone();
            move || {
                for level in [Severity::TRACE, Severity::INFO, Severity::ERROR, Severity::FATAL] {
                    let _ = log.append(|entry| {
                        entry.set_severity(level);
                        entry.set_thread(&name);
                        entry.set_target(HOSTILE);
                        entry.set_body(HOSTILE);
                        entry.attr(HOSTILE, HOSTILE).attr("code.file.path", HOSTILE).attr("deep", &Deep(20));
                    });
                }
            }
        })
        .unwrap()
        .join()
        .unwrap();
    for n in 0..40 {
        event!(log, Severity::WARN, "long", text = "x".repeat(3_000), n = n);
    }
    (0..40).for_each(|_| _ = memory.sample());
    drop((memory, log));
    let out = directory.join("report.html");
    std::fs::write(&out, "something else").unwrap();
    let run = fusewire(["postmortem".as_ref(), logs.as_os_str(), "--html".as_ref(), out.as_os_str()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 2, "nothing else is left");
    std::fs::read_to_string(out).unwrap()
}

/// Returns the name and the attributes of each tag of a page.
///
/// # Panics
/// Panics if a text contains an angle bracket or if a tag is not closed.
fn tags(page: &str) -> Vec<(&str, &str)> {
    let mut tags = Vec::new();
    let mut open = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
        rest = &rest[start + 1..];
        // Attributes are in double quotes, which can contain an angle bracket.
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let (tag, after) = rest.split_at(end.expect("a tag ends"));
        rest = &after[1..];
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if ["!DOCTYPE", "meta", "link"].contains(&name) => {}
            None => open.push(name),
        }
        if name == "style" {
            // The content of this tag is a style sheet.
            rest = &rest[rest.find("</style>").unwrap()..];
        }
        tags.push((name, attributes));
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    tags
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let directory = TempDir::new().unwrap();
    let page = page(directory.path());
    let known = [
        "!DOCTYPE",
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "span",
        "b",
        "dl",
        "dt",
        "dd",
        "ol",
        "li",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "svg",
        "line",
        "text",
        "rect",
        "g",
        "polyline",
        "polygon",
        "details",
        "summary",
    ];
    let tags = tags(&page);
    for (name, attributes) in &tags {
        assert!(known.contains(&name.trim_start_matches('/')), "<{name} {attributes}>");
        // The text between quotes is harmless.
        let outside: String = attributes.split('"').step_by(2).collect();
        for forbidden in ["src", "srcset", "style", "xlink", "action", "formaction", "background"] {
            assert!(!outside.split([' ', '=']).any(|word| word == forbidden), "<{name} {attributes}>");
        }
        assert!(!outside.split(' ').any(|word| word.starts_with("on")), "<{name} {attributes}>");
        assert!(!outside.contains("href") || attributes.contains("href=\"data:,\""), "<{name} {attributes}>");
    }
    assert!(page.contains("default-src 'none'") && !page.contains("url(") && !page.contains("@import"));
    assert_eq!(tags.iter().filter(|(name, _)| *name == "figure").count(), 4, "memory, entries, bytes, trips");
}

#[test]
fn what_was_logged_is_there_as_text() {
    let directory = TempDir::new().unwrap();
    let page = page(directory.path());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("thread &lt;/h3&gt;"));
    assert!(
        !page.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
        "characters that nobody sees"
    );
    assert!(page.contains("(limited by the circuit breaker)") && page.contains("closed its log"));
    // The size of the page is bounded for a log of any size, so that a browser can open it.
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}
