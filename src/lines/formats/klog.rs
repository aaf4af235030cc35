//! glog and klog, the logger of Kubernetes.

use crate::lines::record::Record;
use crate::lines::scan::Scan;
use crate::lines::stamp::{self, Stamp};
use crate::lines::{Context, LineFormat};
use crate::severity::Severity;
use crate::time_text::clock::clock;

/// `E0301 10:00:00.123456 7 file.go:12] message`.
pub(in crate::lines) struct Klog;

impl LineFormat for Klog {
    fn name(&self) -> &'static str {
        "klog"
    }

    fn form(&self) -> &'static str {
        "`E0301 10:00:00.123456 7 file.go:12] message`, with or without the year, of glog and klog"
    }

    fn parse<'l>(&self, line: &'l str, _: &Context, _: &mut String) -> Option<Record<'l>> {
        let mut scan = Scan::new(line);
        let severity = match scan.peek()? {
            b'I' => Severity::INFO,
            b'W' => Severity::WARN,
            b'E' => Severity::ERROR,
            b'F' => Severity::FATAL,
            _ => return None,
        };
        scan.skip(1);
        let time = match scan.count_digits() {
            4 => {
                let (month, day) = (scan.digits(2)?, scan.digits(2)?);
                scan.blanks();
                Stamp::Yearless { month, day, clock: clock(&mut scan)? }
            }
            8 => stamp::take(&mut scan)?,
            _ => return None,
        };
        scan.blanks();
        let thread = scan.take_while(|byte| byte.is_ascii_digit());
        scan.blanks();
        let place = scan.until(b']')?;
        let (file, number) = place.rsplit_once(':')?;
        if thread.is_empty() || file.contains(' ') {
            return None;
        }
        scan.eat(b' ');
        let mut record = Record::at(scan.rest(), time);
        record.severity = severity;
        record.number_of("thread.id", thread);
        record.text("code.file.path", file);
        record.number_of("code.line.number", number);
        Some(record)
    }
}
