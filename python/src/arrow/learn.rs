//! Inference of column types from the first entries.

use fusewire::Kind;
use fusewire::decode::Value;

use super::column::{Cell, ColumnKind};

/// The kinds of values that a column contains.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    kind: Option<ColumnKind>,
    /// Whether there are negative integers, and whether there are integers that need an unsigned 64-bit type.
    negative: bool,
    large: bool,
}

impl Seen {
    pub(crate) fn see(&mut self, cell: &Cell<'_>) {
        let Cell::Value(value) = cell else { return };
        let kind = match value.kind() {
            Some(Kind::Null) => return,
            Some(Kind::Bool) => ColumnKind::Bool,
            Some(Kind::Int | Kind::Uint) => self.integer(value),
            Some(Kind::Float) => ColumnKind::Float64,
            Some(Kind::String) => ColumnKind::String,
            Some(Kind::Bytes) => ColumnKind::Binary,
            Some(Kind::Timestamp) => ColumnKind::Timestamp,
            Some(Kind::Duration) => ColumnKind::Duration,
            Some(Kind::Array | Kind::Map) | None => ColumnKind::Json,
        };
        self.kind = Some(match (self.kind, kind) {
            (None, kind) => kind,
            (Some(one), other) if one == other => one,
            (Some(ColumnKind::Int64), ColumnKind::Float64)
            | (Some(ColumnKind::Float64), ColumnKind::Int64) => ColumnKind::Float64,
            _ => ColumnKind::Json,
        });
    }

    fn integer(&mut self, value: &Value<'_>) -> ColumnKind {
        match value.as_i128() {
            Some(value) if value < 0 => self.negative = true,
            Some(value) if value > i64::MAX.into() => self.large = true,
            Some(_) => {}
            None => (self.negative, self.large) = (true, true),
        }
        if value.as_i128().is_some_and(|value| (i64::MIN.into()..=u64::MAX.into()).contains(&value)) {
            ColumnKind::Int64
        } else {
            ColumnKind::Json
        }
    }

    /// Returns the type for all values: `String` if there are none, `Float64` if some of the numbers are floats.
    pub(crate) fn kind(self) -> ColumnKind {
        match self.kind {
            None => ColumnKind::String,
            Some(ColumnKind::Int64) if self.large && self.negative => ColumnKind::Json,
            Some(ColumnKind::Int64) if self.large => ColumnKind::Uint64,
            Some(kind) => kind,
        }
    }
}
