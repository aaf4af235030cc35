//! A query, a field and a search of all values use the names and the values of a line, although the entry has them in its
//! header.
#![cfg(all(feature = "json", feature = "query"))]

use fusewire::decode::EntryRef;
use fusewire::mixed::{MixedEvent, MixedReader};
use fusewire::query::{Field, Query};

fn with_entry<T>(line: &str, look: impl FnOnce(&EntryRef<'_>) -> T) -> T {
    let mut reader = MixedReader::new(line.as_bytes());
    match reader.next().unwrap() {
        Some(MixedEvent::Entry { entry, .. }) => look(&entry),
        other => panic!("{other:?}"),
    }
}

const LINE: &str = r#"{"@timestamp":"2026-03-01T10:00:00Z","log.level":"error","msg":"payment failed","logger_name":"shop.Cart","thread_name":"main","traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"051581bf3cb55c13","order":{"id":77,"tags":["eu","canary"],"ratio":0.25,"ok":true,"odd.key":"v"}}"#;

#[test]
fn a_name_of_a_line_is_the_name_of_a_field() {
    for (query, matches) in [
        ("msg == 'payment failed'", true),
        ("msg contains failed", true),
        ("short_message == 'payment failed'", true),
        ("msg != 'payment failed'", false),
        ("@timestamp >= 2026-03-01 and ts < 2026-03-02", true),
        ("@timestamp > 2026-03-02", false),
        ("log.level == error and lvl >= warn and levelname in (error, fatal)", true),
        ("log.level < error", false),
        ("logger_name == shop.Cart and exists logger and log.logger starts_with shop", true),
        ("threadName == main", true),
        (
            "traceId == 5b8aa5a2d2c872e8321cf37308d69df2 and trace.id == 5b8aa5a2-d2c8-72e8-321c-f37308d69df2",
            true,
        ),
        ("spanId == 051581bf3cb55c13 and exists span.id", true),
        ("traceId == 1", false),
        ("not exists traceId", false),
        // These names have a second meaning: an attribute is not the field.
        ("log contains failed and event contains payment", true),
        ("attributes.msg == 'payment failed'", false),
        // A value that only an attribute can have.
        ("ts == 7", false),
        ("status == error", false),
    ] {
        let query: Query = query.parse().unwrap();
        assert_eq!(with_entry(LINE, |entry| query.matches(entry)), matches, "{query}");
    }
    let with_name = r#"{"msg":"m","log":"other","message":7,"level":"info","ts":"xxx"}"#;
    for (query, matches) in [
        ("log == m", false),
        ("log == other", true),
        ("attributes.message == 7", true),
        ("ts == xxx", true),
        ("msg == m", true),
    ] {
        assert_eq!(
            with_entry(with_name, |entry| query.parse::<Query>().unwrap().matches(entry)),
            matches,
            "{query}"
        );
    }
}

/// The import moves members of some objects. They keep their names in queries.
#[test]
fn a_name_in_an_object_is_the_name_of_a_field() {
    let line = r#"{"timestamp":"2026-03-01T10:00:00Z","level":"ERROR","fields":{"message":"m","order":{"id":7}},"target":"shop","spans":[{"name":"http"}]}"#;
    let ecs = r#"{"log":{"level":"error","logger":"shop"},"process":{"thread":{"name":"main"}},"fields":{"order":8}}"#;
    for (query, line, matches) in [
        ("fields.message == m and fields.order.id == 7 and order.id == 7", line, true),
        ("fields.order.id == 8", line, false),
        ("spans[*].name == http and target == shop", line, true),
        ("log.level == error and log.logger == shop and process.thread.name == main", ecs, true),
        ("fields.order == 8", ecs, true),
        ("order == 8", ecs, false),
    ] {
        let query: Query = query.parse().unwrap();
        assert_eq!(with_entry(line, |entry| query.matches(entry)), matches, "{query}");
    }
    let field: Field = "fields.order.id".parse().unwrap();
    assert_eq!(with_entry(line, |entry| field.number(entry)), Some(7.0));
}

#[test]
fn a_field_has_the_value_of_its_name() {
    let text = |name: &str, line: &str| {
        let field: Field = name.parse().unwrap();
        with_entry(line, |entry| {
            let mut text = String::new();
            field.write(entry, &mut text).then_some(text)
        })
    };
    for (name, value) in [
        ("msg", "payment failed"),
        ("@timestamp", "2026-03-01T10:00:00Z"),
        ("log.level", "ERROR"),
        ("logger_name", "shop.Cart"),
        ("traceId", "5b8aa5a2d2c872e8321cf37308d69df2"),
    ] {
        assert_eq!(text(name, LINE).as_deref(), Some(value), "{name}");
        assert_eq!(text(name, "{}"), None, "{name}");
    }
    // The attribute of this name has priority.
    assert_eq!(text("msg", r#"{"message":"m","msg":"second"}"#).as_deref(), Some("second"));
    assert!("traceId".parse::<Field>().unwrap().is_id());
    assert!("attributes[*]".parse::<Field>().is_err());
}

#[test]
fn a_text_without_a_field_is_searched_in_all_values() {
    for (text, matches) in [
        ("failed", true),
        ("shop.Cart", true),
        ("main", true),
        ("canary", true),
        ("77", true),
        ("0.25", true),
        ("true", true),
        ("5b8aa5a2d2c8", true),
        ("051581bf", true),
        ("'payment failed'", true),
        ("not failed", false),
        ("paymentfailed", false),
        // Keys are no values, and a text does not continue in the next value.
        ("order", false),
        ("eucanary", false),
        ("78", false),
        ("false", false),
        ("Failed", false),
    ] {
        let query: Query = text.parse().unwrap();
        assert_eq!(with_entry(LINE, |entry| query.matches(entry)), matches, "{text}");
    }
    for (query, matches) in [
        ("attributes[*] == canary", true),
        ("attributes[*] == 77", true),
        ("attributes[*] > 76 and attributes[*] =~ /^can/", true),
        ("attributes[*] == 'payment failed'", false),
        ("exists attributes[*]", true),
    ] {
        assert_eq!(
            with_entry(LINE, |entry| query.parse::<Query>().unwrap().matches(entry)),
            matches,
            "{query}"
        );
    }
    assert!(!with_entry(r#"{"msg":"m"}"#, |entry| "exists attributes[*]"
        .parse::<Query>()
        .unwrap()
        .matches(entry)));
}
