//! A printer of entries as text lines.
//!
//! ```text
//! 2026-01-02 03:04:05.123456 INFO  target  body  key=value nested={a=1 list=[1 2]}  ⟂ depth ×1
//! ```

use std::fmt::Write;

use fusewire::decode::{Children, EntryRef, Value, Visit};
use fusewire::error::DecodeError;
use fusewire::{NodeFlags, Severity, Trip};

use super::colour::Palette;
use super::escape;
use super::hidden::Hidden;
use super::numbers::grouped;
use super::time::{Clock, Zone};
use super::value::{MARK, push_scalar, push_trip};

/// The attributes of a line of text: its format, the part before the body, and the origin of its time. The printer omits them.
/// Their content is in the other parts of the entry.
const OF_LINES: [&str; 3] = ["fusewire.import.format", "fusewire.import.header", TIME_MARK];
/// The attribute of an entry whose time is that of the entry before it. The printer replaces this attribute with [`PREVIOUS`].
const TIME_MARK: &str = "fusewire.import.time";
/// The character after a time that is that of the entry before.
const PREVIOUS: &str = "~";

/// Maximum number of columns for the alignment of targets.
const TARGET_WIDTH: usize = 24;

/// A printer of entries as text. It reuses its buffers, so that an entry needs no allocation.
pub(crate) struct TextPrinter {
    clock: Clock,
    palette: Palette,
    /// The width of the longest printed target, at most [`TARGET_WIDTH`].
    target_width: usize,
    /// The containers that are open at the current node, outermost first.
    open: Vec<Open>,
    /// The parts that are not printed.
    hidden: Hidden,
    /// Whether the time contains no date.
    is_dateless: bool,
    /// The offset of the blank after the time of the current entry in the output. The attributes determine the character there.
    after_time: Option<usize>,
}

/// A container without its closing bracket.
struct Open {
    depth: usize,
    close: char,
    is_empty: bool,
    /// The number of dropped children, if children were dropped and the number is known.
    dropped: Option<Option<u64>>,
}

impl TextPrinter {
    /// Returns a printer with times in `zone`.
    pub(crate) fn new(zone: Zone, palette: &Palette) -> Self {
        Self {
            clock: Clock::new(zone),
            palette: palette.clone(),
            target_width: 0,
            open: Vec::new(),
            hidden: Hidden::default(),
            is_dateless: false,
            after_time: None,
        }
    }

    /// Omits the parts `hidden`, and the date if `is_dateless` is set.
    pub(crate) fn without(mut self, hidden: Hidden, is_dateless: bool) -> Self {
        (self.hidden, self.is_dateless) = (hidden, is_dateless);
        self
    }

    /// Appends `entry` to `out`: one line, and one more for each further line of its body.
    ///
    /// # Errors
    /// Returns an error if the bytes are not an entry. The readable part is printed with a mark after it.
    pub(crate) fn print(&mut self, entry: &EntryRef<'_>, out: &mut String) -> Result<(), DecodeError> {
        let start = out.len();
        self.after_time = None;
        let (time, severity, target) = (entry.time_unix_nano(), entry.severity(), entry.target());
        if self.hidden.time && self.hidden.level && self.hidden.target {
            // The line begins with the body.
        } else if time == 0 && severity == Severity::UNSPECIFIED && target.is_empty() {
            // An entry without these fields is a line of another log format. No empty columns precede it.
            self.push_dim('-', out);
        } else {
            self.push_clock(time, out);
            self.push_severity(severity, out);
            self.push_target(target.as_bytes(), start, out);
        }
        let body = if self.hidden.message { &b""[..] } else { entry.body().as_bytes() };
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        let mut lines = body.split(|byte| *byte == b'\n');
        if let Some(first) = lines.next().filter(|line| !line.is_empty()) {
            push_gap(start, out);
            self.push_line(first, out);
        }
        let result = self.push_attributes(entry, start, out);
        self.push_origin(entry, start, out);
        if entry.is_tripped() {
            push_gap(start, out);
            self.push_trips(entry.trips(), out);
        }
        out.push('\n');
        for line in lines {
            out.push_str("    ");
            self.push_line(line, out);
            out.push('\n');
        }
        result
    }

