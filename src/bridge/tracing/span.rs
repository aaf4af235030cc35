//! What a layer knows of a span.

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

/// Spans that an entry says at most.
pub(super) const MAX_SPANS: usize = 64;

/// An extension of a span: what each layer that logs it knows.
pub(super) struct Known(Vec<Place>);

/// A span and those that it is in, as one layer sees them.
pub(super) struct Place {
    /// The layer's.
    layer: u64,
    /// What the layer says of spans.
    pub(super) scope: Scope,
    /// Outermost first, the span itself last; at most `MAX_SPANS`.
    pub(super) spans: Box<[Arc<Span>]>,
    /// Outermost ones that are left out.
    pub(super) left_out: u64,
}

impl Known {
    pub(super) fn with(place: Place) -> Self {
        Self(vec![place])
    }

    /// What the layer that saw it first knows.
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

/// The spans that a new one is in, and how many more are left out.
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

    /// The span itself.
    #[inline]
    pub(super) fn span(&self) -> Option<&Arc<Span>> {
        self.spans.last()
    }
}

/// One span.
pub(super) struct Span {
    /// As it was made.
    first: SpanFields,
    /// Whether something has been recorded since: most spans are looked at more often than that.
    is_changed: AtomicBool,
    /// Then as it is now.
    changed: ArcSwapOption<SpanFields>,
    /// Where it is asked for at the end.
    timing: Option<Mutex<Timing>>,
    /// What another layer says that the span is called; known for good as soon as it is.
    #[cfg(feature = "tracing-opentelemetry-0-34")]
    pub(super) opentelemetry: std::sync::OnceLock<Ids>,
}

/// A span's fields, encoded. It never changes; where something is recorded, there is a new one.
pub(super) struct SpanFields {
    /// Its name, and what stands of the fields.
    pub(super) all: Fragment,
    pub(super) ids: Ids,
    /// Those recorded since the span was made, each once.
    recorded: Vec<(Field, Arc<Fragment>)>,
}

impl Span {
    /// Encodes the fields of a new span: code that formats them runs.
    pub(super) fn new(limits: &Limits, attributes: &Attributes<'_>, timed: bool) -> Self {
        let mut ids = Ids::default();
        let all = encode(limits, |map| {
            map.entry("name", attributes.metadata().name());
            attributes.record(&mut Fields { sink: map, ids: &mut ids });
        });
        Self::of(all, ids, timed)
    }

    /// A span of which only the name is known.
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

    /// Replaces the fields that are recorded.
    pub(super) fn record(&self, limits: &Limits, values: &Record<'_>) {
        let mut recorder = Recorder { limits, recorded: Vec::new(), ids: Ids::default() };
        values.record(&mut recorder);
        let Recorder { recorded, ids, .. } = recorder;
        self.changed.rcu(|fields| {
            let before = fields.as_deref().unwrap_or(&self.first);
            Some(Arc::new(before.replaced(&self.first.all, &recorded, ids)))
        });
        // After the fields: who sees it sees them.
        self.is_changed.store(true, Ordering::Release);
    }

    pub(super) fn timing(&self, change: impl FnOnce(&mut Timing)) {
        if let Some(timing) = &self.timing {
            change(&mut timing.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Looks at what the span says now.
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
    /// These with what is recorded; `first` is what the span was made with.
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
        // Its name stays, though a field be called so.
        Self { all: first.replaced_behind(1, last), ids, recorded }
    }
}

/// Encodes under the limits of the log, except that nothing is refused as a whole: what may not be logged of a span is left
/// out, and every event in it says so.
fn encode(limits: &Limits, write: impl FnOnce(&mut MapWriter<'_, '_>)) -> Fragment {
    let on_type = if limits.on_type == OnType::Reject { OnType::Omit } else { limits.on_type };
    let limits = Limits { on_type, on_width: OnWidth::Truncate, ..*limits };
    Fragment::encode(&limits, write).unwrap_or_default()
}

/// Encodes each field for itself.
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

/// How long a span was entered, and how long not.
pub(super) struct Timing {
    pub(super) busy: Duration,
    pub(super) idle: Duration,
    /// When it was entered, or left, or made.
    since: Instant,
    /// Threads that are in it, and how often.
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
