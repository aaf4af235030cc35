//! Values as a plain tree, and a naive oracle of the result of the circuit breaker.
//!
//! The oracle applies all limits except the bytes of an entry. The entries must be much smaller
//! than this limit.
#![allow(dead_code)]

use fusewire::encode::{AsDisplay, EntryWriter, LogValue, ValueWriter};
use fusewire::limits::{OnDepth, OnLongKey, OnType, OnWidth};
use fusewire::owned::{OwnedAttribute, OwnedValue};
use fusewire::{Kind, Limits, NodeFlags, Timestamp};

/// The type name of a `Model::Refused`.
pub const REFUSED: &str = "a refused type";

#[derive(Clone, Debug)]
pub enum Model {
    Null,
    Bool(bool),
    Int(i128),
    Uint(u128),
    Float(f64),
    String(String),
    Formatted(String),
    Bytes(Vec<u8>),
    Timestamp(Timestamp),
    Duration(i128),
    Refused,
    Array(Vec<Model>),
    Map(Vec<(String, Model)>),
}

impl LogValue for Model {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Self::Null => out.null(),
            Self::Bool(value) => out.bool(*value),
            Self::Int(value) => out.i128(*value),
            Self::Uint(value) => out.u128(*value),
            Self::Float(value) => out.f64(*value),
            Self::String(text) => out.str(text),
            Self::Formatted(text) => AsDisplay(text).log_value(out),
            Self::Bytes(bytes) => out.bytes(bytes),
            Self::Timestamp(time) => out.timestamp(*time),
            Self::Duration(nanos) => out.duration_nanos(*nanos),
            Self::Refused => out.refuse(REFUSED),
            Self::Array(values) => values.log_value(out),
            Self::Map(entries) => {
                let mut map = out.map();
                for (key, value) in entries {
                    map.entry(key, value);
                }
            }
        }
    }
}

/// Attributes in order.
pub type Tree = Vec<(String, Model)>;

pub fn write(tree: &Tree, entry: &mut EntryWriter<'_>) {
    for (key, value) in tree {
        entry.attr(key, value);
    }
}

/// The part of a tree that the circuit breaker keeps.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    pub attributes: Vec<OwnedAttribute>,
    pub dropped: u64,
    /// The number of trips and the amount of the loss by cause; `None` if the amount is unknown.
    pub trips: [(u32, Option<u64>); 8],
}

/// The reason why the circuit breaker refuses the whole entry.
#[derive(Debug, PartialEq)]
pub enum Refusal {
    Blocked { path: String, type_name: &'static str },
    TooWide { path: String },
}

/// Returns the expected result for `tree` under `limits`.
pub fn kept(tree: &Tree, limits: &Limits) -> Result<Kept, Refusal> {
    let mut oracle = Oracle { limits, trips: [(0, Some(0)); 8] };
    let children = tree.iter().map(|(key, value)| (Some(key.as_str()), value)).collect::<Vec<_>>();
    let (attributes, dropped) = oracle.children(&children, "", 0)?;
    Ok(Kept { attributes, dropped, trips: oracle.trips })
}

struct Oracle<'a> {
    limits: &'a Limits,
    trips: [(u32, Option<u64>); 8],
}

const DEPTH: usize = 0;
const WIDTH: usize = 1;
const TYPE: usize = 2;
const STRING: usize = 3;
const KEY: usize = 4;
const FORMATTED: usize = 5;

