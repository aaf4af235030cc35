//! The error of the serializers.

use core::fmt;

use serde_core::ser;

/// The error type of the serializers. It has no text, because there is no memory for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The container of the value is full or too deep. The trip is already recorded.
    Enough,
    /// The `Serialize` implementation returned an error.
    Failed,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enough => "a limit of the log entry is reached",
            Self::Failed => "value cannot be serialized",
        })
    }
}

impl core::error::Error for Stop {}

impl ser::Error for Stop {
    /// Ignores the message, because its formatting code has no limit.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Failed
    }
}
