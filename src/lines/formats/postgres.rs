//! The log of PostgreSQL.

use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, stamp};
use crate::severity::Severity;

/// `2026-03-01 10:00:00.123 UTC [7] ann@shop ERROR:  message`. Words with a user or with names and values can precede the label.
pub(in crate::lines) struct Postgres;

/// The maximum number of words between the process and the label.
const WORDS: usize = 4;

impl LineFormat for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn form(&self) -> &'static str {
        "`2026-03-01 10:00:00.123 UTC [7] ann@shop ERROR:  message` of PostgreSQL, also with `[7]: [1-1] user=ann,db=shop`; `LOG` is INFO; a line with `DETAIL`, `STATEMENT` or another label without a level has no level"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        scan.peek().filter(u8::is_ascii_digit)?;
        let time = stamp::take(&mut scan)?;
        if !scan.eat(b' ') || !scan.eat(b'[') {
            return None;
        }
        let mut record = Record::at("", time);
        record.number("process.pid", scan.number()?);
        if scan.eat(b'-') {
            // The number of the line in the session.
            scan.number()?;
        }
        scan.eat(b']').then_some(())?;
        scan.eat(b':');
        for _ in 0..=WORDS {
            scan.blanks();
            let before = scan.rest();
            if let Some(severity) = label(&mut scan) {
                record.severity = severity.unwrap_or_default();
                // The label of a line without a level is a part of its text.
                record.body = if severity.is_some() { scan.rest() } else { before };
                return Some(record);
            }
            session(&mut record, scan.word()?)?;
        }
        None
    }
}

/// Takes a label with its colon and the two blanks after it. Returns its level, if it has one.
fn label(scan: &mut Scan<'_>) -> Option<Option<Severity>> {
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !ahead.eat_text(":  ") {
        return None;
    }
    let severity = match word {
        "LOG" => Some(Severity::INFO),
        "DEBUG" | "DEBUG1" | "DEBUG2" | "DEBUG3" | "DEBUG4" | "DEBUG5" => Some(Severity::DEBUG),
        "INFO" | "NOTICE" | "WARNING" | "ERROR" | "FATAL" | "PANIC" => Severity::from_name(word),
        "DETAIL" | "STATEMENT" | "HINT" | "CONTEXT" | "QUERY" | "LOCATION" | "BACKTRACE" => None,
        _ => return None,
    };
    *scan = ahead;
    Some(severity)
}

/// Adds the parts of a word before the label: `ann@shop`, `user=ann,db=shop,client=192.0.2.1`, or a word in brackets.
fn session<'l>(record: &mut Record<'l>, word: &'l str) -> Option<()> {
    if let Some((user, database)) = word.split_once('@') {
        record.text("user.name", user);
        record.text("db.namespace", database);
        return Some(());
    }
    if word.starts_with('[') && word.ends_with(']') {
        return Some(());
    }
    for pair in word.split(',') {
        let (name, value) = pair.split_once('=')?;
        match name {
            "user" => record.text("user.name", value),
            "db" => record.text("db.namespace", value),
            "client" => record.text("client.address", value),
            _ => {}
        }
    }
    Some(())
}
