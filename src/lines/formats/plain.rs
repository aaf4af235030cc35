//! The form of most text loggers: a time, a level, a thread and a logger in any order, then the message.

use crate::json::ids::has_form_of_uuid;
use crate::lines::level::Place;
use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, level, stamp};
use crate::severity::Severity;

/// `2026-03-01 10:00:00,123 ERROR [thread] logger - message` and similar forms.
pub(in crate::lines) struct Plain;

/// The maximum number of parts before the message.
const PARTS: usize = 8;
/// The maximum length of a part, in bytes.
const LONGEST: usize = 100;

impl LineFormat for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn form(&self) -> &'static str {
        "`2026-03-01 10:00:00,123 ERROR [thread] logger - message` and other orders of these parts, of log4j, logback, Python, Ruby, spdlog, env_logger, zap, Monolog, MySQL, PostgreSQL, ZooKeeper, Celery, GlusterFS, AWS Lambda and others; `LEVEL: message` without a time"
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        let mut scan = Scan::new(line);
        if !scan.peek().is_some_and(is_first) {
            return false;
        }
        let severity = before_time(&mut scan);
        if !scan.eat(b'[') {
            scan.eat(b'(');
        }
        stamp::take(&mut scan).is_some() && !is_count(line) || level_only(line, severity).is_some()
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        scan.peek().filter(|first| is_first(*first))?;
        let mut record = Record::new(line);
        record.severity = before_time(&mut scan);
        let is_open = scan.eat(b'[') || scan.eat(b'(');
        let time = stamp::take(&mut scan).filter(|_| !is_count(line));
        let Some(time) = time else { return level_only(line, record.severity) };
        record.time = Some(time);
        if is_open {
            // Ruby writes the process in the brackets, env_logger the level and the module.
            let mut ahead = scan;
            ahead.blanks();
            if ahead.eat(b'#')
                && let Some(process) = ahead.number()
                && ahead.eat(b']')
            {
                record.number("process.pid", process);
                scan = ahead;
            } else if !scan.eat(b']') && !scan.eat(b')') {
                return in_brackets(scan, record);
            }
        }
        if !(is_open && gluster(&mut scan, &mut record)) {
            parts(&mut scan, &mut record);
        }
        record.body = scan.rest();
        if record.severity == Severity::UNSPECIFIED {
            record.severity = level::of_cisco(record.body).unwrap_or_default();
        }
        // `docker logs --timestamps` writes the time before a line of any format.
        if record.body.starts_with('{') || record.severity == Severity::UNSPECIFIED {
            record.inner = Inner::Line;
        }
        Some(record)
    }
}

/// Returns whether a line begins with a number and its unit: `1500000000000 Bytes free`.
fn is_count(line: &str) -> bool {
    const UNITS: [&str; 16] = [
        "bytes", "kb", "kib", "mb", "mib", "packets", "items", "rows", "records", "requests", "messages",
        "files", "entries", "lines", "objects", "keys",
    ];
    let mut scan = Scan::new(line);
    let is_number = !scan.take_while(|byte| byte.is_ascii_digit()).is_empty() && scan.blanks() > 0;
    let unit = scan.take_while(|byte| byte.is_ascii_alphabetic());
    is_number && UNITS.iter().any(|name| name.eq_ignore_ascii_case(unit))
}

/// Returns whether a line of this form can begin with a byte.
fn is_first(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b'(' | b'<' | 0x80..)
}

