//! The data of a layer in a span.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Record};

use crate::encode::{Fragment, MapWriter};
use crate::limits::{Limits, OnType, OnWidth};

use super::fields::Fields;
use super::options::Scope;
use crate::bridge::ids::Ids;

/// The maximum number of spans in an entry.
pub(super) const MAX_SPANS: usize = 64;

/// The extension of a span: the data of each layer.
pub(super) struct Known(Vec<Place>);

/// A span and the spans around it, as one layer recorded them.
pub(super) struct Place {
    /// The number of the layer.
    layer: u64,
    /// The scope option of the layer.
    pub(super) scope: Scope,
    /// The spans, outermost first; the last one is the span itself. At most `MAX_SPANS`.
    pub(super) spans: Box<[Arc<Span>]>,
    /// The number of outermost spans that are not in `spans`.
    pub(super) left_out: u64,
}

impl Known {
    pub(super) fn with(place: Place) -> Self {
        Self(vec![place])
    }

    /// Returns the data of the first layer that recorded the span.
    #[inline]
    pub(super) fn first(&self) -> Option<&Place> {
        self.0.first()
    }

    pub(super) fn add(&mut self, place: Place) {
        self.0.retain(|known| known.layer != place.layer);
        self.0.push(place);
    }

    #[inline]
    pub(super) fn place(&self, layer: u64) -> Option<&Place> {
        self.0.iter().find(|place| place.layer == layer)
    }
}

/// The spans around a new span, and the number of omitted spans.
pub(super) type Outer = (Box<[Arc<Span>]>, u64);

impl Place {
    pub(super) fn new(layer: u64, scope: Scope, (outer, left_out): Outer, span: Span) -> Self {
        let too_many = (outer.len() + 1).saturating_sub(MAX_SPANS);
        let spans = outer.into_iter().skip(too_many).chain([Arc::new(span)]).collect();
        Self { layer, scope, spans, left_out: left_out + too_many as u64 }
    }

    pub(super) fn as_outer(&self) -> Outer {
        (self.spans.clone(), self.left_out)
    }

    /// Returns the span itself.
    #[inline]
    pub(super) fn span(&self) -> Option<&Arc<Span>> {
        self.spans.last()
    }
}

/// The data of one span.
pub(super) struct Span {
    /// The fields at the creation of the span.
    first: SpanFields,
    /// Whether fields were recorded later. The flag avoids the cost of `changed` for most spans.
    is_changed: AtomicBool,
    /// The current fields, if fields were recorded later.
    changed: ArcSwapOption<SpanFields>,
    /// The durations of the span, if they are logged at its end.
    timing: Option<Mutex<Timing>>,
    /// The ids from the layer of `tracing-opentelemetry`. Known ids do not change.
    #[cfg(feature = "tracing-opentelemetry-0-34")]
    pub(super) opentelemetry: std::sync::OnceLock<Ids>,
}

/// The encoded fields of a span. The value is immutable: a recorded field creates a new value.
pub(super) struct SpanFields {
    /// The name and the encoded fields.
    pub(super) all: Fragment,
    pub(super) ids: Ids,
    /// The fields that were recorded after the creation of the span, each once.
    recorded: Vec<(Field, Arc<Fragment>)>,
}

impl Span {
    /// Encodes the fields of a new span. The code that formats the fields runs in this call.
    pub(super) fn new(limits: &Limits, attributes: &Attributes<'_>, timed: bool) -> Self {
        let mut ids = Ids::default();
        let all = encode(limits, |map| {
            map.entry("name", attributes.metadata().name());
            attributes.record(&mut Fields { sink: map, ids: &mut ids });
        });
        Self::of(all, ids, timed)
    }

    /// Creates the data of a span whose fields are unknown.
    pub(super) fn named(limits: &Limits, name: &str, timed: bool) -> Self {
        Self::of(encode(limits, |map| _ = map.entry("name", name)), Ids::default(), timed)
    }

    fn of(all: Fragment, ids: Ids, timed: bool) -> Self {
        Self {
            first: SpanFields { all, ids, recorded: Vec::new() },
            is_changed: AtomicBool::new(false),
            changed: ArcSwapOption::empty(),
            timing: timed.then(|| Mutex::new(Timing::new())),
            #[cfg(feature = "tracing-opentelemetry-0-34")]
            opentelemetry: std::sync::OnceLock::new(),
        }
    }

