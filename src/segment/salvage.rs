//! The salvage of a segment that a dead process left. It is sealed if it is intact, trimmed if it is not, and deleted
//! if it is empty.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use crate::format::bytes::u64_at;
use crate::format::frame::{self, FrameFault, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::map::clock::unix_nanos_now;
use crate::severity::Severity;

use super::base::{self, BaseFault};
use super::create::punch;
use super::folder::{Access, Folder};
use super::held::FileId;
use super::index;
use super::lock;
use super::summary::Summary;

/// The number of bytes that are read at a time.
const CHUNK: usize = 256 << 10;

/// The outcome of a salvage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Salvaged {
    /// The segment is sealed now.
    Sealed,
    /// The segment has incomplete or damaged bytes. Its frames are unchanged, and its free tail is released.
    Trimmed,
    /// The segment had no frame except its resource, and is deleted.
    Deleted,
}

/// A segment that is not sealed and that no process owns.
pub(crate) struct Dead {
    file: File,
    folder: Arc<Folder>,
    name: OsString,
    header: SegmentHeader,
    /// The offset after the last byte that can belong to a frame.
    end: usize,
    /// The offset up to which the frames have been read.
    at: usize,
    frames: u64,
    summary: Summary,
    /// The bytes of the file from `loaded`.
    buffer: Vec<u8>,
    loaded: usize,
    /// The number of bytes that were read.
    read: usize,
    search: Option<Search>,
}

/// The search for bytes in the unused space.
struct Search {
    /// The fault that ended the run of frames.
    fault: FrameFault,
    at: usize,
    /// The offset after the last byte that is not zero.
    used: usize,
}

impl Drop for Dead {
    fn drop(&mut self) {
        lock::release(&self.file);
    }
}

