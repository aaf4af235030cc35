//! The evaluation of a plan on one entry, without allocations.

use core::cmp::Ordering;

use crate::decode::{EntryRef, Value, Visit};
use crate::format::index::severity_bit;
use crate::text::Text;
use crate::trip::TripCause;

use super::number::Number;
use super::plan::{Check, Constant, Header, Lookup, Needle, Plan, Test, TextCheck, TextField, TextIs};
use super::syntax::Op;

impl Plan {
    pub(super) fn holds(&self, entry: &EntryRef<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Not(inner) => !inner.holds(entry),
            Self::All(all) => all.iter().all(|plan| plan.holds(entry)),
            Self::Any(all) => all.iter().any(|plan| plan.holds(entry)),
            Self::Test(test) => test.holds(entry),
        }
    }
}

impl Test {
    fn holds(&self, entry: &EntryRef<'_>) -> bool {
        match self {
            Self::Severity(bits) => bits & severity_bit(entry.severity().number()) != 0,
            Self::Time(first, last) => {
                let time = entry.time_unix_nano();
                time != 0 && (*first..=*last).contains(&time)
            }
            Self::Trace(ids) => is_among(ids, &entry.trace().trace_id),
            Self::Span(ids) => is_among(ids, &entry.trace().span_id),
            Self::Header(header, check) => {
                let value = match header {
                    Header::TraceFlags => entry.trace().flags.into(),
                    Header::Dropped => entry.dropped_attributes_count(),
                };
                check.of_count(u64::from(value))
            }
            Self::Text(field, check) => check.holds(field.of(entry).as_bytes()),
            Self::Trips(cause, check) => check.of_count(trips(entry, *cause)),
            Self::Value(lookup, check) => match lookup.parts.as_slice() {
                [] => false,
                [first, rest @ ..] => {
                    let value = entry.get_by_id(lookup.id, first);
                    value.is_some_and(|value| any(value, rest, |value| check.holds(value, lookup)))
                }
            },
            Self::Any(check) => {
                entry.walk().map_while(Result::ok).any(|visit| check.of(&visit.attribute.value, None))
            }
            Self::Anywhere(needle) => needle.is_in(entry),
        }
    }
}

impl Needle {
    /// Returns whether a value of `entry` contains the text.
    #[inline]
    fn is_in(&self, entry: &EntryRef<'_>) -> bool {
        // The bytes of an entry contain all its texts. Most entries contain no such bytes, and this search is quick.
        let is_possible = entry.may_contain(self.id, |bytes| self.finder.find(bytes).is_some());
        (is_possible && self.is_in_texts(entry))
            || ((self.is_in_other || self.is_in_id) && self.is_in_others(entry))
    }

    #[cold]
    fn is_in_texts(&self, entry: &EntryRef<'_>) -> bool {
        let is_in = |text: &[u8]| self.finder.find(text).is_some();
        [entry.body(), entry.target(), entry.thread()].iter().any(|text| is_in(text.as_bytes()))
            || entry.walk().map_while(Result::ok).any(|visit| match visit.attribute.value {
                _ if is_mark(&visit) => false,
                Value::String(text) => is_in(text.as_bytes()),
                Value::Bytes(bytes) => is_in(bytes),
                _ => false,
            })
    }

    /// Returns whether the needle is in the text of a number, a boolean, a duration, a time or an id.
    fn is_in_others(&self, entry: &EntryRef<'_>) -> bool {
        let mut room = Room::default();
        let mut is_in = |text: core::fmt::Arguments<'_>| {
            room.len = 0;
            // A text that is too long for the room is no number.
            core::fmt::Write::write_fmt(&mut room, text).is_ok() && self.finder.find(room.bytes()).is_some()
        };
        let trace = entry.trace();
        if self.is_in_id && trace.trace_id != 0 && is_in(format_args!("{:032x}", trace.trace_id)) {
            return true;
        }
        if self.is_in_id && trace.span_id != 0 && is_in(format_args!("{:016x}", trace.span_id)) {
            return true;
        }
        let mut others = entry.walk().map_while(Result::ok).take_while(|_| self.is_in_other);
        others.any(|visit| match visit.attribute.value {
            Value::Bool(value) => is_in(format_args!("{value}")),
            Value::Int(value) => is_in(format_args!("{value}")),
            Value::Uint(value) => is_in(format_args!("{value}")),
            Value::Int128(value) => is_in(format_args!("{value}")),
            Value::Uint128(value) => is_in(format_args!("{value}")),
            Value::Float(value) => is_in(format_args!("{value}")),
            Value::Timestamp(time) => is_in(format_args!("{time}")),
            Value::Duration(nanos) => is_in(format_args!("{}", super::syntax::Duration(nanos))),
            _ => false,
        })
    }
}

/// Returns whether an attribute is a mark of the import, which is not a part of the line.
fn is_mark(visit: &Visit<'_>) -> bool {
    visit.depth == 0
        && matches!(visit.attribute.key.as_bytes(), b"fusewire.import.format" | b"fusewire.import.time")
}

/// A text in memory on the stack.
struct Room {
    bytes: [u8; 64],
    len: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: [0; 64], len: 0 }
    }
}

