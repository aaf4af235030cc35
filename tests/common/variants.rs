//! Pairs of entries with the same shape.
#![allow(dead_code, unreachable_pub)]

use fusewire::Limits;
use fusewire::encode::{EntryWriter, encode};
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};

use super::random::Random;

/// Returns an entry with the nodes of `entry`. Each value has an equal chance to stay the same.
pub fn variant(entry: &Entry, random: &mut Random) -> Entry {
    let other = random.entry();
    let mut pick = |a: &String, b: String| if random.below(2) == 0 { a.clone() } else { b };
    let (body, thread) = (pick(&entry.body, other.body), pick(&entry.thread, other.thread));
    Entry {
        time_unix_nano: other.time_unix_nano,
        trace: other.trace,
        body,
        thread,
        attributes: entry.attributes.iter().map(|attribute| vary(attribute, random)).collect(),
        ..entry.clone()
    }
}

fn vary(attribute: &OwnedAttribute, random: &mut Random) -> OwnedAttribute {
    let value = match &attribute.value {
        OwnedValue::Array { values, dropped } => {
            let values = values.iter().map(|child| vary(child, random)).collect();
            OwnedValue::Array { values, dropped: *dropped }
        }
        OwnedValue::Map { entries, dropped } => {
            let entries = entries.iter().map(|child| vary(child, random)).collect();
            OwnedValue::Map { entries, dropped: *dropped }
        }
        leaf if random.below(2) == 0 => leaf.clone(),
        leaf => loop {
            let other = random.value(0);
            if core::mem::discriminant(&other) == core::mem::discriminant(leaf)
                && is_wide(&other) == is_wide(leaf)
            {
                break other;
            }
        },
    };
    OwnedAttribute { key: attribute.key.clone(), value, flags: attribute.flags }
}

/// Returns whether the node of the value has the flag `Wide`.
fn is_wide(value: &OwnedValue) -> bool {
    let fits = |number: i128| i64::try_from(number).is_ok();
    match value {
        OwnedValue::Int(number) | OwnedValue::Duration(number) => !fits(*number),
        OwnedValue::Uint(number) => u64::try_from(*number).is_err(),
        OwnedValue::Timestamp(time) => time.utc_offset_minutes().is_some() || !fits(time.unix_nanos()),
        _ => false,
    }
}

/// Encodes `entry`. The bits of `order` determine the order of the header strings and the attributes.
pub fn encoded(entry: &Entry, order: u64) -> Vec<u8> {
    let mut buffer = vec![0; 64 << 10];
    let write = |out: &mut EntryWriter<'_>| {
        out.set_time_unix_nano(entry.time_unix_nano);
        out.set_utc_offset_minutes(entry.utc_offset_minutes);
        out.set_severity(entry.severity);
        out.set_trace(entry.trace);
        let header = |out: &mut EntryWriter<'_>, late: bool| {
            if (order & 1 != 0) == late {
                out.set_target(&entry.target);
            }
            if (order & 2 != 0) == late && order & 8 == 0 {
                out.set_thread(&entry.thread);
            }
            if (order & 4 != 0) == late {
                out.set_body(&entry.body);
            }
        };
        header(out, false);
        for attribute in &entry.attributes {
            out.attr(&attribute.key, &attribute.value);
        }
        header(out, true);
    };
    encode(&mut buffer, &Limits::default(), write).unwrap().bytes().to_vec()
}
