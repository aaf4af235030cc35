//! The key-values of a record, with their types.

use std::error::Error as StdError;

use ::log::kv::{Error, Key, Source, Value, VisitSource, VisitValue};

use crate::bridge::ids::{Ids, ShortText, Which};
#[cfg(not(feature = "serde"))]
use crate::encode::AsDisplay;
#[cfg(feature = "serde")]
use crate::encode::AsSerde;
use crate::encode::{AsError, EntryWriter, LogValue, ValueWriter};

/// Writes key-values as attributes, except the ids, which are returned.
#[inline]
pub(super) fn write(entry: &mut EntryWriter<'_>, source: impl Source) -> Ids {
    let mut pairs = Pairs { entry, ids: Ids::default() };
    // If the source fails, the pairs before the failure remain.
    let _ = source.visit(&mut pairs);
    pairs.ids
}

struct Pairs<'e, 'b> {
    entry: &'e mut EntryWriter<'b>,
    ids: Ids,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_, '_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let key = key.as_str();
        let is_id = Which::of(key).is_some_and(|which| {
            let text = ShortText::of(&format_args!("{value}"));
            text.is_some_and(|text| self.ids.take_hex(which, text.as_str()))
        });
        if !is_id {
            let mut attributes = self.entry.attributes();
            let slot = attributes.slot(key);
            if !slot.is_inert() {
                // If the value fails, the entry contains the error.
                let _ = value.visit(OneValue(Some(slot)));
            }
        }
        Ok(())
    }
}

/// A visitor that writes one value.
struct OneValue<'a, 'b>(Option<ValueWriter<'a, 'b>>);

impl OneValue<'_, '_> {
    #[inline]
    fn write<V: LogValue + ?Sized>(&mut self, value: &V) -> Result<(), Error> {
        if let Some(slot) = self.0.take() {
            value.log_value(slot);
        }
        Ok(())
    }
}

impl<'v> VisitValue<'v> for OneValue<'_, '_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        #[cfg(feature = "serde")]
        return self.write(&AsSerde(&value));
        #[cfg(not(feature = "serde"))]
        self.write(&AsDisplay(&value))
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.write(&())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        self.write(value)
    }

    fn visit_char(&mut self, value: char) -> Result<(), Error> {
        self.write(&value)
    }

    fn visit_error(&mut self, error: &(dyn StdError + 'static)) -> Result<(), Error> {
        self.write(&AsError(error))
    }
}
