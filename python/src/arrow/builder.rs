//! Builders of columns.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, DurationNanosecondBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampNanosecondBuilder, UInt8Builder, UInt32Builder, UInt64Builder,
};
use arrow_schema::{DataType, TimeUnit};
use fusewire::decode::Value;

use super::column::ColumnKind;

/// A builder of one column.
pub(crate) enum Builder {
    Bool(BooleanBuilder),
    Int64(Int64Builder),
    Uint64(UInt64Builder),
    Float64(Float64Builder),
    String(StringBuilder),
    Binary(BinaryBuilder),
    Timestamp(TimestampNanosecondBuilder),
    Duration(DurationNanosecondBuilder),
    Uint8(UInt8Builder),
    Uint32(UInt32Builder),
}

/// Appends a value if it has the type of the column, and null otherwise. Evaluates to true if the value has
/// the type.
macro_rules! fit {
    ($builder:expr, $value:expr) => {{
        let value = $value;
        let fits = value.is_some();
        $builder.append_option(value);
        fits
    }};
}

impl ColumnKind {
    /// Returns the Arrow type.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Uint64 => DataType::UInt64,
            Self::Float64 => DataType::Float64,
            Self::String | Self::Json => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Self::Duration => DataType::Duration(TimeUnit::Nanosecond),
            Self::Uint8 => DataType::UInt8,
            Self::Uint32 => DataType::UInt32,
        }
    }
}

impl Builder {
    pub(crate) fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnKind::Int64 => Self::Int64(Int64Builder::new()),
            ColumnKind::Uint64 => Self::Uint64(UInt64Builder::new()),
            ColumnKind::Float64 => Self::Float64(Float64Builder::new()),
            ColumnKind::String | ColumnKind::Json => Self::String(StringBuilder::new()),
            ColumnKind::Binary => Self::Binary(BinaryBuilder::new()),
            ColumnKind::Timestamp => Self::Timestamp(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            ColumnKind::Duration => Self::Duration(DurationNanosecondBuilder::new()),
            ColumnKind::Uint8 => Self::Uint8(UInt8Builder::new()),
            ColumnKind::Uint32 => Self::Uint32(UInt32Builder::new()),
        }
    }

    /// Appends a value. Returns whether it has the type of the column; if not, the cell is null.
    pub(crate) fn push(&mut self, value: Value<'_>) -> bool {
        if matches!(value, Value::Null) {
            self.push_null();
            return true;
        }
        match self {
            Self::Bool(builder) => {
                fit!(builder, if let Value::Bool(value) = value { Some(value) } else { None })
            }
            Self::Int64(builder) => fit!(builder, value.as_i128().and_then(|value| value.try_into().ok())),
            Self::Uint64(builder) => fit!(builder, value.as_i128().and_then(|value| value.try_into().ok())),
            Self::Uint8(builder) => fit!(builder, value.as_i128().and_then(|value| value.try_into().ok())),
            Self::Uint32(builder) => fit!(builder, value.as_i128().and_then(|value| value.try_into().ok())),
            Self::Float64(builder) => fit!(builder, value.as_f64()),
            Self::String(builder) => match value {
                Value::String(text) => {
                    builder.append_value(text.to_str_lossy());
                    true
                }
                _ => fit!(builder, None::<&str>),
            },
            Self::Binary(builder) => match value {
                Value::Bytes(bytes) => fit!(builder, Some(bytes)),
                Value::String(text) => fit!(builder, Some(text.as_bytes())),
                _ => fit!(builder, None::<&[u8]>),
            },
            Self::Timestamp(builder) => fit!(
                builder,
                match value {
                    Value::Timestamp(time) => i64::try_from(time.unix_nanos()).ok(),
                    _ => None,
                }
            ),
            Self::Duration(builder) => fit!(
                builder,
                match value {
                    Value::Duration(nanos) => i64::try_from(nanos).ok(),
                    _ => None,
                }
            ),
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Bool(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Uint64(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::String(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Duration(builder) => builder.append_null(),
            Self::Uint8(builder) => builder.append_null(),
            Self::Uint32(builder) => builder.append_null(),
        }
    }

    /// Returns the finished array and resets the builder.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Uint64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::String(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Duration(builder) => Arc::new(builder.finish()),
            Self::Uint8(builder) => Arc::new(builder.finish()),
            Self::Uint32(builder) => Arc::new(builder.finish()),
        }
    }
}
