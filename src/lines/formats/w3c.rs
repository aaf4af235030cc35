//! The extended log format of the W3C, which IIS writes. The line `#Fields:` contains the names of the columns.

use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat, object, stamp};

/// Lines with the columns that the last `#Fields:` line of the file lists.
pub(in crate::lines) struct W3c;

/// The begin of the line with the names of the columns.
pub(in crate::lines) const FIELDS: &str = "#Fields:";

/// The attributes of the columns.
const NAMES: [(&str, &str); 14] = [
    ("c-ip", "client.address"),
    ("c-port", "client.port"),
    ("cs-username", "user.name"),
    ("s-ip", "server.address"),
    ("s-port", "server.port"),
    ("s-computername", "host.name"),
    ("cs-method", "http.request.method"),
    ("cs-uri-stem", "url.path"),
    ("cs-uri-query", "url.query"),
    ("cs-uri", "url.path"),
    ("sc-status", "http.response.status_code"),
    ("sc-bytes", "http.response.body.size"),
    ("cs(User-Agent)", "user_agent.original"),
    ("cs(Referer)", "http.request.header.referer"),
];

impl LineFormat for W3c {
    fn name(&self) -> &'static str {
        "w3c"
    }

    fn form(&self) -> &'static str {
        "lines with the columns of the line `#Fields: date time c-ip ..` before them, for example of IIS; other columns keep their name"
    }

    fn parse<'l>(&self, line: &'l str, context: &Context, out: &mut String) -> Option<Record<'l>> {
        if context.fields.is_empty() {
            return None;
        }
        if line.starts_with('#') {
            let is_directive = line.split_once(':').is_some_and(|(name, _)| !name.contains(' '));
            return is_directive.then(|| Record::new(line));
        }
        let mut scan = Scan::new(line);
        let mut time = String::new();
        object::begin(out);
        for name in context.fields.split_ascii_whitespace() {
            scan.blanks();
            let value = if scan.eat(b'"') { scan.quoted()? } else { scan.word()? };
            match name {
                "date" => time.insert_str(0, value),
                "time" => {
                    time.push(' ');
                    time.push_str(value);
                }
                _ if value == "-" => {}
                _ => {
                    let attribute =
                        NAMES.iter().find(|(column, _)| *column == name).map_or(name, |(_, own)| own);
                    object::scalar(out, attribute, value);
                }
            }
        }
        object::end(out);
        scan.blanks();
        if !scan.is_at_end() && !scan.rest().starts_with('\n') {
            return None;
        }
        let mut record = Record::new(line);
        // The times are in UTC. Without a column for the date there is no time.
        record.time = stamp::take(&mut Scan::new(&time));
        record.inner = Inner::Converted;
        Some(record)
    }

    fn begins(&self, line: &str, context: &Context) -> bool {
        let columns = context.fields.split_ascii_whitespace().count();
        columns > 0 && (line.starts_with('#') || line.split_ascii_whitespace().count() >= columns)
    }
}