    /// Appends a loss record to `out`, with a mark before it.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`print`](Self::print).
    pub(crate) fn print_loss(&mut self, record: &EntryRef<'_>, out: &mut String) -> Result<(), DecodeError> {
        _ = write!(out, "{}!! LOST{} ", self.palette.bad.on, self.palette.bad.off);
        self.print(record, out)
    }

    fn push_clock(&mut self, time: u64, out: &mut String) {
        if self.hidden.time {
            return;
        }
        out.push_str(&self.palette.dim.on);
        match self.is_dateless {
            true => self.clock.write_time_of_day(time, out),
            false => self.clock.write(time, out),
        }
        out.push_str(self.palette.dim.off);
        self.after_time = (time != 0).then_some(out.len());
        out.push(' ');
    }

    fn push_severity(&self, severity: Severity, out: &mut String) {
        if self.hidden.level {
            return;
        }
        let paint = self.palette.severity(severity);
        out.push_str(&paint.on);
        let start = out.len();
        match severity.name() {
            _ if severity == Severity::UNSPECIFIED => out.push('-'),
            Some(name) => out.push_str(name),
            // A write to a `String` cannot fail.
            None => _ = write!(out, "S{}", severity.number()),
        }
        let printed = out.len() - start;
        out.push_str(paint.off);
        pad(5usize.saturating_sub(printed), out);
    }

    fn push_target(&mut self, target: &[u8], begin: usize, out: &mut String) {
        if self.hidden.target || (target.is_empty() && self.target_width == 0) {
            return;
        }
        push_gap(begin, out);
        out.push_str(&self.palette.target.on);
        let start = out.len();
        escape::push_line(target, &self.palette.escape, out);
        // The number of characters is the number of columns for common target names.
        let printed = if target.is_ascii() { target.len() } else { out[start..].chars().count() };
        out.push_str(self.palette.target.off);
        self.target_width = self.target_width.max(printed.min(TARGET_WIDTH));
        pad(self.target_width.saturating_sub(printed), out);
    }

    fn push_line(&self, line: &[u8], out: &mut String) {
        escape::push_line(line.strip_suffix(b"\r").unwrap_or(line), &self.palette.escape, out);
    }

    fn push_attributes(
        &mut self,
        entry: &EntryRef<'_>,
        begin: usize,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        self.open.clear();
        self.hidden.restart();
        let mut first = true;
        for visit in entry.walk() {
            let visit = match visit {
                Ok(visit) => visit,
                Err(error) => {
                    self.close_down_to(0, out);
                    _ = write!(out, " {}{MARK}unreadable{}", self.palette.fuse.on, self.palette.fuse.off);
                    return Err(error);
                }
            };
            self.close_down_to(visit.depth, out);
            if visit.depth == 0 && OF_LINES.iter().any(|key| visit.attribute.key == *key) {
                if visit.attribute.key == *TIME_MARK
                    && let Some(at) = self.after_time
                {
                    out.replace_range(at..=at, PREVIOUS);
                }
                continue;
            }
            if self.hidden.contains(visit.attribute.key.as_bytes(), visit.depth) {
                continue;
            }
            match self.open.last_mut() {
                None if first => push_gap(begin, out),
                None => out.push(' '),
                Some(parent) if parent.is_empty => parent.is_empty = false,
                Some(_) => out.push(' '),
            }
            first = false;
            self.push_attribute(&visit, out);
        }
        self.close_down_to(0, out);
        match entry.dropped_attributes_count() {
            0 => {}
            u32::MAX => self.push_dropped(None, true, out),
            count => self.push_dropped(Some(u64::from(count)), true, out),
        }
        Ok(())
    }

    /// Appends the ends of the containers that do not contain a node at `depth`.
    fn close_down_to(&mut self, depth: usize, out: &mut String) {
        while let Some(container) = self.open.pop_if(|container| container.depth >= depth) {
            if let Some(count) = container.dropped {
                self.push_dropped(count, !container.is_empty, out);
            }
            self.push_dim(container.close, out);
        }
    }

