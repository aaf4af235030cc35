//! The output of one JSON line.

use std::fmt::Write;

use super::random::Random;
use super::services::{MESSAGES, METHODS, Message, PATHS, REGIONS, SERVICES, STATUSES, WORDS};
use super::traces::Traces;

/// 2026-01-15T00:00:00Z in microseconds since the Unix epoch, and the length of a day.
const DAY: (u64, u64) = (1_768_435_200_000_000, 86_400_000_000);

/// Writes line `n` of `of` with its line end.
pub fn write(out: &mut String, n: u64, of: u64, traces: &mut Traces, random: &mut Random) {
    // Writing to a String cannot fail.
    let _ = try_write(out, n, of, traces, random);
}

fn try_write(
    out: &mut String,
    n: u64,
    of: u64,
    traces: &mut Traces,
    random: &mut Random,
) -> std::fmt::Result {
    let service = &SERVICES[random.below(SERVICES.len() as u64) as usize];
    let target = random.pick(&service.targets);
    // The product of two random numbers is mostly small, so the first messages are the most frequent.
    let rank = random.below(1000) * random.below(1000) * MESSAGES.len() as u64 / 1_000_000;
    let message = &MESSAGES[rank as usize];
    write_time(out, time(n, of, random))?;
    write!(out, ",\"level\":\"{}\",\"target\":\"{target}\"", message.level)?;
    write!(out, ",\"thread\":\"worker-{}\",\"message\":\"", random.below(8))?;
    write_text(out, message, random)?;
    out.push('"');
    if random.chance(700) {
        write!(out, ",\"trace_id\":\"{:032x}\"", traces.next(random))?;
        write!(out, ",\"span_id\":\"{:016x}\"", random.next() | 1)?;
    }
    write!(out, ",\"service\":\"{}\",\"host\":\"node-{:02}\"", service.name, random.below(24))?;
    write!(out, ",\"version\":\"2.{}.{}\"", random.below(4), random.below(10))?;
    write!(out, ",\"user_id\":{},\"duration_ms\":{}", random.below(500_000), duration(message, random))?;
    write_request(out, random)?;
    writeln!(
        out,
        ",\"retry\":{},\"amount\":{}.{:02}}}",
        random.chance(30),
        random.below(500),
        random.below(99) + 1
    )
}

/// Returns the time of line `n` in us. The times are distributed evenly over the day. One time in five is
/// shifted by up to 2 s.
fn time(n: u64, of: u64, random: &mut Random) -> u64 {
    let even = DAY.0 + 2_000_000 + (DAY.1 - 4_000_000) / of.max(1) * n;
    if random.chance(200) { even + random.below(4_000_000) - 2_000_000 } else { even }
}

fn write_time(out: &mut String, micros: u64) -> std::fmt::Result {
    let (seconds, fraction) = ((micros - DAY.0) / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(out, "{{\"timestamp\":\"2026-01-15T{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}Z\"")
}

fn write_text(out: &mut String, message: &Message, random: &mut Random) -> std::fmt::Result {
    let mut rest = message.text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix("s}") {
            out.push_str(random.pick(&WORDS));
            rest = behind;
        } else {
            write!(out, "{}", random.below(50_000))?;
            rest = &behind[1..];
        }
    }
    out.push_str(rest);
    Ok(())
}

/// Returns the duration in ms. Most durations are short. One error in ten takes more than 5 s.
fn duration(message: &Message, random: &mut Random) -> u64 {
    if message.level == "ERROR" && random.chance(100) {
        return 5_001 + random.below(25_000);
    }
    let magnitude = random.below(11);
    random.below((2 << magnitude) + 1)
}

fn write_request(out: &mut String, random: &mut Random) -> std::fmt::Result {
    write!(
        out,
        ",\"request\":{{\"method\":\"{}\",\"path\":\"{}\"",
        random.pick(&METHODS),
        random.pick(&PATHS)
    )?;
    let status = STATUSES[random.below(STATUSES.len() as u64) as usize];
    write!(out, ",\"status\":{status},\"bytes\":{}", random.below(60_000))?;
    write!(
        out,
        ",\"client\":{{\"ip\":\"10.{}.{}.{}\"",
        random.below(32),
        random.below(256),
        random.below(256)
    )?;
    write!(out, ",\"region\":\"{}\"}}", random.pick(&REGIONS))?;
    write!(out, ",\"tags\":[\"{}\",\"{}\"]}}", random.pick(&REGIONS), random.pick(&["web", "app", "batch"]))
}
