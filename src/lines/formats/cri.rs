//! The lines of container runtimes for Kubernetes.

use crate::lines::join::is_stack;
use crate::lines::recognise::text_of;
use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, stamp};

/// `2026-03-01T10:00:00.1Z stdout F message`. The lines of a message that the runtime divided have `P` in place of `F`,
/// except for the last one.
pub(in crate::lines) struct Cri;

impl LineFormat for Cri {
    fn name(&self) -> &'static str {
        "cri"
    }

    fn form(&self) -> &'static str {
        "`2026-03-01T10:00:00.1Z stdout F message` of containerd and CRI-O; lines with `P` are parts of the message, which ends with `F`"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let (time, stream, _) = head(&mut scan)?;
        let mut record = Record::at(scan.rest(), time);
        record.inner = Inner::Line;
        record.text("log.iostream", stream);
        Some(record)
    }

    fn continues(&self, last: &[u8], line: &[u8]) -> Option<bool> {
        let (last, line) = (text_of(last), text_of(line));
        let (_, stream, is_part) = head(&mut Scan::new(&last))?;
        let mut scan = Scan::new(&line);
        let is_same = head(&mut scan).is_some_and(|(_, of, _)| of == stream);
        Some(is_same && (is_part || is_stack(scan.rest().as_bytes())))
    }

    fn joined(&self, record: &str, out: &mut String) -> bool {
        let (mut is_joined, mut was_part) = (false, false);
        for (index, line) in record.split('\n').enumerate() {
            let mut scan = Scan::new(line.strip_suffix('\r').unwrap_or(line));
            let Some((_, _, is_part)) = head(&mut scan) else { return false };
            if index > 0 && !was_part {
                out.push('\n');
            }
            out.push_str(if index == 0 { line } else { scan.rest() });
            is_joined |= index > 0;
            was_part = is_part;
        }
        is_joined
    }
}

/// Takes the time, the stream, and whether the line is a part of a message.
fn head<'l>(scan: &mut Scan<'l>) -> Option<(stamp::Stamp, &'l str, bool)> {
    scan.peek().filter(u8::is_ascii_digit)?;
    let time = stamp::take(scan)?;
    let stream = if scan.eat_text(" stdout ") {
        "stdout"
    } else if scan.eat_text(" stderr ") {
        "stderr"
    } else {
        return None;
    };
    let is_part = scan.eat(b'P');
    if !is_part && !scan.eat(b'F') {
        return None;
    }
    // A tag can follow the letter after a colon.
    if scan.eat(b':') {
        scan.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b':');
    }
    (scan.eat(b' ') || scan.is_at_end()).then_some((time, stream, is_part))
}
