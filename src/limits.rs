//! The numbers of the fuse (A1-A5): what an entry may be at most, and what happens to the rest.

use crate::kind::KindSet;

/// What is written where a container would be deeper than the limit (A4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnDepth {
    /// A null that says so.
    #[default]
    Null,
    /// Nothing; the parent counts it as dropped.
    Omit,
}

/// What happens to a container with more children than the limit (A4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnWidth {
    /// The first children stay, the rest is dropped and counted.
    #[default]
    Truncate,
    /// The entry is refused: [`EncodeError::TooWide`](crate::error::EncodeError::TooWide).
    Reject,
}

/// What happens to a value of a refused type (A3, A4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnType {
    /// The entry is refused: [`EncodeError::SerializeBlocked`](crate::error::EncodeError::SerializeBlocked).
    #[default]
    Reject,
    /// The type's name is written instead.
    Replace,
    /// Nothing; the parent counts it as dropped.
    Omit,
}

/// What is written for a key over its budget (A5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnLongKey {
    /// As many of its first bytes as fit and are whole characters.
    #[default]
    Cut,
    /// `fnv1a64:` and the 16 hexadecimal digits of its FNV-1a hash: long keys stay distinct.
    Hash,
}

/// Bounds of one entry. Every producer has them; there is no way to switch the fuse off, only to move it.
///
/// ```
/// use fusewire::limits::{Limits, OnDepth};
/// let limits = Limits { max_depth: 4, on_depth: OnDepth::Omit, ..Limits::default() };
/// assert_eq!(limits.max_width, 256);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deepest children allowed (A1); default 8, at most [`Limits::MAX_DEPTH`]. A top-level attribute has depth 0,
    /// its children depth 1. Stops: values nested a hundred thousand deep, and values that contain themselves.
    ///
    /// At the default a stack of 128 KiB is enough (A6), also without optimisation. Each level takes the frames of the
    /// code that writes it, some 2 KiB without optimisation: at 64 levels count on 256 KiB.
    pub max_depth: u8,
    /// Most children a container keeps, and most top-level attributes (A2); default 256. Stops: a million-key map
    /// logged by accident.
    pub max_width: u16,
    /// Most bytes of one entry as encoded (A5); default 64 KiB, at least [`Limits::MIN_ENTRY_BYTES`], at most
    /// [`Limits::MAX_ENTRY_BYTES`]. Stops: what the other limits allow together (256 to the power of 8 values).
    pub max_entry_bytes: u32,
    /// Most bytes of one string or byte string, the body included (A5); default 16 KiB.
    pub max_string_bytes: u32,
    /// Most bytes of one key, of the target and of the thread's name (A5); default 1,024, at least
    /// [`Limits::MIN_KEY_BYTES`].
    pub max_key_bytes: u16,
    /// Most bytes that `Debug`, `Display` or `Error` may write for one value (A5, A6); default 4 KiB. Stops: a
    /// `Debug` that prints a gigabyte. Such code recurses by itself; it is stopped by an error from its formatter.
    pub max_formatted_bytes: u32,
    /// The types that may be written (A3); default all of [`Kind`](crate::kind::Kind).
    pub allowed_kinds: KindSet,
    /// What a container too deep becomes.
    pub on_depth: OnDepth,
    /// What becomes of a container too wide.
    pub on_width: OnWidth,
    /// What a refused type becomes.
    pub on_type: OnType,
    /// What a key too long becomes.
    pub on_long_key: OnLongKey,
}

impl Limits {
    /// The highest `max_depth` that is honoured: 64.
    pub const MAX_DEPTH: u8 = 64;
    /// The lowest `max_entry_bytes` that is honoured: 1 KiB.
    pub const MIN_ENTRY_BYTES: u32 = 1 << 10;
    /// The highest `max_entry_bytes` that is honoured: 16 MiB.
    pub const MAX_ENTRY_BYTES: u32 = 1 << 24;
    /// The lowest `max_key_bytes` that is honoured: 24, so that a key's hash fits.
    pub const MIN_KEY_BYTES: u16 = 24;

    /// The numbers of requirements A1-A5.
    pub const DEFAULT: Self = Self {
        max_depth: 8,
        max_width: 256,
        max_entry_bytes: 64 << 10,
        max_string_bytes: 16 << 10,
        max_key_bytes: 1024,
        max_formatted_bytes: 4 << 10,
        allowed_kinds: KindSet::ALL,
        on_depth: OnDepth::Null,
        on_width: OnWidth::Truncate,
        on_type: OnType::Reject,
        on_long_key: OnLongKey::Cut,
    };

    /// These limits with every number moved into the range that its field states.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.max_depth = self.max_depth.min(Self::MAX_DEPTH);
        self.max_entry_bytes = self.max_entry_bytes.clamp(Self::MIN_ENTRY_BYTES, Self::MAX_ENTRY_BYTES);
        self.max_key_bytes = self.max_key_bytes.max(Self::MIN_KEY_BYTES);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
