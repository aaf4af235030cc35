//! An event of `tracing` has the bytes of an entry whose attributes are written one by one, under all limits.
#![cfg(feature = "tracing")]

use std::thread;

use crate::common::kept::{self, Kept, Written};
use crate::common::random::Random;
use fusewire::bridge::tracing::Layer;
use fusewire::encode::{AsDebug, AsDisplay, Bytes};
use fusewire::{Context, Severity, TraceContext};
use tracing_subscriber::prelude::*;

/// The values of an event.
#[derive(Clone, Debug)]
struct Values {
    flag: bool,
    signed: i64,
    number: u64,
    real: f64,
    wide: u128,
    name: String,
    text: String,
    maybe: Option<i64>,
    span_id: u64,
}

fn values(random: &mut Random) -> Values {
    let most = [4, 40, 400][random.below(3) as usize];
    Values {
        flag: random.below(2) == 1,
        signed: random.next() as i64,
        number: random.next() >> random.below(64),
        real: random.next() as f64 / 8.0,
        wide: u128::from(random.next()) << random.below(64),
        name: random.text(most),
        text: random.text(most),
        maybe: (random.below(2) == 1).then(|| random.next() as i64),
        span_id: random.below(3),
    }
}

/// Writes the event through the layer.
fn with_tracing(to: &Kept, v: &Values) -> Written {
    let subscriber = tracing_subscriber::registry().with(Layer::new(to.clone()));
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(target: "the::target", n = v.number, flag = v.flag, user_id = v.signed, name = v.name,
            a.key.of.more.than.thirty.bytes = v.real, r#type = &*v.text, wide = v.wide, shown = %v.text,
            seen = ?v.name, currency = v.maybe, raw = v.text.as_bytes(), span_id = v.span_id, trace_id = v.name,
            last = &*v.text, "{} and {}", v.text, v.number);
    });
    to.take()
}

/// Writes the same event with the methods of the writer.
fn with_methods(to: &Kept, v: &Values) -> Written {
    to.write(|entry| {
        entry.set_severity(Severity::WARN);
        entry.set_target("the::target");
        entry.set_thread(thread::current().name().unwrap_or_default());
        entry.set_body_fmt(format_args!("{} and {}", v.text, v.number));
        entry.attr("n", &v.number).attr("flag", &v.flag).attr("user_id", &v.signed).attr("name", &v.name);
        entry.attr("a.key.of.more.than.thirty.bytes", &v.real).attr("type", &v.text).attr("wide", &v.wide);
        entry.attr("shown", &AsDisplay(&v.text)).attr("seen", &AsDebug(&v.name));
        if let Some(maybe) = v.maybe {
            entry.attr("currency", &maybe);
        }
        entry.attr("raw", &Bytes(v.text.as_bytes()));
        if v.span_id == 0 {
            entry.attr("span_id", &v.span_id);
        }
        // No name is an id.
        entry.attr("trace_id", &v.name).attr("last", &v.text);
        Context::write_current(entry);
        entry.set_trace(TraceContext { span_id: v.span_id, ..TraceContext::NONE });
    })
}

#[test]
fn under_random_limits() {
    kept::assert_same_bytes(10_000, ["n", "type", "currency"], values, with_tracing, with_methods);
}