/// Takes the level before the time: `[INFO] `, `(W) `, `INFO  `, or `W, ` of Ruby. Moves after blanks and separators.
fn before_time(scan: &mut Scan<'_>) -> Severity {
    let mut ahead = *scan;
    // `[Nest] 7  - ` of NestJS.
    if ahead.eat_text("[Nest] ") && ahead.number().is_some() {
        ahead.blanks();
        if ahead.eat(b'-') {
            ahead.blanks();
            *scan = ahead;
            return Severity::UNSPECIFIED;
        }
    }
    let mut ahead = *scan;
    let is_ruby =
        ahead.peek_at(1) == Some(b',') && ahead.peek_at(2) == Some(b' ') && ahead.peek_at(3) == Some(b'[');
    let found = if is_ruby {
        let severity =
            ahead.rest().get(..1).filter(|letter| "DIWEFA".contains(letter)).and_then(Severity::from_name);
        ahead.skip(2);
        severity
    } else {
        level::take(&mut ahead, Place::Any)
    };
    let Some(severity) = found else { return Severity::UNSPECIFIED };
    ahead.take_while(|byte| matches!(byte, b' ' | b'\t' | b':' | b'|' | b'-'));
    *scan = ahead;
    severity
}

/// Returns the record of a line that begins with a level and contains no time: `INFO: message`, `WARNING:logger:message`.
fn level_only(line: &str, severity: Severity) -> Option<Record<'_>> {
    if severity == Severity::UNSPECIFIED {
        return None;
    }
    let mut scan = Scan::new(line);
    level::take(&mut scan, Place::Any)?;
    let is_bracketed = line.starts_with('[');
    // `Error: ..` is the first line of many stack traces.
    let mut word = Scan::new(line).take_while(|byte| byte.is_ascii_alphanumeric()).bytes();
    let is_upper = word.all(|byte| !byte.is_ascii_lowercase());
    if !is_bracketed && (!is_upper || !scan.eat(b':')) {
        return None;
    }
    let mut record = Record::new(line);
    record.severity = severity;
    if scan.blanks() == 0 && !is_bracketed {
        // Python: `WARNING:root:message`.
        let mut ahead = scan;
        let logger = ahead.take_while(is_name);
        if !logger.is_empty() && ahead.eat(b':') {
            record.target = logger;
            scan = ahead;
        }
    }
    record.body = scan.rest();
    (!record.body.is_empty()).then_some(record)
}

/// Takes the level of GlusterFS: `[time] E [MSGID: 7] [file.c:7:function] message`.
fn gluster<'l>(scan: &mut Scan<'l>, record: &mut Record<'l>) -> bool {
    let mut ahead = *scan;
    ahead.blanks();
    let Some(severity) = ahead.peek().and_then(|letter| {
        Some(match letter {
            b'T' => Severity::TRACE,
            b'D' => Severity::DEBUG,
            b'I' => Severity::INFO,
            b'N' => Severity::from_name("notice")?,
            b'W' => Severity::WARN,
            b'E' => Severity::ERROR,
            b'C' => Severity::FATAL,
            b'A' => Severity::from_name("alert")?,
            b'M' => Severity::from_name("emergency")?,
            _ => return None,
        })
    }) else {
        return false;
    };
    ahead.skip(1);
    ahead.blanks();
    let mut inside = ahead;
    let is_place = inside.eat(b'[') && inside.until(b']').is_some_and(|place| place.contains(':'));
    if is_place {
        record.severity = severity;
        *scan = ahead;
    }
    is_place
}

/// Takes `INFO/MainProcess] ` of Celery, after the time and a colon: the level and the name of the process.
fn celery<'l>(scan: &mut Scan<'l>, record: &mut Record<'l>) -> Option<()> {
    let mut ahead = *scan;
    ahead.eat(b':').then_some(())?;
    ahead.blanks();
    let (level, process) = ahead.until(b']')?.split_once('/')?;
    let severity = level::of_upper(level).filter(|_| is_thread(process))?;
    ahead.blanks();
    (record.severity, record.thread) = (severity, process);
    *scan = ahead;
    Some(())
}

