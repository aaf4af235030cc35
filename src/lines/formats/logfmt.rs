//! logfmt: names and values.

use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::stamp::{self, Stamp};
use crate::lines::{Context, LineFormat, object};
use crate::names::{self, Name, Part};

/// `time=2026-03-01T10:00:00Z level=info msg="a message" order=7`. All words of the line have this form.
pub(in crate::lines) struct Logfmt;

/// The minimum number of values without a name of a header field.
const FEWEST: usize = 3;

impl LineFormat for Logfmt {
    fn name(&self) -> &'static str {
        "logfmt"
    }

    fn form(&self) -> &'static str {
        "`time=2026-03-01T10:00:00Z level=info msg=\"a message\" order=7` of slog, logrus, Grafana, `fusewire --output logfmt`; also auditd (`msg=audit(1772359200.123:7):`) and FortiGate (`date=` and `time=`)"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, out: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let (mut pairs, mut is_named) = (0, false);
        let mut record = Record::new(line);
        object::begin(out);
        let mut date = String::new();
        let mut unescaped = String::new();
        scan.blanks();
        while !scan.is_at_end() {
            let key = key(&mut scan)?;
            let value = if scan.eat(b'"') {
                let value = scan.quoted()?;
                if value.contains('\\') {
                    unescape(value, &mut unescaped);
                    &unescaped
                } else {
                    value
                }
            } else {
                scan.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'"'))
            };
            if !scan.is_at_end() && scan.blanks() == 0 {
                return None;
            }
            pairs += 1;
            is_named |= matches!(names::meaning(key), Some(Name::Of(part)) if part != Part::TraceFlags);
            if key == "msg"
                && let Some(time) = audit(value)
            {
                record.time = Some(time);
            }
            // FortiGate divides the time.
            match key {
                "date" if value.len() == 10 => date.push_str(value),
                "time" if value.len() == 8 && date.len() == 10 => {
                    date.push(' ');
                    date.push_str(value);
                }
                "tz" if date.len() == 19 => date.push_str(value),
                _ => {}
            }
            // Grafana writes the time with this name.
            let is_grafana = key == "t" && value.len() > 18 && value.as_bytes().get(4) == Some(&b'-');
            object::scalar(out, if is_grafana { "ts" } else { key }, value);
        }
        object::end(out);
        if date.len() >= 19 {
            record.time = stamp::take(&mut Scan::new(&date));
        }
        record.inner = Inner::Converted;
        (pairs >= FEWEST || pairs > 1 && is_named).then_some(record)
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        let mut scan = Scan::new(line);
        let mut pairs = 0;
        while pairs < 2 && key(&mut scan).is_some() {
            if scan.eat(b'"') {
                if scan.quoted().is_none() {
                    return false;
                }
            } else {
                scan.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'"'));
            }
            scan.blanks();
            pairs += 1;
        }
        pairs == 2
    }
}

/// Takes a name and the equals sign after it.
fn key<'l>(scan: &mut Scan<'l>) -> Option<&'l str> {
    scan.peek().filter(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@'))?;
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/' | b':');
    let key = scan.take_while(is_part);
    scan.eat(b'=').then_some(key)
}

/// Returns the time of `audit(1772359200.123:7):`, which auditd writes.
fn audit(value: &str) -> Option<Stamp> {
    let inside = value.strip_prefix("audit(")?;
    let (time, _) = inside.split_once(':')?;
    let mut scan = Scan::new(time);
    matches!(scan.count_digits(), 10 | 13).then(|| stamp::epoch(&mut scan)).flatten()
}

fn unescape(value: &str, out: &mut String) {
    out.clear();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(quoted @ ('"' | '\\'))) => out.push(quoted),
            (other, None) => out.push(other),
            (other, Some(next)) => {
                out.push(other);
                out.push(next);
            }
        }
    }
}
