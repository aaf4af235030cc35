//! The verification of a segment file and its index in one pass, in parts.

use std::io;
use std::path::Path;

use crate::error::SegmentError;
use crate::format::frame::{FrameFault, FrameRef};
use crate::format::segment::{self as layout, SegmentHeader};

use super::content::Content;
use super::index::IndexBuilder;
use super::regular::{self, Links};
use super::scan::{Access, Found, Input, LostReason, Source, trailer_of, truncated};
use super::verify::{VerifyReport, verify_source};
use super::verify_index::{IndexDefect, compare};

/// The result of the verification of a segment file.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// The content of the first page, or its defect.
    pub header: Result<SegmentHeader, SegmentError>,
    /// The result of [`verify`](super::verify()).
    pub segment: Result<VerifyReport, SegmentError>,
    /// The result of [`verify_index`](super::verify_index()). It is `Ok(None)` if `segment` is an error.
    pub index: io::Result<Option<Vec<IndexDefect>>>,
}

/// Verifies the segment `path` and its index, as [`verify`](super::verify()) and [`verify_index`](super::verify_index())
/// do.
///
/// Reads the file once, and copies it in parts. This needs memory for one part and for two indexes. With `copy`, the file
/// is read with system calls instead of a map. The segment may have a live writer. Then the report describes the segment
/// during the verification: later entries may be included.
///
/// # Errors
/// - the errors of the file system
/// - [`io::ErrorKind::FileTooLarge`] if the file is longer than any segment
/// - [`io::ErrorKind::UnexpectedEof`] if another program truncated the file during the verification
pub fn verify_file(path: &Path, copy: bool) -> io::Result<FileReport> {
    let (file, metadata) = regular::open(path, Links::Followed)?;
    if metadata.len() > layout::MAX_SIZE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let input = Input::open(&file, Access { copy, ..Access::default() })?;
    let header = SegmentHeader::parse(&input.first_page());
    let Input::Copies(mut source) = input else {
        return Ok(report_of(&mut (&[] as &[u8]), path, header));
    };
    source.advise_sequential();
    if trailer_of(&source, &header).is_some() {
        source.rest();
    }
    let report = report_of(&mut source, path, header);
    match source.gone() {
        Some(at) => Err(truncated(at)),
        None => Ok(report),
    }
}

fn report_of<S: Source>(
    source: &mut S,
    path: &Path,
    header: Result<SegmentHeader, SegmentError>,
) -> FileReport {
    let stored = source.word(layout::INDEX).and_then(layout::index_checksum);
    let trailer = trailer_of(source, &header);
    let mut index = None;
    if let (Ok(header), Some(_), Some(trailer)) = (&header, stored, &trailer) {
        index =
            Some(Index { builder: IndexBuilder::default(), last: header.data_start, end: trailer.data_end });
    }
    let mut is_over = false;
    let segment = verify_source(source, &header, |found| {
        is_over = is_over || index.as_ref().is_some_and(|index| index.ends_before(found));
        if !is_over && index.as_mut().is_some_and(|index| index.take(found).is_none()) {
            index = None;
        }
    });
    let index = match (stored, trailer) {
        (Some(expected), Some(trailer)) if segment.is_ok() => compare(path, expected, || {
            index?.builder.finish(header.as_ref().ok()?.segment_id, trailer.data_end)
        }),
        _ => Ok(None),
    };
    FileReport { header, segment, index }
}

/// The index that results from the frames of a sealed segment.
struct Index {
    builder: IndexBuilder,
    /// The offset after the last frame or range.
    last: u64,
    /// The end of the frames according to the trailer.
    end: u64,
}

impl Index {
    /// Returns whether the frames end before `found`: at the end according to the trailer, no frame begins.
    fn ends_before(&self, found: &Found<(FrameRef<'_>, Content<'_>)>) -> bool {
        let Found::Lost(range) = found else { return false };
        let is_damage = matches!(range.reason, LostReason::Damaged(fault) if fault != FrameFault::Free);
        self.last == self.end && !is_damage
    }

    /// Adds a frame. Returns `None` if frames are lost.
    fn take(&mut self, found: &Found<(FrameRef<'_>, Content<'_>)>) -> Option<()> {
        match found {
            Found::Frame((frame, content)) => {
                let len = frame.len_on_disk();
                self.last = frame.offset + len;
                let (offset, len) = (usize::try_from(frame.offset).ok()?, usize::try_from(len).ok()?);
                self.builder.note(offset, len, frame.kind, content.entry());
            }
            Found::Lost(range) if range.is_loss() => return None,
            Found::Lost(range) => self.last = range.end,
        }
        Some(())
    }
}
