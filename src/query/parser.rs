//! The parser of queries.

use crate::names::{self, Name, Part};
use crate::zone::Zone;

use super::error::QueryError;
use super::lexer::{Fault, Lexeme, Token, lex, slashed};
use super::literal;
use super::syntax::{Comparison, Expr, Literal, Op, Path, RESERVED, Range, Step, TextOp, begins_name};
use super::{QueryOptions, resolve};

/// The maximum nesting of parentheses.
const DEEPEST: u32 = 64;
/// The maximum number of steps in a path. This number exceeds the maximum depth of an entry.
const STEPS: usize = 128;
/// The maximum number of `matches` conditions. Each regular expression uses up to 1 MiB.
const PATTERNS: usize = 32;
/// Fields that are compared with words as they are written: ids, and fields that are always text.
const RAW: [&str; 6] = ["trace_id", "span_id", "body", "message", "target", "thread"];
/// The maximum length of a query, in bytes.
const LONGEST: usize = 64 << 10;

/// Parses a query.
pub(super) fn parse(text: &str, options: &QueryOptions) -> Result<Expr, QueryError> {
    if text.len() > LONGEST {
        let message = format!("expected at most {LONGEST} bytes, found {}", text.len());
        return Err(QueryError::new(text, 0, 0, message));
    }
    let mut parser = Parser::new(text, options)?;
    if parser.next.token == Token::End {
        return Ok(Expr::Everything);
    }
    let expr = parser.or(0)?;
    match parser.next.token {
        Token::End => Ok(expr),
        _ => Err(parser.expected("`and`, `or` or the end of the query")),
    }
}

/// Parses a text that consists of one path.
pub(super) fn parse_path(text: &str) -> Result<Path, QueryError> {
    let mut parser = Parser::new(text, &ANY_TIME)?;
    let path = parser.path()?;
    match parser.next.token {
        Token::End => Ok(path),
        _ => Err(parser.expected("`.`, `[` or the end of the path")),
    }
}

/// Placeholder options for a path, which contains no times.
static ANY_TIME: QueryOptions = QueryOptions { now_unix_nano: 0, zone: Zone::UTC };

