//! A like entry that a call site writes directly has the bytes of the conversion of the full entry, and the log contains the
//! entries and reports of the encoder. This holds for all limits, contexts and threads, and across rotations.
#![cfg(unix)]

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::frames::{LIKE, frames, segments};
use crate::common::kept;
use crate::common::random::Random;
use crate::common::watchdog::Watchdog;
use fusewire::decode::EntryRef;
use fusewire::encode::{AsDebug, AsDisplay, EntryWriter, LogValue, ValueWriter, encode};
use fusewire::like::{self, LikeHead};
use fusewire::log::{Appender, CloseError, DropCause, Durability, FlushError, Levels, Log, OnFull, Outcome};
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Limits, Severity, TraceContext, TripReport, event, map};

/// The values of an event.
#[derive(Clone, Debug)]
struct Values {
    flag: bool,
    small: i8,
    number: u64,
    real: f64,
    wide: u128,
    name: String,
    text: String,
    maybe: Option<i32>,
    shown: Shown,
    took: Duration,
    list: Vec<u16>,
    severity: Severity,
}

/// A value that writes its text in pieces, and then fails or not.
#[derive(Clone, Debug)]
struct Shown {
    pieces: Vec<String>,
    fails: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| f.write_str(piece))?;
        if self.fails { Err(fmt::Error) } else { Ok(()) }
    }
}

fn values(random: &mut Random) -> Values {
    let most = [4, 4, 30, 400][random.below(4) as usize];
    Values {
        flag: random.below(2) == 1,
        small: random.next() as i8,
        number: random.next() >> random.below(64),
        real: (random.next() >> random.below(64)) as f64 / 8.0,
        wide: u128::from(random.next()) << (random.below(20) * random.below(4)),
        name: random.text(most),
        text: random.text(most),
        maybe: (random.below(16) > 0).then(|| random.next() as i32),
        shown: Shown {
            pieces: (0..random.below(4)).map(|_| random.text(most)).collect(),
            fails: random.below(40) == 0,
        },
        took: Duration::from_nanos(random.next() >> random.below(64)),
        list: vec![7; if random.below(20) == 0 { 3 } else { 2 }],
        severity: if random.below(30) == 0 { Severity::WARN } else { Severity::INFO },
    }
}

/// The ways to append an entry. Each is one call site.
const WAYS: u64 = 5;

fn append(log: &Log, way: u64, v: &Values) -> Outcome {
    let (number, name) = (v.number, &v.name);
    let outcome = match way {
        0 => event!(log, v.severity, target: "the::target", "a body", number, flag = v.flag, name = v.name,
                    real = v.real, maybe = v.maybe, text = &*v.text, small = v.small),
        1 => event!(log, v.severity, target: "the::target", "body {name} of {number}", shown = %v.shown,
                    took = v.took, number, debug = ?v.list),
        2 => {
            event!(log, v.severity, target: "the::target", "nested", nested = map! { x = v.small, y = v.name },
                    list = v.list, wide = v.wide, number, end = v.text)
        }
        3 => log
            .event(v.severity)
            .target("the::target")
            .body(&v.name)
            .attr("number", &number)
            .display("shown", &v.shown)
            .attr("flag", &v.flag)
            .append(),
        _ => Some(log.append(|entry| write_last(entry, v))),
    };
    outcome.unwrap()
}

/// Writes an entry whose header follows its attributes.
fn write_last(entry: &mut EntryWriter<'_>, v: &Values) {
    entry.set_severity(v.severity);
    entry.set_thread("a thread");
    entry.attr("number", &v.number).attr("text", &v.text);
    entry.attributes().slot("nested").map().entry("list", &v.list).entry("real", &v.real);
    entry.set_target("the::target");
    entry.set_body(if v.flag { "a body" } else { &v.name });
    entry.set_trace(TraceContext {
        trace_id: u128::from(v.number & 3),
        span_id: v.number & 1,
        flags: v.number as u8,
    });
}

