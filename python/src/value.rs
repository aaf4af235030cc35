//! Conversion of entries to dicts.

use fusewire::decode::{EntryRef, Value};
use fusewire::{Text, Timestamp, UnknownValue, json};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::keys::{Keys, string};
use crate::names;
use crate::resources::{ResourceId, Resources};
use crate::time::{Zones, duration, timestamp};

/// A converter of entries to dicts, with caches for keys, time zones and resources.
#[derive(Default)]
pub(crate) struct Dicts {
    keys: Keys,
    zones: Zones,
    /// The dict of each resource, by its id.
    resources: Vec<Option<Py<PyDict>>>,
}

/// A container that is being filled.
enum Open<'py> {
    List(Bound<'py, PyList>),
    Dict(Bound<'py, PyDict>),
}

/// The result of reading the attributes of an entry.
struct Read<'py> {
    dict: Bound<'py, PyDict>,
    /// Whether the circuit breaker tripped on one of the attributes.
    tripped: bool,
    /// The reason why the attributes are incomplete.
    fault: Option<String>,
}

impl Dicts {
    /// Converts `entry` to a dict. `fusewire.Reader` documents its keys.
    pub(crate) fn entry<'py>(
        &mut self,
        py: Python<'py>,
        entry: &EntryRef<'_>,
        resource: ResourceId,
        resources: &Resources,
    ) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let time =
            entry.timestamp().map(|time: Timestamp| timestamp(py, time, &mut self.zones)).transpose()?;
        dict.set_item(intern!(py, "time"), time)?;
        dict.set_item(intern!(py, "time_unix_nano"), entry.time_unix_nano())?;
        let severity = entry.severity();
        let name = match severity.name() {
            Some(name) => Some(self.keys.get(py, Text::from(name))?),
            None => None,
        };
        dict.set_item(intern!(py, "severity"), name)?;
        dict.set_item(intern!(py, "severity_number"), severity.number())?;
        for (key, text) in [(intern!(py, "target"), entry.target()), (intern!(py, "thread"), entry.thread())]
        {
            dict.set_item(key, self.keys.get(py, text)?)?;
        }
        dict.set_item(intern!(py, "body"), string(py, entry.body())?)?;
        let trace = entry.trace();
        let trace_id = (trace.trace_id != 0).then(|| format!("{:032x}", trace.trace_id));
        dict.set_item(intern!(py, "trace_id"), trace_id)?;
        let span_id = (trace.span_id != 0).then(|| format!("{:016x}", trace.span_id));
        dict.set_item(intern!(py, "span_id"), span_id)?;
        dict.set_item(intern!(py, "trace_flags"), trace.flags)?;
        let Read { dict: attributes, tripped, fault } = self.attributes(py, entry)?;
        dict.set_item(intern!(py, "attributes"), attributes)?;
        dict.set_item(intern!(py, "dropped_attributes_count"), entry.dropped_attributes_count())?;
        let fuse = if tripped || entry.is_tripped() { Some(fuse(py, entry)?) } else { None };
        dict.set_item(intern!(py, "fuse"), fuse)?;
        dict.set_item(intern!(py, "resource"), self.resource(py, resource, resources)?)?;
        if let Some(reason) = fault {
            dict.set_item(intern!(py, "unreadable"), reason)?;
        }
        Ok(dict)
    }

    /// Returns the dict of a resource. All entries of the resource share it.
    fn resource<'py>(
        &mut self,
        py: Python<'py>,
        id: ResourceId,
        resources: &Resources,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if let Some(Some(dict)) = self.resources.get(id.index()) {
            return Ok(Some(dict.bind(py).clone()));
        }
        let Some(resource) = resources.get(id) else { return Ok(None) };
        let dict = self.attributes(py, &resource)?.dict;
        if self.resources.len() <= id.index() {
            self.resources.resize_with(id.index() + 1, || None);
        }
        if let Some(place) = self.resources.get_mut(id.index()) {
            *place = Some(dict.clone().unbind());
        }
        Ok(Some(dict))
    }

    /// Converts the attributes to a dict, without recursion.
    fn attributes<'py>(&mut self, py: Python<'py>, entry: &EntryRef<'_>) -> PyResult<Read<'py>> {
        let mut read = Read { dict: PyDict::new(py), tripped: false, fault: None };
        let mut open = vec![Open::Dict(read.dict.clone())];
        for visit in entry.walk() {
            let visit = match visit {
                Ok(visit) => visit,
                Err(error) => {
                    read.fault = Some(error.to_string());
                    break;
                }
            };
            read.tripped |= visit.attribute.flags.is_tripped();
            open.truncate(visit.depth + 1);
            let (value, opened) = match visit.attribute.value {
                Value::Array(_) => {
                    let list = PyList::empty(py);
                    (list.clone().into_any(), Some(Open::List(list)))
                }
                Value::Map(_) => {
                    let dict = PyDict::new(py);
                    (dict.clone().into_any(), Some(Open::Dict(dict)))
                }
                leaf => (self.leaf(py, leaf)?, None),
            };
            match open.last() {
                Some(Open::List(list)) => list.append(value)?,
                Some(Open::Dict(dict)) => set_first(dict, &self.keys.get(py, visit.attribute.key)?, value)?,
                None => {}
            }
            open.extend(opened);
        }
        Ok(read)
    }

    /// Converts a value that is not a container.
    fn leaf<'py>(&mut self, py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match value {
            Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            Value::Int(value) => value.into_pyobject(py)?.into_any(),
            Value::Uint(value) => value.into_pyobject(py)?.into_any(),
            Value::Int128(value) => value.into_pyobject(py)?.into_any(),
            Value::Uint128(value) => value.into_pyobject(py)?.into_any(),
            Value::Float(value) => value.into_pyobject(py)?.into_any(),
            Value::String(text) => string(py, text)?.into_any(),
            Value::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
            Value::Timestamp(time) => timestamp(py, time, &mut self.zones)?,
            Value::Duration(nanos) => duration(py, nanos)?,
            Value::Null => py.None().into_bound(py),
            Value::Unknown(UnknownValue { kind, value }) => {
                let dict = PyDict::new(py);
                dict.set_item("$kind", PyList::new(py, [u64::from(kind), value])?)?;
                dict.into_any()
            }
            // `attributes` opens containers.
            Value::Array(_) => PyList::empty(py).into_any(),
            Value::Map(_) => PyDict::new(py).into_any(),
        })
    }
}

/// Sets the value of a key, if the key is new. The first of several equal keys wins.
fn set_first<'py>(
    dict: &Bound<'py, PyDict>,
    key: &Bound<'py, PyString>,
    value: Bound<'py, PyAny>,
) -> PyResult<()> {
    if dict.contains(key)? { Ok(()) } else { dict.set_item(key, value) }
}

/// Converts the trips of an entry to the object `fuse` of `schema/JSON.md`.
fn fuse<'py>(py: Python<'py>, entry: &EntryRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    let mut line = Vec::new();
    json::append_entry(entry, &mut line);
    let loads = names::LOADS.import(py, "json", "loads")?;
    let object = loads.call1((PyBytes::new(py, &line),))?;
    object.call_method1(intern!(py, "get"), (intern!(py, "fuse"),))
}