struct Parser<'t> {
    text: &'t str,
    options: &'t QueryOptions,
    next: Lexeme,
    /// The byte range of the token before `next`.
    last: (usize, usize),
    /// The number of regular expressions that were parsed.
    patterns: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, options: &'t QueryOptions) -> Result<Self, QueryError> {
        let next = lex(text, 0).map_err(|fault| told(text, fault))?;
        Ok(Self { text, options, next, last: (0, 0), patterns: 0 })
    }

    fn advance(&mut self) -> Result<Lexeme, QueryError> {
        self.last = (self.next.start, self.next.end);
        let next = lex(self.text, self.next.end).map_err(|fault| told(self.text, fault))?;
        Ok(core::mem::replace(&mut self.next, next))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.next.token, Token::Sign(found) if found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.next.token, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Advances if the next token is the given operator or word. Returns whether the parser advanced.
    fn take(&mut self, sign: &str, word: &str) -> Result<bool, QueryError> {
        let found = self.is_sign(sign) || self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expected(&self, what: &str) -> QueryError {
        let found = match &self.next.token {
            Token::End => "the end of the query".to_owned(),
            _ => format!("`{}`", self.text.get(self.next.start..self.next.end).unwrap_or("")),
        };
        self.fault(&self.next, format!("expected {what}, found {found}"))
    }

    fn fault(&self, at: &Lexeme, message: String) -> QueryError {
        QueryError::new(self.text, at.start, at.end, message)
    }

    fn or(&mut self, depth: u32) -> Result<Expr, QueryError> {
        let mut all = vec![self.and(depth)?];
        while self.take("||", "or")? {
            all.push(self.and(depth)?);
        }
        Ok(one_or(all, Expr::Or))
    }

    fn and(&mut self, depth: u32) -> Result<Expr, QueryError> {
        let mut all = vec![self.unary(depth)?];
        while self.take("&&", "and")? {
            all.push(self.unary(depth)?);
        }
        Ok(one_or(all, Expr::And))
    }

    fn unary(&mut self, depth: u32) -> Result<Expr, QueryError> {
        let mut negated = false;
        while self.take("!", "not")? {
            negated = !negated;
        }
        let expr = self.primary(depth)?;
        Ok(match expr {
            expr if !negated => expr,
            Expr::Not(inner) => *inner,
            expr => Expr::Not(Box::new(expr)),
        })
    }

    fn primary(&mut self, depth: u32) -> Result<Expr, QueryError> {
        if self.is_sign("(") {
            if depth == DEEPEST {
                return Err(
                    self.fault(&self.next, format!("expected at most {DEEPEST} levels of parentheses"))
                );
            }
            self.advance()?;
            let expr = self.or(depth + 1)?;
            if !self.is_sign(")") {
                return Err(self.expected("`)`, `and` or `or`"));
            }
            self.advance()?;
            return Ok(expr);
        }
        if self.is_word("exists") {
            self.advance()?;
            return Ok(Expr::Exists(self.path()?));
        }
        match &self.next.token {
            Token::Text(_) | Token::Word(_) if !self.is_reserved() => self.test(),
            _ => Err(self.expected("a condition")),
        }
    }

    fn is_reserved(&self) -> bool {
        RESERVED.iter().any(|word| self.is_word(word))
    }

    /// Parses a comparison, or a text that a value must contain.
    fn test(&mut self) -> Result<Expr, QueryError> {
        let (Token::Word(text) | Token::Text(text)) = self.next.token.clone() else {
            return Err(self.expected("a condition"));
        };
        let is_fuse = matches!(&self.next.token, Token::Word(word) if word.split('.').next() == Some("fuse"));
        let behind = lex(self.text, self.next.end).map_err(|fault| told(self.text, fault))?;
        if !is_fuse && !self.leads_to_comparison(&behind) {
            self.advance()?;
            return Ok(Expr::Text(text));
        }
        let path = self.path()?;
        let comparison = match self.comparison(&path)? {
            Some(comparison) => comparison,
            None if is_fuse => Comparison::Any,
            None => return Err(self.expected("a comparison such as `==`, `>`, `in` or `contains`")),
        };
        // An invalid meaning is reported at the last token of the comparison.
        let (start, end) = self.last;
        resolve::test(&path, &comparison, self.options)
            .map_err(|message| QueryError::new(self.text, start, end, message))?;
        Ok(Expr::Test(path, comparison))
    }

    /// Returns whether `lexeme` shows that the token before it begins a path.
    fn leads_to_comparison(&self, lexeme: &Lexeme) -> bool {
        let adjacent = lexeme.start == self.next.end;
        match &lexeme.token {
            Token::Sign("[") => true,
            Token::Sign(sign) => {
                Op::ALL.iter().any(|(name, _)| name == sign)
                    || TextOp::ALL.iter().any(|(name, _)| name == sign)
            }
            Token::Word(word) if adjacent && word.starts_with('.') => true,
            Token::Text(_) => {
                adjacent && matches!(&self.next.token, Token::Word(word) if word.ends_with('.'))
            }
            Token::Word(word) => {
                word.eq_ignore_ascii_case("in") || text_op(word).is_some() || self.negates(word, lexeme.end)
            }
            _ => false,
        }
    }

    /// Returns whether `word`, which ends at `end`, is the `not` of `not in` or of a negated text comparison.
    fn negates(&self, word: &str, end: usize) -> bool {
        let follows = || lex(self.text, end).ok().map(|behind| behind.token);
        word.eq_ignore_ascii_case("not")
            && matches!(follows(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") || text_op(&word).is_some())
    }

    fn path(&mut self) -> Result<Path, QueryError> {
        let mut steps = Vec::new();
        let mut end = match self.next.token.clone() {
            Token::Text(key) => {
                steps.push(Step::Key(key));
                self.advance()?.end
            }
            Token::Word(word) if word.starts_with(begins_name) && !self.is_reserved() => {
                self.keys(&word, &mut steps)?
            }
            _ => return Err(self.expected("a field name")),
        };
        loop {
            let adjacent = self.next.start == end;
            match self.next.token.clone() {
                Token::Sign("[") => {
                    self.advance()?;
                    steps.push(self.index()?);
                    end = self.next.end;
                    self.advance()?;
                }
                Token::Word(word) if adjacent && word.starts_with('.') => {
                    end = self.keys(&word[1..], &mut steps)?;
                }
                _ => return Ok(Path(steps)),
            }
            if steps.len() > STEPS {
                return Err(self.fault(&self.next, format!("expected at most {STEPS} steps in a path")));
            }
        }
    }

    /// Appends the keys of a word, which dots separate. If the word ends with a dot, also appends the quoted
    /// key after it. Returns the end of the last key.
    fn keys(&mut self, word: &str, steps: &mut Vec<Step>) -> Result<usize, QueryError> {
        let ends_with_dot = word.is_empty() || word.ends_with('.');
        let quoted = if ends_with_dot { self.quoted_behind() } else { None };
        let plain = match &quoted {
            Some(_) => word.strip_suffix('.'),
            None => Some(word),
        };
        for key in plain.into_iter().flat_map(|plain| plain.split('.')) {
            if key.is_empty() {
                return Err(self.expected("a key before and after each dot"));
            }
            if steps.len() == STEPS {
                return Err(self.fault(&self.next, format!("expected at most {STEPS} steps in a path")));
            }
            steps.push(Step::Key(key.to_owned()));
        }
        if let Some(key) = quoted {
            steps.push(Step::Key(key));
            self.advance()?;
        }
        Ok(self.advance()?.end)
    }

    /// Returns the quoted text that immediately follows the next token.
    fn quoted_behind(&self) -> Option<String> {
        let end = self.next.end;
        match lex(self.text, end).ok()? {
            Lexeme { token: Token::Text(text), start, .. } if start == end => Some(text),
            _ => None,
        }
    }

    /// Parses the content of brackets. After the call, the next token is the closing bracket.
    fn index(&mut self) -> Result<Step, QueryError> {
        let step = match &self.next.token {
            Token::Word(word) if word == "*" => Some(Step::Each),
            Token::Word(word) => word.parse().ok().map(Step::Index),
            _ => None,
        };
        let Some(step) = step else { return Err(self.expected("`*` or a number")) };
        self.advance()?;
        if self.is_sign("]") { Ok(step) } else { Err(self.expected("`]`")) }
    }

    /// Parses the comparison after `path`. Returns `None` if there is none.
    fn comparison(&mut self, path: &Path) -> Result<Option<Comparison>, QueryError> {
        let raw = match path.0.as_slice() {
            [Step::Key(key)] => RAW.contains(&key.as_str()) || is_id(key),
            [Step::Key(first), Step::Key(second)] => is_id(&format!("{first}.{second}")),
            _ => false,
        };
        if let Token::Sign(sign) = self.next.token
            && let Some((_, op)) = Op::ALL.iter().find(|(name, _)| *name == sign)
        {
            self.advance()?;
            return Ok(Some(Comparison::Is(*op, self.literal(raw)?)));
        }
        if self.is_sign("=~") || self.is_sign("!~") {
            let negated = self.is_sign("!~");
            return Ok(Some(Comparison::Text(TextOp::Matches, self.pattern()?, negated)));
        }
        let Token::Word(word) = self.next.token.clone() else { return Ok(None) };
        let negated = self.negates(&word, self.next.end);
        if negated {
            self.advance()?;
        }
        if self.is_word("in") {
            self.advance()?;
            return self.members(raw, negated).map(Some);
        }
        let Token::Word(word) = self.next.token.clone() else { return Ok(None) };
        let Some(op) = text_op(&word) else { return Ok(None) };
        let text = if op == TextOp::Matches { self.pattern()? } else { self.argument()? };
        Ok(Some(Comparison::Text(op, text, negated)))
    }

    /// Parses the operand of `in`.
    fn members(&mut self, raw: bool, negated: bool) -> Result<Comparison, QueryError> {
        if self.is_sign("(") {
            let mut literals = Vec::new();
            loop {
                self.advance()?;
                literals.push(self.literal(raw)?);
                if self.is_sign(")") {
                    self.advance()?;
                    return Ok(Comparison::In(literals, negated));
                }
                if !self.is_sign(",") {
                    return Err(self.expected("`,` or `)`"));
                }
            }
        }
        if negated {
            return Err(self.expected("`(`"));
        }
        for (word, range) in [("today", Range::Today), ("yesterday", Range::Yesterday)] {
            if self.is_word(word) {
                self.advance()?;
                return Ok(Comparison::Within(range));
            }
        }
        if !self.is_word("last") {
            return Err(self.expected("`(`, `last 15m`, `today` or `yesterday`"));
        }
        self.advance()?;
        self.duration().map(|nanos| Comparison::Within(Range::Last(nanos)))
    }

    fn duration(&mut self) -> Result<i128, QueryError> {
        let nanos = match &self.next.token {
            Token::Word(word) => literal::duration(word).filter(|nanos| *nanos >= 0),
            _ => None,
        };
        let Some(nanos) = nanos else { return Err(self.expected("a duration such as 15m")) };
        self.advance()?;
        Ok(nanos)
    }

    /// Parses a regular expression. Before the call, the next token is the operator of the comparison.
    fn pattern(&mut self) -> Result<String, QueryError> {
        self.patterns += 1;
        if self.patterns > PATTERNS {
            return Err(self.fault(&self.next, format!("expected at most {PATTERNS} regular expressions")));
        }
        let found = match slashed(self.text, self.next.end) {
            None => {
                self.advance()?;
                return self.text_in("a regular expression in quotes or between slashes");
            }
            Some(found) => found,
        };
        let (pattern, lexeme) = found.map_err(|fault| told(self.text, fault))?;
        self.next = lexeme;
        self.advance()?;
        Ok(pattern)
    }

    fn argument(&mut self) -> Result<String, QueryError> {
        self.advance()?;
        self.text_in("a text in quotes")
    }

    fn text_in(&mut self, what: &str) -> Result<String, QueryError> {
        match self.next.token.clone() {
            Token::Text(text) | Token::Word(text) => {
                self.advance()?;
                Ok(text)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Parses a value. If `raw` is set, a word is text even if it looks like a number.
    fn literal(&mut self, raw: bool) -> Result<Literal, QueryError> {
        let literal = match self.next.token.clone() {
            Token::Text(text) => Literal::Text(text),
            Token::Word(word) if !self.is_reserved() => {
                if word == "now" && !raw {
                    return self.now();
                }
                if raw { Ok(Literal::Word(word)) } else { literal::parse(&word) }
                    .map_err(|message| self.fault(&self.next, message))?
            }
            _ => return Err(self.expected("a value")),
        };
        self.advance()?;
        Ok(literal)
    }

    /// Parses `now`, optionally with a duration: `now - 1h`.
    fn now(&mut self) -> Result<Literal, QueryError> {
        self.advance()?;
        if !self.is_word("-") {
            return Ok(Literal::Now(0));
        }
        self.advance()?;
        self.duration().map(Literal::Now)
    }
}

/// Returns whether loggers use `name` for an id.
fn is_id(name: &str) -> bool {
    matches!(names::meaning(name), Some(Name::Of(Part::TraceId | Part::SpanId)))
}

fn told(text: &str, Fault(start, end, message): Fault) -> QueryError {
    QueryError::new(text, start, end, message)
}

fn one_or(mut all: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            many(all)
        }
    }
}

fn text_op(word: &str) -> Option<TextOp> {
    TextOp::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, op)| *op)
}
