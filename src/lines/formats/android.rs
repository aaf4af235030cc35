//! The log of Android, as `logcat` prints it.

use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::stamp::Stamp;
use crate::lines::{Context, LineFormat};
use crate::severity::Severity;
use crate::time_text::clock::clock;

/// `03-01 10:00:00.123  1702  2395 D tag: message`. A number of the user can precede the process.
pub(in crate::lines) struct Android;

/// The maximum length of a tag, in bytes.
const LONGEST: usize = 100;

impl LineFormat for Android {
    fn name(&self) -> &'static str {
        "android"
    }

    fn form(&self) -> &'static str {
        "`03-01 10:00:00.123  1702  2395 D tag: message` of Android"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let month = scan.digits(2)?;
        scan.eat(b'-').then_some(())?;
        let day = scan.digits(2)?;
        scan.eat(b' ').then_some(())?;
        let clock = clock(&mut scan)?;
        let (mut process, mut thread) = (None, None);
        for _ in 0..3 {
            let mut ahead = scan;
            if ahead.blanks() == 0 {
                return None;
            }
            let Some(number) = ahead.number() else { break };
            (process, thread) = (thread, Some(number));
            scan = ahead;
        }
        let (process, thread) = (process?, thread?);
        scan.blanks();
        let severity = match scan.peek()? {
            b'V' => Severity::TRACE,
            b'D' => Severity::DEBUG,
            b'I' => Severity::INFO,
            b'W' => Severity::WARN,
            b'E' => Severity::ERROR,
            b'F' | b'A' => Severity::FATAL,
            _ => return None,
        };
        scan.skip(1);
        scan.eat(b' ').then_some(())?;
        let tag = scan.until(b':')?.trim_end();
        if tag.is_empty() || tag.len() > LONGEST || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        scan.eat(b' ');
        let mut record = Record::at(scan.rest(), Stamp::Yearless { month, day, clock });
        record.severity = severity;
        record.target = tag;
        record.number("process.pid", process);
        record.number("thread.id", thread);
        Some(record)
    }
}
