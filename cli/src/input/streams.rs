//! The numbers of the segments of each stream. A gap in the numbers means that segments are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fusewire::segment::SegmentHeader;

use crate::output::numbers::counted;
use crate::output::producer::stream_name;

/// The numbers of segments, by stream.
#[derive(Default)]
pub(crate) struct Streams {
    known: BTreeMap<[u8; 16], BTreeSet<u64>>,
    /// Segments without a valid first page: the first bytes of the stream id and the number, from the file name.
    damaged: Vec<([u8; 4], u64)>,
}

impl Streams {
    /// Adds the segment `path`. `header` is `None` if the first page is damaged or unreadable.
    pub(crate) fn add(&mut self, path: &Path, header: Option<&SegmentHeader>) {
        if let Some(header) = header {
            self.known.entry(header.stream_id).or_default().insert(header.sequence);
        } else if let Some(named) = named(path) {
            self.damaged.push(named);
        }
    }

    /// Returns a description of each gap in the numbers. A stream whose first segments are missing has no gap there, because
    /// retention deletes the oldest segments.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for (id, numbers) in &self.known {
            let damaged = self.damaged.iter().filter(|(begin, _)| id.starts_with(begin));
            let mut all: Vec<u64> =
                numbers.iter().copied().chain(damaged.map(|(_, number)| *number)).collect();
            all.sort_unstable();
            all.dedup();
            for pair in all.windows(2) {
                let missing = pair[1] - pair[0] - 1;
                if missing > 0 {
                    gaps.push(format!(
                        "stream {}: expected segment number {}, found {}; {} missing",
                        stream_name(*id),
                        pair[0] + 1,
                        pair[1],
                        counted(missing, "segment is", "segments are")
                    ));
                }
            }
        }
        gaps
    }
}

/// Returns the first bytes of the stream id and the number from a file name such as
/// `01795803128796442492-6e1528ec-00000002.fws`.
fn named(path: &Path) -> Option<([u8; 4], u64)> {
    let mut parts = path.file_stem()?.to_str()?.split('-').skip(1);
    let (stream, number) = (parts.next()?, parts.next()?);
    Some((u32::from_str_radix(stream, 16).ok()?.to_be_bytes(), number.parse().ok()?))
}
