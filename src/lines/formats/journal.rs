//! The export format of the journal of systemd.

use crate::lines::record::{Inner, Record};
use crate::lines::{Context, LineFormat, object};

/// A block of lines `NAME=value`, which begins with `__CURSOR=` and ends with an empty line.
pub(in crate::lines) struct Journal;

impl LineFormat for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn form(&self) -> &'static str {
        "blocks of lines `NAME=value` that begin with `__CURSOR=`, of `journalctl -o export`; a block with a binary field is not recognised"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, out: &mut String) -> Option<Record<'l>> {
        if !line.starts_with("__CURSOR=") {
            return None;
        }
        object::begin(out);
        for line in line.lines() {
            let (name, value) = line.split_once('=')?;
            if !is_name(name) {
                return None;
            }
            object::text(out, name, value);
        }
        object::end(out);
        let mut record = Record::new(line);
        record.inner = Inner::Converted;
        Some(record)
    }

    fn begins(&self, line: &str, _: &Context) -> bool {
        line.starts_with("__CURSOR=")
    }

    fn continues(&self, _: &[u8], line: &[u8]) -> Option<bool> {
        let name = line.split(|byte| *byte == b'=').next().unwrap_or(&[]);
        let is_field = name.len() < line.len() && core::str::from_utf8(name).is_ok_and(is_name);
        Some(is_field && !line.starts_with(b"__CURSOR="))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