/// Writes the entry of a way with the methods of the encoder.
fn write(entry: &mut EntryWriter<'_>, way: u64, v: &Values) {
    if way == 4 {
        return write_last(entry, v);
    }
    entry.set_severity(v.severity);
    entry.set_thread(thread::current().name().unwrap_or_default());
    entry.set_target("the::target");
    match way {
        0 => {
            entry.set_body("a body");
            entry.attr("number", &v.number).attr("flag", &v.flag).attr("name", &v.name).attr("real", &v.real);
            entry.attr("maybe", &v.maybe).attr("text", &v.text).attr("small", &v.small);
        }
        1 => {
            entry.set_body_fmt(format_args!("body {} of {}", v.name, v.number));
            entry.attr("shown", &AsDisplay(&v.shown)).attr("took", &v.took).attr("number", &v.number);
            entry.attr("debug", &AsDebug(&v.list));
        }
        2 => {
            entry.set_body("nested");
            entry
                .attr("nested", &map! { x = v.small, y = v.name })
                .attr("list", &v.list)
                .attr("wide", &v.wide);
            entry.attr("number", &v.number).attr("end", &v.text);
        }
        _ => {
            entry.set_body(&v.name);
            entry.attr("number", &v.number).attr("shown", &AsDisplay(&v.shown)).attr("flag", &v.flag);
        }
    }
    Context::write_current(entry);
}

/// Returns the entry and the report of the encoder.
fn encoded(limits: &Limits, way: u64, v: &Values) -> Option<(Entry, TripReport)> {
    let mut buffer = vec![0; 128 << 10];
    let encoded = encode(&mut buffer, limits, |entry| write(entry, way, v)).ok()?;
    Some((EntryRef::new(encoded.bytes()).unwrap().to_owned().unwrap(), encoded.report()))
}

/// Returns the entries of a directory without their times, and the number of like entries. Compares each like entry with the
/// conversion.
fn read(directory: &Path) -> (Vec<Entry>, u64) {
    let (mut entries, mut likes) = (Vec::new(), 0);
    let mut out = vec![0; 256 << 10];
    for (_, segment) in segments(directory) {
        let frames = frames(&segment);
        for frame in frames.iter().filter(|frame| frame.is_entry()) {
            let mut full = frame.payload.clone();
            if frame.kind == LIKE {
                let slot = frame.base().unwrap();
                let base = frames.iter().find(|base| base.slot() == slot).unwrap();
                let base = like::base(&base.payload).unwrap();
                let view = like::view(LikeHead::new(&frame.payload).unwrap(), base).unwrap();
                view.verify().unwrap();
                let len = view.expand(&mut out).unwrap();
                full = out[..len].to_vec();
                let len = like::convert(&full, &base, slot, &mut out).unwrap();
                assert!(out[..len] == frame.payload);
                likes += 1;
            }
            let entry = EntryRef::new(&full).unwrap();
            entry.verify().unwrap();
            assert_eq!(entry.severity().number(), frame.severity);
            entries.push(Entry { time_unix_nano: 0, ..entry.to_owned().unwrap() });
        }
    }
    (entries, likes)
}

#[test]
fn events_under_random_limits_contexts_and_threads() {
    let _watchdog = Watchdog::over("events under random limits, contexts and threads");
    let mut random = Random(0x11CE_D1EC);
    let (mut all, mut all_likes, mut tripped, mut refused) = (0, 0, 0, 0);
    for round in 0..80 {
        let directory = tempfile::tempdir().unwrap();
        let limits = if round % 2 == 0 { Limits::default() } else { kept::limits(&mut random) };
        let log = Log::options(directory.path())
            .limits(limits)
            .self_contained(false)
            .segment_size([64 << 10, 1 << 20][random.below(2) as usize])
            .max_threads(1)
            .on_full(OnFull::Block(Duration::from_secs(120)))
            .unbounded();
        // Some limits refuse the resource.
        let Ok(log) = log.open() else { continue };
        let context = Context::root().with(|map| _ = map.entry("number", &7).entry("tenant", "a")).unwrap();
        let context = context.with_trace(TraceContext { trace_id: 1, span_id: 2, flags: 1 });
        let traced = Context::root().with_trace(TraceContext { trace_id: 3, span_id: 4, flags: 0 });
        let mut expected = Vec::new();
        for _ in 0..300 {
            let (way, v) = (random.below(WAYS), values(&mut random));
            let scope = match random.below(24) {
                0 | 1 => &context,
                2..6 => &traced,
                _ => &Context::root(),
            };
            let one = || scope.scope(|| (append(&log, way, &v), encoded(&limits, way, &v)));
            let (outcome, encoded) = if random.below(10) == 0 {
                let name = ["another", "a thread with a long name"][random.below(2) as usize];
                thread::scope(|scope| {
                    let builder = thread::Builder::new().name(name.to_owned());
                    builder.spawn_scoped(scope, one).unwrap().join().unwrap()
                })
            } else {
                one()
            };
            match encoded {
                Some((entry, report)) => {
                    assert_eq!(outcome, Outcome::Written(report), "{way} {v:?} {limits:?}");
                    tripped += u64::from(!report.is_clean());
                    expected.push(entry);
                }
                None => {
                    assert_eq!(outcome, Outcome::Dropped(DropCause::Refused));
                    refused += 1;
                }
            }
        }
        let stats = log.stats();
        drop(log);
        let (found, likes) = read(directory.path());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{limits:?}");
        }
        assert_eq!((stats.entries, stats.like_entries), (expected.len() as u64, likes));
        all += stats.entries;
        all_likes += likes;
    }
    let is_mixed = all_likes > all / 2 && all_likes < all && tripped > all / 50 && refused > 100;
    assert!(is_mixed, "{all} entries, {all_likes} like entries, {tripped} tripped, {refused} refused");
}

