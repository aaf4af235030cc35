//! The resolution of a query: from its syntax to the fields and tests of a plan.

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use crate::decode::SearchId;
use crate::format::index::severity_bit;
use crate::names::{self, Name, Part};
use crate::severity::Severity;
use crate::trip::TripCause;

use super::QueryOptions;
use super::moment::{moment_of, range, time_of};
use super::number::Number;
use super::plan::{Check, Constant, Header, Lookup, Needle, Plan, Test, TextCheck, TextField, TextIs};
use super::syntax::{Comparison, Expr, Literal, Op, Path, Step, TextOp};

/// The maximum size of a compiled regular expression, and of its cache of states, in bytes.
const REGEX_BYTES: usize = 1 << 20;

/// Returns the plan of a condition.
pub(super) fn plan(expr: &Expr, options: &QueryOptions) -> Result<Plan, String> {
    let all = |exprs: &[Expr]| exprs.iter().map(|expr| plan(expr, options)).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        Expr::Everything => Plan::Always,
        Expr::And(exprs) => Plan::All(all(exprs)?),
        Expr::Or(exprs) => Plan::Any(all(exprs)?),
        Expr::Not(inner) => not(plan(inner, options)?),
        Expr::Text(text) => Plan::Test(Test::Anywhere(needle(text))),
        Expr::Exists(path) => exists(path),
        Expr::Test(path, comparison) => test(path, comparison, options)?,
    })
}

fn not(plan: Plan) -> Plan {
    Plan::Not(Box::new(plan))
}

fn text_test(field: TextField, is: TextIs, negated: bool) -> Plan {
    Plan::Test(Test::Text(field, TextCheck { is, negated }))
}

fn containing(text: &str) -> TextIs {
    TextIs::Containing(finder(text))
}

fn finder(text: &str) -> Box<Finder<'static>> {
    Box::new(Finder::new(text).into_owned())
}

/// Returns the search of a text in all values.
fn needle(text: &str) -> Needle {
    let is_in_id = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_in_number =
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b':' | b'T' | b'Z' | b'e'));
    let is_in_word = ["true", "false", "NaN", "inf"].iter().any(|word| word.contains(text));
    // A duration has digits and a unit.
    let is_duration = text.starts_with(|c: char| c.is_ascii_digit()) && text.len() < 32;
    let is_in_other = is_in_number || is_in_word || is_duration;
    Needle { finder: finder(text), id: SearchId::new(), is_in_other, is_in_id }
}

/// A field of the head of an entry, or an attribute.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Severity,
    Time,
    Trace,
    Span,
    Number(Header),
    Text(TextField),
    Trips(Option<TripCause>),
    Attribute(Lookup),
    /// Each value at any depth of the attributes.
    Any,
    /// An attribute, or the field of the head or the other attribute to which its name refers in lines of common loggers. If the
    /// flag is set, the second place applies only to entries without the attribute.
    Either(Lookup, Box<Self>, bool),
}

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self, String> {
        let [Step::Key(first), behind @ ..] = path.0.as_slice() else {
            return Err("expected a field name at the beginning of the path".to_owned());
        };
        if first == "attributes" && matches!(behind, [Step::Key(_), ..]) {
            // Lines of other loggers can contain an object of this name.
            let is_name = behind.iter().all(|step| matches!(step, Step::Key(_)));
            let in_object = Box::new(Self::Attribute(lookup(&path.0)));
            return Ok(match is_name {
                true => Self::Either(lookup(behind), in_object, true),
                false => Self::Attribute(lookup(behind)),
            });
        }
        if first == "attributes" && matches!(behind, [Step::Each]) {
            return Ok(Self::Any);
        }
        if first == "fuse" {
            return trips(behind);
        }
        if !behind.is_empty() {
            return Ok(Self::attribute(path));
        }
        Ok(match first.as_str() {
            "level" | "severity" => Self::Severity,
            "time" | "timestamp" => Self::Time,
            "trace_id" => Self::Trace,
            "span_id" => Self::Span,
            "trace_flags" => Self::Number(Header::TraceFlags),
            "dropped_attributes_count" => Self::Number(Header::Dropped),
            "body" | "message" => Self::Text(TextField::Body),
            "target" => Self::Text(TextField::Target),
            "thread" => Self::Text(TextField::Thread),
            _ => Self::attribute(path),
        })
    }

    /// Returns the place of an attribute, and of the field of the head if its name is that of a field in lines of common
    /// loggers.
    fn attribute(path: &Path) -> Self {
        let lookup = lookup(&path.0);
        let field = |part| match part {
            Part::Time => Self::Time,
            Part::Severity => Self::Severity,
            Part::Body => Self::Text(TextField::Body),
            Part::Target => Self::Text(TextField::Target),
            Part::Thread => Self::Text(TextField::Thread),
            Part::TraceId => Self::Trace,
            Part::SpanId => Self::Span,
            Part::TraceFlags => Self::Number(Header::TraceFlags),
        };
        let is_name = path.0.iter().all(|step| matches!(step, Step::Key(_)));
        let mut meaning = lookup.parts.first().filter(|_| is_name).and_then(|name| names::meaning(name));
        if let [Step::Key(parent), rest @ ..] = path.0.as_slice()
            && !rest.is_empty()
        {
            let in_parent = self::lookup(rest);
            let key = in_parent.parts.first().filter(|_| is_name);
            meaning = meaning.or_else(|| names::nested(parent, key?));
            // The import of lines of tracing-subscriber makes attributes of the members of this object.
            if meaning.is_none() && parent == "fields" {
                return Self::Either(lookup, Box::new(Self::Attribute(in_parent)), true);
            }
        }
        match meaning {
            Some(Name::Of(part)) => Self::Either(lookup, Box::new(field(part)), false),
            // The import keeps such a severity as an attribute.
            None | Some(Name::Perhaps(Part::Severity, _)) => Self::Attribute(lookup),
            Some(Name::Perhaps(part, _)) => Self::Either(lookup, Box::new(field(part)), true),
        }
    }
}

