//! The limits of the circuit breaker (the fuse), and its reactions to values that exceed them.

use crate::kind::KindSet;

/// The replacement for a container that exceeds the depth limit.
///
/// ```
/// use fusewire::limits::{Limits, OnDepth};
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::map;
///
/// let limits = Limits { max_depth: 0, on_depth: OnDepth::Null, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("request", &map! { path = "/" }))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert!(matches!(entry.get("request"), Some(fusewire::decode::Value::Null)));
/// assert_eq!(entry.trips().next().map(|trip| trip.cause.name()), Some("depth"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnDepth {
    /// A null with the flag [`NodeFlags::DEPTH_CUT`](crate::NodeFlags::DEPTH_CUT).
    #[default]
    Null,
    /// No value; the parent counts the container as dropped.
    Omit,
}

/// The reaction to a container that exceeds the width limit.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::error::EncodeError;
/// use fusewire::limits::{Limits, OnWidth};
///
/// let limits = Limits { max_width: 2, on_width: OnWidth::Reject, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let refused = encode(&mut buffer, &limits, |entry| _ = entry.attr("ids", &[1, 2, 3]));
/// assert!(matches!(refused, Err(EncodeError::TooWide { .. })));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnWidth {
    /// Keeps the first children; drops and counts the rest.
    #[default]
    Truncate,
    /// Refuses the entry with [`EncodeError::TooWide`](crate::error::EncodeError::TooWide).
    Reject,
}

/// The reaction to a value of a refused type.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::{Bytes, encode};
/// use fusewire::limits::{Limits, OnType};
/// use fusewire::{Kind, KindSet};
///
/// let allowed_kinds = KindSet::ALL.without(Kind::Bytes);
/// let limits = Limits { allowed_kinds, on_type: OnType::Omit, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("image", &Bytes(b"\x89PNG")))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert!(entry.get("image").is_none());
/// assert_eq!(entry.dropped_attributes_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnType {
    /// Refuses the entry with [`EncodeError::SerializeBlocked`](crate::error::EncodeError::SerializeBlocked).
    #[default]
    Reject,
    /// Writes the name of the type as a string in place of the value.
    Replace,
    /// Omits the value; the parent counts the value as dropped.
    Omit,
}

/// The replacement for a key that exceeds [`Limits::max_key_bytes`].
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::limits::{Limits, OnLongKey};
///
/// let limits = Limits { max_key_bytes: 24, on_long_key: OnLongKey::Hash, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr(&"k".repeat(100), &1))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let key = entry.attributes().next().unwrap()?.key.to_string();
/// assert!(key.starts_with("fnv1a64:") && key.len() == 24);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnLongKey {
    /// The longest beginning of the key that fits and that ends between two characters.
    #[default]
    Cut,
    /// `fnv1a64:` and the FNV-1a hash of the key in 16 hexadecimal digits. Long keys with a common beginning stay
    /// distinct.
    Hash,
}