/// Takes the parts of `[2026-03-01T10:00:00Z INFO  module] message` after the time.
fn in_brackets<'l>(mut scan: Scan<'l>, mut record: Record<'l>) -> Option<Record<'l>> {
    if celery(&mut scan, &mut record).is_some() {
        record.body = scan.rest();
        return Some(record);
    }
    scan.blanks();
    scan.eat(b'|');
    scan.blanks();
    if let Some(severity) = level::take(&mut scan, Place::Header) {
        record.severity = severity;
    }
    scan.blanks();
    let mut ahead = scan;
    let inside = ahead.until(b']')?;
    if record.severity != Severity::UNSPECIFIED && is_logger(inside.trim()) {
        record.target = inside.trim();
    }
    scan = ahead;
    scan.blanks();
    let severity = level::take(&mut scan, Place::Any);
    record.severity = severity.unwrap_or(record.severity);
    if severity.is_some() {
        scan.eat(b':');
        scan.blanks();
    }
    record.body = scan.rest();
    Some(record)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'-')
}

/// Returns whether a text has the form of the name of a logger, a module or a place in a file.
fn is_logger(text: &str) -> bool {
    let is_part = |byte: u8| is_name(byte) || matches!(byte, b':' | b'/' | b'@' | b'<' | b'>' | b'#' | b'*');
    let first = text.bytes().next().unwrap_or(0);
    text.len() <= LONGEST && (first.is_ascii_alphabetic() || first == b'_') && text.bytes().all(is_part)
}

/// A part before the message whose meaning depends on the parts after it.
#[derive(Clone, Copy)]
enum Part<'l> {
    None,
    Brackets(&'l str),
    Number(i64),
    Name(&'l str),
}

/// Takes the parts between the time and the message. Parts before a level are taken only if there is a level.
fn parts<'l>(scan: &mut Scan<'l>, record: &mut Record<'l>) {
    if let Some(invocation) = invocation(scan) {
        record.text("faas.invocation_id", invocation);
    }
    separators(scan);
    let mut ahead = *scan;
    let mut found = [Part::None; PARTS];
    let mut used = 0;
    let mut severity = None;
    while used < PARTS {
        severity = level::take(&mut ahead, if used == 0 { Place::Column } else { Place::Any });
        if severity.is_some() {
            break;
        }
        // `channel.ERROR: ` of Monolog, and `program[7].ERR ` of ZoneMinder.
        if let Some((name, level)) = dotted(&mut ahead) {
            (record.target, severity) = (name, Some(level));
            break;
        }
        match part(&mut ahead) {
            Part::None => break,
            part => found[used] = part,
        }
        used += 1;
        separators(&mut ahead);
    }
    match severity {
        Some(severity) => record.severity = severity,
        None if record.severity == Severity::UNSPECIFIED => {
            letter(scan, record);
            return;
        }
        // The level is before the time.
        None => (ahead, used) = (*scan, 0),
    }
    *scan = ahead;
    for part in found.iter().take(used) {
        match part {
            Part::Brackets(text) if record.thread.is_empty() => record.thread = text,
            Part::Number(number) => record.number("process.pid", *number),
            Part::Name(name) => record.target = name,
            _ => {}
        }
    }
    after_level(scan, record);
}

/// Takes the identifier of an invocation of AWS Lambda between tabs: a UUID, or `undefined` before the first invocation. A level
/// must follow.
fn invocation<'l>(scan: &mut Scan<'l>) -> Option<&'l str> {
    let mut ahead = *scan;
    ahead.eat(b'\t').then_some(())?;
    let id = ahead.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_id = id == "undefined" || has_form_of_uuid(id);
    let mut level = ahead;
    let is_level =
        level.eat(b'\t') && level::take(&mut level, Place::Any).is_some() && level.peek() == Some(b'\t');
    if !is_id || !is_level {
        return None;
    }
    *scan = ahead;
    Some(if id == "undefined" { "" } else { id })
}