impl Dead {
    /// Returns whether the process of the segment `name` left it unsealed and no process has salvaged it. Also
    /// returns `false` for a segment that this version does not write.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn is_left(folder: &Folder, name: &OsStr) -> io::Result<bool> {
        let file = folder.open_regular(name, Access::Read)?;
        let Some((header, _, end)) = header_of(&file)? else { return Ok(false) };
        Ok(is_left(&file, &header, end)? && lock::is_held(&file, Some(header.compat)) == Some(false))
    }

    /// Opens the segment `name` under the conditions of [`is_left`](Self::is_left), if no other account can have
    /// created the file. `claimed` is whether the caller has excluded all other processes that salvage or delete the
    /// segment. Otherwise the file itself is locked.
    ///
    /// # Errors
    /// The errors of the file system, and the errors of [`Folder::open_only`].
    pub(crate) fn open(
        folder: &Arc<Folder>,
        name: &OsStr,
        indexed: bool,
        claimed: bool,
    ) -> io::Result<Option<Self>> {
        let file = folder.open_only(name)?;
        let Some((header, at, end)) = header_of(&file)? else { return Ok(None) };
        if lock::is_held(&file, Some(header.compat)) != Some(false) {
            return Ok(None);
        }
        // Version 1.0 excludes other processes by this lock.
        let excludes = claimed && header.compat & layout::COMPAT_WRITE_LOCK != 0 || file.try_lock().is_ok();
        if !excludes {
            return Ok(None);
        }
        // Without this, pages that are read ahead from unused space would count as data.
        #[cfg(target_os = "linux")]
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Random);
        let (folder, name, buffer) = (Arc::clone(folder), name.to_owned(), Vec::new());
        let (loaded, summary, search) = (at, Summary::new(&header, indexed), None);
        let dead =
            Self { file, folder, name, header, end, at, frames: 0, summary, buffer, loaded, read: 0, search };
        // Another process may have salvaged or deleted the segment in the meantime.
        let is_there = dead
            .folder
            .stat(&dead.name)
            .is_ok_and(|found| FileId::of(&dead.file).is_ok_and(|id| FileId::in_stat(&found) == id));
        Ok((is_there && is_left(&dead.file, &dead.header, end)?).then_some(dead))
    }

    /// Reads about `bytes` further bytes, and completes the salvage at the end. Returns `None` if there is more to
    /// read.
    ///
    /// # Errors
    /// The errors of the file system. The frames are unchanged.
    pub(crate) fn go_on(&mut self, bytes: usize) -> io::Result<Option<Salvaged>> {
        let limit = self.read.saturating_add(bytes);
        while self.search.is_none() {
            if self.read >= limit {
                return Ok(None);
            }
            self.pass_frame()?;
        }
        while !self.search_chunk()? {
            if self.read >= limit {
                return Ok(None);
            }
        }
        self.complete().map(Some)
    }

    /// Returns the number of bytes that were read.
    pub(crate) fn read(&self) -> usize {
        self.read
    }

    /// Makes the bytes from `at` to `at + len` available, and possibly more.
    fn load(&mut self, at: usize, len: usize) -> io::Result<&[u8]> {
        let len = len.min(self.end.saturating_sub(at));
        let is_loaded = at >= self.loaded && at + len <= self.loaded + self.buffer.len();
        if !is_loaded {
            self.buffer.resize(len.max(CHUNK).min(self.end.saturating_sub(at)), 0);
            self.loaded = at;
            self.read = self.read.saturating_add(self.buffer.len());
            self.file.read_exact_at(&mut self.buffer, at as u64)?;
        }
        Ok(&self.buffer[at - self.loaded..])
    }

    /// Advances past the next frame, or records that there is none.
    fn pass_frame(&mut self) -> io::Result<()> {
        let at = self.at;
        let word = u64_at(self.load(at, frame::HEADER_LEN)?, frame::COMMIT).unwrap_or(0);
        let len = if frame::is_committed(word) { frame::frame_len(frame::payload_len(word)) } else { 0 };
        self.load(at, len.max(frame::HEADER_LEN))?;
        let bytes = &self.buffer[at - self.loaded..];
        match frame::parse(bytes, at, frame::tag(self.header.salt, at)) {
            Ok(found) => {
                let (file, end) = (&self.file, self.end);
                self.summary.note(&found, |at, tag, copy| copy_base(file, end, at, tag, copy));
                self.frames += u64::from(found.kind != FrameKind::Resource);
                self.at += len;
            }
            Err(fault) => self.search = Some(Search { fault, at, used: at }),
        }
        Ok(())
    }

    /// Searches for bytes that are not zero in the next part of the unused space. Returns whether there is no further
    /// part.
    fn search_chunk(&mut self) -> io::Result<bool> {
        let Some(Search { at, .. }) = self.search else { return Ok(true) };
        let Some(data) = next_data(&self.file, at, self.end)? else {
            return Ok(true);
        };
        let len = (self.end - data).min(CHUNK);
        let bytes = &self.load(data, len)?[..len];
        let used = last_used(bytes).map(|last| data + last);
        if let Some(search) = &mut self.search {
            search.at = data + len;
            search.used = search.used.max(used.unwrap_or(0));
        }
        Ok(data + len >= self.end)
    }

    fn complete(&mut self) -> io::Result<Salvaged> {
        let search = self.search.take();
        let (fault, used) = search.map_or((FrameFault::Free, self.at), |search| (search.fault, search.used));
        let tail = self.word(layout::TAIL)?;
        let known = layout::tail_offset(tail).unwrap_or(0);
        let is_run = match fault {
            FrameFault::Free => used == self.at,
            // The remaining bytes of the word are zero.
            FrameFault::Closed => used <= self.at + frame::TAG,
            FrameFault::Truncated { .. } => self.at == self.end,
            _ => false,
        };
        if !is_run || known > self.at || self.has_seal()? {
            // A page of zeros before the known tail is a loss that readers report. It is not changed.
            punch(&self.file, used.max(known), self.end);
            put_end(&self.file)?;
            return Ok(Salvaged::Trimmed);
        }
        if self.frames == 0 {
            end_previous(&self.folder, &self.name, |header| header.stream_id == self.header.stream_id);
            self.folder.remove(&self.name)?;
            return Ok(Salvaged::Deleted);
        }
        self.seal(fault, tail)?;
        Ok(Salvaged::Sealed)
    }

    /// Returns whether the place of the trailer contains anything other than zeros or the word that claims the space.
    fn has_seal(&self) -> io::Result<bool> {
        let word = self.word(self.end)?;
        Ok(word != 0 && word != frame::intent_word(layout::TRAILER_LEN - frame::HEADER_LEN))
    }

    fn seal(&mut self, fault: FrameFault, tail: u64) -> io::Result<()> {
        let tag = frame::tag(self.header.salt, self.at);
        if fault == FrameFault::Free && self.at < self.end {
            self.put(self.at, frame::closed_word(tag))?;
        }
        if tail != layout::tail_word(self.at) {
            self.put(layout::TAIL, layout::tail_word(self.at))?;
        }
        if self.word(layout::END)? == 0 && is_last(&self.folder, &self.name) {
            put_end(&self.file)?;
        }
        let trailer = self.summary.trailer(self.at);
        let mut bytes = [0; layout::TRAILER_LEN];
        let payload = trailer.to_payload();
        bytes[frame::HEADER_LEN..].copy_from_slice(&payload);
        let tag = frame::tag(self.header.salt, self.end);
        let word = frame::close(&mut bytes, payload.len(), FrameKind::Seal, Severity::UNSPECIFIED, tag);
        bytes[..8].copy_from_slice(&word.to_le_bytes());
        self.file.write_all_at(&bytes, self.end as u64)?;
        self.put(layout::STATE, layout::STATE_SEALED)?;
        let before = self.file.metadata()?.blocks();
        punch(&self.file, self.at + frame::ALIGN, self.end);
        let freed = before.saturating_sub(self.file.metadata()?.blocks()).saturating_mul(512);
        let index = self.summary.take_index(self.at);
        // The byte budget counted the segment with its earlier size, so the index may only use space that was
        // released.
        if let Some(index) = index.filter(|index| (index.len() as u64).next_multiple_of(4096) <= freed)
            && let Ok(word) = index::write(&self.folder, &self.name, &index)
        {
            self.put(layout::INDEX, word)?;
        }
        Ok(())
    }

    fn word(&self, at: usize) -> io::Result<u64> {
        word(&self.file, at)
    }

    fn put(&self, at: usize, word: u64) -> io::Result<()> {
        self.file.write_all_at(&word.to_le_bytes(), at as u64)
    }
}

