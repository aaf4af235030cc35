//! The log of the file system of Hadoop.

use crate::lines::level::{self, Place};
use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::stamp::Stamp;
use crate::lines::{Context, LineFormat};
use crate::time_text::clock::compact;

/// `260301 100000 148 INFO dfs.DataNode: message`. The order of the digits is year, month, day.
pub(in crate::lines) struct Hadoop;

impl LineFormat for Hadoop {
    fn name(&self) -> &'static str {
        "hadoop"
    }

    fn form(&self) -> &'static str {
        "`260301 100000 148 INFO dfs.DataNode: message` of Hadoop: year, month, day, time, thread, level and logger"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        if scan.count_digits() != 6 {
            return None;
        }
        let (year, month, day) = (scan.digits(2)?, scan.digits(2)?, scan.digits(2)?);
        if !scan.eat(b' ') || scan.count_digits() != 6 {
            return None;
        }
        let clock = compact(&mut Scan::new(scan.take_while(|byte| byte.is_ascii_digit())))?;
        scan.eat(b' ').then_some(())?;
        let thread = scan.number()?;
        scan.eat(b' ').then_some(())?;
        let severity = level::take(&mut scan, Place::Any)?;
        scan.eat(b' ').then_some(())?;
        let logger =
            scan.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'$' | b'_'));
        if !logger.contains('.') || !scan.eat_text(": ") {
            return None;
        }
        let time = clock.on((2000 + year).into(), month, day)?;
        let mut record = Record::at(scan.rest(), Stamp::Dated(time));
        record.severity = severity;
        record.target = logger;
        record.number("thread.id", thread);
        Some(record)
    }
}
