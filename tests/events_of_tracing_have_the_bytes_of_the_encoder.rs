//! An event of `tracing` has the bytes of an entry whose attributes are written one by one, under all limits.
#![cfg(feature = "tracing")]

mod common {
    pub mod kept;
    pub mod random;
}

use std::thread;

use common::kept::{Kept, Written};
use common::random::Random;
use fusewire::bridge::tracing::Layer;
use fusewire::decode::EntryRef;
use fusewire::encode::{AsDebug, AsDisplay, Bytes};
use fusewire::{Context, Limits, Severity, TraceContext};
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
    let (_directory, mut to) = Kept::new(Limits::default());
    let mut random = Random(0x5eed);
    let (mut clean, mut tripped, mut failed) = (0, 0, 0);
    for _ in 0..10_000 {
        to.randomise(&mut random, ["n", "type", "currency"]);
        let values = values(&mut random);
        let context = Context::root().with(|map| _ = map.entry("context", &7)).unwrap();
        let _entered = (random.below(3) == 0).then(|| context.enter());
        let (event, methods) = (with_tracing(&to, &values), with_methods(&to, &values));
        assert_eq!(event, methods, "{values:?} under {:?}", to.limits);
        match event {
            Ok(bytes) => {
                let entry = EntryRef::new(&bytes).unwrap();
                entry.verify().unwrap();
                *(if entry.trips().count() == 0 { &mut clean } else { &mut tripped }) += 1;
            }
            Err(_) => failed += 1,
        }
    }
    assert!(clean > 1_000 && tripped > 1_000 && failed > 250, "{clean} {tripped} {failed}");
}
