//! The chain of open containers, and the counts of their children.

use crate::path::KeyPath;

use super::key::LogKey;

/// The key of a value: a name in a map, or an index in an array.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    Name(&'a str),
    Index(u32),
}

impl<'a> Key<'a> {
    /// Returns the name, which is empty in an array, and the index in an array.
    #[inline(always)]
    pub(crate) fn parts(self) -> (&'a str, Option<u32>) {
        match self {
            Self::Name(name) => (name, None),
            Self::Index(index) => ("", Some(index)),
        }
    }

    /// Returns the key with these [`parts`](Self::parts).
    pub(crate) fn of(name: &'a str, index: Option<u32>) -> Self {
        index.map_or(Self::Name(name), Self::Index)
    }

    /// Returns the key text of the node. It is empty in an array.
    #[inline(always)]
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::Name(name) => name,
            Self::Index(_) => "",
        }
    }
}

/// An open container. It borrows its ancestors from the stack frames that opened them, so the path of any value can
/// be built without storing paths.
pub(crate) struct Scope<'s> {
    pub(crate) parent: Option<&'s Scope<'s>>,
    pub(crate) key: Key<'s>,
    /// The depth of the children of the container.
    pub(crate) child_depth: u8,
}

impl Scope<'_> {
    /// The attributes of the entry.
    pub(crate) const ROOT: Scope<'static> = Scope { parent: None, key: Key::Name(""), child_depth: 0 };

    /// Returns the path of the child `key`.
    pub(crate) fn path(&self, key: Key<'_>) -> KeyPath {
        let mut path = KeyPath::empty();
        prepend(&mut path, key);
        let (mut inner, mut scope) = (key, self);
        while let Some(parent) = scope.parent {
            if let Key::Name(_) = inner {
                path.prepend(".");
            }
            prepend(&mut path, scope.key);
            (inner, scope) = (scope.key, parent);
        }
        path
    }

    /// Returns the path of the container.
    pub(crate) fn own_path(&self) -> KeyPath {
        self.parent.map_or(KeyPath::empty(), |parent| parent.path(self.key))
    }
}

fn prepend(path: &mut KeyPath, key: Key<'_>) {
    match key {
        Key::Name(name) => path.prepend(name),
        Key::Index(index) => {
            path.prepend("]");
            index.with_key(|digits| path.prepend(digits));
            path.prepend("[");
        }
    }
}

/// The numbers of kept and dropped children of a container.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) kept: u32,
    dropped: u64,
    /// Whether the container has exceeded the width limit.
    pub(crate) too_wide: bool,
}

impl Counts {
    /// Counts `children` that are not kept; `None` makes the sum unknown.
    pub(crate) fn drop(&mut self, children: Option<u64>) {
        self.dropped = self.dropped.saturating_add(children.unwrap_or(u64::MAX));
    }

    /// Returns the number of children, kept and dropped. This is the index of the next child in its source.
    #[inline(always)]
    pub(crate) fn offered(self) -> u32 {
        u32::try_from(self.dropped).unwrap_or(u32::MAX).saturating_add(self.kept)
    }

    /// Returns the number of dropped children; `u64::MAX` means unknown.
    #[inline(always)]
    pub(crate) fn dropped(self) -> u64 {
        self.dropped
    }
}
