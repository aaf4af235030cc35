//! What the usual names of the usual loggers mean.

use crate::severity::Severity;
use crate::time::Timestamp;

/// The part of an entry that a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Time,
    Severity,
    /// Syslog's 0 (emergency) to 7 (debug).
    SyslogPriority,
    Body,
    Target,
    Thread,
    TraceId,
    SpanId,
    TraceFlags,
    /// An object whose members are recognised as if they stood beside it.
    Nested,
}

/// The part that a top-level key names, whoever the logger is.
///
/// Sources: bunyan, pino, winston, zap, zerolog, logrus, Go's slog, log4j2's JSON layouts, logstash, Elastic Common
/// Schema, tracing-subscriber's JSON format, journald's JSON export, GELF, OpenTelemetry.
pub(super) fn part(key: &str) -> Option<Part> {
    Some(match key {
        "time"
        | "timestamp"
        | "@timestamp"
        | "ts"
        | "datetime"
        | "Timestamp"
        | "instant"
        | "timeUnixNano"
        | "time_unix_nano"
        | "__REALTIME_TIMESTAMP" => Part::Time,
        "level" | "severity" | "lvl" | "log.level" | "levelname" | "loglevel" | "severity_text"
        | "severityText" | "SeverityText" | "severity_number" | "severityNumber" | "SeverityNumber" => {
            Part::Severity
        }
        "PRIORITY" => Part::SyslogPriority,
        "message" | "msg" | "body" | "Body" | "MESSAGE" | "short_message" => Part::Body,
        "logger" | "target" | "logger_name" | "loggerName" | "log.logger" => Part::Target,
        "thread" | "threadName" | "thread_name" | "process.thread.name" => Part::Thread,
        "trace_id" | "traceId" | "trace.id" | "traceid" | "TraceId" => Part::TraceId,
        "span_id" | "spanId" | "span.id" | "spanid" | "SpanId" => Part::SpanId,
        "trace_flags" | "traceFlags" => Part::TraceFlags,
        "fields" | "@fields" | "log" | "trace" | "span" => Part::Nested,
        _ => return None,
    })
}

/// The part that a key inside the object `parent` names: the message and level of tracing-subscriber's and logstash's
/// fields, and Elastic Common Schema's nested form.
pub(super) fn nested_part(parent: &str, key: &str) -> Option<Part> {
    match (parent, key) {
        ("fields" | "@fields", _) => {
            part(key).filter(|part| matches!(part, Part::Body | Part::Severity | Part::Target | Part::Thread))
        }
        ("log", "level") => Some(Part::Severity),
        ("log", "logger") => Some(Part::Target),
        ("trace", "id") => Some(Part::TraceId),
        ("span", "id") => Some(Part::SpanId),
        _ => None,
    }
}

/// The severity that a text names, and whether the text can be told from it.
pub(super) fn severity_of_text(text: &str) -> Option<(Severity, bool)> {
    if let Some(severity) = Severity::from_name(text) {
        let same = severity.name().is_some_and(|name| name.eq_ignore_ascii_case(text));
        return Some((severity, same));
    }
    // `DEBUG5`, as PostgreSQL and others count: the range is known, the number is not ours.
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    Severity::from_name(word)
        .filter(|_| word.len() < text.len() && !word.is_empty())
        .map(|severity| (severity, false))
}

/// The severity that a number means, and whether the number can be told from it: OpenTelemetry's 1 to 24 under its own
/// names, else bunyan's and pino's 10, 20, ... 60. Other small numbers mean different things to different loggers.
pub(super) fn severity_of_number(key: &str, number: i64) -> Option<(Severity, bool)> {
    if matches!(key, "severity_number" | "severityNumber" | "SeverityNumber") {
        let number = u8::try_from(number).ok().filter(|number| (1..=24).contains(number))?;
        return Some((Severity::from_number(number), true));
    }
    let severity = match number {
        10..20 => Severity::TRACE,
        20..30 => Severity::DEBUG,
        30..40 => Severity::INFO,
        40..50 => Severity::WARN,
        50..60 => Severity::ERROR,
        60 => Severity::FATAL,
        _ => return None,
    };
    Some((severity, number % 10 == 0))
}

/// The severity of a syslog priority. Source: OpenTelemetry, *Logs Data Model*, appendix B.
pub(super) fn severity_of_priority(text: &str) -> Option<Severity> {
    Some(match text {
        "0" => Severity::FATAL,
        "1" => Severity::from_number(19),
        "2" => Severity::from_number(18),
        "3" => Severity::ERROR,
        "4" => Severity::WARN,
        "5" => Severity::from_number(10),
        "6" => Severity::INFO,
        "7" => Severity::DEBUG,
        _ => return None,
    })
}

/// The instant that a text names, RFC 3339 and what is near it, or digits, and whether the text can be told from it: a
/// leap second and digits behind the nanoseconds cannot.
pub(super) fn time_of_text(text: &str) -> Option<(Timestamp, bool)> {
    let Some(time) = Timestamp::parse_rfc3339(text) else { return time_of_number(text) };
    let is_leap = text.get(17..19) == Some("60");
    let fraction = text.bytes().skip(20).take_while(u8::is_ascii_digit).count();
    let has_fraction = matches!(text.as_bytes().get(19), Some(b'.' | b','));
    Some((time, !is_leap && (!has_fraction || fraction <= 9)))
}

/// The instant under a key that says that it counts nanoseconds.
pub(super) fn time_of_nanos(text: &str) -> Option<(Timestamp, bool)> {
    Some((from_nanos(text.parse::<u64>().ok()?.into())?, true))
}

/// The instant that a number names: seconds, milliseconds, microseconds or nanoseconds since the epoch, by its
/// magnitude. A time before September 2001 in seconds is not recognised: it would be as good as any small number.
/// And whether the number can be told from it.
pub(super) fn time_of_number(text: &str) -> Option<(Timestamp, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        // A binary fraction is rounded: not told.
        return Some((exponent(text)?, false));
    }
    let per_second: i128 = match whole.len() {
        10 | 11 => 1,
        12..=14 => 1_000,
        15 | 16 => 1_000_000,
        18..=20 => 1_000_000_000,
        _ => return None,
    };
    let scale = 1_000_000_000 / per_second;
    let mut nanos = whole.parse::<i128>().ok()? * scale;
    let (mut unit, mut exact) = (scale, true);
    for digit in fraction.bytes() {
        exact &= unit > 1 || digit == b'0';
        unit /= 10;
        nanos += i128::from(digit - b'0') * unit;
    }
    Some((from_nanos(nanos)?, exact))
}

/// zap's and others' `1.446249499322e9`.
fn exponent(text: &str) -> Option<Timestamp> {
    let seconds: f64 = text.parse().ok()?;
    if !(1e9..1e11).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "under 10^20")]
    from_nanos((seconds * 1e6).round() as i128 * 1000)
}

fn from_nanos(nanos: i128) -> Option<Timestamp> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    Timestamp::new(seconds, u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?)
}

/// The trace flags that two hexadecimal digits name.
pub(super) fn flags_of_text(text: &str) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain { u8::from_str_radix(text, 16).ok() } else { None }
}
