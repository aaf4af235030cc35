//! What a query says, as it was written; and how it is written again.

use core::fmt::{self, Display, Formatter, Write};

use super::lexer::is_of_word;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// Holds for every entry.
    Everything,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// The body contains it.
    Text(String),
    Exists(Path),
    /// A field compared with something.
    Test(Path, Comparison),
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Comparison {
    Is(Op, Literal),
    /// One of them; none of them, where negated.
    In(Vec<Literal>, bool),
    /// Within a range of time.
    Within(Range),
    /// Its text.
    Text(TextOp, String, bool),
    /// Without anything to compare with: that it is there, and no zero.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextOp {
    Contains,
    /// Whatever the case.
    ContainsLike,
    StartsWith,
    EndsWith,
    Matches,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i128),
    /// Beyond `i128`.
    Large(u128),
    Float(f64),
    /// Nanoseconds.
    Duration(i128),
    Text(String),
    /// A word without quotes that is nothing of the above.
    Word(String),
    /// So many nanoseconds before now.
    Now(i128),
}

/// A range of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// So many nanoseconds up to now.
    Last(i128),
    Today,
    Yesterday,
}

/// Where a value is in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// Each element or member.
    Each,
}

impl Op {
    pub(super) const ALL: [(&str, Self); 7] = [
        ("==", Self::Equal),
        ("=", Self::Equal),
        ("!=", Self::Unequal),
        ("<", Self::Less),
        ("<=", Self::AtMost),
        (">", Self::More),
        (">=", Self::AtLeast),
    ];
}

impl TextOp {
    pub(super) const ALL: [(&str, Self); 7] = [
        ("contains", Self::Contains),
        ("icontains", Self::ContainsLike),
        ("starts_with", Self::StartsWith),
        ("ends_with", Self::EndsWith),
        ("matches", Self::Matches),
        ("=~", Self::Matches),
        ("!~", Self::Matches),
    ];
}

/// Words that are no values and no names of fields, unless in quotes.
pub(super) const RESERVED: [&str; 4] = ["and", "or", "not", "exists"];

/// How strongly a condition holds together: what is in a weaker one needs parentheses.
fn strength(expr: &Expr) -> u8 {
    match expr {
        Expr::Or(_) => 0,
        Expr::And(_) => 1,
        _ => 2,
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => Ok(()),
            Self::And(all) => joined(f, all, " and ", 1),
            Self::Or(all) => joined(f, all, " or ", 0),
            Self::Not(inner) => {
                f.write_str("not ")?;
                nested(f, inner, 1)
            }
            Self::Text(text) => quote(f, text),
            Self::Exists(path) => write!(f, "exists {path}"),
            Self::Test(path, comparison) => write!(f, "{path}{comparison}"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, all: &[Expr], word: &str, own: u8) -> fmt::Result {
    for (i, expr) in all.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        nested(f, expr, own)?;
    }
    Ok(())
}

fn nested(f: &mut Formatter<'_>, expr: &Expr, own: u8) -> fmt::Result {
    if strength(expr) <= own { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { " not" } else { "" };
        match self {
            Self::Is(op, literal) => write!(f, " {op} {literal}"),
            Self::In(literals, negated) => {
                write!(f, "{} in (", not(negated))?;
                for (i, literal) in literals.iter().enumerate() {
                    write!(f, "{}{literal}", if i > 0 { ", " } else { "" })?;
                }
                f.write_char(')')
            }
            Self::Within(Range::Last(nanos)) => write!(f, " in last {}", Duration(*nanos)),
            Self::Within(Range::Today) => f.write_str(" in today"),
            Self::Within(Range::Yesterday) => f.write_str(" in yesterday"),
            Self::Text(op, text, negated) => {
                write!(f, "{} {op} ", not(negated))?;
                quote(f, text)
            }
            Self::Any => Ok(()),
        }
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, op)| op == self).map_or("", |(name, _)| name))
    }
}

impl Display for TextOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, op)| op == self).map_or("", |(name, _)| name))
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Large(value) => write!(f, "{value}"),
            // With a point or an exponent, so that it stays one.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Duration(nanos) => write!(f, "{}", Duration(*nanos)),
            Self::Text(text) => quote(f, text),
            Self::Word(word) => f.write_str(word),
            Self::Now(0) => f.write_str("now"),
            Self::Now(ago) => write!(f, "now - {}", Duration(*ago)),
        }
    }
}

/// Nanoseconds in the largest unit that needs no fraction.
pub(super) struct Duration(pub(super) i128);

/// Nanoseconds of units; the first ones are those that durations are written in.
pub(super) const UNITS: [(&str, i128); 15] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("µs", 1_000),
    ("min", 60_000_000_000),
    ("sec", 1_000_000_000),
    ("hours", 3_600_000_000_000),
    ("minutes", 60_000_000_000),
    ("seconds", 1_000_000_000),
    ("days", 86_400_000_000_000),
];

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().take(8).find(|(_, nanos)| self.0 % nanos == 0 && self.0 != 0);
        let (unit, nanos) = whole.unwrap_or(&("ns", 1));
        write!(f, "{}{unit}", self.0 / nanos)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[*]")?,
                Step::Key(key) => {
                    if i > 0 {
                        f.write_char('.')?;
                    }
                    if is_plain(key, i == 0) { f.write_str(key)? } else { quote(f, key)? }
                }
            }
        }
        Ok(())
    }
}

/// Whether a key can be written without quotes.
fn is_plain(key: &str, first: bool) -> bool {
    let begins = |c: char| !first || begins_name(c);
    key.chars().next().is_some_and(begins)
        && key.chars().all(|c| is_of_word(c) && c != '.')
        && !(first && RESERVED.iter().any(|word| key.eq_ignore_ascii_case(word)))
}

/// Whether a name without quotes can begin so.
pub(super) fn begins_name(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '@' | '$' | '#')
}

/// Writes a text in quotes.
fn quote(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
