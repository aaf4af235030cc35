//! Keys that are not text, and the filter of attribute keys.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::digits::Digits;

/// A type whose values can be keys of a map.
///
/// Strings and characters are used as they are. Integers become decimal digits; `bool` becomes `true` or `false`.
/// Other types can implement this trait. The encoder accepts every key, and preserves the order and repetitions of
/// keys.
///
/// ```
/// use fusewire::encode::LogKey;
///
/// struct UserId(u64);
///
/// impl LogKey for UserId {
///     fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
///         use_key(&format!("user-{}", self.0))
///     }
/// }
///
/// assert_eq!(UserId(7).with_key(str::to_owned), "user-7");
/// assert_eq!((-7_i64).with_key(str::to_owned), "-7");
/// ```
pub trait LogKey {
    /// Calls `use_key` once with the text of the key.
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R;
}

impl LogKey for str {
    #[inline]
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        use_key(self)
    }
}

impl LogKey for char {
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        use_key(self.encode_utf8(&mut [0; 4]))
    }
}

impl LogKey for bool {
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        use_key(if *self { "true" } else { "false" })
    }
}

macro_rules! by_reference {
    ($($type:ty),*) => {$(
        impl LogKey for $type {
            #[inline]
            fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
                use_key(self)
            }
        }
    )*};
}
by_reference!(String, Box<str>, Rc<str>, Arc<str>, Cow<'_, str>);

impl<K: LogKey + ?Sized> LogKey for &K {
    #[inline]
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        K::with_key(self, use_key)
    }
}

macro_rules! integers {
    ($($new:ident: $($int:ty),*;)*) => {$($(
        impl LogKey for $int {
            fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
                use_key(Digits::$new((*self).into()).as_str())
            }
        }
    )*)*};
}
integers! {
    new: u8, u16, u32, u64;
    signed: i8, i16, i32, i64;
    wide: u128;
    wide_signed: i128;
}

// Rust supports no platform with pointers of more than 64 bits.
impl LogKey for usize {
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        (*self as u64).with_key(use_key)
    }
}

impl LogKey for isize {
    fn with_key<R>(&self, use_key: impl FnOnce(&str) -> R) -> R {
        (*self as i64).with_key(use_key)
    }
}

/// A set of attribute keys that an entry may contain. Attributes with other keys are skipped, not visited, and not
/// counted as dropped.
///
/// The filter applies to the keys of top-level attributes, and not to the keys in their values. A lookup takes
/// constant time.
///
/// ```
/// use fusewire::encode::{KeyFilter, encode};
/// let filter = KeyFilter::new(["user_id", "path"]);
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     entry.set_key_filter(&filter);
///     entry.attr("user_id", &7).attr("password", "hunter2");
/// })?;
/// assert!(!entry.bytes().windows(7).any(|window| window == b"hunter2"));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter(HashSet<Box<str>>);

impl KeyFilter {
    /// Returns a filter that accepts these keys.
    pub fn new<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// Returns whether the filter accepts `key`.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}
