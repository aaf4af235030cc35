//! The text format of Prometheus.
//!
//! Source: Prometheus, *Exposition formats*, "Text-based format", version 0.0.4.

use std::fmt::Write;

use super::family::FamilyKind;
use super::{Label, Metrics, Value};

/// The value of the header `Content-Type` for [`Metrics::to_prometheus`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Metrics {
    /// Returns the samples in the text format of Prometheus. Each family appears once, with its help text and
    /// its type. The text is empty if there are no samples.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for (family, samples) in self.by_family() {
            let kind = match family.kind() {
                FamilyKind::Counter => "counter",
                FamilyKind::Gauge => "gauge",
            };
            text.push_str("# HELP ");
            text.push_str(family.name());
            text.push(' ');
            push_escaped(&mut text, family.help(), false);
            // A write to a string cannot fail.
            _ = writeln!(text, "\n# TYPE {} {kind}", family.name());
            for sample in samples {
                text.push_str(family.name());
                push_labels(&mut text, &sample.labels);
                push_value(&mut text, sample.value);
            }
        }
        text
    }
}

fn push_labels(text: &mut String, labels: &[Label]) {
    for (i, (name, value)) in labels.iter().enumerate() {
        text.push(if i == 0 { '{' } else { ',' });
        text.push_str(name);
        text.push_str("=\"");
        push_escaped(text, value, true);
        text.push('"');
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

/// Appends text with escapes for the characters that would end a line or a value.
fn push_escaped(text: &mut String, value: &str, quoted: bool) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quoted => text.push_str("\\\""),
            c => text.push(c),
        }
    }
}

fn push_value(text: &mut String, value: Value) {
    // A write to a string cannot fail.
    _ = match value {
        Value::Whole(value) => writeln!(text, " {value}"),
        Value::Float(value) if value == f64::INFINITY => writeln!(text, " +Inf"),
        Value::Float(value) if value == f64::NEG_INFINITY => writeln!(text, " -Inf"),
        Value::Float(value) => writeln!(text, " {value}"),
    };
}
