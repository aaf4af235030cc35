//! What is looked at, in which order.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::number::Number;
use super::syntax::Op;
use crate::trip::TripCause;

/// A condition that can be looked at.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Always,
    Not(Box<Plan>),
    /// The cheapest first.
    All(Vec<Plan>),
    Any(Vec<Plan>),
    Test(Test),
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// The severity's bit is set.
    Severity(u32),
    /// The time is known, and from the first to the last of these.
    Time(u64, u64),
    /// The trace id is one of these, which are sorted.
    Trace(Vec<u128>),
    /// The same.
    Span(Vec<u64>),
    Header(Header, Check),
    Text(TextField, TextCheck),
    /// How often the fuse tripped, for one cause or for any.
    Trips(Option<TripCause>, Check),
    /// Some value at the path.
    Value(Lookup, Check),
}

/// Numbers in the head of an entry.
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

/// A path as entries are asked for it: parts between which each element or member is looked into.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) parts: Vec<Box<str>>,
    /// Nanoseconds that one of its numbers stands for, where its name says so.
    pub(super) unit: Option<i128>,
}

/// What is asked of a value.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Exists,
    Is(Op, Constant),
    /// One of them, or none of them.
    In(Vec<Constant>, bool),
    Text(TextCheck),
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Null,
    Bool(bool),
    Number(Number),
    /// Nanoseconds.
    Duration(i128),
    /// A text, and the moment that it names, for values that are instants.
    Text(Box<[u8]>, Option<i128>),
    /// Nanoseconds since the Unix epoch.
    Moment(i128),
}

/// What is asked of a text.
#[derive(Clone, Debug)]
pub(super) struct TextCheck {
    pub(super) is: TextIs,
    pub(super) negated: bool,
}

#[derive(Clone, Debug)]
pub(super) enum TextIs {
    /// One of these, which are sorted.
    OneOf(Vec<Box<[u8]>>),
    /// Before or behind it, byte by byte.
    Ordered(Op, Box<[u8]>),
    Containing(Box<Finder<'static>>),
    Beginning(Box<[u8]>),
    Ending(Box<[u8]>),
    Matching(Regex),
}

impl Plan {
    /// About how long it takes to look, in nanoseconds of an entry that is in the cache.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Always => 0,
            Self::Not(inner) => inner.cost(),
            Self::All(all) | Self::Any(all) => all.iter().map(Self::cost).fold(0, u32::saturating_add),
            Self::Test(test) => test.cost(),
        }
    }

    /// Puts what is cheap before what is not.
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