fn trips(behind: &[Step]) -> Result<Place, String> {
    if let [Step::Key(name)] = behind {
        if name == "any" {
            return Ok(Place::Trips(None));
        }
        if let Some(cause) = TripCause::ALL.into_iter().find(|cause| cause.name() == name) {
            return Ok(Place::Trips(Some(cause)));
        }
    }
    let names: Vec<_> = TripCause::ALL.into_iter().map(TripCause::name).collect();
    Err(format!("expected `fuse.any` or `fuse.` and one of {}", names.join(", ")))
}

/// Returns the parts of a path between the `[*]` steps.
fn lookup(steps: &[Step]) -> Lookup {
    let mut parts = vec![String::new()];
    for step in steps {
        let Some(part) = parts.last_mut() else { continue };
        match step {
            Step::Key(key) => {
                if !part.is_empty() {
                    part.push('.');
                }
                part.push_str(key);
            }
            Step::Index(index) => part.push_str(&format!("[{index}]")),
            Step::Each => parts.push(String::new()),
        }
    }
    let name = steps.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key) } else { None });
    let unit = name.and_then(|name| unit(name));
    Lookup { parts: parts.into_iter().map(Into::into).collect(), id: SearchId::new(), unit }
}

/// Returns the nanoseconds of the unit at the end of a name, as in `duration_ms`.
fn unit(name: &str) -> Option<i128> {
    let suffix = name.rsplit(['_', '.', '-']).next().filter(|suffix| suffix.len() < name.len())?;
    Some(match suffix {
        "ns" | "nanos" | "nanoseconds" => 1,
        "us" | "micros" | "microseconds" => 1_000,
        "ms" | "millis" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "seconds" => 1_000_000_000,
        "min" | "minutes" => 60_000_000_000,
        "h" | "hours" => 3_600_000_000_000,
        _ => return None,
    })
}

fn exists(path: &Path) -> Plan {
    match Place::of(path) {
        Ok(Place::Either(lookup, field, _)) => {
            Plan::Any(vec![Plan::Test(Test::Value(lookup, Check::Exists)), exists_at(Ok(*field), path)])
        }
        place => exists_at(place, path),
    }
}

fn exists_at(place: Result<Place, String>, path: &Path) -> Plan {
    match place {
        Ok(Place::Severity) => Plan::Test(Test::Severity(!1)),
        Ok(Place::Time) => Plan::Test(Test::Time(0, u64::MAX)),
        Ok(Place::Trace) => not(Plan::Test(Test::Trace(vec![0]))),
        Ok(Place::Span) => not(Plan::Test(Test::Span(vec![0]))),
        Ok(Place::Number(header)) => Plan::Test(Test::Header(header, Check::more_than_zero())),
        Ok(Place::Trips(cause)) => Plan::Test(Test::Trips(cause, Check::more_than_zero())),
        Ok(Place::Text(field)) => text_test(field, TextIs::OneOf(vec![Box::default()]), true),
        Ok(Place::Attribute(lookup)) => Plan::Test(Test::Value(lookup, Check::Exists)),
        Ok(Place::Any) => Plan::Test(Test::Any(Check::Exists)),
        // `fuse` is also a valid attribute name.
        Ok(Place::Either(..)) | Err(_) => Plan::Test(Test::Value(lookup(&path.0), Check::Exists)),
    }
}

