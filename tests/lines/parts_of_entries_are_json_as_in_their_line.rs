//! The JSON of one value and the JSON of all attributes are equal to the corresponding parts of the line of the
//! entry, even if limits cut the entry.
#![cfg(feature = "json")]

use crate::common::random::Random;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::{append_attributes, append_entry, append_value};
use fusewire::{Limits, NodeFlags};

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = b"before".to_vec();
    write(&mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[test]
fn as_in_the_line() {
    let mut random = Random(77);
    let narrow = Limits { max_depth: 2, max_width: 3, max_string_bytes: 5, ..Limits::DEFAULT };
    let mut buffer = vec![0; 1 << 17];
    let (mut values, mut cut) = (0, 0);
    for round in 0..4_000 {
        let entry = random.entry();
        let limits = if round % 2 == 0 { Limits::DEFAULT } else { narrow };
        let encoded = encode(&mut buffer, &limits, |out| entry.write_to(out)).unwrap();
        let entry = EntryRef::new(encoded.bytes()).unwrap();
        let line = text(|out| append_entry(&entry, out));
        let all = text(|out| append_attributes(&entry, out));
        let members = entry.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = text(|out| append_value(&attribute.value, out));
            values += 1;
            cut += usize::from(attribute.flags.contains(NodeFlags::CHILDREN_DROPPED));
            value
        });
        let members: Vec<_> = members.collect();
        if members.is_empty() {
            assert_eq!(all, "{}");
            continue;
        }
        assert!(line.contains(&format!("\"attributes\":{all}")), "{line}\n{all}");
        let mut rest = all.as_str();
        for value in members {
            let at = rest.find(&format!(":{value}")).unwrap_or_else(|| panic!("{value} is not in {rest}"));
            rest = &rest[at + 1 + value.len()..];
            assert!(rest.starts_with([',', '}']), "{value} goes on in {rest}");
        }
    }
    assert!(values > 4_000 && cut > 100, "{values} {cut}");
}

#[test]
fn a_map_that_looks_like_a_tag_is_wrapped() {
    let mut buffer = vec![0; 4_096];
    let encoded = encode(&mut buffer, &Limits::DEFAULT, |out| {
        out.attributes().slot("m").map().entry("$time", "no time");
        out.attributes().slot("list").array().push(&1u8).push(&f64::NAN);
    })
    .unwrap();
    let entry = EntryRef::new(encoded.bytes()).unwrap();
    assert_eq!(text(|out| append_value(&entry.get("m").unwrap(), out)), r#"{"$map":{"$time":"no time"}}"#);
    assert_eq!(text(|out| append_value(&entry.get("list").unwrap(), out)), r#"[1,{"$float":"NaN"}]"#);
}