    fn push_attribute(&mut self, visit: &Visit<'_>, out: &mut String) {
        let Visit { depth, in_array, attribute } = *visit;
        let flags = attribute.flags;
        if !in_array {
            out.push_str(&self.palette.dim.on);
            escape::push_key(attribute.key.as_bytes(), &self.palette.escape, out);
            if flags.contains(NodeFlags::KEY_CUT) {
                self.push_mark("…", out);
                out.push_str(&self.palette.dim.on);
            }
            out.push('=');
            out.push_str(self.palette.dim.off);
        }
        match attribute.value {
            Value::Array(children) => self.open_container(('[', ']'), depth, children, out),
            Value::Map(children) => self.open_container(('{', '}'), depth, children, out),
            scalar => push_scalar(scalar, &self.palette, out),
        }
        for (flag, name) in [
            (NodeFlags::DEPTH_CUT, "depth"),
            (NodeFlags::VALUE_CUT, "cut"),
            (NodeFlags::TYPE_REPLACED, "type"),
            (NodeFlags::KEY_HASHED, "key"),
        ] {
            if flags.contains(flag) {
                _ = write!(out, "{}{MARK}{name}{}", self.palette.fuse.on, self.palette.fuse.off);
            }
        }
    }

    fn open_container(
        &mut self,
        (open, close): (char, char),
        depth: usize,
        children: Children<'_>,
        out: &mut String,
    ) {
        self.push_dim(open, out);
        let dropped = children.is_truncated().then(|| children.dropped());
        self.open.push(Open { depth, close, is_empty: true, dropped });
    }

    /// Appends the thread and the trace of the entry.
    fn push_origin(&self, entry: &EntryRef<'_>, begin: usize, out: &mut String) {
        let mut trace = entry.trace();
        if self.hidden.trace {
            trace.trace_id = 0;
        }
        if self.hidden.span {
            trace.span_id = 0;
        }
        let thread = if self.hidden.thread { &b""[..] } else { entry.thread().as_bytes() };
        let has_id = trace.trace_id != 0 || trace.span_id != 0;
        if !has_id && thread.is_empty() {
            return;
        }
        push_gap(begin, out);
        out.push_str(&self.palette.dim.on);
        if !thread.is_empty() {
            out.push_str("thread:");
            escape::push_value(thread, &self.palette.escape, out);
            out.push_str(if has_id { " " } else { "" });
            out.push_str(&self.palette.dim.on);
        }
        if trace.trace_id != 0 {
            _ = write!(out, "trace:{:032x}", trace.trace_id);
        }
        if trace.span_id != 0 {
            _ = write!(out, "{}span:{:016x}", if trace.trace_id == 0 { "" } else { " " }, trace.span_id);
        }
        out.push_str(self.palette.dim.off);
    }

    fn push_dropped(&self, count: Option<u64>, after_children: bool, out: &mut String) {
        out.push_str(if after_children { " " } else { "" });
        out.push_str(&self.palette.fuse.on);
        match count {
            Some(count) => _ = write!(out, "…+{} dropped", grouped(count)),
            None => out.push_str("…+? dropped"),
        }
        out.push_str(self.palette.fuse.off);
    }

    fn push_trips(&self, trips: impl Iterator<Item = Trip>, out: &mut String) {
        out.push_str(&self.palette.fuse.on);
        out.push_str(MARK);
        for (at, trip) in trips.enumerate() {
            out.push_str(if at == 0 { " " } else { ", " });
            push_trip(&trip, out);
        }
        out.push_str(self.palette.fuse.off);
    }

    fn push_mark(&self, mark: &str, out: &mut String) {
        out.push_str(self.palette.dim.off);
        out.push_str(&self.palette.fuse.on);
        out.push_str(mark);
        out.push_str(self.palette.fuse.off);
    }

    fn push_dim(&self, character: char, out: &mut String) {
        out.push_str(&self.palette.dim.on);
        out.push(character);
        out.push_str(self.palette.dim.off);
    }
}

/// Appends the blanks before a part of a line that begins at `begin`.
fn push_gap(begin: usize, out: &mut String) {
    if out.len() > begin {
        out.push_str("  ");
    }
}

