//! A segment to which several threads of one process append.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::encode::encode;
use crate::failpoint;
use crate::format::frame::{self, FrameFault, FrameKind, FrameRef};
use crate::format::segment::{self as layout, SegmentHeader};
use crate::map::clock::unix_nanos_now;
use crate::map::memory::Memory;
use crate::map::shared::{Claim, NoClaim, SharedMap};
use crate::severity::Severity;

use super::base::{self, BaseFault};
use super::create::{self, New};
use super::durable::{self, NotOnDisk};
use super::folder::Folder;
use super::held::{FileId, Held};
use super::index;
use super::like_encoder::{Form, LikeEncoder};
use super::lock;
use super::options::SegmentOptions;
use super::reader::Segment;
use super::summary::Summary;

/// A segment to which many threads of its process append complete frames without a lock.
pub(crate) struct SharedSegment {
    map: SharedMap,
    file: Held,
    folder: Arc<Folder>,
    name: OsString,
    header: SegmentHeader,
    /// Whether the disk returned an error for some bytes. Their state on disk is then unknown. The segment is not
    /// synced again until it is sealed and has been written again.
    poisoned: AtomicBool,
    /// The offset up to which resident pages have been released.
    released: AtomicUsize,
    /// The offset up to which pages have been touched in advance.
    prefaulted: AtomicUsize,
    /// The distance at which appends wake the preallocator, a power of two, minus one.
    step_mask: usize,
    /// The offset of the first frame after the resource.
    start: usize,
}

/// A frame that is not in a segment.
pub(crate) struct Draft<'a> {
    /// Space for the header ([`HEADER_LEN`] bytes), the payload, and at least its padding.
    pub(crate) bytes: &'a mut [u8],
    /// The number of bytes of the payload.
    pub(crate) payload: usize,
    pub(crate) kind: FrameKind,
    pub(crate) severity: Severity,
}

/// The place of a frame that was appended.
pub(crate) struct Placed {
    /// The offset after the frame.
    pub(crate) end: usize,
    /// The length of the frame.
    pub(crate) len: usize,
    /// Whether the frame is a like entry.
    pub(crate) is_like: bool,
}

impl Draft<'_> {
    /// Returns the payload.
    #[inline(always)]
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[HEADER_LEN..HEADER_LEN + self.payload]
    }
}

/// The largest part of a file that the kernel maps for one fault: a folio of 2 MiB.
const AROUND: usize = 2 << 20;

/// The length of the header before the payload of a frame.
pub(crate) const HEADER_LEN: usize = frame::HEADER_LEN;

/// The position up to which the owner of a segment has examined its frames, and a summary of these frames.
pub(crate) struct Progress {
    /// The offset after the last frame of the uninterrupted run of complete frames.
    pub(crate) at: usize,
    /// The number of examined frames of all kinds.
    frames: u64,
    summary: Summary,
}

impl Progress {
    /// Creates the state before the first frame of `segment`.
    pub(crate) fn new(segment: &SharedSegment, indexed: bool) -> Self {
        Self { at: layout::DATA_START, frames: 0, summary: Summary::new(&segment.header, indexed) }
    }

    /// Returns whether there is no frame except the resource.
    pub(crate) fn is_unused(&self) -> bool {
        self.frames <= 1
    }

    /// Discards the index.
    pub(crate) fn forget_index(&mut self) {
        self.summary.forget_index();
    }

    /// Returns the number of examined entries.
    pub(crate) fn entries(&self) -> u64 {
        self.summary.entries()
    }
}

impl SharedSegment {
    /// Creates the segment `name` in `folder`, as [`SegmentWriter::create`](super::SegmentWriter::create) does. The last
    /// `reserve` bytes for frames are for [`append_last`](Self::append_last).
    ///
    /// # Errors
    /// The errors of [`SegmentWriter::create`](super::SegmentWriter::create).
    pub(crate) fn create(
        folder: &Arc<Folder>,
        name: &OsStr,
        options: &SegmentOptions,
        reserve: usize,
    ) -> io::Result<Self> {
        create::segment(folder, name, options, |new| Self::make(new, reserve))
    }

