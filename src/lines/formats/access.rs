//! Access logs: the common and the combined form of Apache and nginx, with or without the name of the virtual host, and
//! their usual variants.

use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::stamp;
use crate::lines::{Context, LineFormat};

/// `client - user [time] "request" status bytes "referer" "user agent"`.
pub(in crate::lines) struct Access;

impl LineFormat for Access {
    fn name(&self) -> &'static str {
        "access"
    }

    fn form(&self) -> &'static str {
        "`192.0.2.1 - - [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 12 \"-\" \"curl\"`: Apache and nginx, common and combined, with or without the virtual host"
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        let mut scan = Scan::new(line);
        for _ in 0..5 {
            if scan.word().is_none() {
                return false;
            }
            scan.blanks();
            if scan.eat(b'[') {
                return stamp::take(&mut scan).is_some() && scan.rest().starts_with("] \"");
            }
        }
        false
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let mut words = [""; 5];
        let mut used = 0;
        while scan.peek()? != b'[' {
            *words.get_mut(used)? = scan.word()?;
            used += 1;
            scan.blanks();
        }
        let (host, client, user) = match words {
            [client, _, user, "", ""] => ("", client, user),
            [host, client, _, user, ""] => (host, client, user),
            // bunkerweb: `host client - user - [time]`.
            [host, client, _, user, _] if !user.is_empty() => (host, client, user),
            _ => return None,
        };
        scan.skip(1);
        let time = stamp::take(&mut scan)?;
        if !scan.eat_text("] \"") {
            return None;
        }
        let body = scan.rest();
        let mut record = Record::at(line.get(line.len() - body.len() - 1..)?, time);
        record.inner = Inner::Message;
        record.text("client.address", client);
        record.text("server.address", host);
        record.text("user.name", user);
        request(&mut record, scan.quoted()?);
        scan.blanks();
        let status = scan.word()?;
        if status != "-" && !(status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        record.number_of("http.response.status_code", status);
        scan.blanks();
        if let Some(bytes) = scan.word() {
            record.number_of("http.response.body.size", bytes);
        }
        scan.blanks();
        for key in ["http.request.header.referer", "user_agent.original"] {
            if scan.eat(b'"')
                && let Some(text) = scan.quoted()
            {
                record.text(key, text);
                scan.blanks();
            }
        }
        Some(record)
    }
}

/// Adds the parts of a request line: `GET /path?query HTTP/1.1`.
pub(super) fn request<'l>(record: &mut Record<'l>, request: &'l str) {
    let mut parts = request.split(' ');
    let (Some(method), Some(target)) = (parts.next(), parts.next()) else { return };
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
        return;
    }
    record.text("http.request.method", method);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if target.contains("://") {
        record.text("url.full", target);
    } else {
        record.text("url.path", path);
        record.text("url.query", query);
    }
    if let Some(version) = parts.next_back().and_then(|protocol| protocol.strip_prefix("HTTP/")) {
        record.text("network.protocol.version", version);
    }
}
