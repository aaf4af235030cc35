//! The names that common loggers use for the parts of an entry.

use crate::severity::Severity;
use crate::time::Timestamp;

/// The part of an entry to which a key refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Time,
    Severity,
    /// A syslog priority: 0 (emergency) to 7 (debug).
    SyslogPriority,
    Body,
    Target,
    Thread,
    TraceId,
    SpanId,
    TraceFlags,
    /// An object whose members can be parts of the header.
    Nested,
}

/// Returns the part to which a top-level key of a common logger refers.
///
/// Sources: bunyan, pino, winston, zap, zerolog, logrus, slog of Go, the JSON layouts of log4j2, logstash, Elastic
/// Common Schema, the JSON format of tracing-subscriber, the JSON export of journald, GELF, OpenTelemetry.
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

/// Returns the part to which a key in the object `parent` refers. The keys are those of the message and the level in
/// the fields of tracing-subscriber and logstash, and of the nested form of the Elastic Common Schema.
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

/// Returns the severity that a text names, and whether the text can be restored from the severity.
pub(super) fn severity_of_text(text: &str) -> Option<(Severity, bool)> {
    if let Some(severity) = Severity::from_name(text) {
        let same = severity.name().is_some_and(|name| name.eq_ignore_ascii_case(text));
        return Some((severity, same));
    }
    // `DEBUG5`, in the numbering of PostgreSQL and others: the range is known, but the number has another meaning
    // here.
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    Severity::from_name(word)
        .filter(|_| word.len() < text.len() && !word.is_empty())
        .map(|severity| (severity, false))
}

/// Returns the severity of a number, and whether the number can be restored from the severity. The numbers are 1 to
/// 24 for the keys of OpenTelemetry, and 10, 20, ... 60 of bunyan and pino for other keys. Other small numbers have
/// different meanings in different loggers.
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

/// Returns the severity of a syslog priority. Source: OpenTelemetry, *Logs Data Model*, appendix B.
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

/// Returns the instant of a text, and whether the text can be restored from the instant. The text is a form that
/// [`Timestamp::parse_rfc3339`] accepts, or a number. A leap second, or more than 9 digits after the point, cannot be
/// restored.
pub(super) fn time_of_text(text: &str) -> Option<(Timestamp, bool)> {
    let Some(time) = Timestamp::parse_rfc3339(text) else { return time_of_number(text) };
    let is_leap = text.get(17..19) == Some("60");
    let fraction = text.bytes().skip(20).take_while(u8::is_ascii_digit).count();
    let has_fraction = matches!(text.as_bytes().get(19), Some(b'.' | b','));
    Some((time, !is_leap && (!has_fraction || fraction <= 9)))
}

/// Returns the instant of a number of nanoseconds since the epoch, for keys that define this unit.
pub(super) fn time_of_nanos(text: &str) -> Option<(Timestamp, bool)> {
    Some((from_nanos(text.parse::<u64>().ok()?.into())?, true))
}

/// Returns the instant of a number, and whether the number can be restored from the instant. The number counts
/// seconds, milliseconds, microseconds or nanoseconds since the epoch; its magnitude determines the unit. A time in
/// seconds before September 2001 is not recognised, because small numbers can have any meaning.
pub(super) fn time_of_number(text: &str) -> Option<(Timestamp, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        // A binary fraction is rounded, so it cannot be restored.
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

/// Parses the form `1.446249499322e9` of zap and other loggers.
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

/// Parses trace flags of two hexadecimal digits.
pub(super) fn flags_of_text(text: &str) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain { u8::from_str_radix(text, 16).ok() } else { None }
}
