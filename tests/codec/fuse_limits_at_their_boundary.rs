//! The circuit breaker accepts a value that reaches a limit, and trips on the next larger value. Each
//! configurable response works.

use crate::common::limited::{done, entry, trip};
use fusewire::encode::{AsDisplay, Bytes, EntryWriter, LogValue, ValueWriter, encode};
use fusewire::error::EncodeError;
use fusewire::limits::{OnDepth, OnType, OnWidth};
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{Kind, KindSet, Limits, NodeFlags, Timestamp, TripCause};

fn refusal(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> EncodeError {
    encode(&mut [0; 4096], limits, write).unwrap_err()
}

/// A number in `levels` nested containers.
struct Levels(u32);

impl LogValue for Levels {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self.0 {
            0 => out.u64(7),
            left if left % 2 == 0 => done(out.map().entry("in", &Self(left - 1))),
            left => done(out.array().push(&Self(left - 1))),
        }
    }
}

fn only(children: &[OwnedAttribute]) -> Option<&OwnedAttribute> {
    assert!(children.len() <= 1);
    children.first()
}

/// Returns the number of containers around the innermost attribute of the entry, and this attribute.
fn bottom(entry: &Entry) -> (u32, Option<OwnedAttribute>) {
    let (mut levels, mut at) = (0, only(&entry.attributes));
    while let Some(OwnedAttribute {
        value: OwnedValue::Map { entries: children, .. } | OwnedValue::Array { values: children, .. },
        ..
    }) = at
    {
        (levels, at) = (levels + 1, only(children));
    }
    (levels, at.cloned())
}

#[test]
fn depth() {
    for max_depth in [0, 1, 2, 7, 8, 9, 64] {
        for on_depth in [OnDepth::Null, OnDepth::Omit] {
            let limits = Limits { max_depth, on_depth, ..Limits::default() };
            let limit = u32::from(max_depth);
            for levels in limit.saturating_sub(1)..=limit {
                let entry = entry(&limits, |entry| done(entry.attr("top", &Levels(levels))));
                let (depth, value) = bottom(&entry);
                assert_eq!((depth, value.unwrap().value), (levels, OwnedValue::Uint(7)));
                assert_eq!(trip(&entry), None);
            }
            let entry = entry(&limits, |entry| done(entry.attr("top", &Levels(limit + 1))));
            let (depth, value) = bottom(&entry);
            assert_eq!((depth, trip(&entry)), (limit, Some((TripCause::Depth, 1, Some(1)))));
            match on_depth {
                OnDepth::Null => {
                    let value = value.unwrap();
                    assert_eq!((value.value, value.flags), (OwnedValue::Null, NodeFlags::DEPTH_CUT));
                }
                OnDepth::Omit => assert_eq!(value, None),
            }
            let omitted_at_the_top = max_depth == 0 && on_depth == OnDepth::Omit;
            assert_eq!(entry.dropped_attributes_count, u32::from(omitted_at_the_top));
        }
    }
}

struct WideMap(u64);

impl LogValue for WideMap {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        (0..self.0).for_each(|i| done(map.keyed(&i, &i)));
    }
}

struct Unknowing(u64);

impl LogValue for Unknowing {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut array = out.array();
        for i in 0..self.0 {
            if array.is_full() {
                array.drop_rest(None);
                break;
            }
            array.push(&i);
        }
    }
}

