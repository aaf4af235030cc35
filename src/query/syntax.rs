//! The syntax tree of a query, and its text form.

use core::fmt::{self, Display, Formatter, Write};

use super::lexer::is_of_word;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A condition that every entry meets.
    Everything,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// A text that a value contains.
    Text(String),
    Exists(Path),
    /// A field and its comparison.
    Test(Path, Comparison),
}

/// A comparison with the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Comparison {
    Is(Op, Literal),
    /// Membership in a set; the flag negates it.
    In(Vec<Literal>, bool),
    /// Membership in a range of time.
    Within(Range),
    /// A test of the text of the field; the flag negates it.
    Text(TextOp, String, bool),
    /// No operand: the count is above 0.
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
    /// Like `Contains`, without regard to case.
    ContainsLike,
    StartsWith,
    EndsWith,
    Matches,
}

/// A value in the form in which it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i128),
    /// An integer above `i128::MAX`.
    Large(u128),
    Float(f64),
    /// A duration in nanoseconds.
    Duration(i128),
    Text(String),
    /// A word without quotes that has none of the other forms.
    Word(String),
    /// A moment, in nanoseconds before now.
    Now(i128),
}

/// A range of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// The given number of nanoseconds before now, and everything after.
    Last(i128),
    Today,
    Yesterday,
}

/// The location of a value in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// Each element of an array or each member of a map.
    Each,
}

impl Expr {
    /// Appends the paths that the condition names.
    pub(super) fn paths<'e>(&'e self, paths: &mut Vec<&'e Path>) {
        match self {
            Self::Everything | Self::Text(_) => {}
            Self::And(all) | Self::Or(all) => all.iter().for_each(|expr| expr.paths(paths)),
            Self::Not(expr) => expr.paths(paths),
            Self::Exists(path) | Self::Test(path, _) => paths.push(path),
        }
    }
}

impl Path {
    /// Returns the steps before the first [`Step::Each`].
    pub(super) fn before_each(&self) -> Self {
        Self(self.0.iter().take_while(|step| **step != Step::Each).cloned().collect())
    }
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

/// Words that are keywords if they are not in quotes.
pub(super) const RESERVED: [&str; 4] = ["and", "or", "not", "exists"];

/// Returns the precedence of an operator. An operand with a lower or equal precedence needs parentheses.
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
            // The debug form has a point or an exponent, so it parses as a float.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Duration(nanos) => write!(f, "{}", Duration(*nanos)),
            Self::Text(text) => quote(f, text),
            Self::Word(word) => f.write_str(word),
            Self::Now(0) => f.write_str("now"),
            Self::Now(ago) => write!(f, "now - {}", Duration(*ago)),
        }
    }
}

/// A duration in nanoseconds. `{}` writes the largest unit that needs no fraction.
pub(super) struct Duration(pub(super) i128);

/// The nanoseconds per unit. `Duration` writes the first eight units.
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

/// Returns whether a key needs no quotes.
fn is_plain(key: &str, first: bool) -> bool {
    let begins = |c: char| !first || begins_name(c);
    key.chars().next().is_some_and(begins)
        && key.chars().all(|c| is_of_word(c) && c != '.')
        && !(first && RESERVED.iter().any(|word| key.eq_ignore_ascii_case(word)))
}

/// Returns whether a name without quotes can begin with `c`.
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
