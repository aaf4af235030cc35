//! `java.util.logging`: the level and the message are in the second line.

use crate::lines::recognise::text_of;
use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::stamp::{self, Stamp};
use crate::lines::{Context, LineFormat};
use crate::severity::Severity;

/// `Mar 01, 2026 10:00:00 AM shop.Cart pay`, and then a line `INFO: message`.
pub(in crate::lines) struct Java;

impl LineFormat for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn form(&self) -> &'static str {
        "`Mar 01, 2026 10:00:00 AM shop.Cart pay` and a second line `INFO: message`, of `java.util.logging`"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let (first, second) = line.split_once('\n')?;
        let (time, class, method) = head(first.strip_suffix('\r').unwrap_or(first))?;
        let (severity, message) = level(second)?;
        let mut record = Record::at(message, time);
        record.severity = severity;
        record.target = class;
        record.text("code.function.name", method);
        Some(record)
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        head(line).is_some()
    }

    fn continues(&self, last: &[u8], line: &[u8]) -> Option<bool> {
        // The last line is not the first one if it is not a head: the general rule decides.
        let is_second = level(&text_of(line)).is_some() && head(&text_of(last)).is_some();
        is_second.then_some(true)
    }
}

/// Returns the time, the class and the method of a first line.
fn head(line: &str) -> Option<(Stamp, &str, &str)> {
    let mut scan = Scan::new(line);
    scan.peek().filter(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)?;
    let time = stamp::take(&mut scan)?;
    if matches!(time, Stamp::Yearless { .. }) || !scan.eat(b' ') {
        return None;
    }
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'<' | b'>' | b'/');
    let class = scan.take_while(is_part);
    scan.eat(b' ').then_some(())?;
    let method = scan.take_while(is_part);
    (class.contains('.') && !method.is_empty() && scan.is_at_end()).then_some((time, class, method))
}

/// Returns the level of a second line, and the message.
fn level(line: &str) -> Option<(Severity, &str)> {
    let (word, message) = line.split_once(": ")?;
    let is_level = matches!(word, "SEVERE" | "WARNING" | "INFO" | "CONFIG" | "FINE" | "FINER" | "FINEST");
    Some((Severity::from_name(word).filter(|_| is_level)?, message))
}
