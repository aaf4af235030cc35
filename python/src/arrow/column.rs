//! Columns, and the cells that they take from an entry.

use fusewire::decode::{EntryRef, Value};
use fusewire::{Text, json};
use pyo3::PyResult;
use pyo3::exceptions::PyValueError;

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// `None` if the type is inferred from the first entries.
    pub(crate) kind: Option<ColumnKind>,
}

/// The source of the values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Time,
    Severity,
    SeverityNumber,
    Target,
    Thread,
    Body,
    TraceId,
    SpanId,
    TraceFlags,
    Dropped,
    /// All attributes.
    Attributes,
    Fuse,
    /// All attributes of the resource as JSON.
    Resource,
    /// A path into the resource.
    InResource(String),
    /// A path into the attributes.
    At(String),
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Bool,
    Int64,
    Uint64,
    Float64,
    String,
    Binary,
    Timestamp,
    Duration,
    /// JSON text of any value.
    Json,
    /// A type of header fields only.
    Uint8,
    Uint32,
}

impl ColumnKind {
    const NAMES: [(&'static str, Self); 9] = [
        ("bool", Self::Bool),
        ("int64", Self::Int64),
        ("uint64", Self::Uint64),
        ("float64", Self::Float64),
        ("string", Self::String),
        ("binary", Self::Binary),
        ("timestamp", Self::Timestamp),
        ("duration", Self::Duration),
        ("json", Self::Json),
    ];
}

impl Column {
    /// Creates a column from its name: a header field as in a query, `resource.` and a path, or a path into the attributes.
    /// Header fields have a fixed type.
    pub(crate) fn new(name: String, kind: Option<&str>) -> PyResult<Self> {
        let (place, own) = match name.as_str() {
            "time" | "timestamp" => (Place::Time, Some(ColumnKind::Timestamp)),
            "level" | "severity" => (Place::Severity, Some(ColumnKind::String)),
            "severity_number" => (Place::SeverityNumber, Some(ColumnKind::Uint8)),
            "target" => (Place::Target, Some(ColumnKind::String)),
            "thread" => (Place::Thread, Some(ColumnKind::String)),
            "body" | "message" => (Place::Body, Some(ColumnKind::String)),
            "trace_id" => (Place::TraceId, Some(ColumnKind::String)),
            "span_id" => (Place::SpanId, Some(ColumnKind::String)),
            "trace_flags" => (Place::TraceFlags, Some(ColumnKind::Uint8)),
            "dropped_attributes_count" => (Place::Dropped, Some(ColumnKind::Uint32)),
            "attributes" => (Place::Attributes, Some(ColumnKind::Json)),
            "fuse" => (Place::Fuse, Some(ColumnKind::Json)),
            "resource" => (Place::Resource, Some(ColumnKind::Json)),
            _ => (Self::path(&name)?, None),
        };
        let given = kind.map(|kind| Self::kind(&name, kind)).transpose()?;
        match (own, given) {
            (Some(own), Some(given)) if own != given => Err(PyValueError::new_err(format!(
                "column {name:?}: the type of a header field is fixed; for an attribute of this name, use \"attributes.{name}\""
            ))),
            _ => Ok(Self { name, place, kind: own.or(given) }),
        }
    }

    fn path(name: &str) -> PyResult<Place> {
        let place = match (name.strip_prefix("resource."), name.strip_prefix("attributes.")) {
            (Some(path), _) => Place::InResource(path.to_owned()),
            (_, Some(path)) => Place::At(path.to_owned()),
            _ => Place::At(name.to_owned()),
        };
        match &place {
            Place::At(path) | Place::InResource(path) if path.is_empty() || path.contains("[*]") => {
                Err(PyValueError::new_err(format!("column {name:?}: expected a path to one value")))
            }
            _ => Ok(place),
        }
    }

    fn kind(name: &str, kind: &str) -> PyResult<ColumnKind> {
        let found = ColumnKind::NAMES.into_iter().find(|(known, _)| *known == kind);
        found.map(|(_, kind)| kind).ok_or_else(|| {
            let known = ColumnKind::NAMES.map(|(name, _)| name).join(", ");
            PyValueError::new_err(format!(
                "column {name:?}: expected one of the types {known}, found {kind:?}"
            ))
        })
    }
}

/// The value of a column for one entry.
pub(crate) enum Cell<'a> {
    Nothing,
    Value(Value<'a>),
    /// Text in the buffer `made`.
    Made,
}

impl Place {
    /// Returns the value of the column for `entry`. `resource` is the resource of its producer, and `made` receives
    /// text that the function creates.
    pub(crate) fn cell<'a>(
        &self,
        entry: &EntryRef<'a>,
        resource: Option<&EntryRef<'a>>,
        made: &mut Vec<u8>,
    ) -> Cell<'a> {
        let text =
            |text: Text<'a>| if text.is_empty() { Cell::Nothing } else { Cell::Value(Value::String(text)) };
        let number = |number: u64| Cell::Value(Value::Uint(number));
        made.clear();
        match self {
            Self::Time => entry.timestamp().map_or(Cell::Nothing, |time| Cell::Value(Value::Timestamp(time))),
            Self::Severity => match entry.severity().name() {
                Some(name) => Cell::Value(Value::String(Text::from(name))),
                None => Cell::Nothing,
            },
            Self::SeverityNumber => number(entry.severity().number().into()),
            Self::Target => text(entry.target()),
            Self::Thread => text(entry.thread()),
            Self::Body => text(entry.body()),
            Self::TraceFlags => number(entry.trace().flags.into()),
            Self::Dropped => number(entry.dropped_attributes_count().into()),
            Self::TraceId => hex(&entry.trace().trace_id.to_be_bytes(), made),
            Self::SpanId => hex(&entry.trace().span_id.to_be_bytes(), made),
            Self::Attributes => {
                json::append_attributes(entry, made);
                Cell::Made
            }
            Self::Fuse => fuse(entry, made),
            Self::Resource => resource.map_or(Cell::Nothing, |resource| {
                json::append_attributes(resource, made);
                Cell::Made
            }),
            Self::InResource(path) => {
                resource.and_then(|resource| resource.get(path)).map_or(Cell::Nothing, Cell::Value)
            }
            Self::At(path) => entry.get(path).map_or(Cell::Nothing, Cell::Value),
        }
    }
}

/// Writes an id as hexadecimal digits. The id 0 has no value.
fn hex<'a>(id: &[u8], made: &mut Vec<u8>) -> Cell<'a> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if id.iter().all(|byte| *byte == 0) {
        return Cell::Nothing;
    }
    for byte in id {
        made.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    Cell::Made
}

/// Writes the number of trips by cause as JSON. An entry without trips has no value.
fn fuse<'a>(entry: &EntryRef<'_>, made: &mut Vec<u8>) -> Cell<'a> {
    for trip in entry.trips() {
        made.push(if made.is_empty() { b'{' } else { b',' });
        made.extend(format!("\"{}\":{}", trip.cause.name(), trip.count).bytes());
    }
    if made.is_empty() {
        return Cell::Nothing;
    }
    made.push(b'}');
    Cell::Made
}