/// The limits of one entry. They apply to every entry: a producer can change the limits, but cannot disable them.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::limits::{Limits, OnDepth};
/// use fusewire::TripCause;
///
/// let limits = Limits { max_depth: 1, on_depth: OnDepth::Omit, ..Limits::default() };
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &limits, |entry| {
///     entry.attr("matrix", &[[1, 2], [3, 4]]); // the inner arrays exceed the limit
/// })?;
/// assert_eq!(entry.report().count(TripCause::Depth), 2);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum depth of a value. The default is 8; the maximum is [`Limits::MAX_DEPTH`]. A top-level attribute
    /// has depth 0; its children have depth 1. This limit stops deeply nested values, for example 100,000 levels, and
    /// values that contain themselves.
    ///
    /// With the default, encoding needs a stack of at most 128 KiB, also in a build without optimization. Each level
    /// uses about 2 KiB of stack in such a build. For 64 levels, provide 256 KiB.
    pub max_depth: u8,
    /// The maximum number of children of a container, and of top-level attributes. The default is 256. This limit
    /// stops a map with a million keys that is logged by mistake.
    pub max_width: u16,
    /// The maximum size of an encoded entry in bytes. The default is 64 KiB, the minimum is
    /// [`Limits::MIN_ENTRY_BYTES`], and the maximum is [`Limits::MAX_ENTRY_BYTES`]. This limit bounds the product of
    /// the other limits: 256 to the power of 8 values.
    pub max_entry_bytes: u32,
    /// The maximum size of a string, a byte string or the body in bytes. The default is 16 KiB.
    pub max_string_bytes: u32,
    /// The maximum size of a key, the target or the thread name in bytes. The default is 1,024 bytes; the minimum is
    /// [`Limits::MIN_KEY_BYTES`].
    pub max_key_bytes: u16,
    /// The maximum size in bytes of the text that `Debug`, `Display` or `Error` writes for one value. The default is
    /// 4 KiB. This limit stops a `Debug` implementation that writes a gigabyte: after the limit, its formatter
    /// returns an error.
    pub max_formatted_bytes: u32,
    /// The permitted types. The default is every [`Kind`](crate::kind::Kind).
    pub allowed_kinds: KindSet,
    /// The replacement for a container that exceeds `max_depth`.
    pub on_depth: OnDepth,
    /// The reaction to a container that exceeds `max_width`.
    pub on_width: OnWidth,
    /// The reaction to a value of a refused type.
    pub on_type: OnType,
    /// The replacement for a key that exceeds `max_key_bytes`.
    pub on_long_key: OnLongKey,
}

impl Limits {
    /// The maximum of `max_depth`: 64.
    pub const MAX_DEPTH: u8 = 64;
    /// The minimum of `max_entry_bytes`: 1 KiB.
    pub const MIN_ENTRY_BYTES: u32 = 1 << 10;
    /// The maximum of `max_entry_bytes`: 16 MiB.
    pub const MAX_ENTRY_BYTES: u32 = 1 << 24;
    /// The minimum of `max_key_bytes`: 24 bytes, the length of the hash of a key.
    pub const MIN_KEY_BYTES: u16 = 24;

    /// The default limits.
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

    /// The bounds of a reader of lines: 16 MiB, and 65,535 values in an array or an object. A reader returns the complete
    /// content of a line, so the limits of a writer do not apply to it. A container below 64 levels is a string with its JSON
    /// text.
    pub const READER: Self = Self {
        max_depth: Self::MAX_DEPTH,
        max_width: u16::MAX,
        max_entry_bytes: Self::MAX_ENTRY_BYTES,
        max_string_bytes: Self::MAX_ENTRY_BYTES,
        max_key_bytes: u16::MAX,
        max_formatted_bytes: Self::MAX_ENTRY_BYTES,
        ..Self::DEFAULT
    };

    /// Returns these limits with every number moved into the range that its field documents.
    ///
    /// ```
    /// use fusewire::Limits;
    ///
    /// let limits = Limits { max_depth: 200, max_entry_bytes: 1, ..Limits::default() }.clamped();
    /// assert_eq!((limits.max_depth, limits.max_entry_bytes), (64, 1024));
    /// ```
    #[must_use]
    #[inline]
    pub fn clamped(mut self) -> Self {
        // The encoder calls this method for each entry, and the limits of a log are already in range.
        let is_in_range = self.max_depth <= Self::MAX_DEPTH
            && (Self::MIN_ENTRY_BYTES..=Self::MAX_ENTRY_BYTES).contains(&self.max_entry_bytes)
            && self.max_key_bytes >= Self::MIN_KEY_BYTES;
        if !is_in_range {
            self.clamp();
        }
        self
    }

    #[cold]
    fn clamp(&mut self) {
        self.max_depth = self.max_depth.min(Self::MAX_DEPTH);
        self.max_entry_bytes = self.max_entry_bytes.clamp(Self::MIN_ENTRY_BYTES, Self::MAX_ENTRY_BYTES);
        self.max_key_bytes = self.max_key_bytes.max(Self::MIN_KEY_BYTES);
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
