//! The prefix of a kernel message in a line: priority, time, host and program.

use jiff::civil::{Date, DateTime, Time};

use super::sizes::{decimal, seconds};
use super::stamp::Stamp;

/// A message, its host and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) time: Option<Stamp>,
    pub(super) since_boot: Option<u64>,
    pub(super) message: &'a str,
}

/// A parser of the text before messages. `dmesg --reltime` prints the minute only if it changes, so the parser stores it.
#[derive(Debug, Default)]
pub(super) struct Heads {
    minute: Option<Stamp>,
}

impl Heads {
    /// Returns the head of `line`, or `None` if another program is or can be the origin.
    pub(super) fn parse<'a>(&mut self, line: &'a str) -> Option<Head<'a>> {
        let mut head = Head { host: None, time: None, since_boot: None, message: "" };
        let mut rest = decoded(without_priority(line)?);
        if let Some((micros, message)) = kmsg(rest) {
            head.since_boot = Some(micros.checked_mul(1_000)?);
            rest = message;
        }
        let before = rest.len();
        rest = self.brackets(rest, &mut head);
        let is_bracketed = rest.len() < before;
        let wall = if head.time.is_some() || is_bracketed { None } else { wall(rest) };
        let tagged = match wall {
            Some((stamp, after, is_dmesg)) => {
                head.time = Some(stamp);
                rest = after;
                let tagged = tag(rest);
                // A line with a time and without a program name is not from the kernel, except with `dmesg --time-format
                // iso`.
                if tagged.is_none() && !is_dmesg {
                    return None;
                }
                tagged
            }
            None => tag(rest).filter(|(host, _)| host.is_none() || is_bracketed),
        };
        if let Some((host, after)) = tagged {
            head.host = host;
            rest = without_priority(after)?;
        }
        rest = self.brackets(rest, &mut head);
        head.time = head.time.or(head.since_boot.map(Stamp::SinceBoot));
        head.message = rest.trim_start_matches(' ');
        Some(head)
    }

    /// Removes leading brackets that contain a time, a thread or a processor. Stops at any other bracket.
    fn brackets<'a>(&mut self, text: &'a str, head: &mut Head<'_>) -> &'a str {
        let mut rest = text;
        while let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            // A second number is the time since the previous line: `12345.678901 <    0.000003>`.
            let inside = inside.split('<').next().unwrap_or(inside).trim();
            if let Some(nanos) = seconds(inside).filter(|_| inside.contains('.')) {
                head.since_boot = Some(nanos);
            } else if let Some(stamp) = ctime(inside) {
                head.time = Some(stamp);
            } else if let Some(stamp) = minute(inside) {
                (head.time, self.minute) = (Some(stamp), Some(stamp));
            } else if inside.strip_prefix('+').is_some_and(|delta| seconds(delta).is_some()) {
                head.time = self.minute;
            } else if inside.strip_prefix(['T', 'C']).and_then(decimal::<u32>).is_none() {
                break;
            }
            rest = after.trim_start_matches(' ');
        }
        rest
    }
}

/// Returns the line without a priority such as `<4>`, or `None` if the facility is not the kernel.
fn without_priority(line: &str) -> Option<&str> {
    let Some((number, rest)) = line.strip_prefix('<').and_then(|rest| rest.split_once('>')) else {
        return Some(line);
    };
    // Facility 0 has eight levels. Other programs that write to the kernel log have other facilities.
    (decimal::<u8>(number)? < 8).then_some(rest)
}

/// Returns the line without `kern  :err   : `, the prefix of `dmesg --decode`.
fn decoded(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("kern ") else { return line };
    let mut parts = rest.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(blank), Some(level), Some(rest)) if blank.trim().is_empty() && level.trim().len() <= 6 => {
            rest.trim_start_matches(' ')
        }
        _ => line,
    }
}

/// Parses `4,1234,12345678,-;message` of /dev/kmsg. Returns the microseconds since boot and the message.
fn kmsg(line: &str) -> Option<(u64, &str)> {
    let (prefix, message) = line.split_once(';')?;
    let mut fields = prefix.split(',');
    let (priority, _, micros) = (fields.next()?, decimal::<u64>(fields.next()?)?, fields.next()?);
    (decimal::<u8>(priority)? < 8).then_some(())?;
    Some((decimal(micros)?, message))
}

