//! A field of an entry, for output and aggregation.

use core::fmt::{self, Write};
use core::str::FromStr;

use crate::decode::{EntryRef, Value};
use crate::text::Text;

use super::error::QueryError;
use super::eval::first;
use super::number::Number;
use super::parser;
use super::plan::Header;
use super::resolve::Place;
use super::syntax::Path;

/// A field of an entry, named as in a query: `level`, `request.status`, `tags[0]`.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::decode::{EntryRef, Value};
/// use fusewire::encode::encode;
/// use fusewire::query::Field;
///
/// let mut buffer = [0; 256];
/// let encoded = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.attr("duration", &std::time::Duration::from_millis(1500));
/// })?;
/// let entry = EntryRef::new(encoded.bytes())?;
///
/// let field: Field = "duration".parse()?;
/// assert!(matches!(field.value(&entry), Some(Value::Duration(1_500_000_000))));
/// assert_eq!(field.number(&entry), Some(1.5));
/// let mut text = String::new();
/// assert!(field.write(&entry, &mut text));
/// assert_eq!(text, "1500ms");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Field {
    path: Path,
    place: Place,
    /// The attribute, if the name can also be that of a field of the head.
    attribute: Option<Place>,
}

impl Field {
    /// Parses the name of a field.
    ///
    /// # Errors
    /// Returns an error if `text` is not a path, or if the path contains `[*]`: a field has at most one value
    /// in an entry.
    ///
    /// ```
    /// use fusewire::query::Field;
    ///
    /// assert!(Field::parse("request.headers[0].name").is_ok());
    /// // A field has one value. `[*]` selects several.
    /// assert!(Field::parse("tags[*]").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let path = parser::parse_path(text)?;
        let whole = |message| QueryError::new(text, 0, text.len(), message);
        let place = Place::of(&path).map_err(whole)?;
        match &place {
            Place::Any => Err(whole("expected a field with one value, found `[*]`".to_owned())),
            Place::Attribute(lookup) if lookup.parts.len() > 1 => {
                Err(whole("expected a field with one value, found `[*]`".to_owned()))
            }
            Place::Either(lookup, ..) => {
                let attribute = Some(Place::Attribute(lookup.clone()));
                Ok(Self { path, place, attribute })
            }
            _ => Ok(Self { path, place, attribute: None }),
        }
    }

    /// Returns whether the name is that of an attribute. Other names refer to a part of the head of an entry, or to both.
    ///
    /// ```
    /// use fusewire::query::Field;
    ///
    /// assert!(Field::parse("request.status")?.is_attribute());
    /// assert!(!Field::parse("level")?.is_attribute());
    /// # Ok::<(), fusewire::query::QueryError>(())
    /// ```
    #[must_use]
    pub fn is_attribute(&self) -> bool {
        match &self.place {
            Place::Attribute(_) => true,
            Place::Either(_, other, _) => matches!(**other, Place::Attribute(_)),
            _ => false,
        }
    }

    /// Returns whether the field is the severity.
    pub(super) fn is_severity(&self) -> bool {
        matches!(self.place, Place::Severity)
    }

    /// Returns the place of the field in `entry`: if a name can be that of an attribute or of a field of the head, the
    /// attribute has priority.
    fn place_in(&self, entry: &EntryRef<'_>) -> &Place {
        match &self.place {
            Place::Either(lookup, field, _) if first(entry, lookup).is_none() => field,
            Place::Either(..) => self.attribute.as_ref().unwrap_or(&self.place),
            place => place,
        }
    }

    /// Returns the value of the field in `entry`. A severity is represented by its name, and an id by an
    /// integer.
    #[must_use]
    pub fn value<'a>(&self, entry: &EntryRef<'a>) -> Option<Value<'a>> {
        let id = |id: u128| Some(Value::Uint128(id)).filter(|_| id != 0);
        match self.place_in(entry) {
            Place::Any | Place::Either(..) => None,
            Place::Severity => {
                let severity = entry.severity();
                match severity.name() {
                    _ if severity.number() == 0 => None,
                    Some(name) => Some(Value::String(Text::new(name.as_bytes()))),
                    None => Some(Value::Uint(severity.number().into())),
                }
            }
            Place::Time => entry.timestamp().map(Value::Timestamp),
            Place::Trace => id(entry.trace().trace_id),
            Place::Span => id(entry.trace().span_id.into()),
            Place::Number(header) => Some(Value::Uint(count(*header, entry))),
            Place::Trips(cause) => Some(Value::Uint(super::eval::trips(entry, *cause))),
            Place::Text(field) => {
                Some(Value::String(field.of(entry))).filter(|_| !field.of(entry).is_empty())
            }
            Place::Attribute(lookup) => first(entry, lookup),
        }
    }

    /// Returns whether the field is a trace id or a span id. Both are usually printed as hexadecimal digits.
    #[must_use]
    pub fn is_id(&self) -> bool {
        let is_id = |place: &Place| matches!(place, Place::Trace | Place::Span);
        is_id(&self.place) || matches!(&self.place, Place::Either(_, field, _) if is_id(field))
    }

    /// Returns the value of the field as a number; a duration in seconds. Returns `None` if the value is
    /// missing or has another kind. Severity, time, ids and text fields are never numbers.
    #[must_use]
    pub fn number(&self, entry: &EntryRef<'_>) -> Option<f64> {
        let value = match self.place_in(entry) {
            Place::Number(header) => Value::Uint(count(*header, entry)),
            Place::Trips(cause) => Value::Uint(super::eval::trips(entry, *cause)),
            Place::Attribute(lookup) => first(entry, lookup)?,
            _ => return None,
        };
        match value {
            #[expect(clippy::cast_precision_loss, reason = "seconds of an estimate")]
            Value::Duration(nanos) => Some(nanos as f64 / 1e9),
            value => Number::of(&value).and_then(|_| value.as_f64()),
        }
    }

    /// Appends the value of the field to `out`, and returns whether the entry has the field.
    ///
    /// Text is appended as it is, a severity by its name, an id in hexadecimal digits, and any other value as
    /// in a query. Bytes, arrays and maps are replaced by their size. Invalid UTF-8 is replaced with U+FFFD.
    pub fn write(&self, entry: &EntryRef<'_>, out: &mut String) -> bool {
        // Writing to a String cannot fail.
        self.write_to(entry, out).unwrap_or(true)
    }

    /// Appends the same bytes as [`write`](Self::write), but does not replace invalid UTF-8 in text.
    pub(super) fn push(&self, entry: &EntryRef<'_>, out: &mut Vec<u8>) -> bool {
        let text = match self.place_in(entry) {
            Place::Text(field) => field.of(entry),
            Place::Attribute(lookup) => match first(entry, lookup) {
                Some(Value::String(text)) => {
                    out.extend_from_slice(text.as_bytes());
                    return true;
                }
                Some(value) => return write_value(&value, &mut Bytes(out)).is_ok(),
                None => return false,
            },
            // Writing to a Vec cannot fail.
            _ => return self.write_to(entry, &mut Bytes(out)).unwrap_or(true),
        };
        out.extend_from_slice(text.as_bytes());
        !text.is_empty()
    }

    fn write_to(&self, entry: &EntryRef<'_>, out: &mut impl Write) -> Result<bool, fmt::Error> {
        let trace = entry.trace();
        match self.place_in(entry) {
            Place::Any | Place::Either(..) => return Ok(false),
            Place::Severity if entry.severity().number() == 0 && self.attribute.is_some() => {
                return Ok(false);
            }
            Place::Severity => write!(out, "{}", entry.severity())?,
            Place::Time => match entry.timestamp() {
                Some(time) => write!(out, "{time}")?,
                None => return Ok(false),
            },
            Place::Trace if trace.trace_id != 0 => write!(out, "{:032x}", trace.trace_id)?,
            Place::Span if trace.span_id != 0 => write!(out, "{:016x}", trace.span_id)?,
            Place::Trace | Place::Span => return Ok(false),
            Place::Number(header) => write!(out, "{}", count(*header, entry))?,
            Place::Trips(cause) => write!(out, "{}", super::eval::trips(entry, *cause))?,
            Place::Text(field) => {
                let text = field.of(entry);
                out.write_str(&text.to_str_lossy())?;
                return Ok(!text.is_empty());
            }
            Place::Attribute(lookup) => match first(entry, lookup) {
                Some(value) => write_value(&value, out)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

/// A [`Write`] implementation that appends text to bytes.
struct Bytes<'a>(&'a mut Vec<u8>);

impl Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn count(header: Header, entry: &EntryRef<'_>) -> u64 {
    match header {
        Header::TraceFlags => entry.trace().flags.into(),
        Header::Dropped => entry.dropped_attributes_count().into(),
    }
}

fn write_value(value: &Value<'_>, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Uint(value) => write!(out, "{value}"),
        Value::Int128(value) => write!(out, "{value}"),
        Value::Uint128(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value}"),
        Value::String(text) => out.write_str(&text.to_str_lossy()),
        Value::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
        Value::Timestamp(time) => write!(out, "{time}"),
        Value::Duration(nanos) => write!(out, "{}", super::syntax::Duration(*nanos)),
        Value::Array(children) => write!(out, "array of {}", children.len()),
        Value::Map(children) => write!(out, "map of {}", children.len()),
        Value::Unknown(unknown) => write!(out, "{unknown}"),
    }
}

impl FromStr for Field {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}