    /// Replaces the recorded fields.
    pub(super) fn record(&self, limits: &Limits, values: &Record<'_>) {
        let mut recorder = Recorder { limits, recorded: Vec::new(), ids: Ids::default() };
        values.record(&mut recorder);
        let Recorder { recorded, ids, .. } = recorder;
        self.changed.rcu(|fields| {
            let before = fields.as_deref().unwrap_or(&self.first);
            Some(Arc::new(before.replaced(&self.first.all, &recorded, ids)))
        });
        // The flag is stored after the fields, so a thread that loads the flag also loads the new fields.
        self.is_changed.store(true, Ordering::Release);
    }

    pub(super) fn timing(&self, change: impl FnOnce(&mut Timing)) {
        if let Some(timing) = &self.timing {
            change(&mut timing.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Calls `look` with the current fields.
    #[inline(always)]
    pub(super) fn look(&self, look: impl FnOnce(&SpanFields)) {
        let changed;
        let fields = if self.is_changed.load(Ordering::Acquire) {
            changed = self.changed.load();
            changed.as_deref().unwrap_or(&self.first)
        } else {
            &self.first
        };
        look(fields);
    }
}

impl SpanFields {
    /// Returns these fields together with newly recorded fields. `first` contains the fields at the creation
    /// of the span.
    fn replaced(&self, first: &Fragment, recorded: &[(Field, Arc<Fragment>)], mut ids: Ids) -> Self {
        ids.fill(&self.ids);
        let is_old = |(field, _): &&(Field, Arc<Fragment>)| !recorded.iter().any(|(newer, _)| newer == field);
        let recorded: Vec<_> = self.recorded.iter().filter(is_old).chain(recorded).cloned().collect();
        let several;
        let last = if let [(_, one)] = &recorded[..] {
            one
        } else {
            several = recorded.iter().fold(Fragment::default(), |all, (_, one)| all.with(one));
            &several
        };
        // The first attribute is the name of the span. A field with the key `name` does not replace this
        // attribute.
        Self { all: first.replaced_behind(1, last), ids, recorded }
    }
}

/// Encodes under the limits of the log, but never refuses a whole span. Rejected values are omitted, and
/// every event in the span records the trips.
fn encode(limits: &Limits, write: impl FnOnce(&mut MapWriter<'_, '_>)) -> Fragment {
    let on_type = if limits.on_type == OnType::Reject { OnType::Omit } else { limits.on_type };
    let limits = Limits { on_type, on_width: OnWidth::Truncate, ..*limits };
    Fragment::encode(&limits, write).unwrap_or_default()
}

/// A visitor that encodes each field separately.
struct Recorder<'l> {
    limits: &'l Limits,
    recorded: Vec<(Field, Arc<Fragment>)>,
    ids: Ids,
}

macro_rules! each {
    ($($method:ident($type:ty)),*) => {$(
        fn $method(&mut self, field: &Field, value: $type) {
            let fragment = encode(self.limits, |map| {
                Fields { sink: map, ids: &mut self.ids }.$method(field, value);
            });
            self.recorded.push((field.clone(), Arc::new(fragment)));
        }
    )*};
}

impl Visit for Recorder<'_> {
    each!(
        record_f64(f64),
        record_i64(i64),
        record_u64(u64),
        record_i128(i128),
        record_u128(u128),
        record_bool(bool),
        record_str(&str),
        record_bytes(&[u8]),
        record_error(&(dyn std::error::Error + 'static)),
        record_debug(&dyn core::fmt::Debug)
    );
}

/// The durations in which a span was entered and not entered.
pub(super) struct Timing {
    pub(super) busy: Duration,
    pub(super) idle: Duration,
    /// The time of the last change: creation, enter or exit.
    since: Instant,
    /// The number of active enters in all threads.
    entered: usize,
}

impl Timing {
    fn new() -> Self {
        Self { busy: Duration::ZERO, idle: Duration::ZERO, since: Instant::now(), entered: 0 }
    }

    pub(super) fn enter(&mut self) {
        if self.entered == 0 {
            let lap = self.lap();
            self.idle += lap;
        }
        self.entered += 1;
    }

    pub(super) fn exit(&mut self) {
        self.entered = self.entered.saturating_sub(1);
        if self.entered == 0 {
            let lap = self.lap();
            self.busy += lap;
        }
    }

    pub(super) fn close(&mut self) {
        let lap = self.lap();
        self.idle += lap;
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(core::mem::replace(&mut self.since, now))
    }
}
