//! Error logs of nginx and Apache.

use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, stamp};
use crate::severity::Severity;

use super::access;

/// `2026/03/01 10:00:00 [error] 7#7: *1 message, client: ..` and `[Sun Mar 01 10:00:00 2026] [core:error] [pid 7] message`.
pub(in crate::lines) struct ServerError;

impl LineFormat for ServerError {
    fn name(&self) -> &'static str {
        "error"
    }

    fn form(&self) -> &'static str {
        "`2026/03/01 10:00:00 [error] 7#7: *1 message, client: 192.0.2.1` of nginx, `[Sun Mar 01 10:00:00 2026] [core:error] [pid 7:tid 8] [client 192.0.2.1:80] message` of Apache"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        match line.as_bytes().first()? {
            b'0'..=b'9' => nginx(line),
            b'[' => apache(line),
            _ => None,
        }
    }
}

fn nginx(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    if line.as_bytes().get(4) != Some(&b'/') {
        return None;
    }
    let time = stamp::take(&mut scan)?;
    if !scan.eat_text(" [") {
        return None;
    }
    let severity = Severity::from_name(scan.until(b']')?)?;
    if !scan.eat(b' ') {
        return None;
    }
    let process = scan.number()?;
    if !scan.eat(b'#') {
        return None;
    }
    let thread = scan.take_while(|byte| byte.is_ascii_digit());
    if !scan.eat_text(": ") {
        return None;
    }
    let mut record = Record::at(scan.rest(), time);
    record.severity = severity;
    record.number("process.pid", process);
    record.number_of("thread.id", thread);
    // The fields are at the end of the message.
    for (name, key) in [(", client: ", "client.address"), (", server: ", "server.address")] {
        if let Some((_, rest)) = record.body.rsplit_once(name) {
            record.text(key, rest.split([',', '\n']).next().unwrap_or(""));
        }
    }
    if let Some((_, rest)) = record.body.rsplit_once(", request: \"")
        && let Some(line) = Scan::new(rest).quoted()
    {
        access::request(&mut record, line);
    }
    Some(record)
}

fn apache(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    scan.skip(1);
    if !scan.peek()?.is_ascii_alphabetic() {
        return None;
    }
    let time = stamp::take(&mut scan)?;
    if !scan.eat_text("] [") {
        return None;
    }
    let level = scan.until(b']')?;
    let (module, level) = level.split_once(':').unwrap_or(("", level));
    let stem = level.trim_end_matches(|c: char| c.is_ascii_digit());
    let severity = Severity::from_name(stem)?;
    let mut record = Record::at("", time);
    record.severity = severity;
    record.target = module;
    loop {
        scan.blanks();
        if scan.eat_text("[pid ") {
            let mut parts = scan.until(b']')?.split(":tid ");
            record.number_of("process.pid", parts.next()?);
            if let Some(thread) = parts.next() {
                record.number_of("thread.id", thread);
            }
        } else if scan.eat_text("[client ") {
            let client = scan.until(b']')?;
            match client
                .rsplit_once(':')
                .filter(|(address, _)| !address.contains(':') || address.ends_with(']'))
            {
                Some((address, port)) => {
                    record.text("client.address", address);
                    record.number_of("client.port", port);
                }
                None => record.text("client.address", client),
            }
        } else {
            record.body = scan.rest();
            return Some(record);
        }
    }
}
