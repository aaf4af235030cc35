//! The layer works with filters, reload, options, other layers and `tracing-log`, and reads the trace from fields.
#![cfg(feature = "tracing")]

mod common {
    pub mod logs;
}

use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::logs;
use fusewire::bridge::tracing::{Layer, Scope, SpanEvents};
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Severity, TraceContext};
use tracing::{Subscriber, debug, info, info_span, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, registry, reload};

const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const TRACE_HEX: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: u64 = 0xb7ad_6b71_6920_3331;
const SPAN_HEX: &str = "b7ad6b7169203331";

/// Runs one test at a time: `tracing` caches for the whole process whether a call site is enabled, and computes this
/// from the subscribers that exist at its first use.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn layer(directory: &Path) -> Layer {
    Layer::new(Log::options(directory).open().unwrap())
}

/// Returns the entries that `work` logs with the subscriber that `subscriber` creates.
fn logged<S: Subscriber + Send + Sync + 'static>(
    subscriber: impl FnOnce(Layer) -> S,
    work: impl FnOnce(),
) -> Vec<Entry> {
    let directory = tempfile::tempdir().unwrap();
    tracing::subscriber::with_default(subscriber(layer(directory.path())), work);
    logs::read(directory.path()).entries
}

fn bodies(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.body).collect()
}

fn keys(entry: &Entry) -> Vec<&str> {
    entry.attributes.iter().map(|attribute| &*attribute.key).collect()
}

#[test]
fn what_a_filter_keeps_away_is_not_evaluated() {
    let _alone = alone();
    let evaluated = Cell::new(0);
    let evaluate = || evaluated.replace(evaluated.get() + 1);
    let work = || {
        debug!(n = evaluate(), "debug");
        info!(n = evaluate(), "info");
        warn!(n = evaluate(), "warn");
        info!(target: "noisy::part", n = evaluate(), "noisy");
    };
    let of_the_layer = logged(|layer| registry().with(layer.with_filter(LevelFilter::WARN)), work);
    assert_eq!((bodies(&of_the_layer), evaluated.take()), (vec!["warn"], 1));
    let of_all = logged(|layer| registry().with(layer).with(LevelFilter::INFO), work);
    assert_eq!((bodies(&of_all), evaluated.take()), (vec!["info", "warn", "noisy"], 3));
    let by_target = EnvFilter::new("info,noisy=warn");
    let by_target = logged(|layer| registry().with(by_target).with(layer), work);
    assert_eq!((bodies(&by_target), evaluated.take()), (vec!["info", "warn"], 2));
}

#[test]
fn a_filter_of_one_layer_leaves_the_other_alone() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let all = layer(directory.path());
    let errors = logged(
        |layer| registry().with(layer.with_filter(LevelFilter::WARN)).with(all),
        || {
            info_span!("span", n = 1).in_scope(|| {
                info!("info");
                warn!("warn");
            });
        },
    );
    let all = logs::read(directory.path()).entries;
    assert_eq!((bodies(&errors), bodies(&all)), (vec!["warn"], vec!["info", "warn"]));
    // The filter of the first layer excludes the level of the span.
    assert_eq!((keys(&errors[0]), keys(&all[1])), (vec![], vec!["spans"]));
}

#[test]
fn a_layer_comes_and_goes_while_the_program_runs() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let (reloaded, handle) = reload::Layer::new(None::<Layer>);
    tracing::subscriber::with_default(registry().with(reloaded), || {
        info!("before");
        let early = info_span!("early", n = 1).entered();
        handle.reload(Some(layer(directory.path()))).unwrap();
        early.record("n", 2);
        info!("in a span of before");
        info_span!("late", n = 3).in_scope(|| info!("in a span of both"));
        handle.reload(None).unwrap();
        info!("after");
    });
    let entries = logs::read(directory.path()).entries;
    assert_eq!(bodies(&entries), ["in a span of before", "in a span of both"]);
    assert_eq!((keys(&entries[0]), keys(&entries[1])), (vec![], vec!["spans"]));
}

