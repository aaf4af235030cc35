//! Keys that are not text, and the list of keys that may be written.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::digits::Digits;

/// A map's key as text (A9).
///
/// The rule: strings and characters are themselves; integers are decimal; `bool` is `true` or `false`. Other keys
/// implement this trait; no key is refused, and order and repetition stay as they are.
pub trait LogKey {
    /// Hands the key's text to `use_key`, once.
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

// No platform of Rust's has pointers over 64 bits.
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

/// The attributes that may be written (A8): others are skipped without being visited, and are no loss.
///
/// It holds for an entry's top-level attributes, whose values are written whole. Looking a key up costs the same
/// whatever the number of keys.
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
    /// The filter that lets these keys pass.
    pub fn new<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// Whether `key` passes.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}