impl Room {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl core::fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Returns whether sorted ids contain `id`.
#[inline]
fn is_among<T: Ord>(ids: &[T], id: &T) -> bool {
    match ids {
        [one] => one == id,
        ids => ids.binary_search(id).is_ok(),
    }
}

impl TextField {
    #[inline]
    pub(super) fn of<'a>(self, entry: &EntryRef<'a>) -> Text<'a> {
        match self {
            Self::Body => entry.body(),
            Self::Target => entry.target(),
            Self::Thread => entry.thread(),
        }
    }
}

/// Returns the first value at a path without `[*]`.
pub(super) fn first<'a>(entry: &EntryRef<'a>, lookup: &Lookup) -> Option<Value<'a>> {
    entry.get_by_id(lookup.id, lookup.parts.first()?)
}

/// Returns the number of trips for one cause, or for all causes if `cause` is `None`.
pub(super) fn trips(entry: &EntryRef<'_>, cause: Option<TripCause>) -> u64 {
    let counts = entry.trips().filter(|trip| cause.is_none_or(|cause| trip.cause == cause));
    counts.map(|trip| u64::from(trip.count)).sum()
}

/// Returns whether `check` holds for at least one value at the rest of a path.
fn any(value: Value<'_>, rest: &[Box<str>], check: impl Fn(&Value<'_>) -> bool + Copy) -> bool {
    let [part, behind @ ..] = rest else { return check(&value) };
    let (Value::Array(children) | Value::Map(children)) = value else { return false };
    children.iter().map_while(Result::ok).any(|child| {
        let found = if part.is_empty() { Some(child.value) } else { child.value.get(part) };
        found.is_some_and(|value| any(value, behind, check))
    })
}

impl Check {
    pub(super) fn of_count(&self, count: u64) -> bool {
        self.of(&Value::Uint(count), None)
    }

    fn holds(&self, value: &Value<'_>, lookup: &Lookup) -> bool {
        self.of(value, lookup.unit)
    }

    #[inline]
    fn of(&self, value: &Value<'_>, unit: Option<i128>) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(Op::Unequal, constant) => compare(value, constant, unit) != Some(Ordering::Equal),
            Self::Is(op, constant) => compare(value, constant, unit).is_some_and(|found| op.allows(found)),
            Self::In(constants, negated) => {
                let is_one = |constant| compare(value, constant, unit) == Some(Ordering::Equal);
                constants.iter().any(is_one) != *negated
            }
            Self::Text(check) => {
                matches!(value, Value::String(text) if check.holds(text.as_bytes()))
            }
        }
    }
}

impl Op {
    /// Returns whether the operator holds for two values with this order.
    pub(super) fn allows(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Unequal => found.is_ne(),
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::More => found.is_gt(),
            Self::AtLeast => found.is_ge(),
        }
    }
}

/// Compares a value with a constant. Returns `None` if their kinds are not comparable.
#[inline]
fn compare(value: &Value<'_>, constant: &Constant, unit: Option<i128>) -> Option<Ordering> {
    match value {
        Value::Null => matches!(constant, Constant::Null).then_some(Ordering::Equal),
        // Booleans are equal or unequal; they have no order.
        Value::Bool(value) => {
            matches!(constant, Constant::Bool(other) if value == other).then_some(Ordering::Equal)
        }
        Value::Int(_) | Value::Uint(_) | Value::Int128(_) | Value::Uint128(_) | Value::Float(_) => {
            match constant {
                Constant::Number(other) => Number::of(value)?.compare(*other),
                Constant::Duration(nanos) => Number::of(value)?.times(unit?).compare(Number::Int(*nanos)),
                _ => None,
            }
        }
        Value::String(text) => match constant {
            Constant::Text(other, _) => Some(text.as_bytes().cmp(other)),
            _ => None,
        },
        Value::Bytes(bytes) => match constant {
            Constant::Text(other, _) => Some((*bytes).cmp(other)),
            _ => None,
        },
        Value::Timestamp(time) => match constant {
            Constant::Text(_, Some(moment)) | Constant::Moment(moment) => Some(time.unix_nanos().cmp(moment)),
            _ => None,
        },
        Value::Duration(nanos) => match constant {
            Constant::Duration(other) => Some(nanos.cmp(other)),
            _ => None,
        },
        Value::Array(_) | Value::Map(_) | Value::Unknown(_) => None,
    }
}

impl TextCheck {
    #[inline]
    pub(super) fn holds(&self, text: &[u8]) -> bool {
        let holds = match &self.is {
            TextIs::OneOf(all) => match all.as_slice() {
                [one] => **one == *text,
                all => all.binary_search_by(|one| (**one).cmp(text)).is_ok(),
            },
            TextIs::Ordered(op, other) => op.allows(text.cmp(other)),
            TextIs::Containing(finder) => finder.find(text).is_some(),
            TextIs::Beginning(beginning) => text.starts_with(beginning),
            TextIs::Ending(ending) => text.ends_with(ending),
            TextIs::Matching(pattern) => pattern.is_match(text),
        };
        holds != self.negated
    }
}
