//! If a value panics while it is written, the encoder discards the entry. If the caller catches the panic inside
//! the entry, only the value is incomplete, and the finished entry is valid.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fusewire::Limits;
use fusewire::encode::{AsDisplay, LogValue, ValueWriter, encode, encode_into};

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of it")?;
        panic!("in Display")
    }
}

impl LogValue for Panics {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        let mut array = map.slot("array").array();
        array.push(&1);
        panic!("in log_value")
    }
}

#[test]
fn nothing_is_advanced_when_the_panic_is_not_caught_inside() {
    let mut buffer = Vec::with_capacity(4096);
    let result = catch_unwind(AssertUnwindSafe(|| {
        encode_into(&mut buffer, &Limits::default(), |entry| {
            entry.attr("panics", &Panics);
        })
    }));
    assert!(result.is_err() && buffer.is_empty());
}

#[test]
fn the_entry_is_sound_when_the_panic_is_caught_inside() {
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| {
        entry.attr("before", &1);
        assert!(catch_unwind(AssertUnwindSafe(|| entry.attr("a", &Panics).report().is_clean())).is_err());
        assert!(
            catch_unwind(AssertUnwindSafe(|| entry.attr("b", &AsDisplay(&Panics)).report().is_clean()))
                .is_err()
        );
        let body = AssertUnwindSafe(|| entry.set_body_fmt(format_args!("{Panics}")));
        assert!(catch_unwind(body).is_err());
        entry.attr("after", &2);
    })
    .unwrap();
    let entry = crate::common::check::sound(encoded.bytes(), encoded.report());
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!((keys, &*entry.body), (vec!["before", "a", "after"], ""));
}
