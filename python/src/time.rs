//! Conversion of times and durations to `fusewire.Timestamp` and `fusewire.Duration`.

use std::collections::HashMap;

use fusewire::query::{Moment, QueryOptions};
use fusewire::{Timestamp, Zone};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::names;

/// Parses the time zone of the argument `name`.
pub(crate) fn zone(name: &str, text: &str) -> PyResult<Zone> {
    Zone::parse(text).map_err(|message| PyValueError::new_err(format!("{name}: {message}")))
}

/// Parses a point in time in the time zone `tz`. Returns nanoseconds since the Unix epoch. Raises ``ValueError`` with the
/// expected forms.
#[pyfunction]
pub(crate) fn parse_time(text: &str, tz: &str) -> PyResult<i128> {
    let moment: Moment = text.parse().map_err(PyValueError::new_err)?;
    Ok(moment.unix_nano(&QueryOptions { zone: zone("tz", tz)?, ..QueryOptions::default() }))
}

const NANOS_PER_DAY: i128 = 86_400 * 1_000_000_000;

/// The maximum number of days of a `timedelta`.
const MAX_DAYS: i128 = 999_999_999;

/// A cache of time zones, by minutes east of UTC; `None` if Python does not support the offset.
#[derive(Default)]
pub(crate) struct Zones(HashMap<i16, Option<Py<PyAny>>>);

impl Zones {
    /// Returns the time zone `minutes` east of UTC and its minutes, or UTC if Python does not support the offset.
    fn get<'py>(&mut self, py: Python<'py>, minutes: i16) -> PyResult<(i16, Bound<'py, PyAny>)> {
        let zone = match self.0.get(&minutes) {
            Some(zone) => zone.as_ref().map(|zone| zone.bind(py).clone()),
            None => {
                let make = names::ZONE.import(py, "fusewire._time", "zone")?;
                let zone = make.call1((minutes,))?;
                let zone = (!zone.is_none()).then_some(zone);
                self.0.insert(minutes, zone.clone().map(Bound::unbind));
                zone
            }
        };
        match zone {
            Some(zone) => Ok((minutes, zone)),
            None if minutes == 0 => {
                Err(pyo3::exceptions::PyRuntimeError::new_err("cannot create the time zone UTC"))
            }
            None => self.get(py, 0),
        }
    }
}

/// Converts `time` to a `fusewire.Timestamp` in its time zone (default: UTC). A time outside the years 1 to 9999 becomes
/// an integer, the number of nanoseconds since the Unix epoch.
pub(crate) fn timestamp<'py>(
    py: Python<'py>,
    time: Timestamp,
    zones: &mut Zones,
) -> PyResult<Bound<'py, PyAny>> {
    let (minutes, zone) = zones.get(py, time.utc_offset_minutes().unwrap_or(0))?;
    let local = time.unix_seconds().checked_add(i64::from(minutes) * 60);
    let Some((year, month, day, second)) = local.and_then(civil) else {
        return Ok(time.unix_nanos().into_pyobject(py)?.into_any());
    };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let class = names::TIMESTAMP.import(py, "fusewire._time", "Timestamp")?;
    let micros = time.subsec_nanos() / 1_000;
    let made = class.call1((year, month, day, hour, minute, second, micros, zone))?;
    made.setattr(intern!(py, "_nanos"), time.subsec_nanos() % 1_000)?;
    Ok(made)
}

/// Returns year, month, day and second of the day, `seconds` after the Unix epoch; `None` outside the years 1 to 9999.
///
/// Source: Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`.
fn civil(seconds: i64) -> Option<(i64, i64, i64, i64)> {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01: with years that begin in March, a leap day is the last day of a year.
    let days = days.checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (1..=9_999).contains(&year).then_some((year, month, day, second))
}

/// Converts `nanos` to a `fusewire.Duration`, or to an integer if it is out of the range of `timedelta`.
pub(crate) fn duration(py: Python<'_>, nanos: i128) -> PyResult<Bound<'_, PyAny>> {
    let days = nanos.div_euclid(NANOS_PER_DAY);
    if !(-MAX_DAYS..=MAX_DAYS).contains(&days) {
        return Ok(nanos.into_pyobject(py)?.into_any());
    }
    let rest = nanos.rem_euclid(NANOS_PER_DAY);
    let class = names::DURATION.import(py, "fusewire._time", "Duration")?;
    let (seconds, micros) = (rest / 1_000_000_000, rest / 1_000 % 1_000_000);
    let made = class.call1((days, seconds, micros))?;
    made.setattr(intern!(py, "_nanos"), rest % 1_000)?;
    Ok(made)
}
