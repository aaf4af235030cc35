//! Where the writer stands: the chain of open containers, and what each has kept.

use crate::path::KeyPath;

use super::key::LogKey;

/// The key of a value: a name in a map, a place in an array.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    Name(&'a str),
    Index(u32),
}

impl<'a> Key<'a> {
    /// The bytes that stand on the node; none in an array.
    #[inline(always)]
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::Name(name) => name,
            Self::Index(_) => "",
        }
    }
}

/// An open container. Its ancestors are borrowed from the frames of the code that opened them, so that a path can be
/// told at any depth without keeping one.
pub(crate) struct Scope<'s> {
    pub(crate) parent: Option<&'s Scope<'s>>,
    pub(crate) key: Key<'s>,
    /// The depth of the container's children (A1).
    pub(crate) child_depth: u8,
}

impl Scope<'_> {
    /// The attributes themselves.
    pub(crate) const ROOT: Scope<'static> = Scope { parent: None, key: Key::Name(""), child_depth: 0 };

    /// The path of the child `key`.
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

    /// The path of the container itself.
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

/// What a container has kept and lost so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) kept: u32,
    dropped: u64,
    /// Whether the width limit has been passed.
    pub(crate) too_wide: bool,
}

impl Counts {
    /// Counts children that are not kept; `None` makes the number unknown for good.
    pub(crate) fn drop(&mut self, children: Option<u64>) {
        self.dropped = self.dropped.saturating_add(children.unwrap_or(u64::MAX));
    }

    /// Children so far, kept or not: the place of the next one in its source.
    #[inline(always)]
    pub(crate) fn offered(self) -> u32 {
        u32::try_from(self.dropped).unwrap_or(u32::MAX).saturating_add(self.kept)
    }

    /// Children not kept, `u64::MAX` where nobody knows.
    #[inline(always)]
    pub(crate) fn dropped(self) -> u64 {
        self.dropped
    }
}