/// Takes the parts between the level and the message: a process, a thread, a logger.
fn after_level<'l>(scan: &mut Scan<'l>, record: &mut Record<'l>) {
    let separator = scan.peek();
    let is_tight = matches!(separator, Some(b':' | b'|')) && scan.peek_at(1) != Some(b' ');
    separators(scan);
    // `7 --- [thread] logger : message` of Spring.
    let mut ahead = *scan;
    let mut is_spring = false;
    if let Some(process) = ahead.number()
        && ahead.eat_text(" --- ")
    {
        record.number("process.pid", process);
        skip_application(&mut ahead);
        *scan = ahead;
        is_spring = true;
    }
    let mut had_number = false;
    for _ in 0..3 {
        let mut ahead = *scan;
        let end = match ahead.peek() {
            Some(b'[') => b']',
            Some(b'(') => b')',
            Some(b'{') => b'}',
            _ => break,
        };
        ahead.skip(1);
        let Some(inside) = ahead.until(end) else { break };
        let name = inside.trim();
        if is_spring && is_correlation(name) {
            *scan = ahead;
            separators(scan);
            continue;
        }
        // The number of the message of MySQL.
        if record.target.is_empty() && name.starts_with("MY-") {
            record.text("event.code", name);
            had_number = true;
            *scan = ahead;
            separators(scan);
            continue;
        }
        if !(is_logger(name) || record.thread.is_empty() && is_thread(name)) {
            break;
        }
        let is_target = name.contains('.') || !record.thread.is_empty() || had_number;
        if record.target.is_empty() && is_target && is_logger(name) {
            record.target = name;
        } else if record.thread.is_empty() {
            record.thread = name;
        } else {
            break;
        }
        *scan = ahead;
        separators(scan);
    }
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'|' | b'[' | b'('));
    let rest = ahead.rest();
    let name = word.trim_end_matches(':');
    let is_ended = word.ends_with(':') && is_like_path(name)
        || rest.starts_with(" - ")
        || rest.starts_with(" -- ")
        || rest.trim_start_matches(' ').starts_with(": ")
        || rest.starts_with('|')
        || rest.starts_with('\t') && is_like_path(name);
    if record.target.is_empty() && is_ended && is_logger(name) && !name.is_empty() {
        record.target = name;
        *scan = ahead;
        separators(scan);
    } else if record.target.is_empty() && is_tight {
        // Python: `LEVEL:logger:message`.
        let mut ahead = *scan;
        let logger = ahead.take_while(is_name);
        if !logger.is_empty()
            && ahead.eat(b':')
            && ahead.peek().is_some_and(|byte| byte != b':' && byte != b'/')
        {
            record.target = logger;
            ahead.blanks();
            *scan = ahead;
        }
    }
}

/// Moves after the name of the application in `[shop] [main] logger : message` of Spring Boot 3.
fn skip_application(scan: &mut Scan<'_>) {
    let group = |scan: &mut Scan<'_>| scan.eat(b'[').then(|| scan.until(b']').map(str::len)).flatten();
    let mut ahead = *scan;
    if group(&mut ahead).is_none() {
        return;
    }
    ahead.blanks();
    let mut next = ahead;
    let Some(len) = group(&mut next) else { return };
    let thread = ahead.rest().get(1..=len).unwrap_or("");
    if !is_correlation(thread.trim()) {
        *scan = ahead;
    }
}

/// Returns whether a text is the place of a trace id and a span id of Spring Boot: `5b8aa5a2d2c872e8321cf37308d69df2-051581bf3cb55c13`
/// or blanks.
fn is_correlation(text: &str) -> bool {
    let is_id = |id: &str, len: usize| id.len() == len && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.is_empty() || text.split_once('-').is_some_and(|(trace, span)| is_id(trace, 32) && is_id(span, 16))
}

/// Returns whether a name contains a separator, as names of modules and of files do.
fn is_like_path(name: &str) -> bool {
    name.contains(['.', '/', '_']) || name.contains("::")
}

/// Returns whether a text has the form of the name of a thread.
fn is_thread(text: &str) -> bool {
    let is_part = |byte: u8| is_name(byte) || matches!(byte, b' ' | b'#' | b'/' | b':' | b',');
    let is_address = text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    !text.is_empty()
        && text.len() <= 64
        && !is_address
        && text.bytes().all(is_part)
        && text.split(' ').count() <= 3
}

