//! Variants with more than one field: two containers that open and end together.

use serde_core::Serialize;
use serde_core::ser::{SerializeStructVariant, SerializeTupleVariant};

use crate::encode::container::{Container, close};
use crate::encode::scope::{Counts, Key, Scope};
use crate::encode::slot::{ValueWriter, cut_depth};
use crate::kind::{Kind, NodeFlags};

use super::compound::{abandon, rest};
use super::stop::Stop;

/// A map with one entry: the name of the variant, and a container of its fields.
pub(super) struct Variant<'a, 'b> {
    map: Container<'a, 'b>,
    name: &'static str,
    /// The index of the node of the inner container.
    index: usize,
    flags: NodeFlags,
    counts: Counts,
    len: usize,
    wrappers: u8,
    /// Whether the variant ended normally, or was stopped at a limit.
    done: bool,
}

impl<'a, 'b> Variant<'a, 'b> {
    pub(super) fn new(
        out: ValueWriter<'a, 'b>,
        kind: Kind,
        name: &'static str,
        len: usize,
        wrappers: u8,
    ) -> Result<Self, Stop> {
        let mut map = out.open(Kind::Map).ok_or(Stop::Enough)?;
        let Container { tape, scope, counts, .. } = &mut map;
        let key = Key::Name(name);
        if !tape.admit_child(counts, scope) {
            return Err(Stop::Enough);
        }
        if scope.child_depth >= tape.limits.max_depth {
            cut_depth(tape, counts, key);
            return Err(Stop::Enough);
        }
        if !tape.limits.allowed_kinds.contains(kind) {
            tape.refuse(kind.name(), key, counts, scope);
            return Err(Stop::Enough);
        }
        let index = tape.nodes();
        let flags = tape.open(kind, key, counts).ok_or(Stop::Enough)?;
        Ok(Self { map, name, index, flags, counts: Counts::default(), len, wrappers, done: false })
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: Option<&str>, value: &T) -> Result<(), Stop> {
        let Self { map: Container { tape, scope, .. }, counts, .. } = self;
        let child_depth = scope.child_depth + 1;
        let scope = Scope { parent: Some(scope), key: Key::Name(self.name), child_depth };
        let offered = counts.offered();
        if tape.is_full(counts) {
            if !self.done {
                self.done = true;
                tape.drop_unoffered(counts, &scope, rest(Some(self.len), offered).filter(|rest| *rest > 0));
            }
            return Err(Stop::Enough);
        }
        let key = key.map_or(Key::Index(offered), Key::Name);
        super::write(ValueWriter::new(tape, counts, &scope, key), value, self.wrappers);
        Ok(())
    }
}

impl Drop for Variant<'_, '_> {
    fn drop(&mut self) {
        let Container { tape, .. } = &mut self.map;
        if !self.done {
            let rest = rest(Some(self.len), self.counts.offered());
            abandon(tape, &mut self.counts, rest);
        }
        close(tape, &self.counts, self.index, self.flags);
    }
}

impl SerializeTupleVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.field(None, value)
    }

    fn end(mut self) -> Result<(), Stop> {
        self.done = true;
        Ok(())
    }
}

impl SerializeStructVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.field(Some(key), value)
    }

    fn end(mut self) -> Result<(), Stop> {
        self.done = true;
        Ok(())
    }
}
