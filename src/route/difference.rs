//! The comparison of two entries.

use crate::decode::{EntryRef, Value, Visit};
use crate::kind::NodeFlags;

/// The first difference between two forms of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The name of the part in JSON, or a JSON Pointer (RFC 6901) that begins with `/attributes`.
    pub path: String,
    /// The value in the log, cut to 200 bytes.
    pub binary: String,
    /// The value in the line, cut to 200 bytes.
    pub json: String,
}

/// The maximum length of a value in a difference, in bytes.
const SHOWN: usize = 200;

/// Returns the first difference. Properties that JSON cannot express are ignored: whether an integer was
/// unsigned, and whether a text was formatted.
pub(super) fn first(binary: &EntryRef<'_>, json: &EntryRef<'_>) -> Option<Difference> {
    header(binary, json).or_else(|| attributes(binary, json)).or_else(|| losses(binary, json))
}

fn header(a: &EntryRef<'_>, b: &EntryRef<'_>) -> Option<Difference> {
    let parts = [
        ("time", format!("{:?}", a.timestamp()), format!("{:?}", b.timestamp())),
        ("severity", format!("{:?}", a.severity()), format!("{:?}", b.severity())),
        ("trace_id", format!("{:?}", a.trace()), format!("{:?}", b.trace())),
    ];
    let texts = [
        ("target", a.target(), b.target()),
        ("thread", a.thread(), b.thread()),
        ("body", a.body(), b.body()),
    ];
    let parts = parts.into_iter().find(|(_, a, b)| a != b);
    parts.map(|(path, a, b)| difference(path, &a, &b)).or_else(|| {
        let (path, a, b) = texts.into_iter().find(|(_, a, b)| a.as_bytes() != b.as_bytes())?;
        Some(difference(path, &a, &b))
    })
}

fn attributes(a: &EntryRef<'_>, b: &EntryRef<'_>) -> Option<Difference> {
    let mut steps: Vec<String> = Vec::new();
    let (mut left, mut right) = (a.walk(), b.walk());
    loop {
        let (a, b) = match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(Ok(a)), Some(Ok(b))) => (a, b),
            (Some(Ok(only)), _) => {
                enter(&mut steps, &only);
                return Some(difference(&pointer(&steps), &shown(&only.attribute.value), &"nothing"));
            }
            (_, Some(Ok(only))) => {
                enter(&mut steps, &only);
                return Some(difference(&pointer(&steps), &"nothing", &shown(&only.attribute.value)));
            }
            (a, b) => {
                let fault =
                    |found: Option<Result<Visit<'_>, _>>| format!("{:?}", found.and_then(Result::err));
                return Some(difference("attributes", &fault(a), &fault(b)));
            }
        };
        enter(&mut steps, &a);
        if a.depth != b.depth || a.attribute.key.as_bytes() != b.attribute.key.as_bytes() {
            let place =
                |visit: &Visit<'_>| format!("the key {:?} at depth {}", visit.attribute.key, visit.depth);
            return Some(difference(&pointer(&steps), &place(&a), &place(&b)));
        }
        let (x, y) = (&a.attribute, &b.attribute);
        if !same(&x.value, &y.value) {
            return Some(difference(&pointer(&steps), &shown(&x.value), &shown(&y.value)));
        }
        if fuse(x.flags) != fuse(y.flags) {
            let flags = |flags| format!("{:?}", fuse(flags));
            return Some(difference(&pointer(&steps), &flags(x.flags), &flags(y.flags)));
        }
    }
}

fn losses(a: &EntryRef<'_>, b: &EntryRef<'_>) -> Option<Difference> {
    let of = |entry: &EntryRef<'_>| {
        (entry.dropped_attributes_count(), entry.trips().map(|trip| format!("{trip:?}")).collect::<Vec<_>>())
    };
    let (a, b) = (of(a), of(b));
    (a != b).then(|| difference("fuse", &format!("{a:?}"), &format!("{b:?}")))
}

/// Returns the flags of the circuit breaker, without the flags that describe the storage of the value.
fn fuse(flags: NodeFlags) -> u8 {
    flags.bits() & !NodeFlags::WIDE.with(NodeFlags::FORMATTED).bits()
}

fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) | (Value::Map(a), Value::Map(b)) => {
            (a.len(), a.dropped()) == (b.len(), b.dropped())
        }
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            a == b && a.utc_offset_minutes() == b.utc_offset_minutes()
        }
        _ => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a == b,
            _ => format!("{a:?}") == format!("{b:?}"),
        },
    }
}

/// Updates the steps of the path to a value. The step of an array element is its index.
fn enter(steps: &mut Vec<String>, visit: &Visit<'_>) {
    let number = match steps.get(visit.depth) {
        Some(before) if visit.in_array => before.parse().map_or(0, |number: u64| number + 1),
        _ => 0,
    };
    steps.truncate(visit.depth);
    let key = visit.attribute.key.to_string().replace('~', "~0").replace('/', "~1");
    steps.push(if visit.in_array { number.to_string() } else { key });
}

fn pointer(steps: &[String]) -> String {
    let mut path = String::from("/attributes");
    for step in steps {
        path.push('/');
        path.push_str(step);
    }
    path
}

fn shown(value: &Value<'_>) -> String {
    format!("{value:?}")
}

fn difference(path: &str, binary: &impl ToString, json: &impl ToString) -> Difference {
    let cut = |text: String| match text.get(..text.floor_char_boundary(SHOWN)) {
        Some(cut) => cut.to_owned(),
        None => text,
    };
    Difference { path: path.to_owned(), binary: cut(binary.to_string()), json: cut(json.to_string()) }
}