/// An appender that forwards entries, so that all call sites are one call site of the log.
struct Forward(Log);

impl Appender for Forward {
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        self.0.append(write)
    }

    fn levels(&self) -> &Levels {
        self.0.levels()
    }

    fn limits(&self) -> &Limits {
        self.0.limits()
    }

    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
        self.0.flush(durability, timeout)
    }

    fn shutdown(&self, timeout: Duration) -> Result<(), CloseError> {
        self.0.shutdown(timeout)
    }
}

/// A value that writes a number, or nothing.
struct Sometimes(Option<u64>);

impl LogValue for Sometimes {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        if let Some(number) = self.0 {
            out.u64(number);
        }
    }
}

/// Appends one of three events with the same kinds of values. The first value of the last one can be absent.
fn append_alike(log: &impl Appender, way: u64, n: u64) -> Vec<(&'static str, u64)> {
    match way {
        0 => {
            event!(log, Severity::INFO, target: "t", "b", a = n, b = n + 1);
            vec![("a", n), ("b", n + 1)]
        }
        1 => {
            event!(log, Severity::INFO, target: "t", "b", c = n, b = n + 1);
            vec![("c", n), ("b", n + 1)]
        }
        2 => {
            event!(log, Severity::INFO, target: "u", "b", a = n, b = n + 1);
            vec![("a", n), ("b", n + 1)]
        }
        _ => {
            let first = (way == 3).then_some(n);
            event!(log, Severity::INFO, target: "t", "b", a = Sometimes(first), b = n + 1, c = n + 2);
            first.map(|n| ("a", n)).into_iter().chain([("b", n + 1), ("c", n + 2)]).collect()
        }
    }
}

#[test]
fn call_sites_that_differ_only_in_a_key_or_a_target() {
    let _watchdog = Watchdog::over("call sites that differ only in a key or a target");
    let mut random = Random(0x5173);
    for run in [1, 1, 2, 5, 50] {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .self_contained(false)
            .on_full(OnFull::Block(Duration::from_secs(120)));
        let log = Forward(log.unbounded().open().unwrap());
        let (mut expected, mut way) = (Vec::new(), 0);
        for n in 0..2_000 {
            if random.below(run) == 0 {
                way = random.below(5);
            }
            // Half of the entries are appended without the forwarding appender.
            let keys =
                if random.below(2) == 0 { append_alike(&log, way, n) } else { append_alike(&log.0, way, n) };
            expected.push((if way == 2 { "u" } else { "t" }, keys));
        }
        let likes = log.0.stats().like_entries;
        drop(log);
        let (found, found_likes) = read(directory.path());
        assert!(likes == found_likes && likes > 1_900, "{likes} {found_likes}");
        for (entry, (target, values)) in found.iter().zip(&expected) {
            let found: Vec<_> = entry
                .attributes
                .iter()
                .map(|attribute| match attribute.value {
                    OwnedValue::Uint(number) => (attribute.key.as_str(), u64::try_from(number).unwrap()),
                    ref other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!((entry.target.as_str(), &found), (*target, values));
        }
        assert_eq!(found.len(), expected.len());
    }
}
