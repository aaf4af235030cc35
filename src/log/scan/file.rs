//! The scan of one file of lines or of frames outside a segment.

use std::io;
use std::path::Path;

use crate::decode::EntryRef;
use crate::limits::Limits;
use crate::log::files::FileInfo;
use crate::log::reader::Source;
use crate::mixed::{MixedEvent, MixedReader};
use crate::segment::regular::Links;
use crate::zone::Zone;

use super::{Found, Scanned, Visitor};

/// Visits every entry of the file that `matches`, and records losses and unreadable entries in `scanned`.
///
/// # Errors
/// The errors of the file system.
pub(super) fn scan<V: Visitor>(
    path: &Path,
    links: Links,
    matches: &impl Fn(&EntryRef<'_>) -> bool,
    visitor: &mut V,
    scanned: &mut Scanned<V>,
    zone: Option<&Zone>,
) -> io::Result<()> {
    let (info, _, file) = FileInfo::open(path, links)?;
    let source = Source::File(&info);
    let changed = file.metadata()?.modified()?;
    let mut reader = MixedReader::at(file, 0, Limits::READER).changed_at(changed);
    if let Some(zone) = zone {
        reader = reader.line_zone(zone.clone());
    }
    scanned.files += 1;
    while let Some(event) = reader.next()? {
        match event {
            MixedEvent::Entry { frame, entry, .. } => {
                scanned.looked_at += 1;
                if matches(&entry) {
                    visitor.entry(&Found { source, frame, entry });
                }
            }
            MixedEvent::Lost { range } if range.is_loss() => scanned.lost.push((path.to_owned(), range)),
            MixedEvent::Unreadable { frame, error, .. } => {
                scanned.looked_at += 1;
                scanned.unreadable_entries.push((path.to_owned(), frame.offset, error));
            }
            _ => {}
        }
    }
    scanned.without_time += reader.without_time();
    Ok(())
}
