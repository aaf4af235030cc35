//! The error of the serializers.

use core::fmt;

use serde_core::ser;

/// What our serializers return for an error. It has no text: there is nowhere to keep one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing more is wanted of this value: its container is full or too deep, and that is recorded.
    Enough,
    /// The value says that it cannot be serialized.
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
    /// The message is not formatted: it would be foreign code, and unbounded.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Failed
    }
}