fn pad(columns: usize, out: &mut String) {
    const BLANKS: &str = "                                ";
    out.push_str(&BLANKS[..columns.min(BLANKS.len())]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use fusewire::encode::{Bytes, EntryWriter, encode};
    use fusewire::{Limits, Timestamp, TraceContext};

    use super::*;

    fn printed(limits: Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> String {
        let mut buffer = vec![0; 1 << 16];
        let encoded = encode(&mut buffer, &limits, |entry| write(entry)).unwrap();
        let mut out = String::new();
        let mut printer = TextPrinter::new(Zone::utc(), &Palette::new(false));
        printer.print(&EntryRef::new(encoded.bytes()).unwrap(), &mut out).unwrap();
        out
    }

    #[test]
    fn an_entry_is_one_line_with_everything_in_it() {
        let line = printed(Limits::DEFAULT, |entry| {
            entry.set_time_unix_nano(1_767_323_045_123_456_789);
            entry.set_severity(Severity::INFO);
            entry.set_target("shop::cart");
            entry.set_body("item added");
            entry.set_thread("worker 1");
            entry.set_trace(TraceContext { trace_id: 0xab, span_id: 0xcd, flags: 1 });
            entry
                .attr("id", &7)
                .attr("name", "a cup")
                .attr("took", &Duration::from_micros(1500))
                .attr("due", &Timestamp::from_unix_nanos(0))
                .attr("raw", &Bytes(&[1, 255]))
                .attr("ratio", &1.0)
                .attr("none", &())
                .attr("empty", &[0; 0]);
            entry.attributes().slot("nested").map().entry("a", &1).entry("list", &[[1, 2], [3, 4]]);
        });
        assert_eq!(
            line,
            "2026-01-02 03:04:05.123456 INFO   shop::cart  item added  id=7 name=\"a cup\" took=1.5ms \
             due=1970-01-01T00:00:00Z raw=0x01ff ratio=1.0 none=null empty=[] nested={a=1 list=[[1 2] [3 4]]}  \
             thread:\"worker 1\" trace:000000000000000000000000000000ab span:00000000000000cd\n"
        );
    }

    #[test]
    fn what_the_fuse_did_is_seen_where_it_was_done_and_at_the_end() {
        let limits = Limits { max_depth: 1, max_width: 3, max_string_bytes: 4, ..Limits::DEFAULT };
        let line = printed(limits, |entry| {
            let map: BTreeMap<_, _> = (0..1_000).map(|n| (n, n)).collect();
            entry.attr("wide", &map).attr("deep", &[[1]]).attr("long", "abcdef").attr("over", &1);
        });
        assert_eq!(
            line,
            "-  wide={0=0 1=1 2=2 …+997 dropped} deep=[null⟂depth] long=abcd⟂cut \
             …+1 dropped  ⟂ depth ×1, width ×2 (998 dropped), string ×1 (2 bytes cut)\n"
        );
    }

    #[test]
    fn further_lines_of_a_body_stand_below_indented() {
        let lines = printed(Limits::DEFAULT, |entry| {
            entry.set_body("panicked\n  at a.rs:1\n\tat b.rs:2\n");
            entry.attr("k", &1);
        });
        assert_eq!(lines, "-  panicked  k=1\n      at a.rs:1\n    \tat b.rs:2\n");
    }

    #[test]
    fn targets_are_aligned_as_they_come() {
        let mut printer = TextPrinter::new(Zone::utc(), &Palette::new(false));
        let mut out = String::new();
        for target in ["first", "a::longer::one", "b"] {
            let mut buffer = [0; 1024];
            let encoded = encode(&mut buffer, &Limits::DEFAULT, |entry| {
                entry.set_target(target);
                entry.set_body("x");
            });
            printer.print(&EntryRef::new(encoded.unwrap().bytes()).unwrap(), &mut out).unwrap();
        }
        let columns: Vec<_> = out.lines().map(|line| line.find('x').unwrap()).collect();
        assert_eq!(columns, [41, 50, 50]);
    }
}
