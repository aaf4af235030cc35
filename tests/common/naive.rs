//! Conditions as trees, their text as queries, and a naive evaluation of them on the JSON of an entry.
#![allow(dead_code, unreachable_pub)]

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use fusewire::encode::EntryWriter;
use fusewire::{Severity, Timestamp, TraceContext};
use serde_json::Value;

use super::random::Random;

/// The field that a condition reads.
#[derive(Clone, Debug)]
pub enum Field {
    Level,
    Time,
    Trace,
    /// `body`, `target` or `thread`.
    Text(&'static str),
    /// A field after the prefix `fuse.`.
    Fuse(&'static str),
    Attribute(&'static str),
}

#[derive(Clone, Debug)]
pub enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Anywhere(&'static str),
    Exists(Field),
    Is(Field, &'static str, Constant),
    In(Field, bool, Vec<Constant>),
    Holds(Field, bool, &'static str, &'static str),
}

#[derive(Clone, Debug)]
pub enum Constant {
    Null,
    Bool(bool),
    /// The text of the number.
    Number(&'static str),
    /// The nanoseconds and the text of the duration.
    Duration(i128, &'static str),
    Text(&'static str),
    /// The name of a level, and its first and last number.
    Level(&'static str, u64, u64),
}

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "500",
    "-3",
    "2.5",
    "1e3",
    "18446744073709551616",
    "9007199254740993",
    "-0.5",
    "250",
    "1000",
    "170141183460469231731687303715884105727",
];
const TEXTS: [&str; 9] = [
    "",
    "shop",
    "shop::db",
    "time out",
    "Time",
    "a \"quoted\" \\ one",
    "\u{e4}\u{1f600}",
    "500",
    "2026-01-02T03:04:05Z",
];
const PATHS: [&str; 16] = [
    "status",
    "request.status",
    "request.user.id",
    "tags[*]",
    "tags[0]",
    "tags[7]",
    "items[*].price",
    "items[1].name",
    "grid[*][*]",
    "x.y",
    "\"odd key\".z",
    "attributes.level",
    "duration_ms",
    "request[*]",
    "request.\"user\".id",
    "\"request\".\"user\".\"id\"",
];
const LEVELS: [(&str, u64, u64); 6] = [
    ("warn", 13, 16),
    ("error", 17, 20),
    ("info2", 10, 10),
    ("debug", 5, 8),
    ("19", 19, 19),
    ("critical", 21, 24),
];
const TIMES: [&str; 3] =
    ["2026-01-02T03:04:05Z", "2026-01-02T05:04:05.000000001+02:00", "2026-01-03T00:00:00Z"];

fn one<T: Clone>(dice: &mut Random, of: &[T]) -> T {
    of[dice.below(of.len() as u64) as usize].clone()
}

/// Writes a random entry that can match the conditions.
pub fn entry(dice: &mut Random, entry: &mut EntryWriter<'_>) {
    if dice.below(4) > 0 {
        entry.set_severity(Severity::from_number(dice.below(25) as u8));
    }
    if dice.below(4) > 0 {
        let time = Timestamp::parse_rfc3339(one(dice, &TIMES)).unwrap().unix_nanos();
        entry.set_time_unix_nano(u64::try_from(time).unwrap());
    }
    if dice.below(2) == 0 {
        let trace_id = u128::from(dice.below(3) * 0x1000 + 0x500);
        entry.set_trace(TraceContext { trace_id, span_id: 7, flags: 1 });
    }
    entry.set_body(one(dice, &TEXTS));
    entry.set_target(one(dice, &TEXTS));
    entry.set_thread(one(dice, &TEXTS));
    for key in ["status", "x.y", "level", "duration_ms", "took"] {
        if dice.below(2) == 0 {
            value(dice, entry, key);
        }
    }
    let mut attributes = entry.attributes();
    let mut request = attributes.slot("request").map();
    for key in ["status", "method"] {
        scalar(dice, |value| match value {
            Scalar::Null => request.slot(key).null(),
            Scalar::Bool(value) => drop(request.entry(key, &value)),
            Scalar::Int(value) => drop(request.entry(key, &value)),
            Scalar::Float(value) => drop(request.entry(key, &value)),
            Scalar::Text(value) => drop(request.entry(key, value)),
        });
    }
    request.slot("user").map().entry("id", &dice.below(3));
    request.end();
    let mut tags = attributes.slot("tags").array();
    for _ in 0..dice.below(9) {
        tags.push(one(dice, &TEXTS));
    }
    tags.end();
    let mut items = attributes.slot("items").array();
    for i in 0..dice.below(3) {
        items.slot().map().entry("price", &(i as f64 * 2.5)).entry("name", one(dice, &TEXTS));
    }
    items.end();
    let mut grid = attributes.slot("grid").array();
    for i in 0..dice.below(3) {
        let mut row = grid.slot().array();
        row.push(&i).push(&500_u64);
        row.end();
    }
    grid.end();
    if dice.below(2) == 0 {
        attributes.slot("odd key").map().entry("z", &1_i64);
    }
}

enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'static str),
}

fn scalar(dice: &mut Random, write: impl FnOnce(Scalar)) {
    write(match dice.below(6) {
        0 => Scalar::Null,
        1 => Scalar::Bool(dice.below(2) == 0),
        2 => Scalar::Text(one(dice, &TEXTS)),
        _ => {
            let text = one(dice, &NUMBERS);
            text.parse().map_or_else(|_| Scalar::Float(text.parse().unwrap()), Scalar::Int)
        }
    });
}

fn value(dice: &mut Random, entry: &mut EntryWriter<'_>, key: &'static str) {
    if dice.below(5) == 0 {
        entry.attr(key, &std::time::Duration::from_millis(dice.below(2) * 500));
        return;
    }
    if dice.below(8) == 0 {
        entry.attr(key, &Timestamp::parse_rfc3339(one(dice, &TIMES)).unwrap());
        return;
    }
    scalar(dice, |value| match value {
        Scalar::Null => entry.attributes().slot(key).null(),
        Scalar::Bool(value) => drop(entry.attr(key, &value)),
        Scalar::Int(value) => drop(entry.attr(key, &value)),
        Scalar::Float(value) => drop(entry.attr(key, &value)),
        Scalar::Text(value) => drop(entry.attr(key, value)),
    });
}

fn field(dice: &mut Random) -> Field {
    match dice.below(10) {
        0 => Field::Level,
        1 => Field::Time,
        2 => Field::Trace,
        3 => Field::Text(one(dice, &["body", "target", "thread"])),
        4 => Field::Fuse(one(dice, &["any", "width", "depth"])),
        _ => Field::Attribute(one(dice, &PATHS)),
    }
}

fn constant(dice: &mut Random, field: &Field) -> Constant {
    match field {
        Field::Level => {
            let (name, first, last) = one(dice, &LEVELS);
            Constant::Level(name, first, last)
        }
        Field::Time => Constant::Text(one(dice, &TIMES)),
        Field::Trace => Constant::Text(one(dice, &["500", "1500", "00000000000000000000000000002500"])),
        Field::Text(_) => Constant::Text(one(dice, &TEXTS)),
        Field::Fuse(_) => Constant::Number(one(dice, &["0", "1", "2.5"])),
        Field::Attribute(_) => match dice.below(6) {
            0 => Constant::Null,
            1 => Constant::Bool(dice.below(2) == 0),
            2 => Constant::Text(one(dice, &TEXTS)),
            3 => {
                let (nanos, text) = one(dice, &[(500_000_000, "500ms"), (0, "0s"), (250_000_000, "0.25s")]);
                Constant::Duration(nanos, text)
            }
            _ => Constant::Number(one(dice, &NUMBERS)),
        },
    }
}

/// Returns a random condition.
pub fn condition(dice: &mut Random, depth: u64) -> Condition {
    let below = |dice: &mut Random| Box::new(condition(dice, depth - 1));
    match dice.below(if depth == 0 { 6 } else { 10 }) {
        0 => Condition::Anywhere(one(dice, &TEXTS)),
        1 => Condition::Exists(field(dice)),
        2 => {
            let field = field(dice);
            let constants = (0..=dice.below(3)).map(|_| constant(dice, &field)).collect();
            Condition::In(field, dice.below(2) == 0, constants)
        }
        3 => {
            let field =
                if dice.below(3) == 0 { Field::Text("body") } else { Field::Attribute(one(dice, &PATHS)) };
            let op = one(dice, &["contains", "icontains", "starts_with", "ends_with"]);
            Condition::Holds(
                field,
                dice.below(2) == 0,
                op,
                one(dice, &["", "time", "Time", "shop", "b", "\u{c4}"]),
            )
        }
        4 | 5 => {
            let field = field(dice);
            let ops: &[_] =
                if let Field::Trace = field { &["==", "!="] } else { &["==", "!=", "<", "<=", ">", ">="] };
            let constant = constant(dice, &field);
            Condition::Is(field, one(dice, ops), constant)
        }
        6 => Condition::Not(below(dice)),
        7 | 8 => Condition::And(below(dice), below(dice)),
        _ => Condition::Or(below(dice), below(dice)),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level => f.write_str("level"),
            Self::Time => f.write_str("time"),
            Self::Trace => f.write_str("trace_id"),
            Self::Text(name) | Self::Attribute(name) => f.write_str(name),
            Self::Fuse(name) => write!(f, "fuse.{name}"),
        }
    }
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Duration(_, text) | Self::Level(text, ..) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Self::And(a, b) => write!(f, "({a}) and ({b})"),
            Self::Or(a, b) => write!(f, "({a}) || ({b})"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Anywhere(text) => f.write_str(&quoted(text)),
            Self::Exists(field) => write!(f, "exists {field}"),
            Self::Is(field, op, constant) => write!(f, "{field} {op} {constant}"),
            Self::In(field, negated, constants) => {
                let constants: Vec<_> = constants.iter().map(ToString::to_string).collect();
                write!(f, "{field} {}in ({})", not(negated), constants.join(","))
            }
            Self::Holds(field, negated, op, text) => {
                write!(f, "{field} {}{op} {}", not(negated), quoted(text))
            }
        }
    }
}

/// Returns whether a value at any depth contains `text`. The text of a number or a duration is that of `--fields`.
fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => value.to_string().contains(text),
        Value::String(value) => value.contains(text),
        Value::Number(number) => {
            let number = number.to_string();
            let is_float = number.contains(['.', 'e', 'E']);
            let shown = if is_float { number.parse::<f64>().unwrap().to_string() } else { number };
            // No number of the tests is longer.
            shown.len() <= 64 && shown.contains(text)
        }
        Value::Array(values) => values.iter().any(|value| contains(value, text)),
        Value::Object(members) => match members.iter().next() {
            Some((key, nanos)) if key == "$nanos" && members.len() == 1 => {
                let nanos: i128 = nanos.to_string().parse().unwrap();
                let units = [("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000)];
                let smaller = [
                    ("m", 60_000_000_000),
                    ("s", 1_000_000_000),
                    ("ms", 1_000_000),
                    ("us", 1_000),
                    ("ns", 1),
                ];
                let mut units = units.into_iter().chain(smaller);
                let (unit, of_unit) =
                    units.find(|(_, of)| nanos != 0 && nanos % of == 0).unwrap_or(("ns", 1));
                format!("{}{unit}", nanos / of_unit).contains(text)
            }
            Some((key, shown)) if key == "$float" && members.len() == 1 => {
                let shown = shown.as_str().unwrap();
                let shown = if shown.starts_with("NaN") { "NaN" } else { &shown.replace("Infinity", "inf") };
                shown.contains(text)
            }
            _ => members.values().any(|value| contains(value, text)),
        },
    }
}

impl Condition {
    /// Evaluates the condition on the JSON of an entry.
    pub fn holds(&self, json: &Value) -> bool {
        match self {
            Self::And(a, b) => a.holds(json) && b.holds(json),
            Self::Or(a, b) => a.holds(json) || b.holds(json),
            Self::Not(inner) => !inner.holds(json),
            Self::Anywhere(text) => {
                let head = ["body", "target", "thread", "trace_id", "span_id"];
                text.is_empty()
                    || head.iter().any(|name| json[*name].as_str().is_some_and(|value| value.contains(text)))
                    || json.get("attributes").is_some_and(|attributes| contains(attributes, text))
            }
            Self::Exists(Field::Text(name)) => json.get(name).is_some(),
            Self::Exists(Field::Fuse(name)) => trips(json, name) > 0,
            Self::Exists(field) => !values(field, json).is_empty(),
            Self::Is(field, op, constant) => {
                values(field, json).iter().any(|value| compare(field, value, op, constant))
            }
            Self::In(field, negated, constants) => values(field, json).iter().any(|value| {
                constants.iter().any(|constant| compare(field, value, "==", constant)) != *negated
            }),
            Self::Holds(field, negated, op, text) => values(field, json).iter().any(|value| {
                let Some(found) = value.as_str() else { return false };
                let holds = match *op {
                    "contains" => found.contains(text),
                    "icontains" => found.to_lowercase().contains(&text.to_lowercase()),
                    "starts_with" => found.starts_with(text),
                    _ => found.ends_with(text),
                };
                holds != *negated
            }),
        }
    }
}

fn trips(json: &Value, name: &str) -> u64 {
    let Some(trips) = json["fuse"]["trips"].as_object() else { return 0 };
    let counts = trips.iter().filter(|(cause, _)| name == "any" || *cause == name);
    counts.map(|(_, trip)| trip["count"].as_u64().unwrap()).sum()
}

/// Returns the values of a field, or none if the field is absent.
fn values(field: &Field, json: &Value) -> Vec<Value> {
    let member = |name: &str| json.get(name).cloned().into_iter().collect();
    match field {
        Field::Level => {
            let number = json["severity"].as_str().and_then(Severity::from_name).map(Severity::number);
            number.into_iter().map(Value::from).collect()
        }
        Field::Time => member("time"),
        Field::Trace => member("trace_id"),
        // These fields always exist.
        Field::Text(name) => vec![json.get(name).cloned().unwrap_or_else(|| Value::from(""))],
        Field::Fuse(name) => vec![Value::from(trips(json, name))],
        Field::Attribute(path) => {
            let path = path.strip_prefix("attributes.").unwrap_or(path).replace('"', "");
            let mut found = json.get("attributes").cloned().into_iter().collect::<Vec<_>>();
            for (i, part) in path.split("[*]").enumerate() {
                if i > 0 {
                    found = found.iter().flat_map(children).collect();
                }
                found = found.into_iter().filter_map(|value| below(&value, part)).collect();
            }
            found
        }
    }
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Object(members) if !is_tag(value) => members.values().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Returns whether an object represents a scalar for which JSON has no type.
fn is_tag(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|members| members.len() == 1 && members.keys().all(|key| key.starts_with('$')))
}

/// Returns the value at a path without `[*]`.
fn below(value: &Value, path: &str) -> Option<Value> {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() {
        return Some(value.clone());
    }
    if let Some((index, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) {
        return below(value.get(index.parse::<usize>().ok()?)?, rest);
    }
    let members = value.as_object().filter(|_| !is_tag(value))?;
    let begins = |key: &&String| {
        path.starts_with(*key) && matches!(path[key.len()..].chars().next(), None | Some('.' | '['))
    };
    let key = members.keys().filter(begins).max_by_key(|key| key.len())?;
    below(&members[key], &path[key.len()..])
}

fn compare(field: &Field, value: &Value, op: &str, constant: &Constant) -> bool {
    let found = match (field, constant) {
        (_, Constant::Level(_, first, last)) => {
            let number = value.as_u64().unwrap();
            let (below, above) = (number < *first, number > *last);
            return match op {
                "==" => !below && !above,
                "!=" => below || above,
                "<" => below,
                "<=" => !above,
                ">" => above,
                _ => !below,
            };
        }
        (Field::Time, Constant::Text(text)) => Some(nanos(value.as_str().unwrap()).cmp(&nanos(text))),
        (Field::Trace, Constant::Text(text)) => {
            let id = |text| u128::from_str_radix(text, 16).unwrap();
            Some(id(value.as_str().unwrap()).cmp(&id(text)))
        }
        (Field::Attribute(path), _) => attribute(value, constant, path.ends_with("_ms")),
        (_, constant) => attribute(value, constant, false),
    };
    match op {
        "==" => found == Some(Ordering::Equal),
        "!=" => found != Some(Ordering::Equal),
        "<" => found == Some(Ordering::Less),
        "<=" => matches!(found, Some(Ordering::Less | Ordering::Equal)),
        ">" => found == Some(Ordering::Greater),
        _ => matches!(found, Some(Ordering::Greater | Ordering::Equal)),
    }
}

fn nanos(text: &str) -> i128 {
    Timestamp::parse_rfc3339(text).unwrap().unix_nanos()
}

fn attribute(value: &Value, constant: &Constant, in_millis: bool) -> Option<Ordering> {
    match (value, constant) {
        (Value::Null, Constant::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Constant::Bool(other)) => (value == other).then_some(Ordering::Equal),
        (Value::String(value), Constant::Text(other)) => Some(value.as_bytes().cmp(other.as_bytes())),
        (Value::Number(value), Constant::Number(other)) => Some(by_digits(&value.to_string(), other)),
        (Value::Number(value), Constant::Duration(nanos, _)) if in_millis => {
            let text = value.to_string();
            // All durations here are whole milliseconds. The digits after the decimal point of the value therefore
            // decide.
            Some(by_digits(&text, &(nanos / 1_000_000).to_string()))
        }
        (Value::Object(tag), Constant::Duration(nanos, _)) => {
            let text = tag.get("$nanos")?.to_string();
            Some(text.parse::<i128>().ok()?.cmp(nanos))
        }
        (Value::Object(tag), Constant::Text(text)) => {
            let other = Timestamp::parse_rfc3339(text)?.unix_nanos();
            Some(nanos(tag.get("$time")?.as_str()?).cmp(&other))
        }
        _ => None,
    }
}

/// Compares numbers by all their decimal digits.
fn by_digits(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        // A double has fewer than 1,100 digits after the decimal point.
        let text = match text.parse::<i128>() {
            Ok(number) => format!("{number}.0"),
            Err(_) if text.contains(['.', 'e']) => format!("{:.1100}", text.parse::<f64>().unwrap()),
            Err(_) => format!("{text}.0"),
        };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |digits| (-1, digits));
        let (whole, fraction) = digits.split_once('.').unwrap();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = whole == "0" && fraction.is_empty();
        (if is_zero { 0 } else { sign }, whole.to_owned(), fraction)
    };
    let ((sign, whole, fraction), (other_sign, other_whole, other_fraction)) = (parts(a), parts(b));
    sign.cmp(&other_sign).then_with(|| {
        let by_size = whole
            .len()
            .cmp(&other_whole.len())
            .then(whole.cmp(&other_whole))
            .then(fraction.cmp(&other_fraction));
        if sign < 0 { by_size.reverse() } else { by_size }
    })
}