/// Fills `copy` with the frame at `at`, which can be the base of like entries. The frames of `file` end before `end`.
fn copy_base(file: &File, end: usize, at: usize, tag: u32, copy: &mut Vec<u8>) -> Result<(), BaseFault> {
    let unreadable = |_| BaseFault::Frame(FrameFault::Free);
    let mut header = [0; frame::HEADER_LEN];
    file.read_exact_at(&mut header, at as u64).map_err(unreadable)?;
    let len = base::frame_len(frame::examine(&header, end.saturating_sub(at), tag))?;
    copy.clear();
    copy.resize(len, 0);
    file.read_exact_at(copy, at as u64).map_err(unreadable)
}

/// Records in the segment before `name` that its process has ended, if it is sealed and `is_same_stream`. Does nothing if
/// a later segment of the stream exists.
pub(super) fn end_previous(
    folder: &Folder,
    name: &OsStr,
    is_same_stream: impl FnOnce(&SegmentHeader) -> bool,
) {
    if !is_last(folder, name) {
        return;
    }
    let Some((stream, sequence)) = stream_of(name).filter(|(_, sequence)| *sequence > 0) else {
        return;
    };
    let names = folder.names().unwrap_or_default();
    let previous = names.iter().find(|name| stream_of(name) == Some((stream, sequence - 1)));
    let opened = previous.and_then(|name| folder.open_only(name).ok());
    let mut pages = [0; layout::DATA_START];
    if let Some(file) = opened.filter(|file| file.read_exact_at(&mut pages, 0).is_ok())
        && SegmentHeader::parse(&pages).is_ok_and(|header| is_same_stream(&header))
        && u64_at(&pages, layout::STATE) == Some(layout::STATE_SEALED)
        && u64_at(&pages, layout::END) == Some(0)
    {
        let _ = put_end(&file);
    }
}

