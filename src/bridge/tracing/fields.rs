//! The fields of events and spans, with their types.

use core::fmt;
use std::error::Error;

use tracing_core::field::{Field, Visit};

use crate::encode::{AsDebug, AsError, Bytes, EntryWriter, LogValue, MapWriter};
use crate::map::buffer::SHORT_TEXT;

use crate::bridge::ids::{Ids, ShortText, Which};

/// A destination of fields.
pub(super) trait Sink {
    /// Returns whether the sink consumes fields in addition to those with a reserved name.
    fn is_special(&self) -> bool;

    /// Consumes a field that is not an attribute, for example the message of an event. Returns whether the
    /// sink consumed the field. `text` is the value as text.
    fn takes(&mut self, name: &str, text: Text<'_>) -> bool;

    /// Writes an attribute of a sink that is not special.
    fn attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V);

    /// Writes an attribute of a special sink, or with a reserved name.
    fn special_attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V);
}

/// The value of a field as text.
#[derive(Clone, Copy)]
pub(super) enum Text<'a> {
    Str(&'a str),
    Format(fmt::Arguments<'a>),
}

/// A visitor that writes each field to a sink, except the ids.
pub(super) struct Fields<'i, S> {
    pub(super) sink: S,
    pub(super) ids: &'i mut Ids,
}

impl<S: Sink> Fields<'_, S> {
    /// Writes a field. `special` writes a field of a special sink, or with a name that is reserved or unusual. It is a
    /// separate function, so that all other fields need no formatting arguments.
    #[inline(always)]
    fn write<V: LogValue + ?Sized>(
        &mut self,
        field: &Field,
        value: &V,
        special: impl FnOnce(&mut Self, &str),
    ) {
        let name = field.name();
        let is_reserved =
            name.len() < 2 || name.starts_with("r#") || matches!(name, "message" | "trace_id" | "span_id");
        if is_reserved || self.sink.is_special() {
            special(self, name);
        } else {
            self.sink.attribute(name, value);
        }
    }

    #[inline(always)]
    fn any_str(&mut self, field: &Field, value: &str) {
        self.write(field, value, |to, name| {
            to.special(name, value, Text::Str(value), |ids, which| ids.take_hex(which, value));
        });
    }

    #[inline(never)]
    fn long_str(&mut self, field: &Field, value: &str) {
        self.any_str(field, value);
    }

    #[inline(never)]
    fn special<V: LogValue + ?Sized>(
        &mut self,
        name: &str,
        value: &V,
        text: Text<'_>,
        id: impl FnOnce(&mut Ids, Which) -> bool,
    ) {
        // A field with the name of a keyword has the prefix `r#`, for example `r#type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        let is_consumed =
            self.sink.takes(name, text) || Which::of(name).is_some_and(|which| id(self.ids, which));
        if !is_consumed {
            self.sink.special_attribute(name, value);
        }
    }
}

impl<S: Sink> Visit for Fields<'_, S> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |_, _| false);
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |ids, which| {
                u128::try_from(value).is_ok_and(|id| ids.take_number(which, id))
            });
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |ids, which| {
                ids.take_number(which, value.into())
            });
        });
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |ids, which| {
                u128::try_from(value).is_ok_and(|id| ids.take_number(which, id))
            });
        });
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |ids, which| {
                ids.take_number(which, value)
            });
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, &value, |to, name| {
            to.special(name, &value, Text::Format(format_args!("{value}")), |_, _| false);
        });
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        // A long copy is a call, for which the function would save registers for all strings.
        if value.len() > SHORT_TEXT { self.long_str(field, value) } else { self.any_str(field, value) }
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.write(field, &Bytes(value), |to, name| {
            to.special(name, &Bytes(value), Text::Format(format_args!("{value:02x?}")), |_, _| false);
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write(field, &AsError(value), |to, name| {
            to.special(name, &AsError(value), Text::Format(format_args!("{value}")), |_, _| false);
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Almost every event has a message.
        if field.name() == "message" && self.sink.takes("message", Text::Format(format_args!("{value:?}"))) {
            return;
        }
        self.write(field, &AsDebug(value), |to, name| {
            to.special(name, &AsDebug(value), Text::Format(format_args!("{value:?}")), |ids, which| {
                ShortText::of(value).is_some_and(|text| ids.take_hex(which, text.as_str()))
            });
        });
    }
}

/// A sink that writes the fields of an event to an entry.
pub(super) struct Event<'e, 'b> {
    pub(super) entry: &'e mut EntryWriter<'b>,
    /// The options for the fields with the origin of a record of the crate `log`; `None` for an event of
    /// `tracing`.
    pub(super) record: Option<Record>,
}

/// The options for a record of the crate `log` that `tracing-log` forwards.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) file: bool,
    pub(super) line_number: bool,
    pub(super) module: bool,
}

impl Sink for Event<'_, '_> {
    #[inline(always)]
    fn is_special(&self) -> bool {
        self.record.is_some()
    }

    #[inline(always)]
    fn takes(&mut self, name: &str, text: Text<'_>) -> bool {
        match name {
            // The first `message` is the body; others are attributes.
            "message" if !self.entry.has_body() => match text {
                Text::Str(text) => self.entry.set_body(text),
                Text::Format(args) => self.entry.set_body_fmt(args),
            },
            _ => return self.record.is_some_and(|record| record.takes(self.entry, name, text)),
        }
        true
    }

    #[inline(always)]
    fn attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V) {
        self.entry.attr_with_short_key(name, value);
    }

    fn special_attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V) {
        let Some(record) = self.record else {
            self.entry.attr(name, value);
            return;
        };
        match name {
            "log.line" if record.line_number => _ = self.entry.attr("code.line.number", value),
            name if name.starts_with("log.") => {}
            name => _ = self.entry.attr(name, value),
        }
    }
}

impl Record {
    #[cold]
    fn takes(self, entry: &mut EntryWriter<'_>, name: &str, text: Text<'_>) -> bool {
        let Text::Str(text) = text else { return false };
        match name {
            "log.target" => entry.set_target(text),
            "log.file" if self.file => _ = entry.attr("code.file.path", text),
            "log.module_path" if self.module => _ = entry.attr("code.namespace", text),
            _ => return false,
        }
        true
    }
}

impl Sink for &mut MapWriter<'_, '_> {
    #[inline(always)]
    fn is_special(&self) -> bool {
        false
    }

    #[inline(always)]
    fn takes(&mut self, _: &str, _: Text<'_>) -> bool {
        false
    }

    #[inline(always)]
    fn attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V) {
        self.entry(name, value);
    }

    #[inline]
    fn special_attribute<V: LogValue + ?Sized>(&mut self, name: &str, value: &V) {
        self.entry(name, value);
    }
}