/// Returns the plan of one comparison.
///
/// # Errors
/// Returns the expected and the found text if the operand does not fit the field.
pub(super) fn test(path: &Path, comparison: &Comparison, options: &QueryOptions) -> Result<Plan, String> {
    test_at(Place::of(path)?, path, comparison, options)
}

fn test_at(
    place: Place,
    path: &Path,
    comparison: &Comparison,
    options: &QueryOptions,
) -> Result<Plan, String> {
    match place {
        Place::Any => check(comparison, options, path).map(|check| Plan::Test(Test::Any(check))),
        Place::Either(lookup, field, is_guarded) => {
            let is_missing = not(Plan::Test(Test::Value(lookup.clone(), Check::Exists)));
            let of_attribute = test_at(Place::Attribute(lookup), path, comparison, options);
            // An operand that only one of both can have selects this one.
            match (of_attribute, test_at(*field, path, comparison, options)) {
                (Ok(attribute), Ok(field)) if is_guarded => {
                    Ok(Plan::Any(vec![attribute, Plan::All(vec![is_missing, field])]))
                }
                (Ok(attribute), Ok(field)) => Ok(Plan::Any(vec![attribute, field])),
                (Err(_), Ok(plan)) | (Ok(plan), Err(_)) => Ok(plan),
                (Err(_), Err(error)) => Err(error),
            }
        }
        Place::Severity => severities(comparison).map(|bits| Plan::Test(Test::Severity(bits))),
        Place::Time => times(comparison, options),
        Place::Trace => {
            let ids = ids(comparison, 32, "trace id")?;
            Ok(among(ids, |ids| Plan::Test(Test::Trace(ids))))
        }
        Place::Span => {
            let (ids, negated) = ids(comparison, 16, "span id")?;
            let ids = ids.into_iter().filter_map(|id| u64::try_from(id).ok()).collect();
            Ok(among((ids, negated), |ids| Plan::Test(Test::Span(ids))))
        }
        Place::Number(header) => {
            counts(comparison, options, path).map(|check| Plan::Test(Test::Header(header, check)))
        }
        Place::Trips(cause) => {
            counts(comparison, options, path).map(|check| Plan::Test(Test::Trips(cause, check)))
        }
        Place::Text(field) => text(comparison, path).map(|check| Plan::Test(Test::Text(field, check))),
        Place::Attribute(lookup) => {
            check(comparison, options, path).map(|check| Plan::Test(Test::Value(lookup, check)))
        }
    }
}

/// Returns the plan of `in`, or of `not in`, for ids. An entry without an id, which has the id 0, matches
/// neither.
fn among<T: Default + Ord>((mut ids, negated): (Vec<T>, bool), test: impl Fn(Vec<T>) -> Plan) -> Plan {
    ids.sort_unstable();
    if negated {
        return Plan::All(vec![not(test(vec![T::default()])), not(test(ids))]);
    }
    ids.retain(|id| *id != T::default());
    if ids.is_empty() { Plan::Any(Vec::new()) } else { test(ids) }
}

fn severities(comparison: &Comparison) -> Result<u32, String> {
    let known = !1_u32;
    match comparison {
        Comparison::Is(op, literal) => {
            let (first, last) = family(literal)?;
            Ok(match op {
                Op::Equal => bits(first, last),
                Op::Unequal => known & !bits(first, last),
                Op::Less => bits(1, first.saturating_sub(1)),
                Op::AtMost => bits(1, last),
                Op::More => bits(last + 1, 31),
                Op::AtLeast => bits(first.max(1), 31),
            })
        }
        Comparison::In(literals, negated) => {
            let mut all = 0;
            for literal in literals {
                let (first, last) = family(literal)?;
                all |= bits(first, last);
            }
            Ok(if *negated { known & !all } else { all })
        }
        _ => Err(format!(
            "expected a comparison of a level, as in `level >= warn`, found `{}`",
            trimmed(comparison)
        )),
    }
}

