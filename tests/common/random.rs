//! Random entries, which are the same in every run.
#![allow(dead_code, unreachable_pub)]

use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{NodeFlags, Severity, Timestamp, TraceContext};

/// A generator of pseudo-random numbers (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn text(&mut self, max: u64) -> String {
        const LETTERS: [&str; 12] = ["a", "b", "Z", " ", ".", "é", "\u{0}", "\"", "\\", "\n", "語", "🦀"];
        (0..self.below(max + 1)).map(|_| LETTERS[self.below(12) as usize]).collect()
    }

    fn wide(&mut self) -> i128 {
        let number = i128::from(self.next()) << 64 | i128::from(self.next());
        number >> self.below(127)
    }

    pub fn value(&mut self, depth: u64) -> OwnedValue {
        match self.below(if depth == 0 { 9 } else { 11 }) {
            0 => OwnedValue::Null,
            1 => OwnedValue::Bool(self.below(2) == 1),
            2 => OwnedValue::Int(self.wide()),
            3 => OwnedValue::Uint(self.wide().unsigned_abs()),
            4 => OwnedValue::Float(self.next().cast_signed() as f64 / 1024.0),
            5 => OwnedValue::String(self.text(20)),
            6 => OwnedValue::Bytes((0..self.below(20)).map(|_| self.next() as u8).collect()),
            7 => {
                let time = Timestamp::new(
                    self.next().cast_signed() >> self.below(40),
                    self.below(1_000_000_000) as u32,
                );
                let offset = (self.below(2) == 1).then(|| self.below(1400) as i16 - 700);
                OwnedValue::Timestamp(time.unwrap().with_utc_offset_minutes(offset))
            }
            8 => OwnedValue::Duration(self.wide()),
            9 => {
                let values =
                    (0..self.below(5)).map(|_| attribute(String::new(), self.value(depth - 1))).collect();
                OwnedValue::Array { values, dropped: Some(0) }
            }
            _ => OwnedValue::Map { entries: self.attributes(depth - 1), dropped: Some(0) },
        }
    }

    fn attributes(&mut self, depth: u64) -> Vec<OwnedAttribute> {
        (0..self.below(6)).map(|_| attribute(self.text(8), self.value(depth))).collect()
    }

    pub fn entry(&mut self) -> Entry {
        Entry {
            time_unix_nano: self.next() >> self.below(64),
            utc_offset_minutes: (self.below(2) == 1).then_some(60),
            severity: Severity::from_number(self.below(25) as u8),
            trace: TraceContext {
                trace_id: self.wide().unsigned_abs(),
                span_id: self.next(),
                flags: self.next() as u8,
            },
            target: self.text(10),
            body: self.text(40),
            thread: self.text(5),
            attributes: self.attributes(4),
            trips: Vec::new(),
            dropped_attributes_count: 0,
        }
    }
}

fn attribute(key: String, value: OwnedValue) -> OwnedAttribute {
    OwnedAttribute { key, value, flags: NodeFlags::NONE }
}

/// Returns the attributes without the flags that describe only the storage of a value.
pub fn without_storage_flags(mut attributes: Vec<OwnedAttribute>) -> Vec<OwnedAttribute> {
    for attribute in &mut attributes {
        attribute.flags = NodeFlags::from_bits(attribute.flags.bits() & !NodeFlags::WIDE.bits());
        match &mut attribute.value {
            OwnedValue::Array { values: children, .. } | OwnedValue::Map { entries: children, .. } => {
                *children = without_storage_flags(std::mem::take(children));
            }
            _ => {}
        }
    }
    attributes
}
