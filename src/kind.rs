//! The kinds of values, sets of them, and the flags of a node.

/// What kind of value a node holds. The numbers are those of `Kind` in `schema/log_entry.fbs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Nothing.
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
    /// An instant with nanoseconds and, where known, its zone offset.
    Timestamp = 7,
    /// A signed span of time with nanoseconds.
    Duration = 8,
    /// Values in order.
    Array = 9,
    /// Keys and values in order of insertion; keys may repeat.
    Map = 10,
}

impl Kind {
    /// Every kind, in the order of their numbers.
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

    /// The kind with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < Self::ALL.len() { Some(Self::ALL[number as usize]) } else { None }
    }

    /// The kind's name in lower case.
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

/// A set of kinds: the type allow-list of the fuse (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// Every kind of A3.
    pub const ALL: Self = Self((1 << Kind::ALL.len()) - 1);
    /// No kind.
    pub const NONE: Self = Self(0);

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// This set less `kind`.
    #[must_use]
    pub const fn without(self, kind: Kind) -> Self {
        Self(self.0 & !(1 << kind as u8))
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// What the fuse did to a node, and how its value is stored. The bits are those of `NodeFlags` in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct NodeFlags(u8);

impl NodeFlags {
    /// Nothing was cut.
    pub const NONE: Self = Self(0);
    /// The string or the bytes were cut at their budget.
    pub const VALUE_CUT: Self = Self(1);
    /// The key was cut at its budget.
    pub const KEY_CUT: Self = Self(1 << 1);
    /// The key was over its budget and is replaced by its hash.
    pub const KEY_HASHED: Self = Self(1 << 2);
    /// The container lost children.
    pub const CHILDREN_DROPPED: Self = Self(1 << 3);
    /// A container stood here, deeper than the limit; the node is null.
    pub const DEPTH_CUT: Self = Self(1 << 4);
    /// A value of a refused type stood here; the string is the type's name.
    pub const TYPE_REPLACED: Self = Self(1 << 5);
    /// The value is a span of 16 bytes in `text`.
    pub const WIDE: Self = Self(1 << 6);
    /// The string is text formatted from a value (`Debug`, `Display`, `Error`).
    pub const FORMATTED: Self = Self(1 << 7);

    /// The flags with these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// These flags and `other`'s.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the fuse did anything to this node.
    #[must_use]
    pub const fn is_tripped(self) -> bool {
        self.0 & !(Self::WIDE.0 | Self::FORMATTED.0) != 0
    }
}