/// Returns the offset after the last byte that is not zero.
fn last_used(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 4096;
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    let block = bytes.chunks(BLOCK).rposition(|block| block != &ZEROS[..block.len()])?;
    let start = block * BLOCK;
    let last = bytes[start..].iter().take(BLOCK).rposition(|byte| *byte != 0)?;
    Some(start + last + 1)
}

fn word(file: &File, at: usize) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, at as u64)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Records in the segment that its process has ended.
fn put_end(file: &File) -> io::Result<()> {
    let mut words = [0; 16];
    words[..8].copy_from_slice(&layout::end_word(layout::END_DIED).to_le_bytes());
    words[8..].copy_from_slice(&unix_nanos_now().to_le_bytes());
    file.write_all_at(&words, layout::END as u64)
}

/// Returns the header of the segment, the offset of its first frame, and the maximum offset of their end. Returns
/// `None` if this version does not write to the segment.
fn header_of(file: &File) -> io::Result<Option<(SegmentHeader, usize, usize)>> {
    let mut page = [0; layout::PAGE];
    if file.read_exact_at(&mut page, 0).is_err() {
        return Ok(None);
    }
    let Ok(header) = SegmentHeader::parse(&page) else { return Ok(None) };
    let is_ours = !header.is_read_only()
        && header.version.1 <= layout::VERSION.1
        && header.compat & layout::COMPAT_UNLOCKED == 0
        && file.metadata()?.len() == header.size;
    let bounds = usize::try_from(header.data_start).ok().zip(Trailer::offset(header.size));
    Ok(bounds.filter(|_| is_ours).map(|(at, end)| (header, at, end)))
}

/// Returns whether the segment is neither sealed nor trimmed.
fn is_left(file: &File, header: &SegmentHeader, end: usize) -> io::Result<bool> {
    let mut bytes = [0; layout::TRAILER_LEN];
    file.read_exact_at(&mut bytes, end as u64)?;
    let is_sealed = Trailer::read(&bytes, end, header.salt).is_some();
    Ok(!is_sealed && word(file, layout::END)? != layout::end_word(layout::END_DIED))
}

/// Returns the stream and the sequence from the name of a segment.
pub(super) fn stream_of(name: &OsStr) -> Option<(&str, u64)> {
    let mut parts = name.to_str()?.strip_suffix(".fws")?.split('-').skip(1);
    let (stream, sequence) = (parts.next()?, parts.next()?.parse().ok()?);
    Some((stream, sequence))
}

/// Returns whether the directory contains no later segment of the stream.
fn is_last(folder: &Folder, name: &OsStr) -> bool {
    let Some((stream, sequence)) = stream_of(name) else { return true };
    let names = folder.names().unwrap_or_default();
    !names.iter().filter_map(|name| stream_of(name)).any(|other| other.0 == stream && other.1 > sequence)
}

/// Returns the offset of the next byte from `from` to `end` that is not in a hole.
pub(super) fn next_data(file: &File, from: usize, end: usize) -> io::Result<Option<usize>> {
    if from >= end {
        return Ok(None);
    }
    #[cfg(target_os = "linux")]
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from as u64)) {
        Ok(at) => {
            let at = usize::try_from(at).unwrap_or(usize::MAX).max(from);
            return Ok((at < end).then_some(at));
        }
        // There is no data up to the end of the file.
        Err(rustix::io::Errno::NXIO) => return Ok(None),
        // The file system does not report holes.
        Err(_) => {}
    }
    Ok(Some(from))
}
