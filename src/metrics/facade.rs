//! The export of samples through the crate `metrics`.

use metrics::{Key, KeyName, Label, Level, Metadata, SharedString, Unit as FacadeUnit};

use super::family::{Family, FamilyKind, Unit};
use super::{Metrics, Sample, Value};

/// The origin of the samples, for exporters with a filter.
static METADATA: Metadata<'static> = Metadata::new("fusewire", Level::INFO, Some(module_path!()));

impl Metrics {
    /// Sends the samples and their descriptions to the recorder of the crate [`metrics`]. Does nothing if no
    /// recorder is installed.
    ///
    /// Call this method from a timer of the program, at the scrape interval of the exporter, for example
    /// every 10 s. The method sets counters to their value and does not increment them. Counters of that
    /// crate are integers, so the few counters in seconds are published as gauges of the same name.
    ///
    /// ```
    /// use fusewire::log::Log;
    /// use fusewire::metrics::Metrics;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// // Call this from a timer.
    /// Metrics::new().log(&log.stats()).publish();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn publish(&self) {
        metrics::with_recorder(|recorder| {
            for (family, samples) in self.by_family() {
                let is_counter = family.kind() == FamilyKind::Counter
                    && samples.iter().all(|sample| matches!(sample.value, Value::Whole(_)));
                describe(recorder, family, is_counter);
                for sample in samples {
                    give(recorder, sample, is_counter);
                }
            }
        });
    }
}

fn describe(recorder: &dyn metrics::Recorder, family: &'static Family, is_counter: bool) {
    let name = KeyName::from_const_str(family.name());
    let unit = match family.unit() {
        Unit::Count => FacadeUnit::Count,
        Unit::Bytes => FacadeUnit::Bytes,
        Unit::Seconds => FacadeUnit::Seconds,
        // That crate only has a unit for percent, and an exporter can add the unit to the name.
        Unit::Ratio => FacadeUnit::Count,
    };
    let help = SharedString::const_str(family.help());
    if is_counter {
        recorder.describe_counter(name, Some(unit), help);
    } else {
        recorder.describe_gauge(name, Some(unit), help);
    }
}

fn give(recorder: &dyn metrics::Recorder, sample: &Sample, is_counter: bool) {
    let labels = sample.labels.iter();
    let labels: Vec<Label> =
        labels.map(|(name, value)| Label::new(name.to_string(), value.to_string())).collect();
    let key = Key::from_parts(sample.family.name(), labels);
    match sample.value {
        Value::Whole(value) if is_counter => recorder.register_counter(&key, &METADATA).absolute(value),
        Value::Whole(value) => recorder.register_gauge(&key, &METADATA).set(value as f64),
        Value::Float(value) => recorder.register_gauge(&key, &METADATA).set(value),
    }
}