/// Returns the text after `kernel:`, and the host before it, if `kernel:` is one of the first three words.
fn tag(text: &str) -> Option<(Option<&str>, &str)> {
    let mut rest = text.trim_start_matches(' ');
    let mut host = None;
    for _ in 0..3 {
        let (word, after) = rest.split_once(' ')?;
        if word == "kernel:" {
            return Some((host, after.trim_start_matches(' ')));
        }
        if word == "kernel" {
            // RFC 5424: no process id, no message id and no structured data.
            return Some((host, after.strip_prefix("- - - ")?));
        }
        // BusyBox writes the facility before the name: `host kern.err kernel:`.
        let is_facility = word.starts_with("kern.");
        // A word with a colon at its end is the name of a program, not of a host.
        if !is_facility && (word.ends_with(':') || host.replace(word).is_some()) {
            return None;
        }
        rest = after;
    }
    None
}

/// Returns the time at the start of a line, the rest of the line, and whether only `dmesg` writes this form.
fn wall(line: &str) -> Option<(Stamp, &str, bool)> {
    // In RFC 5424, a version precedes the time.
    let (word, rest) = line.strip_prefix("1 ").unwrap_or(line).split_once(' ')?;
    if let Some(stamp) = iso(word) {
        return Some((stamp, rest, word.contains(',')));
    }
    if let Some(nanos) = seconds(word).filter(|_| word.len() > 10) {
        return Some((Stamp::Unix(nanos), rest, false));
    }
    if let Some((stamp, rest)) = full(word, rest) {
        return Some((stamp, rest, false));
    }
    let rest = rest.trim_start_matches(' ');
    let (day, rest) = rest.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    Some((Stamp::Yearless(date(2000, word, day)?.to_datetime(clock(time)?)), rest, false))
}

/// Parses `2024-02-20T19:15:36.123456+01:00` and `2024-02-20T19:15:36,123456+0100`.
fn iso(word: &str) -> Option<Stamp> {
    if word.get(4..5) != Some("-") || word.get(10..11) != Some("T") {
        return None;
    }
    if let Ok(instant) = word.parse::<jiff::Timestamp>() {
        return u64::try_from(instant.as_nanosecond()).ok().map(Stamp::Unix);
    }
    word.parse::<DateTime>().ok().map(Stamp::Civil)
}

/// Parses `Tue 2024-02-20 19:15:36 CET host ...`, or only the date and the time: `2024-02-20 19:15:36`.
fn full<'a>(word: &str, rest: &'a str) -> Option<(Stamp, &'a str)> {
    let (day, rest, has_zone) = match word.parse::<Date>() {
        Ok(day) => (day, rest, false),
        Err(_) => {
            let (day, rest) = rest.split_once(' ')?;
            (weekday(word).then(|| day.parse().ok())??, rest, true)
        }
    };
    let (time, rest) = rest.split_once(' ')?;
    let civil = day.to_datetime(clock(time)?);
    if !has_zone {
        return Some((Stamp::Civil(civil), rest));
    }
    let (zone, rest) = rest.split_once(' ')?;
    if !matches!(zone, "UTC" | "GMT") {
        // The abbreviation of a time zone is ambiguous.
        return Some((Stamp::Civil(civil), rest));
    }
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some((Stamp::Unix(u64::try_from(instant.as_nanosecond()).ok()?), rest))
}

/// Parses `Tue Feb 20 19:15:36 2024`.
fn ctime(text: &str) -> Option<Stamp> {
    let mut words = text.split_ascii_whitespace();
    let (name, month, day) = (words.next()?, words.next()?, words.next()?);
    let (time, year) = (words.next()?, words.next()?);
    let is_whole = words.next().is_none() && weekday(name);
    is_whole.then(|| Some(Stamp::Civil(date(decimal(year)?, month, day)?.to_datetime(clock(time)?))))?
}

/// Parses `Feb20 19:15`.
fn minute(text: &str) -> Option<Stamp> {
    let (day, time) = text.split_once(' ')?;
    let (month, day) = day.split_at_checked(3)?;
    let (hour, minute) = time.trim_start().split_once(':')?;
    let time = Time::new(decimal(hour)?, decimal(minute)?, 0, 0).ok()?;
    Some(Stamp::Yearless(date(2000, month, day.trim())?.to_datetime(time)))
}

fn weekday(name: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&name)
}

fn date(year: i16, month: &str, day: &str) -> Option<Date> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let at = MONTHS.match_indices(month).find(|(at, _)| month.len() == 3 && at % 3 == 0)?.0;
    Date::new(year, i8::try_from(at / 3 + 1).ok()?, decimal(day)?).ok()
}

/// Parses `19:15:36` and `19:15:36.123456`.
fn clock(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (decimal(parts.next()?)?, decimal(parts.next()?)?);
    let nanos = seconds(parts.next()?)?;
    let second = i8::try_from(nanos / 1_000_000_000).ok()?;
    Time::new(hour, minute, second, i32::try_from(nanos % 1_000_000_000).ok()?).ok()
}