fn floor(text: &str, max: usize) -> &str {
    (0..=max.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap()
}

impl Oracle<'_> {
    fn trip(&mut self, cause: usize, lost: Option<usize>) {
        let (count, sum) = &mut self.trips[cause];
        *count += 1;
        *sum = sum.zip(lost).map(|(sum, lost)| sum + lost as u64);
    }

    /// Returns the children that remain at `depth` in the container at `path`, and the number of
    /// dropped children.
    fn children(
        &mut self,
        children: &[(Option<&str>, &Model)],
        path: &str,
        depth: u8,
    ) -> Result<(Vec<OwnedAttribute>, u64), Refusal> {
        let (mut kept, mut dropped) = (Vec::new(), 0);
        for (place, (key, value)) in children.iter().enumerate() {
            if kept.len() == usize::from(self.limits.max_width) {
                if self.limits.on_width == OnWidth::Reject {
                    return Err(Refusal::TooWide { path: path.to_owned() });
                }
                self.trip(WIDTH, Some(children.len() - place));
                dropped += (children.len() - place) as u64;
                break;
            }
            let path = match key {
                None => format!("{path}[{place}]"),
                Some(key) if depth == 0 => (*key).to_owned(),
                Some(key) => format!("{path}.{key}"),
            };
            match self.value(value, &path, depth)? {
                None => dropped += 1,
                Some((value, flags)) => {
                    let (key, key_flags) = self.key(key.unwrap_or(""));
                    kept.push(OwnedAttribute { key, value, flags: flags.with(key_flags) });
                }
            }
        }
        Ok((kept, dropped))
    }

    fn key(&mut self, key: &str) -> (String, NodeFlags) {
        let max = usize::from(self.limits.max_key_bytes);
        if key.len() <= max {
            return (key.to_owned(), NodeFlags::NONE);
        }
        if self.limits.on_long_key == OnLongKey::Hash {
            self.trip(KEY, Some(key.len()));
            let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, step);
            return (format!("fnv1a64:{hash:016x}"), NodeFlags::KEY_HASHED);
        }
        let kept = floor(key, max);
        self.trip(KEY, Some(key.len() - kept.len()));
        (kept.to_owned(), NodeFlags::KEY_CUT)
    }

    fn text(&mut self, text: &str) -> (OwnedValue, NodeFlags) {
        let kept = floor(text, self.limits.max_string_bytes as usize);
        let cut = kept.len() < text.len();
        if cut {
            self.trip(STRING, Some(text.len() - kept.len()));
        }
        (OwnedValue::String(kept.to_owned()), if cut { NodeFlags::VALUE_CUT } else { NodeFlags::NONE })
    }

    fn value(
        &mut self,
        value: &Model,
        path: &str,
        depth: u8,
    ) -> Result<Option<(OwnedValue, NodeFlags)>, Refusal> {
        if matches!(value, Model::Array(_) | Model::Map(_)) && depth >= self.limits.max_depth {
            self.trip(DEPTH, Some(1));
            let null = self.limits.on_depth == OnDepth::Null;
            return Ok(null.then_some((OwnedValue::Null, NodeFlags::DEPTH_CUT)));
        }
        let kind = kind(value);
        if kind.is_none_or(|kind| !self.limits.allowed_kinds.contains(kind)) {
            return self.refuse(kind.map_or(REFUSED, Kind::name), path);
        }
        let wide = |fits: bool| if fits { NodeFlags::NONE } else { NodeFlags::WIDE };
        let fits = |nanos: i128| i64::try_from(nanos).is_ok();
        Ok(Some(match value {
            Model::Null => (OwnedValue::Null, NodeFlags::NONE),
            Model::Bool(value) => (OwnedValue::Bool(*value), NodeFlags::NONE),
            Model::Int(value) => (OwnedValue::Int(*value), wide(fits(*value))),
            Model::Uint(value) => (OwnedValue::Uint(*value), wide(u64::try_from(*value).is_ok())),
            Model::Float(value) => (OwnedValue::Float(*value), NodeFlags::NONE),
            Model::String(text) => self.text(text),
            Model::Formatted(text) => {
                let kept = floor(text, self.limits.max_formatted_bytes as usize);
                let mut flags = NodeFlags::FORMATTED;
                if kept.len() < text.len() {
                    self.trip(FORMATTED, None);
                    flags = flags.with(NodeFlags::VALUE_CUT);
                }
                (OwnedValue::String(kept.to_owned()), flags)
            }
            Model::Bytes(bytes) => {
                let kept = &bytes[..bytes.len().min(self.limits.max_string_bytes as usize)];
                let mut flags = NodeFlags::NONE;
                if kept.len() < bytes.len() {
                    self.trip(STRING, Some(bytes.len() - kept.len()));
                    flags = NodeFlags::VALUE_CUT;
                }
                (OwnedValue::Bytes(kept.to_vec()), flags)
            }
            Model::Timestamp(time) => {
                let small = time.utc_offset_minutes().is_none() && fits(time.unix_nanos());
                (OwnedValue::Timestamp(*time), wide(small))
            }
            Model::Duration(nanos) => (OwnedValue::Duration(*nanos), wide(fits(*nanos))),
            Model::Refused => return self.refuse(REFUSED, path),
            Model::Array(values) => {
                let children: Vec<_> = values.iter().map(|value| (None, value)).collect();
                let (values, dropped) = self.children(&children, path, depth + 1)?;
                (OwnedValue::Array { values, dropped: Some(dropped) }, truncated(dropped))
            }
            Model::Map(entries) => {
                let children: Vec<_> =
                    entries.iter().map(|(key, value)| (Some(key.as_str()), value)).collect();
                let (entries, dropped) = self.children(&children, path, depth + 1)?;
                (OwnedValue::Map { entries, dropped: Some(dropped) }, truncated(dropped))
            }
        }))
    }

    fn refuse(
        &mut self,
        type_name: &'static str,
        path: &str,
    ) -> Result<Option<(OwnedValue, NodeFlags)>, Refusal> {
        match self.limits.on_type {
            OnType::Reject => Err(Refusal::Blocked { path: path.to_owned(), type_name }),
            OnType::Omit => {
                self.trip(TYPE, Some(1));
                Ok(None)
            }
            OnType::Replace => {
                self.trip(TYPE, Some(1));
                let (value, flags) = self.text(type_name);
                Ok(Some((value, flags.with(NodeFlags::TYPE_REPLACED))))
            }
        }
    }
}

fn truncated(dropped: u64) -> NodeFlags {
    if dropped > 0 { NodeFlags::CHILDREN_DROPPED } else { NodeFlags::NONE }
}

fn kind(value: &Model) -> Option<Kind> {
    Some(match value {
        Model::Null => Kind::Null,
        Model::Bool(_) => Kind::Bool,
        Model::Int(_) => Kind::Int,
        Model::Uint(_) => Kind::Uint,
        Model::Float(_) => Kind::Float,
        Model::String(_) | Model::Formatted(_) => Kind::String,
        Model::Bytes(_) => Kind::Bytes,
        Model::Timestamp(_) => Kind::Timestamp,
        Model::Duration(_) => Kind::Duration,
        Model::Array(_) => Kind::Array,
        Model::Map(_) => Kind::Map,
        Model::Refused => return None,
    })
}