/// Returns the numbers of kept and dropped children.
fn width_of(value: &OwnedValue) -> (usize, Option<u64>) {
    match value {
        OwnedValue::Map { entries: kept, dropped } | OwnedValue::Array { values: kept, dropped } => {
            (kept.len(), *dropped)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn width_of_maps_and_arrays_truncated() {
    for limit in [0, 1, 2, 255, 256, 257] {
        let limits = Limits { max_width: limit + 3, ..Limits::default() };
        let limit = u64::from(limits.max_width);
        for width in limit - 1..=limit + 2 {
            let slice: Vec<u64> = (0..width).collect();
            let entry = entry(&limits, |entry| {
                entry.attr("slice", &slice).attr("map", &WideMap(width)).attr("unknown", &Unknowing(width));
            });
            let over = width.saturating_sub(limit);
            let [slice, map, unknown] = [0, 1, 2].map(|i| width_of(&entry.attributes[i].value));
            assert_eq!(slice, (width.min(limit) as usize, Some(over)));
            assert_eq!(map, slice);
            assert_eq!(unknown, (slice.0, if over > 0 { None } else { Some(0) }));
            assert_eq!(trip(&entry), (over > 0).then_some((TripCause::Width, 3, None)));
            let flag = entry.attributes[0].flags.contains(NodeFlags::CHILDREN_DROPPED);
            assert_eq!(flag, over > 0);
        }
    }
}

#[test]
fn width_of_the_attributes_truncated() {
    for max_width in [0, 1, 256] {
        let limits = Limits { max_width, ..Limits::default() };
        let limit = u32::from(max_width);
        for width in limit.saturating_sub(1)..=limit + 2 {
            let entry = entry(&limits, |entry| (0..width).for_each(|i| done(entry.attr("k", &i))));
            let over = width.saturating_sub(limit);
            assert_eq!((entry.attributes.len() as u32, entry.dropped_attributes_count), (width - over, over));
            assert_eq!(trip(&entry), (over > 0).then_some((TripCause::Width, 1, Some(over.into()))));
        }
    }
}

#[test]
fn width_rejected_names_the_container() {
    let limits = Limits { max_width: 3, on_width: OnWidth::Reject, ..Limits::default() };
    let wide = |width: u64| (WideMap(width), [[0_u8; 3]; 1], Unknowing(width));
    assert_eq!(trip(&entry(&limits, |entry| done(entry.attr("a", &wide(3))))), None);
    for (error, expected) in [
        (refusal(&limits, |entry| done(entry.attributes().slot("a").map().entry("b", &wide(4)))), "a.b[0]"),
        (refusal(&limits, |entry| done(entry.attr("a", &[1, 2, 3, 4]))), "a"),
        (refusal(&limits, |entry| done(entry.attr("a", &("x", Unknowing(4))))), "a[1]"),
        (refusal(&limits, |entry| (0..4).for_each(|i| done(entry.attr("k", &i)))), ""),
    ] {
        let EncodeError::TooWide { path, max_width: 3 } = error else { panic!("{error:?}") };
        assert_eq!(path.as_str(), expected);
    }
}

/// Returns a value of each kind.
fn kinds() -> impl Iterator<Item = (Kind, Box<dyn LogValue>)> {
    let value = |kind| -> Box<dyn LogValue> {
        match kind {
            Kind::Null => Box::new(()),
            Kind::Bool => Box::new(true),
            Kind::Int => Box::new(-1),
            Kind::Uint => Box::new(u128::MAX),
            Kind::Float => Box::new(0.5),
            Kind::String => Box::new("text"),
            Kind::Bytes => Box::new(Bytes(b"bytes")),
            Kind::Timestamp => Box::new(Timestamp::new(i64::MAX, 1).unwrap()),
            Kind::Duration => Box::new(std::time::Duration::MAX),
            Kind::Array => Box::new([1]),
            Kind::Map => Box::new(WideMap(1)),
        }
    };
    Kind::ALL.into_iter().map(move |kind| (kind, value(kind)))
}

#[test]
fn every_kind_is_refused_when_it_is_not_allowed_and_written_when_it_is() {
    for (kind, value) in kinds() {
        for on_type in [OnType::Reject, OnType::Replace, OnType::Omit] {
            let alone = KindSet::NONE.with(kind).with(Kind::Uint).with(Kind::Int);
            let limits = Limits { allowed_kinds: alone, on_type, ..Limits::default() };
            let kept = entry(&limits, |entry| done(entry.attr("v", &*value)));
            assert_eq!((kept.attributes.len(), trip(&kept)), (1, None));

            let limits = Limits { allowed_kinds: KindSet::ALL.without(kind), ..limits };
            let write = |entry: &mut EntryWriter<'_>| done(entry.attr("v", &*value).attr("w", &*value));
            if on_type == OnType::Reject {
                let EncodeError::SerializeBlocked { path, type_name } = refusal(&limits, write) else {
                    panic!()
                };
                assert_eq!((path.as_str(), type_name), ("v", kind.name()));
                continue;
            }
            let entry = entry(&limits, write);
            assert_eq!(trip(&entry), Some((TripCause::Type, 2, Some(2))));
            if on_type == OnType::Omit {
                assert_eq!((entry.attributes.len(), entry.dropped_attributes_count), (0, 2));
            } else {
                assert_eq!(entry.attributes[1].value, OwnedValue::String(kind.name().to_owned()));
                assert_eq!(entry.attributes[1].flags, NodeFlags::TYPE_REPLACED);
            }
        }
    }
}

#[test]
fn formatted_text_is_a_string_to_the_allow_list() {
    let limits = Limits { allowed_kinds: KindSet::ALL.without(Kind::String), ..Limits::default() };
    for error in [
        refusal(&limits, |entry| done(entry.attr("v", &AsDisplay(&1)))),
        refusal(&limits, |entry| done(entry.attr("v", &format_args!("literal")))),
    ] {
        assert!(matches!(error, EncodeError::SerializeBlocked { type_name: "string", .. }), "{error:?}");
    }
}

struct Request(fn() -> u8);

impl LogValue for Request {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        let mut callbacks = map.slot("callback").array();
        callbacks.push(&1).push(&2).push(&[[3]]).push(&self.0);
    }
}

#[test]
fn functions_and_pointers_are_refused_with_their_path_and_type() {
    // If the depth limit omits an element, the index of the refused element does not change.
    for (max_depth, on_depth) in [(8, OnDepth::Null), (2, OnDepth::Null), (2, OnDepth::Omit)] {
        let limits = Limits { max_depth, on_depth, ..Limits::default() };
        let error = refusal(&limits, |entry| done(entry.attr("request", &Request(|| 1))));
        assert_eq!(error.to_string(), "value at `request.callback[3]` has the refused type fn() -> u8");
    }
    let number = 7;
    let error = refusal(&Limits::default(), |entry| done(entry.attr("p", &&raw const number)));
    assert_eq!(error.to_string(), "value at `p` has the refused type *const i32");
}

#[test]
fn a_path_tells_empty_and_bracketed_keys_from_places() {
    let limits = Limits { max_width: 1, on_width: OnWidth::Reject, ..Limits::default() };
    let path_of = |outer: &str, inner: &str| {
        let error = refusal(&limits, |entry| {
            done(entry.attributes().slot(outer).map().entry(inner, &[1, 2]));
        });
        let EncodeError::TooWide { path, .. } = error else { panic!("{error:?}") };
        path.to_string()
    };
    assert_eq!(path_of("", ""), ".");
    assert_eq!(path_of("a", ""), "a.");
    assert_eq!(path_of("a", "[0]"), "a.[0]");
    assert_eq!(path_of("", "b"), ".b");
}

#[test]
fn a_long_path_keeps_its_end() {
    let limits = Limits { allowed_kinds: KindSet::ALL.without(Kind::Null), ..Limits::default() };
    let error = refusal(&limits, |entry| {
        let mut top = entry.attributes();
        let mut map = top.slot("é".repeat(100).leak()).map();
        map.entry("end", &());
    });
    let EncodeError::SerializeBlocked { path, .. } = error else { panic!() };
    assert_eq!(path.to_string(), format!("…{}.end", "é".repeat(58)));
}

#[test]
fn limits_out_of_their_range_are_moved_into_it() {
    let limits = Limits { max_depth: 255, max_entry_bytes: 0, max_key_bytes: 0, ..Limits::default() };
    let entry = entry(&Limits { max_entry_bytes: 1024, ..limits }, |entry| {
        entry.attr("deep", &Levels(100)).attr(&"k".repeat(25), &1);
    });
    assert!(bottom(&Entry { attributes: entry.attributes[..1].to_vec(), ..Entry::default() }).0 <= 64);
    assert_eq!(limits.clamped().max_key_bytes, 24);
    assert_eq!(limits.clamped().max_entry_bytes, 1024);
}