    fn make(new: New<'_>, reserve: usize) -> io::Result<Self> {
        let New { file, folder, name, header, options } = new;
        let Some(open) = file.get() else { return Err(io::ErrorKind::NotFound.into()) };
        let mut memory =
            Memory::new(open, usize::try_from(header.size).unwrap_or(usize::MAX), options.guarded)?;
        memory.fill(0, &header.to_page());
        let end = memory.len() - layout::TRAILER_LEN;
        let map = SharedMap::new(memory, layout::TAIL, layout::DATA_START, end);
        let mut segment = Self {
            map,
            file,
            folder: Arc::clone(folder),
            name: name.to_owned(),
            header,
            poisoned: AtomicBool::new(false),
            released: AtomicUsize::new(0),
            prefaulted: AtomicUsize::new(0),
            step_mask: (1 << (end / 8).ilog2()) - 1,
            start: layout::DATA_START,
        };
        let invalid = |error: Box<dyn std::error::Error + Send + Sync>| {
            io::Error::new(io::ErrorKind::InvalidInput, error)
        };
        let mut scratch =
            vec![0; HEADER_LEN + options.limits.clamped().max_entry_bytes as usize + frame::ALIGN];
        let payload =
            encode(&mut scratch[HEADER_LEN..], &options.limits, |entry| options.resource.write_to(entry))
                .map_err(|error| invalid(error.into()))?
                .len();
        let (bytes, kind) = (&mut scratch[..], FrameKind::Resource);
        segment.start = segment
            .append(&mut Draft { bytes, payload, kind, severity: Severity::UNSPECIFIED })
            .map_err(|_| invalid("resource does not fit into the segment".into()))?;
        segment.map.reserve(reserve);
        Ok(segment)
    }

    /// Appends `draft`. Returns the offset after its frame.
    #[inline]
    pub(crate) fn append(&self, draft: &mut Draft<'_>) -> Result<usize, NoClaim> {
        self.fill(self.map.claim(draft.payload)?, draft)
    }

    /// Appends `draft` as [`append`](Self::append) does, also in the reserved bytes. Only the last frame of a stream may use
    /// them.
    #[cold]
    pub(crate) fn append_last(&self, draft: &mut Draft<'_>) -> Result<usize, NoClaim> {
        self.fill(self.map.claim_reserved(draft.payload)?, draft)
    }

    /// Fills the claimed space with the frame of `draft`. Returns the offset after the frame.
    #[inline(always)]
    fn fill(&self, claim: Claim<'_>, draft: &mut Draft<'_>) -> Result<usize, NoClaim> {
        let frame = &mut draft.bytes[..frame::frame_len(draft.payload)];
        let tag = frame::tag(self.header.salt, claim.offset());
        let word = frame::close(frame, draft.payload, draft.kind, draft.severity, tag);
        claim.commit(&frame[frame::TAG..], word).ok_or_else(|| {
            // The frame is appended again to another segment.
            self.map.close(self.header.salt);
            NoClaim::Closed
        })
    }

    /// Appends the entry `draft`, as a like entry if `likes` has a base for it.
    #[inline]
    pub(crate) fn append_entry(
        &self,
        draft: &mut Draft<'_>,
        likes: Option<&mut LikeEncoder>,
    ) -> Result<Placed, NoClaim> {
        match likes {
            Some(likes) => self.append_like(draft, likes),
            None => {
                let end = self.append(draft)?;
                Ok(Placed { end, len: frame::frame_len(draft.payload), is_like: false })
            }
        }
    }

    /// Appends the entry `draft` in the form that `likes` selects for this segment.
    #[inline(never)]
    fn append_like(&self, draft: &mut Draft<'_>, likes: &mut LikeEncoder) -> Result<Placed, NoClaim> {
        let form = likes.choose(&self.header.segment_id, self.tail(), draft.payload());
        let (end, payload, is_like) = match form {
            Form::Like { len, .. } => {
                let (bytes, kind) = (likes.frame(), FrameKind::Like);
                let mut like = Draft { bytes, payload: len, kind, severity: draft.severity };
                (self.append(&mut like)?, len, true)
            }
            Form::Full | Form::Base { .. } => (self.append(draft)?, draft.payload, false),
        };
        let len = frame::frame_len(payload);
        likes.committed(form, end - len, draft.payload());
        Ok(Placed { end, len, is_like })
    }

    /// Returns whether a frame of `len` bytes that ends at `end` crosses an offset at which the preallocator is
    /// woken: each `window`, and each eighth of the segment.
    #[inline(always)]
    pub(crate) fn is_step(&self, end: usize, len: usize, window: usize) -> bool {
        // This is a remainder, because both distances are powers of two.
        end & self.step_mask & (window - 1) < len
    }

    /// Returns whether frames use an eighth of the segment.
    pub(crate) fn is_used(&self) -> bool {
        let eighth = self.map.memory().len() / 8;
        self.tail() >= if eighth > layout::DATA_START { eighth } else { layout::DATA_START + eighth }
    }

    /// Returns whether a frame of `len` bytes fits into the segment when it is new.
    pub(crate) fn holds(&self, len: usize) -> bool {
        self.start + len <= self.map.limit()
    }

    /// Closes the segment: later appends fail. Returns the end of its frames.
    pub(crate) fn close(&self) -> usize {
        let end = self.map.close(self.header.salt);
        failpoint::hit("closed");
        end
    }

    /// Examines the frames that were completed since `progress`, up to the first incomplete frame.
    pub(crate) fn progress(&self, progress: &mut Progress) {
        self.progress_to(progress, usize::MAX);
    }

