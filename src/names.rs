//! The names that common loggers use for the header fields of an entry.
//!
//! Sources: bunyan, pino, winston, zap, zerolog, logrus, slog, hclog, structlog, loguru, python-json-logger, Serilog,
//! .NET, the JSON layouts of log4j2 and logback, logstash, Monolog, Elastic Common Schema, tracing-subscriber, the JSON
//! export of journald, GELF, MongoDB, the `jsonlog` of Postgres, Fluent Bit, Docker, Google Cloud, AWS, Azure, Datadog,
//! OpenTelemetry.

/// A header field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Time,
    Severity,
    Body,
    Target,
    Thread,
    TraceId,
    SpanId,
    TraceFlags,
}

/// The meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// The name of a field in any object.
    Of(Part),
    /// The name of a field if the object has no name of the first kind for it, and if the object has one of the other
    /// members, unless the list is empty.
    Perhaps(Part, &'static [&'static str]),
}

/// Returns the meaning of a name, or `None` for the name of an attribute.
pub(crate) fn meaning(key: &str) -> Option<Name> {
    /// The members of Python loggers, structlog, the development format of zap, MongoDB, log15, and Datadog.
    const PYTHON: &[&str] = &["levelname", "levelno", "asctime"];
    const STRUCTLOG: &[&str] = &["level", "log_level", "logger"];
    const ZAP: &[&str] = &["L", "T", "M"];
    const MONGODB: &[&str] = &["ctx", "attr"];
    const SHORT: &[&str] = &["lvl", "ctx", "attr"];
    const DATADOG: &[&str] = &["dd", "ddsource", "ddtags", "service"];
    use Name::{Of, Perhaps};
    Some(match key {
        "time"
        | "timestamp"
        | "@timestamp"
        | "ts"
        | "datetime"
        | "Timestamp"
        | "Time"
        | "instant"
        | "timeUnixNano"
        | "time_unix_nano"
        | "__REALTIME_TIMESTAMP"
        | "@t"
        | "asctime"
        | "timeMillis"
        | "time_iso8601"
        | "timestampSeconds"
        | "TimeGenerated" => Of(Part::Time),
        "date"
        | "time_local"
        | "msec"
        | "start_time"
        | "eventTime"
        | "EventTime"
        | "eventTimestamp"
        | "requestReceivedTimestamp"
        | "timestamp_ms"
        | "observedTimeUnixNano"
        | "observed_time_unix_nano"
        | "observed_timestamp"
        | "ObservedTimestamp" => Perhaps(Part::Time, &[]),
        "t" => Perhaps(Part::Time, SHORT),
        "T" => Perhaps(Part::Time, ZAP),
        "level" | "severity" | "lvl" | "log.level" | "levelname" | "loglevel" | "severity_text"
        | "severityText" | "SeverityText" | "severity_number" | "severityNumber" | "SeverityNumber"
        | "PRIORITY" | "Level" | "LogLevel" | "logLevel" | "log_level" | "@l" | "@level" | "level_name"
        | "Severity" | "error_severity" | "levelno" => Of(Part::Severity),
        "priority" => Perhaps(Part::Severity, &[]),
        "status" => Perhaps(Part::Severity, DATADOG),
        "L" => Perhaps(Part::Severity, ZAP),
        "s" => Perhaps(Part::Severity, MONGODB),
        "message" | "msg" | "body" | "Body" | "MESSAGE" | "short_message" | "Message" | "@message" | "@m"
        | "RenderedMessage" => Of(Part::Body),
        "event" => Perhaps(Part::Body, STRUCTLOG),
        "log" | "textPayload" | "output" | "@mt" | "MessageTemplate" => Perhaps(Part::Body, &[]),
        "M" => Perhaps(Part::Body, ZAP),
        "logger" | "target" | "logger_name" | "loggerName" | "log.logger" | "@module" | "SourceContext"
        | "LoggerName" => Of(Part::Target),
        "Category" | "channel" => Perhaps(Part::Target, &[]),
        "name" => Perhaps(Part::Target, PYTHON),
        "N" => Perhaps(Part::Target, ZAP),
        "c" => Perhaps(Part::Target, MONGODB),
        "thread" | "threadName" | "thread_name" | "process.thread.name" | "thread.name" => Of(Part::Thread),
        "ctx" => Perhaps(Part::Thread, &["s"]),
        "trace_id"
        | "traceId"
        | "trace.id"
        | "traceid"
        | "TraceId"
        | "TraceID"
        | "traceID"
        | "@tr"
        | "otelTraceID"
        | "X-B3-TraceId"
        | "dd.trace_id"
        | "logging.googleapis.com/trace"
        | "traceparent" => Of(Part::TraceId),
        "span_id"
        | "spanId"
        | "span.id"
        | "spanid"
        | "SpanId"
        | "SpanID"
        | "spanID"
        | "@sp"
        | "otelSpanID"
        | "X-B3-SpanId"
        | "dd.span_id"
        | "logging.googleapis.com/spanId" => Of(Part::SpanId),
        "trace_flags" | "traceFlags" | "logging.googleapis.com/trace_sampled" => Of(Part::TraceFlags),
        _ => return None,
    })
}

