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

/// Defines the names. A row of the first table contains a field and its names. A row of the second table contains a field, the
/// members of which the object must have one, and the names.
macro_rules! names {
    (
        of { $($part:ident: $($name:literal)+;)+ }
        perhaps { $($field:ident [$($need:literal)*]: $($other:literal)+;)+ }
    ) => {
        /// Returns the meaning of a name, or `None` for the name of an attribute.
        pub(crate) fn meaning(key: &str) -> Option<Name> {
            Some(match key {
                $($($name)|+ => Name::Of(Part::$part),)+
                $($($other)|+ => Name::Perhaps(Part::$field, &[$($need),*]),)+
                _ => return None,
            })
        }

        /// The names of each field in any object.
        #[cfg(all(test, feature = "json"))]
        pub(crate) const OF: &[(Part, &[&str])] = &[$((Part::$part, &[$($name),+]),)+];

        /// The other names: the field, the members, and the names.
        #[cfg(all(test, feature = "json"))]
        pub(crate) const PERHAPS: &[(Part, &[&str], &[&str])] =
            &[$((Part::$field, &[$($need),*], &[$($other),+]),)+];
    };
}

names! {
    of {
        Time: "time" "timestamp" "@timestamp" "ts" "datetime" "Timestamp" "Time" "instant" "timeUnixNano" "time_unix_nano"
            "__REALTIME_TIMESTAMP" "@t" "asctime" "timeMillis" "time_iso8601" "timestampSeconds" "TimeGenerated" "TIMESTAMP"
            "TIME";
        Severity: "level" "severity" "lvl" "log.level" "levelname" "loglevel" "severity_text" "severityText" "SeverityText"
            "severity_number" "severityNumber" "SeverityNumber" "PRIORITY" "Level" "LogLevel" "logLevel" "log_level" "@l"
            "@level" "level_name" "Severity" "error_severity" "levelno" "LEVEL" "SEVERITY" "severityLevel" "SeverityLevel" "levelName";
        Body: "message" "msg" "body" "Body" "MESSAGE" "short_message" "Message" "@message" "@m" "RenderedMessage" "Msg" "MSG";
        Target: "logger" "target" "logger_name" "loggerName" "LoggerName" "log.logger" "@module" "SourceContext" "Logger"
            "LOGGER";
        Thread: "thread" "threadName" "thread_name" "process.thread.name" "thread.name" "ThreadName" "Thread" "THREAD";
        TraceId: "trace_id" "traceId" "trace.id" "traceid" "TraceId" "TraceID" "traceID" "@tr" "otelTraceID" "X-B3-TraceId"
            "dd.trace_id" "logging.googleapis.com/trace" "traceparent";
        SpanId: "span_id" "spanId" "span.id" "spanid" "SpanId" "SpanID" "spanID" "@sp" "otelSpanID" "X-B3-SpanId"
            "dd.span_id" "logging.googleapis.com/spanId";
        TraceFlags: "trace_flags" "traceFlags" "logging.googleapis.com/trace_sampled";
    }
    perhaps {
        Time []: "date" "time_local" "msec" "start_time" "eventTime" "EventTime" "eventTimestamp" "requestReceivedTimestamp"
            "timestamp_ms" "observedTimeUnixNano" "observed_time_unix_nano" "observed_timestamp" "ObservedTimestamp";
        // log15, Grafana and MongoDB.
        Time ["lvl" "level" "ctx" "attr"]: "t";
        // The development format of zap.
        Time ["L" "T" "M"]: "T";
        Severity []: "priority";
        // Datadog.
        Severity ["dd" "ddsource" "ddtags" "service"]: "status";
        Severity ["L" "T" "M"]: "L";
        // MongoDB.
        Severity ["ctx" "attr"]: "s";
        Body []: "log" "textPayload" "output" "@mt" "MessageTemplate";
        // structlog and Splunk.
        Body ["level" "log_level" "logger" "sourcetype"]: "event";
        // Loki.
        Body ["labels"]: "line";
        Body ["L" "T" "M"]: "M";
        Target []: "Category" "channel";
        // Loggers of Python, and Semantic Logger.
        Target ["levelname" "levelno" "asctime" "level_index"]: "name";
        Target ["L" "T" "M"]: "N";
        Target ["ctx" "attr"]: "c";
        Thread ["s"]: "ctx";
        // Google Cloud.
        TraceId ["insertId" "logName"]: "trace";
    }
}

/// Returns the field to which a name in the object `parent` refers. Such objects are the fields of tracing-subscriber,
/// logstash and Google Cloud, the nested form of the Elastic Common Schema, the record of loguru, and the context of log4j2,
/// logback, Serilog and Datadog.
pub(crate) fn nested(parent: &str, key: &str) -> Option<Name> {
    use Name::{Of, Perhaps};
    let of = |key: &str| match meaning(key) {
        Some(Name::Of(part)) => Some(part),
        _ => None,
    };
    Some(Of(match (parent, key) {
        // The embedded metrics of AWS.
        ("_aws", "Timestamp") => return Some(Perhaps(Part::Time, &[])),
        ("fields" | "@fields", _) => of(key)
            .filter(|part| matches!(part, Part::Body | Part::Severity | Part::Target | Part::Thread))?,
        ("jsonPayload", _) => of(key).filter(|part| !matches!(part, Part::Time))?,
        ("record", "name") => Part::Target,
        ("record", "time" | "level" | "message" | "thread") => of(key)?,
        ("mdc" | "contextMap" | "Properties" | "dd", _) => {
            of(key).filter(|part| matches!(part, Part::TraceId | Part::SpanId | Part::Target))?
        }
        ("log", "level") => Part::Severity,
        ("log", "logger") => Part::Target,
        ("process", "thread") => Part::Thread,
        ("trace", "id") => Part::TraceId,
        ("span", "id") => Part::SpanId,
        _ => return None,
    }))
}

/// The objects whose members can be header fields.
pub(crate) const PARENTS: [&str; 13] = [
    "fields",
    "@fields",
    "log",
    "trace",
    "span",
    "jsonPayload",
    "record",
    "mdc",
    "contextMap",
    "Properties",
    "dd",
    "process",
    "_aws",
];

/// Returns whether members of the object `key` can be header fields.
#[inline]
pub(crate) fn is_parent(key: &str) -> bool {
    PARENTS.contains(&key)
}
