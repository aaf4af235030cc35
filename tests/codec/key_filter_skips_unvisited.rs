//! A key filter writes only the named attributes. Other attributes are not visited and do not count as lost.

use fusewire::Limits;
use fusewire::encode::{KeyFilter, LogValue, ValueWriter, encode};

struct Visited;

impl LogValue for Visited {
    fn log_value(&self, _: ValueWriter<'_, '_>) {
        panic!("a filtered value was visited");
    }
}

#[test]
fn a_value_that_is_not_named_is_not_visited() {
    let filter = KeyFilter::new(["a", "request", ""]);
    let mut buffer = [0; 4096];
    let limits = Limits { max_width: 3, ..Limits::default() };
    let encoded = encode(&mut buffer, &limits, |entry| {
        entry.set_key_filter(&filter);
        for _ in 0..1000 {
            entry.attr("secret", &Visited).attr("A", &Visited).attr("a ", &Visited);
        }
        entry.attr("a", &1);
        let mut top = entry.attributes();
        top.entry("secret", &Visited).keyed(&7, &Visited);
        assert!(top.slot("secret").is_inert());
        // The filter does not apply to the content of a named attribute.
        top.slot("request").map().entry("secret", &2);
        top.entry("", &3);
    })
    .unwrap();
    assert!(encoded.report().is_clean());
    let entry = crate::common::check::sound(encoded.bytes(), encoded.report());
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!((keys, entry.dropped_attributes_count), (vec!["a", "request", ""], 0));
    assert!(format!("{:?}", entry.attributes[1].value).contains("secret"));
}

#[test]
fn an_empty_filter_lets_nothing_pass() {
    let filter = KeyFilter::default();
    let mut buffer = [0; 1024];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_key_filter(&filter);
        entry.attr("a", &Visited);
        assert!(entry.attributes().slot("b").is_inert());
    })
    .unwrap();
    assert!(crate::common::check::sound(encoded.bytes(), encoded.report()).attributes.is_empty());
}