/// Returns the field to which a name in the object `parent` refers. Such objects are the fields of tracing-subscriber,
/// logstash and Google Cloud, the nested form of the Elastic Common Schema, the record of loguru, and the context of log4j2,
/// logback, Serilog and Datadog.
pub(crate) fn nested(parent: &str, key: &str) -> Option<Part> {
    let of = |key: &str| match meaning(key) {
        Some(Name::Of(part)) => Some(part),
        _ => None,
    };
    match (parent, key) {
        ("fields" | "@fields", _) => {
            of(key).filter(|part| matches!(part, Part::Body | Part::Severity | Part::Target | Part::Thread))
        }
        ("jsonPayload", _) => of(key).filter(|part| !matches!(part, Part::Time)),
        ("record", "name") => Some(Part::Target),
        ("record", "time" | "level" | "message" | "thread") => of(key),
        ("mdc" | "contextMap" | "Properties" | "dd", _) => {
            of(key).filter(|part| matches!(part, Part::TraceId | Part::SpanId | Part::Target))
        }
        ("log", "level") => Some(Part::Severity),
        ("log", "logger") => Some(Part::Target),
        ("process", "thread") => Some(Part::Thread),
        ("trace", "id") => Some(Part::TraceId),
        ("span", "id") => Some(Part::SpanId),
        _ => None,
    }
}

/// Returns whether members of the object `key` can be header fields.
pub(crate) fn is_parent(key: &str) -> bool {
    matches!(
        key,
        "fields"
            | "@fields"
            | "log"
            | "trace"
            | "span"
            | "jsonPayload"
            | "record"
            | "mdc"
            | "contextMap"
            | "Properties"
            | "dd"
            | "process"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::severity::Severity;

    /// Returns the rows of the specification whose first cell is `title`: the names in quotes.
    fn documented(title: &str) -> impl Iterator<Item = Vec<&'static str>> {
        const SPECIFICATION: &str = include_str!("../schema/JSON.md");
        let begin = format!("| {title} | ");
        SPECIFICATION
            .lines()
            .filter(move |line| line.starts_with(&begin))
            .map(|line| line.split('`').skip(1).step_by(2).collect())
    }

    #[test]
    fn the_specification_lists_the_names() {
        let parts = [
            ("time", Part::Time),
            ("severity", Part::Severity),
            ("body", Part::Body),
            ("target", Part::Target),
            ("thread", Part::Thread),
            ("trace id", Part::TraceId),
            ("span id", Part::SpanId),
            ("trace flags", Part::TraceFlags),
        ];
        for (title, part) in parts {
            let of = |row: &Vec<&str>| row.iter().all(|name| meaning(name) == Some(Name::Of(part)));
            assert_eq!(documented(title).filter(|row| !row.is_empty() && of(row)).count(), 1, "{title}");
        }
        for severity in [1, 5, 7, 9, 10, 13, 17, 21, 22, 23].map(Severity::from_number) {
            let rows: Vec<_> = documented(severity.name().unwrap()).collect();
            assert_eq!(rows.len(), 1);
            assert!(rows[0].iter().all(|name| Severity::from_name(name) == Some(severity)), "{severity}");
        }
    }
}