    /// Examines the frames as [`progress`](Self::progress) does, and releases their memory, one window at a time.
    pub(crate) fn progress_in_windows(&self, progress: &mut Progress, window: usize) {
        loop {
            let from = progress.at;
            self.progress_to(progress, from + window);
            self.release_to(progress.at.saturating_sub(window), from..progress.at);
            if progress.at < from + window {
                return;
            }
        }
    }

    /// Examines the frames as [`progress`](Self::progress) does, and stops at the first frame that begins at `limit`
    /// or after it.
    pub(crate) fn progress_to(&self, progress: &mut Progress, limit: usize) {
        while progress.at < limit {
            let (word, covered) = self.map.frame(progress.at);
            if covered.is_empty() {
                return;
            }
            let kind = FrameKind::from_number(covered[frame::KIND - frame::TAG]);
            let payload = covered.get(HEADER_LEN - frame::TAG..).unwrap_or_default();
            let payload = payload.get(..frame::payload_len(word)).unwrap_or(payload);
            let severity = Severity::from_number(covered[frame::SEVERITY - frame::TAG]);
            let frame = FrameRef { offset: progress.at as u64, kind, severity, payload };
            progress.summary.note(&frame, |at, _, copy| self.copy_base(at, copy));
            progress.frames += 1;
            progress.at += frame::frame_len(frame::payload_len(word));
        }
    }

    /// Fills `copy` with the frame at `at`, which can be the base of like entries.
    fn copy_base(&self, at: usize, copy: &mut Vec<u8>) -> Result<(), BaseFault> {
        let (word, covered) = self.map.frame(at);
        if covered.is_empty() {
            return Err(BaseFault::Frame(FrameFault::Free));
        }
        base::frame_len(Ok((word, frame::payload_len(word))))?;
        copy.clear();
        copy.extend_from_slice(&word.to_le_bytes());
        copy.extend_from_slice(covered);
        Ok(())
    }

    /// Records that this is the last segment of its stream and that its process has closed it now. This happens
    /// before the seal, so that a reader of a sealed segment finds the record.
    pub(crate) fn note_stop(&self) {
        self.map.store(layout::END_TIME, unix_nanos_now());
        self.map.store(layout::END, layout::end_word(layout::END_STOPPED));
    }

    /// Seals the segment, which is closed and of which `progress` contains every frame. Writes the trailer and the
    /// index, and releases the unused space.
    pub(crate) fn seal(&self, progress: &mut Progress) {
        failpoint::hit("seal");
        let trailer = progress.summary.trailer(progress.at);
        let Some(claim) = self.map.claim_trailer() else { return };
        let mut frame = [0; layout::TRAILER_LEN];
        let payload = trailer.to_payload();
        frame[HEADER_LEN..].copy_from_slice(&payload);
        let tag = frame::tag(self.header.salt, claim.offset());
        let word = frame::close(&mut frame, payload.len(), FrameKind::Seal, Severity::UNSPECIFIED, tag);
        if claim.commit(&frame[frame::TAG..], word).is_none() {
            // The next process that opens the directory completes the segment.
            let _ = self.file.get().map(lock::release);
            return;
        }
        self.map.store(layout::STATE, layout::STATE_SEALED);
        // The word that closed the segment stays.
        let unused = (progress.at + frame::ALIGN).min(self.map.end());
        let _ = self.with_file(|file| {
            create::punch(file, unused, self.map.end());
            Ok(())
        });
        let index = progress.summary.take_index(progress.at);
        // Without space or permission there is no index.
        if let Some(word) = index.and_then(|index| index::write(&self.folder, &self.name, &index).ok()) {
            self.map.store(layout::INDEX, word);
        }
        // The segment has no owner from now on, although threads that have used it may keep it mapped for a while.
        let _ = self.file.get().map(lock::release);
        failpoint::hit("sealed");
    }

