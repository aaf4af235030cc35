//! The kinds of values, sets of them, and the flags of a node.

use core::fmt;

/// The content of the value field of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The value.
    Word,
    /// The value, or a span of 16 bytes if the node has the flag [`NodeFlags::WIDE`].
    WordOrWide,
    /// The offset and the length of bytes in the text.
    Span,
    /// The number of children and the number of nodes of the subtree.
    Container,
}

/// Defines [`Kind`] from a table. A row contains the number, the name, the content of a node, and the format version that
/// defines the kind. The rows are in the order of the numbers. The numbers can have gaps.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal, $content:ident, $since:expr;)*) => {
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
            $($(#[$doc])* $kind = $number,)*
        }

        impl Kind {
            /// All kinds, in the order of their numbers.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$kind),*];

            /// Returns the kind with this number, or `None` if the number has no kind.
            #[inline]
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// Returns the name of the kind in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Returns the version of the format that defines the kind: the major and the minor number.
            #[must_use]
            pub const fn since(self) -> (u16, u16) {
                match self {
                    $(Self::$kind => $since,)*
                }
            }

            /// Returns the content of the nodes of this kind.
            #[inline(always)]
            pub(crate) const fn content(self) -> Content {
                match self {
                    $(Self::$kind => Content::$content,)*
                }
            }
        }
    };
}

kinds! {
    /// The absence of a value.
    Null = 0, "null", Word, (1, 0);
    /// True or false.
    Bool = 1, "bool", Word, (1, 0);
    /// A signed integer of up to 128 bits.
    Int = 2, "int", WordOrWide, (1, 0);
    /// An unsigned integer of up to 128 bits.
    Uint = 3, "uint", WordOrWide, (1, 0);
    /// A double, NaN and infinities included.
    Float = 4, "float", Word, (1, 0);
    /// UTF-8 text.
    String = 5, "string", Span, (1, 0);
    /// Any bytes.
    Bytes = 6, "bytes", Span, (1, 0);
    /// An instant with nanoseconds and, if known, a zone offset.
    Timestamp = 7, "timestamp", WordOrWide, (1, 0);
    /// A signed span of time with nanoseconds.
    Duration = 8, "duration", WordOrWide, (1, 0);
    /// An ordered sequence of values.
    Array = 9, "array", Container, (1, 0);
    /// Keys and values in the order of insertion. A key can occur more than once.
    Map = 10, "map", Container, (1, 0);
}

/// The number of the marker of dropped children, which is not the kind of a value. The kinds of version 1.0 have smaller
/// numbers.
pub(crate) const DROPPED: u8 = 11;

const _: () = {
    let mut i = 0;
    while i < Kind::ALL.len() {
        let kind = Kind::ALL[i];
        assert!(i == 0 || (Kind::ALL[i - 1] as u8) < kind as u8, "the rows are in the order of the numbers");
        assert!(kind as u8 != DROPPED && (kind as u8) < KindSet::LEN, "a kind needs a bit of `KindSet`");
        // No later kind is a container: readers of version 1.0 skip a node of a later kind as a leaf.
        assert!(is_container(kind as u8) == matches!(kind.content(), Content::Container));
        i += 1;
    }
};

/// Returns whether a node with this number of a kind has children.
#[inline(always)]
pub(crate) const fn is_container(number: u8) -> bool {
    number == Kind::Array as u8 || number == Kind::Map as u8
}

/// Returns whether the value of a node with this number of a kind is a span, if the node does not have the flag
/// [`NodeFlags::WIDE`].
#[inline(always)]
pub(crate) const fn is_span(number: u8) -> bool {
    matches!(Kind::from_number(number), Some(kind) if matches!(kind.content(), Content::Span))
}

/// A value of a kind that a later version of the format defines. Only the number of the kind and the value field of the node
/// are known.
///
/// All outputs contain both numbers: JSON, serde and Python as `{"$kind":[KIND,VALUE]}`, and text as `kindKIND:VALUE`.
///
/// ```
/// # use fusewire::kind::UnknownValue;
/// assert_eq!(UnknownValue { kind: 200, value: 7 }.to_string(), "kind200:7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownValue {
    /// The number of the kind.
    pub kind: u8,
    /// The value field of the node.
    pub value: u64,
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kind{}:{}", self.kind, self.value)
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
pub struct KindSet(u32);

impl KindSet {
    /// The set of all kinds.
    pub const ALL: Self = {
        let (mut all, mut i) = (Self::NONE, 0);
        while i < Kind::ALL.len() {
            all = all.with(Kind::ALL[i]);
            i += 1;
        }
        all
    };
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// The number of bits.
    const LEN: u8 = 32;

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
