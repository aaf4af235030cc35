//! Syslog: RFC 3164, RFC 5424, and the form of rsyslog with a time of RFC 3339.

use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::stamp::{self, Stamp};
use crate::lines::{Context, LineFormat, level};
use crate::severity::Severity;

/// `<13>Mar  1 10:00:00 host app[7]: message` and `<13>1 2026-03-01T10:00:00Z host app 7 ID [data] message`.
pub(in crate::lines) struct Syslog;

impl LineFormat for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn form(&self) -> &'static str {
        "`Mar  1 10:00:00 host app[7]: message` of RFC 3164, also with a time of RFC 3339; `1 2026-03-01T10:00:00Z host app 7 ID [data] message` of RFC 5424; both with or without a priority `<13>`"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut record = head(line)?;
        if record.severity == Severity::UNSPECIFIED {
            record.severity =
                level::of_message(record.body).or_else(|| level::of_cisco(record.body)).unwrap_or_default();
        }
        record.inner = Inner::Line;
        Some(record)
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        head(line).is_some()
    }
}

/// Parses the parts before the message.
fn head(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    scan.peek().filter(|first| first.is_ascii_alphanumeric() || matches!(first, b'<' | 0x80..))?;
    let priority = priority(&mut scan);
    let is_new = priority.is_some() && scan.eat_text("1 ");
    let mut record = if is_new {
        if scan.eat_text("- ") {
            new_form(&mut scan, None, true)?
        } else {
            let time = stamp::take(&mut scan)?;
            scan.eat(b' ').then_some(())?;
            new_form(&mut scan, Some(time), true)?
        }
    } else {
        let is_rfc3339 = scan.peek_at(10) == Some(b'T');
        let is_named = scan.peek().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !is_rfc3339 && !is_named {
            return None;
        }
        let time = stamp::take(&mut scan)?;
        let is_yearless = matches!(time, Stamp::Yearless { .. });
        if !is_yearless && !is_rfc3339 || !scan.eat(b' ') {
            return None;
        }
        let mut new = scan;
        if let Some(record) = old_form(&mut scan, time) {
            record
        } else if is_rfc3339 {
            new_form(&mut new, Some(time), priority.is_some())?
        } else if is_yearless && priority.is_some() {
            Record::at(new.rest(), time)
        } else {
            return None;
        }
    };
    if let Some(priority) = priority {
        record.number("syslog.facility", i64::from(priority / 8));
        record.severity = Severity::from_syslog(i64::from(priority % 8))?;
    }
    Some(record)
}

/// Takes a priority from 0 to 191 in angle brackets.
fn priority(scan: &mut Scan<'_>) -> Option<u8> {
    let mut ahead = *scan;
    if !ahead.eat(b'<') {
        return None;
    }
    let number = ahead.number().filter(|number| (0..192).contains(number))?;
    ahead.eat(b'>').then_some(())?;
    *scan = ahead;
    u8::try_from(number).ok()
}

/// Takes the parts after the time: `host app[7]: `.
fn old_form<'l>(scan: &mut Scan<'l>, time: Stamp) -> Option<Record<'l>> {
    scan.blanks();
    let host = scan.word()?;
    if host.ends_with(':') || host.contains(['[', '=', '(', '"']) {
        return None;
    }
    scan.blanks();
    let mut record = Record::at(scan.rest(), time);
    if record.body.starts_with("last message repeated ") || record.body.starts_with("message repeated ") {
        record.text("host.name", host);
        return Some(record);
    }
    if level::of_cisco(record.body).is_some() {
        record.text("host.name", host);
        return Some(record);
    }
    let name = scan.take_while(|byte| !matches!(byte, b' ' | b'[' | b':' | b'\t' | b'\n' | b'"' | b'='));
    if name.is_empty()
        || !name.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '_' | '/' | '('))
    {
        return None;
    }
    let mut is_tag = false;
    if scan.eat(b'[') {
        let process = scan.until(b']')?;
        match process.parse() {
            Ok(number) => record.number("process.pid", number),
            Err(_) => record.text("process.pid", process),
        }
        is_tag = true;
    }
    // macOS writes the name of the service between the process and the colon.
    if is_tag && scan.rest().starts_with(" (") {
        let mut ahead = *scan;
        if ahead.until(b')').is_some() && ahead.peek() == Some(b':') {
            *scan = ahead;
        }
    }
    if scan.eat(b':') {
        is_tag = scan.eat(b' ') || scan.is_at_end() || is_tag;
    } else {
        is_tag &= scan.eat(b' ');
    }
    if !is_tag {
        return None;
    }
    record.text("host.name", host);
    record.target = name;
    record.body = scan.rest();
    Some(record)
}

/// Takes the parts of RFC 5424 after the time: `host app 7 ID [data] `.
fn new_form<'l>(scan: &mut Scan<'l>, time: Option<Stamp>, has_priority: bool) -> Option<Record<'l>> {
    let mut word = || {
        let word = scan.word();
        scan.eat(b' ').then_some(())?;
        word
    };
    let (host, app, process, id) = (word()?, word()?, word()?, word()?);
    // Without a priority, only a number shows that the words are these parts.
    let is_plain = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']' | b'"' | b'='))
    };
    let is_number = process == "-" || process.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number && !has_priority || !is_plain(host) || !is_plain(app) || !is_plain(id) {
        return None;
    }
    let data = scan.rest();
    if scan.eat(b'-') {
        (scan.eat(b' ') || scan.is_at_end()).then_some(())?;
    } else {
        scan.peek().filter(|byte| *byte == b'[')?;
        while scan.eat(b'[') {
            // A bracket in a value is in quotes.
            loop {
                let part = scan.take_while(|byte| byte != b'"' && byte != b']' && byte != b'\n');
                if scan.eat(b'"') {
                    if !part.ends_with('=') {
                        return None;
                    }
                    scan.quoted()?;
                } else {
                    scan.eat(b']').then_some(())?;
                    break;
                }
            }
        }
    }
    let len = data.len() - scan.rest().len();
    let data = data.get(..len)?.trim_end();
    scan.eat(b' ');
    let mut record = Record::new(scan.rest().strip_prefix('\u{feff}').unwrap_or(scan.rest()));
    record.time = time;
    record.text("host.name", host);
    record.target = if app == "-" { "" } else { app };
    if process != "-" {
        record.number_of("process.pid", process);
    }
    record.text("syslog.msgid", id);
    record.text("syslog.structured_data", data);
    if let Some((_, rest)) = data.split_once(" level=\"") {
        record.severity = rest.split('"').next().and_then(Severity::from_name).unwrap_or_default();
    }
    Some(record)
}
