//! The processes that wrote the log, and the end of each process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fusewire::log::{Life, Listing, SegmentInfo, list_uncounted};

use super::report::Process;
use crate::args::LineArgs;
use crate::output::numbers::total;
use crate::output::producer::{End, Producer, stream_name};

/// A process and the id of its stream.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) stream_id: [u8; 16],
    pub(super) process: Process,
}

/// The processes and files of a log.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Processes in this order: died, unknown end, alive, stopped. In each group, the process with the latest entry is first.
    pub(super) processes: Vec<Known>,
    /// Latest time in files of lines and frames.
    pub(super) last_of_files: Option<u64>,
    /// Bytes of the segments and files in directories on tmpfs; `None` if no directory is on tmpfs.
    pub(super) in_memory: Option<u64>,
    /// Files that cannot be read.
    pub(super) unreadable: Vec<(PathBuf, std::io::Error)>,
}

/// Finds the processes and files of `paths`. `lines` is the meaning of their lines.
pub(super) fn find(paths: &[PathBuf], lines: &LineArgs) -> Result<Found> {
    let mut found = Found::default();
    let mut streams: BTreeMap<[u8; 16], Vec<SegmentInfo>> = BTreeMap::new();
    for path in paths {
        let directory = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new(".")) };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        if is_in_memory(directory) {
            // All files of the directory use memory, also if the path is one of them.
            let all = list_uncounted(directory).with_context(|| path.display().to_string())?;
            let bytes = all.segments.iter().map(|segment| segment.disk_bytes);
            let bytes = total(bytes.chain(all.files.iter().map(|file| file.disk_bytes)));
            *found.in_memory.get_or_insert(0) += bytes;
        }
        let Listing { segments, files, unreadable, .. } =
            lines.list(path).with_context(|| path.display().to_string())?;
        for segment in segments {
            streams.entry(segment.stream_id).or_default().push(segment);
        }
        for file in files {
            let last = file.contents.and_then(|contents| contents.times).map(|times| times.1);
            found.last_of_files = found.last_of_files.max(last);
        }
        found.unreadable.extend(unreadable);
    }
    found.processes = streams
        .into_iter()
        .map(|(stream_id, segments)| Known { stream_id, process: describe(stream_id, &segments) })
        .collect();
    found.processes.sort_by_key(|known| {
        let rank = match known.process.end {
            End::Died => 0,
            End::Unknown => 1,
            End::Alive => 2,
            End::Stopped => 3,
        };
        (rank, std::cmp::Reverse((known.process.last, known.process.began)))
    });
    Ok(found)
}

/// Returns whether the files of a directory are in memory and count against a memory limit.
fn is_in_memory(directory: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58F6;
    // The type of the field differs between platforms.
    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
    rustix::fs::statfs(directory)
        .is_ok_and(|found| [TMPFS, RAMFS].contains(&(found.f_type as u64 & 0xFFFF_FFFF)))
}

fn describe(stream_id: [u8; 16], segments: &[SegmentInfo]) -> Process {
    let producer = segments.first().map(|segment| Producer::of(&segment.path)).unwrap_or_default();
    let unsealed = segments.iter().filter(|segment| segment.life != Life::Sealed);
    Process {
        stream: stream_name(stream_id),
        service: producer.service,
        host: producer.host,
        pid: producer.pid,
        began: segments.iter().map(began).min().unwrap_or(0),
        last: segments.iter().filter_map(|segment| segment.times).map(|times| times.1).max(),
        end: End::of(segments),
        other_boot: segments.iter().any(|segment| {
            let knows_its_own = segment.header.as_ref().is_ok_and(|header| header.boot_id != [0; 16]);
            knows_its_own && !segment.is_of_this_boot()
        }),
        segments: segments.len() as u64,
        entries: total(segments.iter().filter_map(|segment| segment.entries)),
        unsealed: unsealed.map(|segment| name_of(&segment.path)).collect(),
        ..Process::default()
    }
}

/// Returns the creation time of a segment. For an imported segment, returns the earlier time of its first entry.
fn began(segment: &SegmentInfo) -> u64 {
    let first = segment.times.map_or(u64::MAX, |times| times.0);
    segment.created_unix_nano.min(first)
}

/// Returns the name of a file without its directory.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
