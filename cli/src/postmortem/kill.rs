//! The search for the kernel's record of the death of a process.

use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Zoned;
use rustix::time::ClockId;

use super::report::{Kill, Process};
use crate::input;
use crate::kernel::{self, Constraint, OomKill};
use crate::output::numbers::bytes;
use crate::output::time::Zone;

/// Maximum size of a kernel log, in bytes.
const MOST_BYTES: u64 = 8 << 30;

const SECOND: u64 = 1_000_000_000;

/// Maximum time in nanoseconds between the last entry and a record with the same process id. The kernel reuses process ids.
const NEAR: u64 = 60 * SECOND;

/// Maximum time in nanoseconds between the last entry and a record with another process id. A process in a container has
/// another id in the kernel's records. Many logs contain times in whole seconds only.
const VERY_NEAR: u64 = 5 * SECOND;

/// The kill records of a kernel log.
pub(super) struct KernelLog {
    name: String,
    kills: Vec<OomKill>,
}

/// Reads a kernel log.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub(super) fn read(kern_log: &Path) -> Result<KernelLog> {
    let stream = input::open_stream(kern_log)?;
    let mut reader = BufReader::new(stream.reader.take(MOST_BYTES + 1));
    let records = kernel::records(&mut reader).with_context(|| stream.name.clone())?;
    if reader.get_ref().limit() == 0 {
        bail!("{}: expected at most {}, found more", stream.name, bytes(MOST_BYTES));
    }
    Ok(KernelLog { name: stream.name, kills: records.kills })
}

/// Returns the kill records of `process`, the nearest to its last entry first.
///
/// # Errors
/// Returns an error if the time of the last entry is out of range.
pub(super) fn find(log: &KernelLog, process: &Process, zone: &Zone) -> Result<Vec<Kill>> {
    let Some(last) = process.last else { return Ok(Vec::new()) };
    let near = moment(last, zone)?;
    // The start of the kernel's clock is unknown for earlier boots.
    let boot = if process.other_boot { None } else { Some(started()) };
    let mut kills: Vec<Kill> = log
        .kills
        .iter()
        .filter_map(|record| matched(record, process, last, &near, boot, &log.name))
        .collect();
    // Records with the process id have priority over records that match only by time.
    if kills.iter().any(|kill| kill.matched_by != TIME) {
        kills.retain(|kill| kill.matched_by != TIME);
    }
    kills.sort_by_key(|kill| kill.behind_last.map_or(u64::MAX, i64::unsigned_abs));
    Ok(kills)
}

const BOTH: &str = "process id and time";
const ID: &str = "process id only (the record has no usable time)";
/// Returns whether the record contains the id of the process.
pub(super) fn names_the_process(kill: &Kill) -> bool {
    kill.matched_by != TIME
}

const TIME: &str = "time only (the process id differs, as in a container)";

fn matched(
    record: &OomKill,
    process: &Process,
    last: u64,
    near: &Zoned,
    boot: Option<u64>,
    name: &str,
) -> Option<Kill> {
    let time = record.time.and_then(|stamp| stamp.unix_nanos(near, boot));
    let behind = time.and_then(|time| i64::try_from(i128::from(time) - i128::from(last)).ok());
    // A syslog can contain the records of many hosts.
    let elsewhere =
        record.host.as_deref().zip(process.host.as_deref()).is_some_and(|(a, b)| short(a) != short(b));
    if elsewhere {
        return None;
    }
    let same_id = process.pid == Some(u64::from(record.pid));
    let matched_by = match behind.map(i64::unsigned_abs) {
        Some(distance) if same_id && distance <= NEAR => BOTH,
        None if same_id => ID,
        Some(distance) if distance <= VERY_NEAR => TIME,
        _ => return None,
    };
    Some(Kill {
        time,
        behind_last: behind,
        pid: Some(record.pid.into()),
        task: Some(record.task.clone()),
        constraint: record.constraint.map(|constraint| {
            match constraint {
                Constraint::Machine => "machine out of memory",
                Constraint::Cpuset => "nodes of a cpuset out of memory",
                Constraint::MemoryPolicy => "bound NUMA nodes out of memory",
                Constraint::Memcg => "memory limit of a cgroup reached",
                Constraint::NotMemcg => "out of memory without a cgroup limit",
            }
            .to_owned()
        }),
        group: record.oom_memcg.clone().or_else(|| record.memcg.clone()),
        invoked_by: record.invoked_by.as_ref().map(|invoker| invoker.task.clone()),
        instead_of: record.instead_of.as_ref().map(|(pid, task)| format!("{task} {pid}")),
        confirmed: record.confirmed,
        score: record.score,
        score_adj: record.score_adj,
        rss: record.rss(),
        total_vm: record.total_vm,
        anon_rss: record.anon_rss,
        file_rss: record.file_rss,
        shmem_rss: record.shmem_rss,
        usage: record.usage,
        limit: record.limit,
        failcnt: record.failcnt,
        matched_by,
        place: format!("{name}: line {}", record.line),
    })
}

/// Returns the start of the clock of kernel messages, in nanoseconds since the Unix epoch. `btime` in /proc/stat contains
/// whole seconds only.
fn started() -> u64 {
    let nanos = |id| {
        let time = rustix::time::clock_gettime(id);
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
    };
    nanos(ClockId::Realtime).saturating_sub(nanos(ClockId::Monotonic))
}

/// Returns the host name without its domain.
fn short(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

fn moment(unix_nanos: u64, zone: &Zone) -> Result<Zoned> {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(unix_nanos))?;
    Ok(instant.to_zoned(zone.now().time_zone().clone()))
}