/// Takes a part that can precede a level.
fn part<'l>(scan: &mut Scan<'l>) -> Part<'l> {
    let mut ahead = *scan;
    match ahead.peek() {
        Some(b'[' | b'(') => {
            let end = if ahead.peek() == Some(b'[') { b']' } else { b')' };
            ahead.skip(1);
            let Some(inside) = ahead.until(end).filter(|inside| inside.len() <= LONGEST) else {
                return Part::None;
            };
            *scan = ahead;
            match inside.parse() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Brackets(inside.trim()),
            }
        }
        Some(b'0'..=b'9') => {
            let Some(number) = ahead.number() else { return Part::None };
            // FreeSWITCH writes the idle time of the processor.
            let percent = ahead.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'%'));
            if !matches!(ahead.peek(), Some(b' ' | b'\t' | b']' | b'|' | b':')) {
                return Part::None;
            }
            *scan = ahead;
            if percent.is_empty() { Part::Number(number) } else { Part::Brackets("") }
        }
        Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => {
            let name = ahead.take_while(|byte| is_name(byte) || matches!(byte, b':' | b'/'));
            let is_separated = ahead.rest().starts_with(" - ")
                || ahead.rest().starts_with('|')
                || ahead.rest().starts_with(" | ");
            if !is_separated || name.len() > LONGEST {
                return Part::None;
            }
            *scan = ahead;
            Part::Name(name)
        }
        _ => Part::None,
    }
}

/// Takes a name and a level with a point between them.
fn dotted<'l>(scan: &mut Scan<'l>) -> Option<(&'l str, Severity)> {
    let mut ahead = *scan;
    let name = ahead.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let is_process = ahead.eat(b'[');
    if is_process {
        ahead.number()?;
        ahead.eat(b']').then_some(())?;
    }
    if name.is_empty() || !ahead.eat(b'.') {
        return None;
    }
    let severity = level::take(&mut ahead, Place::Any)?;
    if !is_process && ahead.peek() != Some(b':') {
        return None;
    }
    *scan = ahead;
    Some((name, severity))
}

/// Takes a level of one letter: `I NETWORK  [thread]` of MongoDB, and `1702  2395 D tag: ` of Android.
fn letter<'l>(scan: &mut Scan<'l>, record: &mut Record<'l>) {
    let mut ahead = *scan;
    let mut numbers = 0;
    while ahead.peek().is_some_and(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_lowercase())
        && numbers < 2
    {
        let mut word = ahead;
        let number = word.take_while(|byte| byte.is_ascii_hexdigit());
        if number.len() < 2 || !number.bytes().any(|byte| byte.is_ascii_digit()) || word.blanks() == 0 {
            break;
        }
        (ahead, numbers) = (word, numbers + 1);
    }
    let Some(severity) =
        ahead.rest().get(..1).filter(|letter| "TDIWEFV".contains(letter)).and_then(Severity::from_name)
    else {
        return;
    };
    ahead.skip(1);
    if ahead.blanks() == 0 {
        return;
    }
    let rest = ahead;
    let component = ahead.take_while(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_mongodb = numbers == 0 && component.len() > 1 && ahead.blanks() > 0 && ahead.peek() == Some(b'[');
    if numbers == 0 && !is_mongodb {
        return;
    }
    record.severity = severity;
    *scan = rest;
}

/// Moves after blanks and the characters that separate the parts.
fn separators(scan: &mut Scan<'_>) {
    loop {
        scan.take_while(|byte| matches!(byte, b' ' | b'\t' | b'|' | b':' | b',' | b']' | b';'));
        // A hyphen separates parts if a blank or another hyphen follows.
        if scan.peek() != Some(b'-') || !matches!(scan.peek_at(1), Some(b' ' | b'-' | b':')) {
            return;
        }
        scan.skip(1);
    }
}
