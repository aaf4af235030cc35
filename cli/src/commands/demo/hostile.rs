//! Hostile values: values that exhaust the memory or the stack of other loggers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use fusewire::encode::{AsDebug, LogValue, ValueWriter};

/// A hostile value with its description.
pub(crate) struct Hostile {
    /// The description.
    pub(crate) what: &'static str,
    /// The key of its attribute.
    pub(crate) key: &'static str,
    /// The value.
    pub(crate) value: Box<dyn LogValue>,
}

/// Returns all hostile values. Their construction takes longer than logging them.
pub(crate) fn all() -> Vec<Hostile> {
    let hostile = |what, key, value| Hostile { what, key, value };
    vec![
        hostile("map nested 100,000 deep", "tree", Box::new(Nested::levels(100_000))),
        hostile("map of 1,000,000 keys", "sessions", Box::new(sessions(1_000_000))),
        hostile("map that contains itself", "account", Box::new(Account::endless())),
        hostile("string of 100 MB", "request", Box::new("A".repeat(100_000_000))),
        hostile("endless Debug output", "state", Box::new(Endless)),
        hostile("nested arrays of 256", "matrix", Box::new(Wide)),
    ]
}

/// A chain of nested maps.
struct Nested(Option<Box<Self>>);

impl Nested {
    fn levels(levels: u32) -> Self {
        let mut nested = Self(None);
        for _ in 1..levels {
            nested = Self(Some(Box::new(nested)));
        }
        nested
    }
}

impl LogValue for Nested {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.map().entry("child", &self.0);
    }
}

impl Drop for Nested {
    /// Drops one level after the other. A recursive drop overflows the stack.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut nested) = next {
            next = nested.0.take();
        }
    }
}

fn sessions(count: u32) -> HashMap<String, u32> {
    (0..count).map(|id| (format!("session-{id:06}"), id)).collect()
}

/// An account whose parent account is the account itself.
struct Account {
    name: &'static str,
    parent: RefCell<Option<Rc<Self>>>,
}

impl Account {
    fn endless() -> Rc<Self> {
        let account = Rc::new(Self { name: "acme", parent: RefCell::new(None) });
        // The reference cycle is never freed.
        *account.parent.borrow_mut() = Some(Rc::clone(&account));
        account
    }
}

impl LogValue for Account {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.map().entry("name", self.name).entry("parent", &*self.parent.borrow());
    }
}

struct Endless;

impl fmt::Debug for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            f.write_str("still going, ")?;
        }
    }
}

impl LogValue for Endless {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        AsDebug(self).log_value(out);
    }
}

/// Arrays of 256 arrays at each level. The depth limit and the width limit alone allow 256^8 values.
struct Wide;

impl LogValue for Wide {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut array = out.array();
        for _ in 0..256 {
            if array.is_full() {
                break;
            }
            array.push(&Self);
        }
    }
}
