//! The prefixes that tools for containers write before each line.

use crate::lines::record::{Inner, Record};
use crate::lines::scan::Scan;
use crate::lines::{Context, LineFormat};

/// `web-1  | line` of `docker compose`, and `[pod/web-1/app] line` of `kubectl logs --prefix`.
pub(in crate::lines) struct Prefix;

impl LineFormat for Prefix {
    fn name(&self) -> &'static str {
        "prefix"
    }

    fn form(&self) -> &'static str {
        "`web-1  | line` of `docker compose logs`, `[pod/web-1/app] line` of `kubectl logs --prefix`"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let mut record;
        if scan.eat_text("[pod/") {
            let (pod, container) = scan.until(b']')?.split_once('/')?;
            scan.eat(b' ').then_some(())?;
            record = Record::new(scan.rest());
            record.text("k8s.pod.name", pod);
            record.text("k8s.container.name", container);
        } else {
            scan.peek().filter(|first| first.is_ascii_lowercase() || first.is_ascii_digit())?;
            let is_part = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
            };
            let name = scan.take_while(is_part);
            // A pipe of a shell has one blank before the bar.
            let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let is_numbered = end.len() < name.len() && end.ends_with(['-', '_']);
            let blanks = scan.blanks();
            if blanks == 0
                || blanks == 1 && !is_numbered
                || !name.bytes().any(|byte| byte.is_ascii_lowercase())
                || !scan.eat(b'|')
            {
                return None;
            }
            if !scan.eat(b' ') && !scan.is_at_end() {
                return None;
            }
            record = Record::new(scan.rest());
            record.text("container.name", name);
        }
        record.inner = Inner::Line;
        Some(record)
    }
}
