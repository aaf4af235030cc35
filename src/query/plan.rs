//! The evaluation plan of a query: tests, ordered by cost.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::number::Number;
use super::syntax::Op;
use crate::decode::SearchId;
use crate::trip::TripCause;

/// A condition that can be evaluated.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Always,
    Not(Box<Plan>),
    /// Conditions in the order of their cost, the cheapest first.
    All(Vec<Plan>),
    Any(Vec<Plan>),
    Test(Test),
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// A bit set that contains the severity.
    Severity(u32),
    /// An inclusive range that contains the time. An entry without a time does not match.
    Time(u64, u64),
    /// Sorted ids that contain the trace id.
    Trace(Vec<u128>),
    /// Sorted ids that contain the span id.
    Span(Vec<u64>),
    Header(Header, Check),
    Text(TextField, TextCheck),
    /// A condition on the number of trips, for one cause or for all causes.
    Trips(Option<TripCause>, Check),
    /// A condition that at least one value at the path meets.
    Value(Lookup, Check),
    /// A condition that at least one value at any depth of the attributes meets.
    Any(Check),
    /// A text that a value of the entry contains.
    Anywhere(Needle),
}

/// A text that is searched in all values of an entry.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    pub(super) finder: Box<Finder<'static>>,
    /// The number of the search.
    pub(super) id: SearchId,
    /// Whether the text of a value that is not a string, for example a number, can contain the needle.
    pub(super) is_in_other: bool,
    /// Whether the digits of an id can contain the needle.
    pub(super) is_in_id: bool,
}

/// A number in the head of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Header {
    TraceFlags,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextField {
    Body,
    Target,
    Thread,
}

/// A path in the form that [`EntryRef::get`](crate::decode::EntryRef::get) accepts, split at each `[*]`.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) parts: Vec<Box<str>>,
    /// The number of the first part.
    pub(super) id: SearchId,
    /// The nanoseconds per unit, if the last key of the path names a unit.
    pub(super) unit: Option<i128>,
}

/// A condition on a value.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Exists,
    Is(Op, Constant),
    /// A set that contains the value, or does not contain it if the flag is set.
    In(Vec<Constant>, bool),
    Text(TextCheck),
}

/// The operand of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Number(Number),
    /// A duration in nanoseconds.
    Duration(i128),
    /// A text, and the moment that the text denotes. The moment is compared with timestamps.
    Text(Box<[u8]>, Option<i128>),
    /// A moment in nanoseconds since the Unix epoch.
    Moment(i128),
}

/// A condition on a text.
#[derive(Clone, Debug)]
pub(super) struct TextCheck {
    pub(super) is: TextIs,
    pub(super) negated: bool,
}

#[derive(Clone, Debug)]
pub(super) enum TextIs {
    /// Sorted texts that contain the text.
    OneOf(Vec<Box<[u8]>>),
    /// A text to compare with, byte by byte.
    Ordered(Op, Box<[u8]>),
    Containing(Box<Finder<'static>>),
    Beginning(Box<[u8]>),
    Ending(Box<[u8]>),
    Matching(Regex),
}

impl Plan {
    /// Returns the approximate evaluation time in nanoseconds, for an entry in the CPU cache.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Always => 0,
            Self::Not(inner) => inner.cost(),
            Self::All(all) | Self::Any(all) => all.iter().map(Self::cost).fold(0, u32::saturating_add),
            Self::Test(test) => test.cost(),
        }
    }

    /// Sorts the operands of `and` and `or` by cost.
    pub(super) fn order(&mut self) {
        match self {
            Self::Always | Self::Test(_) => {}
            Self::Not(inner) => inner.order(),
            Self::All(all) | Self::Any(all) => {
                all.iter_mut().for_each(Self::order);
                all.sort_by_key(Self::cost);
            }
        }
    }
}

impl Test {
    fn cost(&self) -> u32 {
        match self {
            Self::Severity(_) | Self::Time(..) | Self::Header(..) => 1,
            Self::Trace(_) | Self::Span(_) => 2,
            Self::Trips(..) => 4,
            Self::Text(TextField::Body, check) => 8 + check.cost(),
            Self::Text(_, check) => 4 + check.cost(),
            Self::Value(lookup, check) => lookup.cost() + check.cost(),
            Self::Any(check) => 60 + check.cost(),
            Self::Anywhere(_) => 40,
        }
    }
}

impl Lookup {
    fn cost(&self) -> u32 {
        let parts = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        parts.saturating_mul(parts).saturating_mul(30)
    }
}

impl Check {
    fn cost(&self) -> u32 {
        match self {
            Self::Exists => 0,
            Self::Is(..) => 2,
            Self::In(all, _) => 2 * u32::try_from(all.len()).unwrap_or(u32::MAX >> 1),
            Self::Text(check) => check.cost(),
        }
    }
}

impl TextCheck {
    fn cost(&self) -> u32 {
        match &self.is {
            TextIs::OneOf(all) => 2 * u32::try_from(all.len()).unwrap_or(u32::MAX >> 1),
            TextIs::Ordered(..) | TextIs::Beginning(_) | TextIs::Ending(_) => 3,
            TextIs::Containing(_) => 15,
            TextIs::Matching(_) => 150,
        }
    }
}
