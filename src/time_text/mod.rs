//! Times in text.
//!
//! This module contains the grammar of times for all parsers. `calendar`, `clock`, `offset` and `names` parse the parts of a
//! time, and `dated` parses a date with a time of day. `whole` parses a text that is one time, for example the member of an
//! object or a literal of a query. The parser of lines uses the same parts, and adds forms that are times only at the beginning
//! of a line. The result is a `Spelled` and not an instant: the instant of a time without an offset depends on the zone of the
//! log.
//!
//! A text that can have several meanings is no time: a wrong time is worse than none.

pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod dated;
pub(crate) mod names;
pub(crate) mod number;
pub(crate) mod offset;
mod rfc3339;
pub(crate) mod spelled;
pub(crate) mod whole;
mod written;
