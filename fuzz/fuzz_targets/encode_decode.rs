//! A target that makes random calls of the encoder under random limits.
//!
//! The entry is within its byte limit, and the verifiers of `flatc` and of this crate accept it. Its length is the
//! result of `encoded_len`, and its bytes do not depend on the size of the buffer.
#![no_main]

use arbitrary::Arbitrary;
use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, LogValue, ValueWriter, encode, encoded_len};
use fusewire::error::EncodeError;
use fusewire::generated::wire::LogEntry;
use fusewire::limits::{Limits, OnDepth, OnLongKey, OnType, OnWidth};
use fusewire::{Kind, KindSet, Severity, Timestamp, TraceContext};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Uint(u128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Time(i64, u32, Option<i16>),
    Duration(i128),
    Formatted(String, bool),
    Refused,
    Silent,
    Array(Vec<Value>, Option<u64>),
    Map(Vec<(String, Value)>, Option<u64>),
}

struct Text<'a>(&'a str, bool);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in self.0.split_inclusive(' ') {
            f.write_str(part)?;
        }
        if self.1 { Err(std::fmt::Error) } else { Ok(()) }
    }
}

impl LogValue for Value {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => out.bool(*value),
            Self::Int(value) => out.i128(*value),
            Self::Uint(value) => out.u128(*value),
            Self::Float(value) => out.f64(*value),
            Self::Text(value) => out.str(value),
            Self::Bytes(value) => out.bytes(value),
            Self::Time(seconds, nanos, offset) => match Timestamp::new(*seconds, *nanos) {
                Some(time) => out.timestamp(time.with_utc_offset_minutes(*offset)),
                None => out.null(),
            },
            Self::Duration(nanos) => out.duration_nanos(*nanos),
            Self::Formatted(text, fails) => out.fmt(format_args!("<{}>", Text(text, *fails))),
            Self::Refused => out.refuse("fuzz::Refused"),
            Self::Silent => {}
            Self::Array(values, rest) => {
                let mut array = out.array();
                for value in values {
                    array.push(value);
                }
                if array.is_full() {
                    array.drop_rest(*rest);
                }
            }
            Self::Map(entries, rest) => {
                let mut map = out.map();
                for (key, value) in entries {
                    map.entry(key, value);
                }
                if map.is_full() {
                    map.drop_rest(*rest);
                }
            }
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Input {
    depth: u8,
    width: u8,
    entry: u16,
    string: u8,
    key: u8,
    formatted: u8,
    blocked: Option<u8>,
    responses: [bool; 4],
    omit_type: bool,
    time: u64,
    severity: u8,
    trace: (u128, u64, u8),
    body: String,
    late_body: Option<String>,
    target: Option<String>,
    thread: Option<String>,
    attributes: Vec<(String, Value)>,
    buffer: u16,
}

impl Input {
    fn limits(&self) -> Limits {
        let blocked = self.blocked.map(|kind| Kind::ALL[usize::from(kind) % Kind::ALL.len()]);
        Limits {
            max_depth: self.depth % 12,
            max_width: self.width.into(),
            max_entry_bytes: self.entry.into(),
            max_string_bytes: self.string.into(),
            max_key_bytes: self.key.into(),
            max_formatted_bytes: self.formatted.into(),
            allowed_kinds: blocked.map_or(KindSet::ALL, |kind| KindSet::ALL.without(kind)),
            on_depth: if self.responses[0] { OnDepth::Null } else { OnDepth::Omit },
            on_width: if self.responses[1] { OnWidth::Truncate } else { OnWidth::Reject },
            on_long_key: if self.responses[2] { OnLongKey::Cut } else { OnLongKey::Hash },
            on_type: match (self.responses[3], self.omit_type) {
                (true, _) => OnType::Replace,
                (false, true) => OnType::Omit,
                (false, false) => OnType::Reject,
            },
        }
    }

    fn write(&self, entry: &mut EntryWriter<'_>) {
        entry.set_time_unix_nano(self.time);
        entry.set_severity(Severity::from_number(self.severity));
        let (trace_id, span_id, flags) = self.trace;
        entry.set_trace(TraceContext { trace_id, span_id, flags });
        entry.set_body(&self.body);
        for (i, (key, value)) in self.attributes.iter().enumerate() {
            entry.attr(key, value);
            if i == 1 {
                self.target.iter().for_each(|target| entry.set_target(target));
            }
        }
        self.late_body.iter().for_each(|body| entry.set_body_fmt(format_args!("{body}!")));
        self.thread.iter().for_each(|thread| entry.set_thread(thread));
    }
}

fuzz_target!(|input: Input| {
    let limits = input.limits();
    let mut roomy = vec![0xA5; limits.clamped().max_entry_bytes as usize];
    let entry = match encode(&mut roomy, &limits, |entry| input.write(entry)) {
        Ok(entry) => entry,
        Err(EncodeError::BufferTooSmall { .. }) => panic!("the budget allows more than the budget"),
        Err(error) => {
            assert_eq!(encoded_len(&limits, |entry| input.write(entry)), Err(error));
            return;
        }
    };
    flatbuffers::root::<LogEntry>(entry.bytes()).expect("flatc's verifier accepts what we write");
    let read = EntryRef::new(entry.bytes()).expect("we read what we write");
    assert!(read.is_canonical());
    read.verify().expect("we accept what we write");
    assert_eq!(encoded_len(&limits, |entry| input.write(entry)), Ok(entry.len()));

    let mut other = vec![0x5A; usize::from(input.buffer)];
    match encode(&mut other, &limits, |entry| input.write(entry)) {
        Ok(same) => assert_eq!(same.bytes(), entry.bytes()),
        Err(error) => {
            let too_small =
                EncodeError::BufferTooSmall { needed: entry.len(), available: input.buffer.into() };
            assert_eq!(error, too_small);
            assert!(usize::from(input.buffer) < entry.len());
        }
    }
});
