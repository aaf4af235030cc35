//! The kinds of values, sets of them, and the flags of a node.

/// The kind of a value. The numbers are those of `Kind` in `schema/log_entry.fbs`.
///
/// ```
/// use fusewire::Kind;
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("ratio", &0.5))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let kind = entry.get("ratio").and_then(|value| value.kind());
/// assert_eq!(kind, Some(Kind::Float));
/// assert_eq!(Kind::Float.name(), "float");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The absence of a value.
    Null = 0,
    /// True or false.
    Bool = 1,
    /// A signed integer of up to 128 bits.
    Int = 2,
    /// An unsigned integer of up to 128 bits.
    Uint = 3,
    /// A double, NaN and infinities included.
    Float = 4,
    /// UTF-8 text.
    String = 5,
    /// Any bytes.
    Bytes = 6,
    /// An instant with nanoseconds and, if known, a zone offset.
    Timestamp = 7,
    /// A signed span of time with nanoseconds.
    Duration = 8,
    /// An ordered sequence of values.
    Array = 9,
    /// Keys and values in the order of insertion. A key can occur more than once.
    Map = 10,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Null,
        Self::Bool,
        Self::Int,
        Self::Uint,
        Self::Float,
        Self::String,
        Self::Bytes,
        Self::Timestamp,
        Self::Duration,
        Self::Array,
        Self::Map,
    ];

    /// Returns the kind with this number, or `None` if the number has no kind.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < Self::ALL.len() { Some(Self::ALL[number as usize]) } else { None }
    }

    /// Returns the name of the kind in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Array => "array",
            Self::Map => "map",
        }
    }
}

/// A set of kinds, such as [`Limits::allowed_kinds`](crate::Limits::allowed_kinds).
///
/// ```
/// use fusewire::{Kind, KindSet};
///
/// let set = KindSet::ALL.without(Kind::Bytes);
/// assert!(set.contains(Kind::String) && !set.contains(Kind::Bytes));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// The set of all kinds.
    pub const ALL: Self = Self((1 << Kind::ALL.len()) - 1);
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns this set with `kind` added.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Returns this set with `kind` removed.
    ///
    /// ```
    /// use fusewire::{Kind, KindSet};
    ///
    /// let numbers_and_text = KindSet::ALL.without(Kind::Map).without(Kind::Array).without(Kind::Bytes);
    /// assert!(!numbers_and_text.contains(Kind::Map));
    /// ```
    #[must_use]
    pub const fn without(self, kind: Kind) -> Self {
        Self(self.0 & !(1 << kind as u8))
    }

    /// Returns whether the set contains `kind`.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// The flags of a node: the trips of the circuit breaker, and the representation of the value. The bits are those of
/// `NodeFlags` in the schema.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::{Limits, NodeFlags};
///
/// let limits = Limits { max_string_bytes: 4, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("name", "Alexandra"))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let name = entry.attributes().next().unwrap()?;
/// assert_eq!(name.value.as_str(), Some("Alex"));
/// assert!(name.flags.contains(NodeFlags::VALUE_CUT) && name.flags.is_tripped());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct NodeFlags(u8);

impl NodeFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The string or byte string was cut at a byte limit.
    pub const VALUE_CUT: Self = Self(1);
    /// The key was cut at the byte limit.
    pub const KEY_CUT: Self = Self(1 << 1);
    /// The key exceeded the byte limit. The entry contains its hash.
    pub const KEY_HASHED: Self = Self(1 << 2);
    /// Children of the container were dropped.
    pub const CHILDREN_DROPPED: Self = Self(1 << 3);
    /// The value was a container that exceeded the depth limit. The entry contains a null.
    pub const DEPTH_CUT: Self = Self(1 << 4);
    /// The value had a refused type. The entry contains the name of the type as a string.
    pub const TYPE_REPLACED: Self = Self(1 << 5);
    /// The value is a span of 16 bytes in `text`.
    pub const WIDE: Self = Self(1 << 6);
    /// The string is the `Debug`, `Display` or `Error` text of a value.
    pub const FORMATTED: Self = Self(1 << 7);

    /// Returns the flags with these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Returns the bits of the flags.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the union of these flags and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether these flags contain all flags of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the circuit breaker changed the value of the node, its key or its children.
    #[must_use]
    pub const fn is_tripped(self) -> bool {
        self.0 & !(Self::WIDE.0 | Self::FORMATTED.0) != 0
    }
}