    /// Writes the segment to disk, and records in it that the first `durable` bytes are on disk. These bytes were
    /// complete before.
    ///
    /// # Errors
    /// The errors of the disk. After an error of the disk, the state of the segment on disk is unknown, and every
    /// further call fails.
    pub(crate) fn sync(&self, durable: usize) -> Result<(), NotOnDisk> {
        if self.is_poisoned() {
            return Err(NotOnDisk::Refused(io::Error::other(
                "an earlier write of this segment to disk failed",
            )));
        }
        let synced = durable::sync_names(&self.folder).and_then(|()| match self.file.get() {
            Some(file) => durable::sync_data(file),
            // The program has closed the descriptor of the log.
            None => {
                let file = self.folder.open_same(&self.name, self.file.id());
                durable::sync_data(&file.map_err(NotOnDisk::NotTried)?)
            }
        });
        match &synced {
            Ok(()) => self.map.store(layout::DURABLE, durable as u64),
            Err(error) if error.is_refusal() => self.poisoned.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        synced
    }

    /// Returns whether another program removed pages of the segment.
    pub(crate) fn is_hit(&self) -> bool {
        self.map.memory().is_hit()
    }

    /// Returns whether the file is shorter than it was created. Its map should then not be used.
    pub(crate) fn is_cut(&self) -> bool {
        let cut = |file: &File| file.metadata().map(|found| found.len() < self.header.size);
        self.is_hit() || self.with_file(cut).unwrap_or(false)
    }

    /// Returns whether the name no longer refers to this file, because another program deleted or renamed it.
    pub(crate) fn is_gone(&self) -> bool {
        match self.folder.stat(&self.name) {
            Ok(found) => FileId::in_stat(&found) != self.file.id(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Returns whether the file still has a name. Another program may have renamed it.
    pub(crate) fn has_name(&self) -> bool {
        self.with_file(|file| Ok(rustix::fs::fstat(file)?.st_nlink > 0)).unwrap_or(false)
    }

    /// Leaves the segment, whose pages were removed, to the next process that opens the directory. Returns the number
    /// of entries that the file still has. An empty file is deleted.
    pub(crate) fn abandon(&self) -> u64 {
        let kept = self.with_file(|file| {
            lock::release(file);
            if file.metadata()?.len() == 0 && !self.is_gone() {
                self.folder.remove(&self.name)?;
                return Ok(0);
            }
            Ok(Segment::copy(file)?.entries().map_or(0, |entries| entries.count() as u64))
        });
        if self.is_gone() { 0 } else { kept.unwrap_or(0) }
    }

    /// Leaves the segment to the parent in a forked child. The lock of the parent then ends with the parent.
    pub(crate) fn leave(&self) {
        self.file.leave();
        self.map.memory().abandon();
    }

    /// Returns whether the disk returned an error for some bytes.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }

    /// Returns the offset of the next frame, or an offset a few frames before it.
    #[inline]
    pub(crate) fn tail(&self) -> usize {
        self.map.tail()
    }

    /// Touches the pages up to `to` in advance, except those that have been touched. Returns the range of these
    /// pages.
    pub(crate) fn prefault_to(&self, to: usize) -> Range<usize> {
        // Earlier appends have touched their pages themselves, and these pages may have been released again.
        let from = self.prefaulted.load(Ordering::Relaxed).max(self.tail() / layout::PAGE * layout::PAGE);
        let to = to.next_multiple_of(layout::PAGE).min(self.map.memory().len());
        if from < to {
            self.map.memory().prefault(from..to);
            self.prefaulted.store(to, Ordering::Relaxed);
        }
        from..to.max(from)
    }

    /// Releases the memory of the pages before `to`, except those that have been released. Also releases the released
    /// pages in `touched` again, which have been read or touched since.
    pub(crate) fn release_to(&self, to: usize, touched: Range<usize>) {
        let page = |at: usize| at / layout::PAGE * layout::PAGE;
        let released = self.released.load(Ordering::Relaxed);
        if touched.start < released {
            // A read of a page also maps surrounding pages that are in the page cache, including released ones.
            let from = (touched.start / AROUND * AROUND).max(layout::DATA_START);
            self.map.memory().release(from..page(touched.end.min(released)));
        }
        if released < page(to) {
            self.map.memory().release(released..page(to));
            self.released.fetch_max(page(to), Ordering::Relaxed);
        }
    }

    /// Makes the kernel write the pages of `range` to disk, and drop from memory those that are already on disk and
    /// not mapped. Does not wait for the disk. Errors are ignored.
    pub(crate) fn drop_cache(&self, range: Range<usize>) {
        // Every append writes to the first pages.
        let from = range.start.max(layout::DATA_START);
        #[cfg(target_os = "linux")]
        if let Some(len) = range.end.checked_sub(from).and_then(|len| NonZeroU64::new(len as u64))
            && let Some(file) = self.file.get()
        {
            let _ = rustix::fs::fadvise(file, from as u64, Some(len), rustix::fs::Advice::DontNeed);
        }
    }

    /// Returns the number of bytes of the segment that may be in memory.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        let touched = self.prefaulted.load(Ordering::Relaxed).max(self.tail());
        touched.saturating_sub(self.released.load(Ordering::Relaxed)) as u64
    }

    /// Calls `operate` with the open file. If the program has closed its descriptor, the file is opened again by its
    /// name.
    fn with_file<T>(&self, operate: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        match self.file.get() {
            Some(file) => operate(file),
            None => operate(&self.folder.open_same(&self.name, self.file.id())?),
        }
    }

    /// Returns the directory in which the segment was created.
    pub(crate) fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    /// Returns the name of the segment in this directory.
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.header
    }
}
