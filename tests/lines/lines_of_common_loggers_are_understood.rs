//! The header of an entry contains the time, the severity and the other parts that the line of a common logger names. A value
//! that only resembles a part stays an attribute.
#![cfg(feature = "json")]

use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::write_entry;
use fusewire::lines::Importer;

/// Returns the entry of a line as JSON.
fn entry(line: &str) -> String {
    let mut buffer = vec![0; 64 << 10];
    let mut json = String::new();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut json).unwrap();
        Ok(entry.report())
    };
    Importer::new().import(line.as_bytes(), sink).unwrap();
    json
}

#[test]
fn each_logger_has_a_header() {
    const TIME: &str = r#""time":"2026-03-01T10:00:00.123Z""#;
    for (line, rest) in [
        // python-json-logger, structlog, hclog
        (
            r#"{"asctime":"2026-03-01 10:00:00,123","levelname":"ERROR","name":"shop","message":"m","order":7}"#,
            r#","severity":"ERROR","target":"shop","body":"m","attributes":{"order":7}}"#,
        ),
        (
            r#"{"event":"m","logger":"shop","level":"error","timestamp":"2026-03-01T10:00:00.123Z"}"#,
            r#","severity":"ERROR","target":"shop","body":"m"}"#,
        ),
        (
            r#"{"@level":"error","@message":"m","@module":"vault","@timestamp":"2026-03-01T10:00:00.123Z"}"#,
            r#","severity":"ERROR","target":"vault","body":"m"}"#,
        ),
        // Serilog, in both forms, and .NET
        (
            r#"{"@t":"2026-03-01T10:00:00.123Z","@mt":"{Id} m","@m":"7 m","@l":"Error","@tr":"5b8aa5a2d2c872e8321cf37308d69df2","@sp":"051581bf3cb55c13","Id":7,"SourceContext":"Shop"}"#,
            r#","severity":"ERROR","trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","span_id":"051581bf3cb55c13","target":"Shop","body":"7 m","attributes":{"@mt":"{Id} m","Id":7}}"#,
        ),
        (
            r#"{"Timestamp":"2026-03-01T10:00:00.123Z","Level":"Error","MessageTemplate":"m","Properties":{"SourceContext":"Shop","Id":7}}"#,
            r#","severity":"ERROR","target":"Shop","body":"m","attributes":{"Properties":{"Id":7}}}"#,
        ),
        (
            r#"{"Timestamp":"2026-03-01T10:00:00.123Z","EventId":0,"LogLevel":"Error","Category":"Shop","Message":"m"}"#,
            r#","severity":"ERROR","target":"Shop","body":"m","attributes":{"EventId":0}}"#,
        ),
        // loguru
        (
            r#"{"text":"all","record":{"level":{"name":"ERROR","no":40},"message":"m","name":"shop","time":{"timestamp":1772359200.123}}}"#,
            r#","severity":"ERROR","target":"shop","body":"m","attributes":{"text":"all","record":{"level":{"name":"ERROR","no":40},"time":{"timestamp":1772359200.123}}}}"#,
        ),
        // Monolog, MongoDB, Postgres, zap
        (
            r#"{"message":"m","context":{},"level":400,"level_name":"ERROR","channel":"shop","datetime":"2026-03-01T10:00:00.123Z"}"#,
            r#","severity":"ERROR","target":"shop","body":"m","attributes":{"context":{},"level":400}}"#,
        ),
        (
            r#"{"t":{"$date":"2026-03-01T10:00:00.123Z"},"s":"E","c":"NETWORK","id":1,"ctx":"conn7","msg":"m"}"#,
            r#","severity":"ERROR","target":"NETWORK","thread":"conn7","body":"m","attributes":{"s":"E","id":1}}"#,
        ),
        (
            r#"{"timestamp":"2026-03-01 10:00:00.123 UTC","error_severity":"LOG","message":"m"}"#,
            r#","severity":"INFO","body":"m","attributes":{"timestamp":"2026-03-01 10:00:00.123 UTC","error_severity":"LOG"}}"#,
        ),
        (
            r#"{"L":"ERROR","T":"2026-03-01T10:00:00.123Z","M":"m","N":"cart"}"#,
            r#","severity":"ERROR","target":"cart","body":"m"}"#,
        ),
        // Docker, Fluent Bit, GELF
        (
            r#"{"log":"m\n","stream":"stderr","time":"2026-03-01T10:00:00.123Z"}"#,
            r#","body":"m","attributes":{"stream":"stderr"}}"#,
        ),
        (r#"{"date":1772359200.123,"log":"m"}"#, r#","body":"m"}"#),
        (
            r#"{"short_message":"m","timestamp":1772359200.123,"level":3,"_order":7}"#,
            r#","severity":"ERROR","body":"m","attributes":{"_order":7}}"#,
        ),
        // Google Cloud
        (
            r#"{"severity":"ERROR","message":"m","time":"2026-03-01T10:00:00.123Z","logging.googleapis.com/trace":"projects/p/traces/5b8aa5a2d2c872e8321cf37308d69df2","logging.googleapis.com/trace_sampled":true}"#,
            r#","severity":"ERROR","trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","trace_flags":1,"body":"m","attributes":{"logging.googleapis.com/trace":"projects/p/traces/5b8aa5a2d2c872e8321cf37308d69df2"}}"#,
        ),
        (
            r#"{"insertId":"1","jsonPayload":{"message":"m","order":7},"severity":"ERROR","timestamp":{"seconds":1772359200,"nanos":123000000}}"#,
            r#","severity":"ERROR","body":"m","attributes":{"insertId":"1","jsonPayload":{"order":7}}}"#,
        ),
        // Elastic Common Schema, log4j2
        (
            r#"{"@timestamp":"2026-03-01T10:00:00.123Z","log":{"level":"error"},"message":"m","process":{"thread":{"name":"main"}}}"#,
            r#","severity":"ERROR","thread":"main","body":"m"}"#,
        ),
        (
            r#"{"timeMillis":1772359200123,"thread":"main","level":"ERROR","loggerName":"shop","message":"m"}"#,
            r#","severity":"ERROR","target":"shop","thread":"main","body":"m"}"#,
        ),
        // Datadog, AWS, Kubernetes, Falco
        (
            r#"{"timestamp":1772359200123,"status":"error","message":"m","service":"cart","dd":{"span_id":"1234567890123456789"}}"#,
            r#","severity":"ERROR","span_id":"112210f47de98115","body":"m","attributes":{"service":"cart","dd":{"span_id":"1234567890123456789"}}}"#,
        ),
        (
            r#"{"eventTime":"2026-03-01T10:00:00.123Z","eventName":"Login"}"#,
            r#","attributes":{"eventName":"Login"}}"#,
        ),
        (
            r#"{"kind":"Event","level":"Metadata","requestReceivedTimestamp":"2026-03-01T10:00:00.123Z"}"#,
            r#","attributes":{"kind":"Event","level":"Metadata"}}"#,
        ),
        (
            r#"{"output":"m","priority":"Error","time":"2026-03-01T10:00:00.123Z"}"#,
            r#","severity":"ERROR","body":"m"}"#,
        ),
        // Metrics and traces of AWS and Azure, archives of Datadog, Loki, Splunk
        (
            r#"{"_aws":{"Timestamp":1772359200123,"CloudWatchMetrics":[]},"latency":7}"#,
            r#","attributes":{"_aws":{"CloudWatchMetrics":[]},"latency":7}}"#,
        ),
        (
            r#"{"TimeGenerated":"2026-03-01T10:00:00.123Z","Message":"m","SeverityLevel":3,"AppRoleName":"shop"}"#,
            r#","severity":"ERROR","body":"m","attributes":{"SeverityLevel":3,"AppRoleName":"shop"}}"#,
        ),
        (
            r#"{"time":"2026-03-01T10:00:00.123Z","level":"Informational","operationName":"Write","properties":{"a":1}}"#,
            r#","severity":"INFO","attributes":{"level":"Informational","operationName":"Write","properties":{"a":1}}}"#,
        ),
        (
            r#"{"_id":"A","date":"2026-03-01T10:00:00.123Z","service":"cart","status":"warn","message":"m"}"#,
            r#","severity":"WARN","body":"m","attributes":{"_id":"A","service":"cart"}}"#,
        ),
        (
            r#"{"labels":{"app":"shop"},"line":"m","timestamp":"2026-03-01T10:00:00.123Z"}"#,
            r#","body":"m","attributes":{"labels":{"app":"shop"}}}"#,
        ),
        (
            r#"{"time":1772359200.123,"event":"m","sourcetype":"app"}"#,
            r#","body":"m","attributes":{"sourcetype":"app"}}"#,
        ),
        // winston, bunyan, slog, zerolog, log15, Semantic Logger, capital names
        (
            r#"{"level":"http","message":"m","timestamp":"2026-03-01T10:00:00.123Z"}"#,
            r#","severity":"DEBUG3","body":"m","attributes":{"level":"http"}}"#,
        ),
        (
            r#"{"time":"2026-03-01T10:00:00.123Z","level":"ERROR+4","msg":"m"}"#,
            r#","severity":"FATAL","body":"m","attributes":{"level":"ERROR+4"}}"#,
        ),
        (
            r#"{"t":"2026-03-01T10:00:00.123Z","lvl":"eror","msg":"m"}"#,
            r#","severity":"ERROR","body":"m","attributes":{"lvl":"eror"}}"#,
        ),
        (
            r#"{"timestamp":"2026-03-01T10:00:00.123Z","level":"error","level_index":4,"name":"Shop","message":"m","thread":"main"}"#,
            r#","severity":"ERROR","target":"Shop","thread":"main","body":"m","attributes":{"level_index":4}}"#,
        ),
        (
            r#"{"TIMESTAMP":"2026-03-01T10:00:00.123Z","LEVEL":"ERROR","LOGGER":"shop","THREAD":"main","MSG":"m"}"#,
            r#","severity":"ERROR","target":"shop","thread":"main","body":"m"}"#,
        ),
        // Monolog with the date object of PHP
        (
            r#"{"message":"m","level_name":"ERROR","channel":"shop","datetime":{"date":"2026-03-01 10:00:00.123000","timezone_type":3,"timezone":"UTC"}}"#,
            r#","severity":"ERROR","target":"shop","body":"m","attributes":{"datetime":{"date":"2026-03-01 10:00:00.123000","timezone_type":3,"timezone":"UTC"}}}"#,
        ),
        // OpenTelemetry with the names of the protocol
        (
            r#"{"resource_logs":[{"resource":{"attributes":[{"key":"service.name","value":{"string_value":"cart"}}]},"scope_logs":[{"scope":{"name":"shop"},"log_records":[{"time_unix_nano":"1772359200123000000","severity_number":17,"severity_text":"ERROR","body":{"string_value":"m"},"trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","attributes":[{"key":"a","value":{"array_value":{"values":[{"int_value":"7"}]}}}]}]}]}]}"#,
            r#","severity":"ERROR","trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","target":"shop","body":"m","attributes":{"a":[7],"resource":{"service.name":"cart"}}}"#,
        ),
        // tracing-subscriber
        (
            r#"{"timestamp":"2026-03-01T10:00:00.123Z","level":"ERROR","fields":{"message":"m","order":7,"level":"gold"},"target":"shop","filename":"src/a.rs","line_number":3,"span":{"id":"5","name":"pay"},"spans":[{"trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","name":"http"},{"id":"5","name":"pay"}],"threadName":"main","threadId":"ThreadId(2)"}"#,
            r#","severity":"ERROR","trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","target":"shop","thread":"main","body":"m","attributes":{"order":7,"level":"gold","code.file.path":"src/a.rs","code.line.number":3,"spans":[{"trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","name":"http"},{"id":"5","name":"pay"}],"threadId":"ThreadId(2)"}}"#,
        ),
    ] {
        assert_eq!(entry(line), format!("{{{TIME}{rest}"), "{line}");
    }
}

#[test]
fn each_spelling_of_a_time_is_that_time() {
    for (text, time) in [
        ("2026-03-01T10:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00.5 -05:30", "2026-03-01T10:00:00.500-05:30"),
        ("2026-03-01 10:00:00 +0000 UTC", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01 10:00:00.25 +0100 CET m=+0.1", "2026-03-01T10:00:00.250+01:00"),
        ("2026-03-01 10:00:00 UTC", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00+01:00[Europe/Paris]", "2026-03-01T10:00:00+01:00"),
        ("2026/03/01 10:00:00", "2026-03-01T10:00:00Z"),
        ("2026/03/01 10:00:00.123456", "2026-03-01T10:00:00.123456Z"),
        ("20260301T100000Z", "2026-03-01T10:00:00Z"),
        ("20260301T100000.123+0100", "2026-03-01T10:00:00.123+01:00"),
        ("Sun, 01 Mar 2026 10:00:00 GMT", "2026-03-01T10:00:00Z"),
        ("Sun, 1 Mar 2026 10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("Sun Mar  1 10:00:00 2026", "2026-03-01T10:00:00Z"),
        ("01/Mar/2026:10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("20260301100000", "2026-03-01T10:00:00Z"),
        ("1772359200", "2026-03-01T10:00:00Z"),
        ("1.772359200123e9", "2026-03-01T10:00:00.123Z"),
        ("1.772359200123e12", "2026-03-01T10:00:00.123Z"),
        ("1.772359200123e18", "2026-03-01T10:00:00.123Z"),
        ("/Date(1772359200123)/", "2026-03-01T10:00:00.123Z"),
        (" 2026-03-01T10:00:00Z ", "2026-03-01T10:00:00Z"),
        // No times: dates, ticks of .NET and Windows, other numbers, and dates that do not exist.
        ("2026-03-01", ""),
        ("639079632001234567", ""),
        ("134168976001234567", ""),
        ("260301100000", ""),
        ("202603011000", ""),
        ("12345678901", ""),
        ("99999999999999", ""),
        ("2026-02-30 10:00", ""),
        ("2026/02-01 10:00:00", ""),
        ("20260301T1000", ""),
        ("31/Feb/2026:10:00:00 +0100", ""),
        ("Sun Foo  1 10:00:00 2026", ""),
        ("3/1/2026 10:00:00 AM", ""),
        ("10:00:00", ""),
        ("now", ""),
        ("", ""),
        ("2026-03-01T10:00:00Z]", ""),
        ("[", ""),
        ("é", ""),
    ] {
        let found = entry(&format!("{{\"time\":\"{text}\"}}"));
        if time.is_empty() {
            assert!(found.starts_with("{\"attributes\""), "{text}: {found}");
        } else {
            assert!(found.starts_with(&format!("{{\"time\":\"{time}\"")), "{text}: {found}");
        }
    }
}

#[test]
fn names_and_numbers_of_levels_have_one_meaning() {
    for (members, severity) in [
        (r#""level":"emerg""#, "FATAL3"),
        (r#""PRIORITY":"0""#, "FATAL3"),
        (r#""level":"alert""#, "FATAL2"),
        (r#""PRIORITY":"1""#, "FATAL2"),
        (r#""level":"crit""#, "FATAL"),
        (r#""PRIORITY":2"#, "FATAL"),
        (r#""level":"LOG_ERR""#, "ERROR"),
        (r#""PRIORITY":"3""#, "ERROR"),
        (r#""PRIORITY":"7""#, "DEBUG"),
        (r#""level":"E""#, "ERROR"),
        (r#""level":" INFO ""#, "INFO"),
        (r#""level":"ERROR+4""#, "FATAL"),
        (r#""level":"DEBUG-4""#, "TRACE"),
        (r#""level":"http""#, "DEBUG3"),
        (r#""level":"silly""#, "TRACE"),
        (r#""level":"dpanic""#, "FATAL"),
        (r#""level":"SEVERITY_NUMBER_WARN2""#, "WARN2"),
        (r#""level":30"#, "INFO"),
        (r#""level":"30""#, "INFO"),
        (r#""level":35,"pid":1,"hostname":"h""#, "INFO"),
        (r#""levelno":30"#, "WARN"),
        (r#""severity_number":14"#, "WARN2"),
        (r#""short_message":"m","level":4"#, "WARN"),
        (r#""level":4,"levelName":"ERROR""#, "ERROR"),
        (r#""levelName":"ERROR","level":4"#, "ERROR"),
        // A name next to a number has priority, in either order.
        (r#""level":40,"levelname":"ERROR""#, "ERROR"),
        (r#""levelname":"ERROR","level":40"#, "ERROR"),
        (r#""levelno":25,"levelname":"NOTICE""#, "INFO2"),
        (r#""severity":20,"severity_text":"ERROR""#, "ERROR"),
        // Numbers and words that are data.
        (r#""level":42"#, ""),
        (r#""level":55"#, ""),
        (r#""level":3"#, ""),
        (r#""level":400"#, ""),
        (r#""level":"Metadata""#, ""),
        (r#""level":"e""#, ""),
        (r#""level":"+4""#, ""),
        (r#""level":"E4""#, ""),
        (r#""level":"E+4""#, ""),
        (r#""short_message":"m","level":10"#, ""),
        (r#""level":"log_log_err""#, ""),
        (r#""status":"error""#, ""),
        (r#""status":503,"service":"s""#, ""),
        (r#""severityLevel":3"#, ""),
        (r#""severityLevel":3,"itemType":"trace""#, "ERROR"),
        (r#""severityLevel":5,"itemType":"trace""#, ""),
    ] {
        let found = entry(&format!("{{{members}}}"));
        let named =
            found.split_once("\"severity\":\"").map_or("", |(_, rest)| rest.split('"').next().unwrap());
        let is_header = found.starts_with("{\"severity\"");
        assert_eq!(if is_header { named } else { "" }, severity, "{members}: {found}");
    }
    // The number stays an attribute next to the name.
    assert_eq!(
        entry(r#"{"level":40,"levelname":"ERROR"}"#),
        r#"{"severity":"ERROR","attributes":{"level":40}}"#
    );
}

#[test]
fn each_form_of_an_id_is_that_id() {
    const ID: &str = r#""trace_id":"5b8aa5a2d2c872e8321cf37308d69df2""#;
    for (members, id) in [
        (r#""trace_id":"5B8AA5A2D2C872E8321CF37308D69DF2""#, ID),
        (r#""trace_id":"0x5b8aa5a2d2c872e8321cf37308d69df2""#, ID),
        (r#""trace_id":"5b8aa5a2-d2c8-72e8-321c-f37308d69df2""#, ID),
        (r#""mdc":{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2"}"#, ID),
        (r#""otelTraceID":"5b8aa5a2d2c872e8321cf37308d69df2""#, ID),
        (r#""trace_id":"35155a4b79bd19f6""#, r#""trace_id":"000000000000000035155a4b79bd19f6""#),
        (r#""dd.span_id":1234567890123456789"#, r#""span_id":"112210f47de98115""#),
        (r#""span_id":"0x051581bf3cb55c13""#, r#""span_id":"051581bf3cb55c13""#),
        (
            r#""traceparent":"00-5b8aa5a2d2c872e8321cf37308d69df2-051581bf3cb55c13-01""#,
            r#""trace_id":"5b8aa5a2d2c872e8321cf37308d69df2","span_id":"051581bf3cb55c13","trace_flags":1}"#,
        ),
        (r#""trace_id":"12345""#, r#""attributes""#),
        (r#""trace_id":12345"#, r#""attributes""#),
        (r#""traceparent":"00-5b8aa5a2d2c872e8321cf37308d69df2""#, r#""attributes""#),
        (r#""trace_id":"5b8aa5a2-d2c8-72e8-321c-f37308d69df""#, r#""attributes""#),
    ] {
        assert!(
            entry(&format!("{{{members}}}")).starts_with(&format!("{{{id}")),
            "{members}: {}",
            entry(&format!("{{{members}}}"))
        );
    }
}

#[test]
fn names_of_two_meanings_stay_attributes_next_to_a_name_of_one() {
    for (line, found) in [
        (
            r#"{"event":"click","message":"m","level":"info"}"#,
            r#"{"severity":"INFO","body":"m","attributes":{"event":"click"}}"#,
        ),
        (
            r#"{"level":"error","t":"2026-03-01T10:00:00Z","msg":"m"}"#,
            r#"{"time":"2026-03-01T10:00:00Z","severity":"ERROR","body":"m"}"#,
        ),
        (r#"{"t":"2026-03-01T10:00:00Z"}"#, r#"{"attributes":{"t":"2026-03-01T10:00:00Z"}}"#),
        (r#"{"event":"click"}"#, r#"{"attributes":{"event":"click"}}"#),
        (r#"{"name":"Alice","msg":"m"}"#, r#"{"body":"m","attributes":{"name":"Alice"}}"#),
        (
            r#"{"date":"2020-01-01T00:00:00Z","time":"2026-03-01T10:00:00Z"}"#,
            r#"{"time":"2026-03-01T10:00:00Z","attributes":{"date":"2020-01-01T00:00:00Z"}}"#,
        ),
        (r#"{"msg":"","message":"m"}"#, r#"{"body":"m","attributes":{"msg":""}}"#),
        (
            r#"{"status":"error","level":"info","service":"s"}"#,
            r#"{"severity":"INFO","attributes":{"status":"error","service":"s"}}"#,
        ),
    ] {
        assert_eq!(entry(line), found);
    }
}