#[test]
fn a_span_that_was_made_before_the_layer_has_its_name_and_later_fields() {
    let _alone = alone();
    let [directory, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (reloaded, handle) = reload::Layer::new(None::<Layer>);
    // The other layer exists from the beginning. Without it, the span would not exist.
    tracing::subscriber::with_default(registry().with(layer(other.path())).with(reloaded), || {
        let early = info_span!("early", n = 1, later = tracing::field::Empty).entered();
        handle.reload(Some(layer(directory.path()))).unwrap();
        info!("in a span of before");
        early.record("later", 2);
        info_span!("late", n = 3).in_scope(|| info!("in both"));
    });
    let entries = logs::read(directory.path()).entries;
    let spans: Vec<_> = entries.iter().map(span_fields).collect();
    assert_eq!(spans, [vec![vec!["name"]], vec![vec!["name", "later"], vec!["name", "n"]]]);
    let others = logs::read(other.path()).entries;
    assert_eq!(span_fields(&others[1]), [vec!["name", "n", "later"], vec!["name", "n"]]);
}

/// Returns the names of the fields of each span of an entry.
fn span_fields(entry: &fusewire::owned::Entry) -> Vec<Vec<&str>> {
    use fusewire::owned::OwnedValue;
    let spans = entry.attributes.iter().find(|attribute| attribute.key == "spans");
    let Some(OwnedValue::Array { values, .. }) = spans.map(|spans| &spans.value) else { return Vec::new() };
    let fields = values.iter().filter_map(|span| match &span.value {
        OwnedValue::Map { entries, .. } => Some(entries.iter().map(|field| field.key.as_str()).collect()),
        _ => None,
    });
    fields.collect()
}

#[test]
fn records_of_log_are_as_if_they_were_of_tracing() {
    let _alone = alone();
    let logger = tracing_log::LogTracer::new();
    let record = |level| {
        let mut record = log::Record::builder();
        record
            .level(level)
            .target("shop::cart")
            .file(Some("cart.rs"))
            .line(Some(7))
            .module_path(Some("shop"));
        log::Log::log(&logger, &record.args(format_args!("{} items", 3)).build());
    };
    let entries = logged(
        |layer| registry().with(layer.with_file(true).with_line_number(true).with_module(true)),
        || info_span!("span").in_scope(|| record(log::Level::Warn)),
    );
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((&*entry.target, &*entry.body, entry.severity), ("shop::cart", "3 items", Severity::WARN));
    let value = |n: usize| entry.attributes[n].value.clone();
    assert_eq!(keys(entry), ["code.namespace", "code.file.path", "code.line.number", "spans"]);
    assert_eq!(
        (value(0), value(1)),
        (OwnedValue::String("shop".into()), OwnedValue::String("cart.rs".into()))
    );
    assert_eq!(value(2), OwnedValue::Uint(7));
    // Without the option, the entry contains none of these attributes.
    let entries = logged(|layer| registry().with(layer), || record(log::Level::Trace));
    assert_eq!((keys(&entries[0]), entries[0].severity), (vec![], Severity::TRACE));
}

#[test]
fn ids_in_fields_are_the_entry_s() {
    let _alone = alone();
    let expected = TraceContext { trace_id: TRACE, span_id: SPAN, flags: 0 };
    let entries = logged(
        |layer| registry().with(layer.with_scope(Scope::Current)),
        || {
            info!(trace_id = TRACE_HEX, span_id = %SPAN_HEX, "text");
            info!(trace_id = TRACE, span_id = SPAN, "numbers");
            let outer = info_span!("outer", trace_id = TRACE_HEX, span_id = 1_u64).entered();
            info_span!("inner", span_id = ?format_args!("{SPAN_HEX}"), n = 1).in_scope(|| info!("of spans"));
            drop(outer);
            let late = info_span!("late", trace_id = tracing::field::Empty, span_id = tracing::field::Empty);
            late.record("trace_id", TRACE_HEX).record("span_id", SPAN);
            late.in_scope(|| info!("recorded"));
            let request = Context::root().with_trace(TraceContext { span_id: 3, ..expected });
            request.scope(|| info!(span_id = SPAN_HEX, "of the context"));
        },
    );
    assert_eq!(entries.len(), 5);
    for entry in &entries {
        assert_eq!(entry.trace, expected, "{}", entry.body);
        assert!(entry.attributes.iter().all(|attribute| attribute.key == "span"), "{entry:?}");
    }
}

#[test]
fn what_is_called_an_id_and_is_none_is_an_attribute() {
    let _alone = alone();
    let long = "x".repeat(100);
    let entries = logged(
        |layer| registry().with(layer),
        || {
            info!(trace_id = "7", span_id = %long, "text");
            info!(trace_id = -1, span_id = u128::MAX, "numbers");
            info!(trace_id = 0, span_id = true, "none");
        },
    );
    for entry in &entries {
        assert_eq!((keys(entry), entry.trace), (vec!["trace_id", "span_id"], TraceContext::NONE));
    }
    assert_eq!(entries[0].attributes[1].value, OwnedValue::String(long));
}

#[test]
fn spans_say_when_they_begin_and_how_long_they_were() {
    let _alone = alone();
    let work = || {
        let span = info_span!(target: "shop", "request", n = 1_u64);
        span.in_scope(|| info!("inside"));
        span.record("n", 2_u64);
    };
    let with = |events| logged(|layer| registry().with(layer.with_span_events(events)), work);
    assert_eq!(bodies(&with(SpanEvents::None)), ["inside"]);
    assert_eq!(bodies(&with(SpanEvents::Close)), ["inside", "close"]);
    let entries = with(SpanEvents::NewAndClose);
    assert_eq!(bodies(&entries), ["new", "inside", "close"]);
    let close = &entries[2];
    assert_eq!((&*close.target, keys(close)), ("shop", vec!["time.busy", "time.idle", "spans"]));
    for spent in &close.attributes[..2] {
        assert!(matches!(spent.value, OwnedValue::Duration(nanos) if nanos > 0), "{spent:?}");
    }
    let n = |entry: &Entry| match &entry.attributes.last().unwrap().value {
        OwnedValue::Array { values, .. } => match &values[0].value {
            OwnedValue::Map { entries, .. } => entries.last().unwrap().value.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!((n(&entries[0]), n(close)), (OwnedValue::Uint(1), OwnedValue::Uint(2)));
}