/// Returns the bit set of the severities from `first` to `last`.
fn bits(first: u8, last: u8) -> u32 {
    (first..=last).fold(0, |bits, number| bits | severity_bit(number))
}

/// Returns the first and the last severity of a name or a number: `warn` covers WARN to WARN4.
fn family(literal: &Literal) -> Result<(u8, u8), String> {
    let expected = || {
        format!("expected a level such as info, warn or error, or a number from 1 to 24, found `{literal}`")
    };
    match literal {
        Literal::Int(number) => {
            let number = u8::try_from(*number).ok().filter(|number| *number <= 24).ok_or_else(expected)?;
            Ok((number, number))
        }
        Literal::Word(name) | Literal::Text(name) => {
            let number = Severity::from_name(name).ok_or_else(expected)?.number();
            let is_first = number % 4 == 1;
            Ok((number, if is_first { number + 3 } else { number }))
        }
        _ => Err(expected()),
    }
}

fn times(comparison: &Comparison, options: &QueryOptions) -> Result<Plan, String> {
    let at = |literal| {
        time_of(literal, options).ok_or_else(|| {
            format!(
                "expected a time such as `2026-01-02`, `\"2026-01-02 03:04\"`, `2026-01-02T03:04:05Z`, `now - 15m`, `today` or \
                 `03:04`, found `{literal}`"
            )
        })
    };
    let all = || time_test(0, i128::MAX);
    Ok(match comparison {
        Comparison::Is(op, literal) => {
            let at = at(literal)?;
            match op {
                Op::Equal => time_test(at, at),
                Op::Unequal => Plan::All(vec![all(), not(time_test(at, at))]),
                Op::Less => time_test(0, at.saturating_sub(1)),
                Op::AtMost => time_test(0, at),
                Op::More => time_test(at.saturating_add(1), i128::MAX),
                Op::AtLeast => time_test(at, i128::MAX),
            }
        }
        Comparison::In(literals, negated) => {
            let one = |literal| at(literal).map(|at| time_test(at, at));
            let any = Plan::Any(literals.iter().map(one).collect::<Result<_, _>>()?);
            if *negated { Plan::All(vec![all(), not(any)]) } else { any }
        }
        Comparison::Within(within) => {
            let (since, until) = range(within, options);
            time_test(since, until.saturating_sub(1))
        }
        _ => {
            return Err(format!(
                "expected a comparison of a time, as in `time >= now - 1h`, found `{}`",
                trimmed(comparison)
            ));
        }
    })
}

/// Returns a test for times from `first` to `last`, limited to the times that an entry can contain.
fn time_test(first: i128, last: i128) -> Plan {
    let last = u64::try_from(last.clamp(-1, u64::MAX.into()));
    match (u64::try_from(first.max(0)), last) {
        (Ok(first), Ok(last)) => Plan::Test(Test::Time(first, last)),
        _ => Plan::Test(Test::Time(1, 0)),
    }
}

/// Parses ids in hexadecimal digits. Also returns whether the comparison is negated.
fn ids(comparison: &Comparison, digits: usize, what: &str) -> Result<(Vec<u128>, bool), String> {
    let id = |literal: &Literal| {
        let text = match literal {
            Literal::Text(text) | Literal::Word(text) => text.replace('-', ""),
            _ => String::new(),
        };
        let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| u128::from_str_radix(&text, 16).ok()).flatten().ok_or_else(|| {
            format!("expected a {what} of up to {digits} hexadecimal digits, found `{literal}`")
        })
    };
    match comparison {
        Comparison::Is(op @ (Op::Equal | Op::Unequal), literal) => {
            Ok((vec![id(literal)?], *op == Op::Unequal))
        }
        Comparison::In(literals, negated) => {
            Ok((literals.iter().map(id).collect::<Result<_, _>>()?, *negated))
        }
        _ => Err(format!("expected `==`, `!=` or `in` with a {what}, found `{}`", trimmed(comparison))),
    }
}

impl Check {
    fn more_than_zero() -> Self {
        Self::Is(Op::More, Constant::Number(Number::Int(0)))
    }

    /// Returns whether the check holds for every count above 0, and for no other.
    pub(super) fn is_more_than_zero(&self) -> bool {
        matches!(self, Self::Is(Op::More, Constant::Number(Number::Int(0))))
    }
}

