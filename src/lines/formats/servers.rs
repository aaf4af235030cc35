//! Servers with a form of their own: uWSGI, HAProxy, Redis and the load balancers of AWS.

use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, stamp};
use crate::severity::Severity;

use super::access;

/// The length of the id of an owner of buckets, in bytes.
const OWNER: usize = 64;

/// The lines of these servers. The line of HAProxy is usually the message of a line of syslog.
pub(in crate::lines) struct Servers;

impl LineFormat for Servers {
    fn name(&self) -> &'static str {
        "server"
    }

    fn form(&self) -> &'static str {
        "`[pid: 7|app: 0|req: 1/1] 192.0.2.1 () {..} [Sun Mar 01 10:00:00 2026] GET / => ..` of uWSGI, `7:M 01 Mar 2026 10:00:00.123 * message` of Redis, `192.0.2.1:80 [01/Mar/2026:10:00:00.123] frontend backend/server 0/0/0/1/1 200 12 ..` of HAProxy, `https 2026-03-01T10:00:00Z app/..` of the load balancer of AWS, `owner bucket [01/Mar/2026:10:00:00 +0000] 192.0.2.1 ..` of S3"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        if line.as_bytes().get(OWNER) == Some(&b' ')
            && let Some(record) = bucket(line)
        {
            return Some(record);
        }
        match line.as_bytes().first()? {
            b'[' => uwsgi(line),
            b'h' | b'w' | b'g' => load_balancer(line),
            b'0'..=b'9' => redis(line).or_else(|| haproxy(line)),
            b'a'..=b'f' | b'A'..=b'F' | b':' => haproxy(line),
            _ => None,
        }
    }
}

fn uwsgi(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    if !scan.eat_text("[pid: ") {
        return None;
    }
    let process = scan.until(b'|')?;
    scan.until(b']')?;
    scan.blanks();
    let client = scan.word()?;
    scan.until(b'[')?;
    let time = stamp::take(&mut scan)?;
    if !scan.eat_text("] ") {
        return None;
    }
    let mut record = Record::at(scan.rest(), time);
    record.number_of("process.pid", process);
    record.text("client.address", client);
    let request = record.body.split(" => ").next()?;
    access::request(&mut record, request);
    if let Some((_, rest)) = record.body.split_once("(HTTP/") {
        let mut parts = rest.split([' ', ')']);
        record.text("network.protocol.version", parts.next()?);
        record.number_of("http.response.status_code", parts.next()?);
    }
    Some(record)
}

/// Redis: the process, its role, the time, and a character for the level.
fn redis(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    let process = scan.number()?;
    if !scan.eat(b':') || !matches!(scan.peek()?, b'M' | b'S' | b'C' | b'X') || scan.peek_at(1) != Some(b' ')
    {
        return None;
    }
    scan.skip(2);
    let time = stamp::take(&mut scan)?;
    scan.eat(b' ').then_some(())?;
    let severity = match scan.peek()? {
        b'.' => Severity::DEBUG,
        b'-' => Severity::INFO,
        b'*' => Severity::from_name("notice")?,
        b'#' => Severity::WARN,
        _ => return None,
    };
    scan.skip(1);
    scan.eat(b' ').then_some(())?;
    let mut record = Record::at(scan.rest(), time);
    record.severity = severity;
    record.number("process.pid", process);
    Some(record)
}

fn haproxy(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    let (client, port) = scan.word()?.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !is_port || !scan.eat_text(" [") {
        return None;
    }
    let time = stamp::take(&mut scan)?;
    if !scan.eat_text("] ") {
        return None;
    }
    let mut record = Record::at(scan.rest(), time);
    record.text("client.address", client);
    record.number_of("client.port", port);
    let mut words = scan.rest().split(' ').skip(2);
    let timers = words.next().unwrap_or("");
    if timers.bytes().filter(|byte| *byte == b'/').count() == 4 {
        record.number_of("http.response.status_code", words.next()?);
        record.number_of("http.response.body.size", words.next()?);
        if let Some((_, request)) = record.body.split_once('"') {
            access::request(&mut record, request.split('"').next()?);
        }
    }
    Some(record)
}

/// An access to a bucket of S3: the owner, the bucket, the time, the client, the requester, the request, the operation, the key,
/// the request line, the status, the error and the bytes.
fn bucket(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    let owner = scan.word()?;
    if owner.len() != OWNER || !owner.bytes().all(|byte| byte.is_ascii_hexdigit()) || !scan.eat(b' ') {
        return None;
    }
    scan.word()?;
    if !scan.eat_text(" [") {
        return None;
    }
    let time = stamp::take(&mut scan)?;
    if !scan.eat_text("] ") {
        return None;
    }
    let mut record = Record::at(scan.rest(), time);
    record.text("client.address", scan.word()?);
    if let Some((_, rest)) = record.body.split_once('"') {
        let mut rest = Scan::new(rest);
        access::request(&mut record, rest.quoted()?);
        let mut words = rest.rest().split(' ').skip(1);
        record.number_of("http.response.status_code", words.next()?);
        record.number_of("http.response.body.size", words.nth(1)?);
    }
    Some(record)
}

/// The application load balancer of AWS.
fn load_balancer(line: &str) -> Option<Record<'_>> {
    let mut scan = Scan::new(line);
    let kind = scan.word()?;
    if !matches!(kind, "http" | "https" | "h2" | "grpcs" | "ws" | "wss") || !scan.eat(b' ') {
        return None;
    }
    let time = stamp::take(&mut scan)?;
    scan.eat(b' ').then_some(())?;
    let mut record = Record::at(scan.rest(), time);
    let mut words = record.body.split(' ');
    let name = words.next()?;
    if !name.contains('/') {
        return None;
    }
    if let Some((address, port)) = words.next().and_then(|client| client.rsplit_once(':')) {
        record.text("client.address", address);
        record.number_of("client.port", port);
    }
    if let Some(status) = words.nth(4) {
        record.number_of("http.response.status_code", status);
    }
    if let Some((_, request)) = record.body.split_once('"') {
        access::request(&mut record, request.split('"').next()?);
    }
    Some(record)
}
