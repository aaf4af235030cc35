//! Python objects as values of an entry, within the limits of the circuit breaker.

use core::fmt;

use fusewire::Timestamp;
use fusewire::encode::{LogValue, MapWriter, ValueWriter};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};

use crate::names;

/// A Python object. An object of an unsupported type is written as the result of `str`.
pub(crate) struct Object<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>);

impl LogValue for Object<'_, '_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let object = self.0;
        if object.is_none() {
            out.null();
        } else if let Ok(text) = object.cast::<PyString>() {
            out.str(&text.to_string_lossy());
        } else if let Ok(value) = object.cast::<PyBool>() {
            out.bool(value.is_true());
        } else if let Ok(number) = object.cast::<PyInt>() {
            integer(number, out);
        } else if let Ok(number) = object.cast::<PyFloat>() {
            out.f64(number.value());
        } else if let Ok(dict) = object.cast::<PyDict>() {
            write_members(dict, &mut out.map());
        } else if is_list(object) {
            write_elements(object, out);
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            out.bytes(bytes.as_bytes());
        } else if let Ok(bytes) = object.cast::<PyByteArray>() {
            out.bytes(&bytes.to_vec());
        } else if let Some(moment) = Moment::of(object) {
            moment.write(out);
        } else {
            out.fmt(format_args!("{}", AsStr(object)));
        }
    }
}

fn is_list(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyTuple>()
        || object.is_instance_of::<PySet>()
        || object.is_instance_of::<PyFrozenSet>()
}

/// Writes the items of `dict`. Stops early if another thread, or the `__str__` of a value, changes the dict.
pub(crate) fn write_members(dict: &Bound<'_, PyDict>, map: &mut MapWriter<'_, '_>) {
    let Ok(items) =
        dict.as_any().call_method0(intern!(dict.py(), "items")).and_then(|items| items.try_iter())
    else {
        return map.drop_rest(None);
    };
    for (passed, item) in items.enumerate() {
        if map.is_full() {
            return map.drop_rest(u64::try_from(dict.len().saturating_sub(passed)).ok());
        }
        let Ok((key, value)) = item.and_then(|item| item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>())
        else {
            return map.drop_rest(None);
        };
        match key.cast::<PyString>() {
            Ok(key) => map.entry(&key.to_string_lossy(), &Object(&value)),
            Err(_) => match key.str() {
                Ok(text) => map.entry(&text.to_string_lossy(), &Object(&value)),
                // The key has no text: write the value with an empty key.
                Err(_) => map.entry("", &Object(&value)),
            },
        };
    }
}

fn write_elements(list: &Bound<'_, PyAny>, out: ValueWriter<'_, '_>) {
    let mut array = out.array();
    let Ok(items) = list.try_iter() else { return array.drop_rest(None) };
    for (passed, item) in items.enumerate() {
        if array.is_full() {
            return array
                .drop_rest(list.len().ok().and_then(|len| (len.checked_sub(passed)?).try_into().ok()));
        }
        match item {
            Ok(item) => array.push(&Object(&item)),
            Err(_) => return array.drop_rest(None),
        };
    }
}

/// Writes integers of up to 128 bits. Larger integers are text.
fn integer(number: &Bound<'_, PyInt>, out: ValueWriter<'_, '_>) {
    if let Ok(number) = number.extract::<i64>() {
        out.i64(number);
    } else if let Ok(number) = number.extract::<i128>() {
        out.i128(number);
    } else if let Ok(number) = number.extract::<u128>() {
        out.u128(number);
    } else {
        out.fmt(format_args!("{}", AsStr(number.as_any())));
    }
}

/// A time or a duration.
enum Moment {
    Instant(Timestamp),
    Nanos(i128),
}

impl Moment {
    fn of(object: &Bound<'_, PyAny>) -> Option<Self> {
        let parts = names::MOMENT.import(object.py(), "fusewire._time", "moment").ok()?;
        let (seconds, nanos, offset) =
            parts.call1((object,)).ok()?.extract::<(Option<i64>, i128, Option<i16>)>().ok()?;
        Some(match seconds {
            Some(seconds) => {
                let time = Timestamp::new(seconds, nanos.try_into().ok()?)?;
                Self::Instant(time.with_utc_offset_minutes(offset))
            }
            None => Self::Nanos(nanos),
        })
    }

    fn write(self, out: ValueWriter<'_, '_>) {
        match self {
            Self::Instant(time) => out.timestamp(time),
            Self::Nanos(nanos) => out.duration_nanos(nanos),
        }
    }
}

/// An object that is formatted as the result of `str`, or as the name of its type if `str` fails. The entry
/// records the failure.
struct AsStr<'a, 'py>(&'a Bound<'py, PyAny>);

impl fmt::Display for AsStr<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.str() {
            Ok(text) => f.write_str(&text.to_string_lossy()),
            Err(_) => {
                if let Ok(name) = self.0.get_type().name() {
                    f.write_str(&name.to_string_lossy())?;
                }
                Err(fmt::Error)
            }
        }
    }
}