/// Returns the check of a count.
fn counts(comparison: &Comparison, options: &QueryOptions, path: &Path) -> Result<Check, String> {
    let check = match comparison {
        Comparison::Any => return Ok(Check::more_than_zero()),
        Comparison::Is(..) | Comparison::In(..) => check(comparison, options, path)?,
        _ => {
            return Err(format!(
                "expected a number to compare `{path}` with, found `{}`",
                trimmed(comparison)
            ));
        }
    };
    let is_number = |constant: &Constant| matches!(constant, Constant::Number(_));
    let fits = match &check {
        Check::Is(_, constant) => is_number(constant),
        Check::In(constants, _) => constants.iter().all(is_number),
        _ => false,
    };
    if fits {
        Ok(check)
    } else {
        Err(format!("expected a number to compare `{path}` with, found `{}`", trimmed(comparison)))
    }
}

/// Returns the check of a field that is always text.
fn text(comparison: &Comparison, path: &Path) -> Result<TextCheck, String> {
    let of = |literal: &Literal| match literal {
        Literal::Text(text) | Literal::Word(text) => text.as_bytes().into(),
        other => other.to_string().into_bytes().into(),
    };
    let (is, negated) = match comparison {
        Comparison::Is(Op::Equal, literal) => (TextIs::OneOf(vec![of(literal)]), false),
        Comparison::Is(Op::Unequal, literal) => (TextIs::OneOf(vec![of(literal)]), true),
        Comparison::Is(op, literal) => (TextIs::Ordered(*op, of(literal)), false),
        Comparison::In(literals, negated) => (one_of(literals.iter().map(of).collect()), *negated),
        Comparison::Text(op, text, negated) => (text_is(*op, text)?, *negated),
        _ => {
            return Err(format!("expected a text to compare `{path}` with, found `{}`", trimmed(comparison)));
        }
    };
    Ok(TextCheck { is, negated })
}

fn one_of(mut all: Vec<Box<[u8]>>) -> TextIs {
    all.sort_unstable();
    TextIs::OneOf(all)
}

fn text_is(op: TextOp, text: &str) -> Result<TextIs, String> {
    Ok(match op {
        TextOp::Contains => containing(text),
        TextOp::ContainsLike => TextIs::Matching(regex(&format!("(?i){}", regex::escape(text)))?),
        TextOp::StartsWith => TextIs::Beginning(text.as_bytes().into()),
        TextOp::EndsWith => TextIs::Ending(text.as_bytes().into()),
        TextOp::Matches => TextIs::Matching(regex(text)?),
    })
}

fn regex(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).build();
    built.map_err(|error| match error {
        regex::Error::Syntax(message) => {
            let last = message.lines().last().unwrap_or_default();
            format!(
                "expected a regular expression, found `{pattern}`: {}",
                last.trim_start_matches("error: ")
            )
        }
        regex::Error::CompiledTooBig(most) => {
            format!(
                "expected a regular expression of at most {most} bytes in compiled form, found `{pattern}`"
            )
        }
        other => format!("expected a regular expression, found `{pattern}`: {other}"),
    })
}

/// Returns the check of an attribute.
fn check(comparison: &Comparison, options: &QueryOptions, path: &Path) -> Result<Check, String> {
    Ok(match comparison {
        Comparison::Is(op, literal) => Check::Is(*op, constant(literal, options)),
        Comparison::In(literals, negated) => {
            Check::In(literals.iter().map(|literal| constant(literal, options)).collect(), *negated)
        }
        Comparison::Text(op, text, negated) => {
            Check::Text(TextCheck { is: text_is(*op, text)?, negated: *negated })
        }
        Comparison::Within(_) => {
            return Err(format!("expected `time` before `{}`, found `{path}`", trimmed(comparison)));
        }
        Comparison::Any => return Err(format!("expected a comparison of `{path}`")),
    })
}

fn constant(literal: &Literal, options: &QueryOptions) -> Constant {
    match literal {
        Literal::Null => Constant::Null,
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Int(value) => Constant::Number(Number::Int(*value)),
        Literal::Large(value) => Constant::Number(Number::Large(*value)),
        Literal::Float(value) => Constant::Number(Number::Float(*value)),
        Literal::Duration(nanos) => Constant::Duration(*nanos),
        Literal::Text(text) | Literal::Word(text) => {
            Constant::Text(text.as_bytes().into(), moment_of(literal, options))
        }
        Literal::Now(ago) => Constant::Moment(i128::from(options.now_unix_nano) - ago),
    }
}

fn trimmed(comparison: &Comparison) -> String {
    comparison.to_string().trim().to_owned()
}
