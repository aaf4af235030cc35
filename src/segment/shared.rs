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
use crate::format::bytes::u64_at;
use crate::format::entry::TIME;
use crate::format::frame::{self, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::map::memory::Memory;
use crate::map::shared::{NoClaim, SharedMap};
use crate::severity::Severity;

use super::create::{self, New};
use super::durable::{self, NotOnDisk};
use super::folder::Folder;
use super::held::{FileId, Held};
use super::index::{self, IndexBuilder};
use super::lock;
use super::options::SegmentOptions;
use super::reader::Segment;

/// A segment that many threads of its process append to: by complete frames, without a lock.
pub(crate) struct SharedSegment {
    map: SharedMap,
    file: Held,
    folder: Arc<Folder>,
    name: OsString,
    header: SegmentHeader,
    /// Whether the disk has refused bytes of it: what is on disk is then not known, and not asked again until the segment is
    /// sealed and has been written anew.
    poisoned: AtomicBool,
    /// Pages before this have been given back, as far as they were in memory.
    released: AtomicUsize,
    /// Pages before this have been touched ahead of time.
    prefaulted: AtomicUsize,
    /// One less than the distance, a power of two, at which appends wake the preallocator.
    step_mask: usize,
    /// Where the frames after the resource begin.
    start: usize,
}

/// A frame that is not in a segment yet.
pub(crate) struct Draft<'a> {
    /// Room for the header ([`HEADER_LEN`] bytes), the payload, and at least as many bytes as pad it.
    pub(crate) bytes: &'a mut [u8],
    /// Bytes of the payload.
    pub(crate) payload: usize,
    pub(crate) kind: FrameKind,
    pub(crate) severity: Severity,
}

/// The largest part of a file that the kernel maps for one fault: a folio of 2 MiB.
const AROUND: usize = 2 << 20;

/// Room for a frame's header before its payload.
pub(crate) const HEADER_LEN: usize = frame::HEADER_LEN;

/// How far the owner of a segment has looked at its frames, and what they were.
pub(crate) struct Progress {
    /// One past the last frame of the unbroken run of complete ones.
    pub(crate) at: usize,
    trailer: Trailer,
    /// Frames seen, of every kind.
    frames: u64,
    /// What is known of its frames, where an index is to be made.
    index: Option<IndexBuilder>,
}

impl Progress {
    /// Nothing has been looked at.
    pub(crate) fn new(indexed: bool) -> Self {
        let index = indexed.then(IndexBuilder::default);
        Self { at: layout::DATA_START, trailer: Trailer::default(), frames: 0, index }
    }

    /// Whether there is no frame but the resource.
    pub(crate) fn is_unused(&self) -> bool {
        self.frames <= 1
    }

    /// Makes no index.
    pub(crate) fn forget_index(&mut self) {
        self.index = None;
    }

    /// Entries seen.
    pub(crate) fn entries(&self) -> u64 {
        self.trailer.entries
    }
}

impl SharedSegment {
    /// Makes the segment `name` in `folder`, as [`SegmentWriter::create`](super::SegmentWriter::create) does.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn create(folder: &Arc<Folder>, name: &OsStr, options: &SegmentOptions) -> io::Result<Self> {
        create::segment(folder, name, options, Self::make)
    }

    fn make(new: New<'_>) -> io::Result<Self> {
        let New { file, folder, name, header, options } = new;
        let Some(open) = file.get() else { return Err(io::ErrorKind::NotFound.into()) };
        let mut memory = Memory::new(open, usize::try_from(header.size).unwrap_or(usize::MAX))?;
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
        Ok(segment)
    }

    /// Appends `draft`. Returns one past the last byte of its frame.
    #[inline]
    pub(crate) fn append(&self, draft: &mut Draft<'_>) -> Result<usize, NoClaim> {
        let frame = &mut draft.bytes[..frame::frame_len(draft.payload)];
        let claim = self.map.claim(draft.payload)?;
        let tag = frame::tag(self.header.salt, claim.offset());
        let word = frame::close(frame, draft.payload, draft.kind, draft.severity, tag);
        let end = claim.commit(&frame[frame::TAG..], word);
        if self.map.memory().is_hit() {
            // The frame may be in a page that is not the file's. It is appended again, to another segment.
            self.map.close(self.header.salt);
            return Err(NoClaim::Closed);
        }
        Ok(end)
    }

    /// Whether a frame of `len` bytes that ends at `end` reaches over a place at which the preallocator is woken: each
    /// `window`, and each eighth of the segment.
    #[inline(always)]
    pub(crate) fn is_step(&self, end: usize, len: usize, window: usize) -> bool {
        // A remainder, as both distances are powers of two.
        end & self.step_mask & (window - 1) < len
    }

    /// Whether frames use an eighth of the segment.
    pub(crate) fn is_used(&self) -> bool {
        let eighth = self.map.memory().len() / 8;
        self.tail() >= if eighth > layout::DATA_START { eighth } else { layout::DATA_START + eighth }
    }

    /// Whether a frame of `len` bytes fits the segment when it is new.
    pub(crate) fn holds(&self, len: usize) -> bool {
        self.start + len <= self.map.end()
    }

    /// Ends the segment: nothing is appended from now on. Returns where its frames end.
    pub(crate) fn close(&self) -> usize {
        let end = self.map.close(self.header.salt);
        failpoint::hit("closed");
        end
    }

    /// Looks at the frames completed since `progress`, up to the first that is not.
    pub(crate) fn progress(&self, progress: &mut Progress) {
        self.progress_to(progress, usize::MAX);
    }

    /// The same, and gives the memory of the frames back, a window at a time.
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

    /// The same as `progress`, and no further than the first frame that begins at `limit` or after it.
    pub(crate) fn progress_to(&self, progress: &mut Progress, limit: usize) {
        while progress.at < limit {
            let (word, covered) = self.map.frame(progress.at);
            if covered.is_empty() {
                return;
            }
            let kind = FrameKind::from_number(covered[frame::KIND - frame::TAG]);
            let payload = covered.get(HEADER_LEN - frame::TAG..).unwrap_or_default();
            let payload = payload.get(..frame::payload_len(word)).unwrap_or(payload);
            if kind == FrameKind::Entry {
                progress.trailer.note(u64_at(payload, TIME).unwrap_or(0));
            }
            let len = frame::frame_len(frame::payload_len(word));
            if let Some(index) = &mut progress.index {
                index.note(progress.at, len, kind, payload);
            }
            progress.frames += 1;
            progress.at += len;
        }
    }

    /// Notes that this is the last segment of its stream, which its process has completed now. Before it is sealed: a reader of
    /// a sealed segment finds it complete.
    pub(crate) fn note_stop(&self) {
        self.map.store(layout::END_TIME, create::unix_nanos_now());
        self.map.store(layout::END, layout::end_word(layout::END_STOPPED));
    }

    /// Completes the segment, which is closed and of which `progress` has seen every frame: writes the trailer and the index,
    /// and gives the unused space back.
    pub(crate) fn seal(&self, progress: &mut Progress) {
        failpoint::hit("seal");
        let trailer = Trailer { data_end: progress.at as u64, ..progress.trailer };
        let Some(claim) = self.map.claim_trailer() else { return };
        let mut frame = [0; layout::TRAILER_LEN];
        let payload = trailer.to_payload();
        frame[HEADER_LEN..].copy_from_slice(&payload);
        let tag = frame::tag(self.header.salt, claim.offset());
        let word = frame::close(&mut frame, payload.len(), FrameKind::Seal, Severity::UNSPECIFIED, tag);
        claim.commit(&frame[frame::TAG..], word);
        self.map.store(layout::STATE, layout::STATE_SEALED);
        // The word that closed the segment stays.
        let unused = (progress.at + frame::ALIGN).min(self.map.end());
        let _ = self.with_file(|file| {
            create::punch(file, unused, self.map.end());
            Ok(())
        });
        let index =
            progress.index.take().and_then(|index| index.finish(self.header.segment_id, trailer.data_end));
        // Without room for it, or the right to make it, there is none.
        if let Some(word) = index.and_then(|index| index::write(&self.folder, &self.name, &index).ok()) {
            self.map.store(layout::INDEX, word);
        }
        // Nobody owns it any more, though the threads that have used it may hold on to it for a while.
        let _ = self.file.get().map(lock::release);
        failpoint::hit("sealed");
    }

    /// Writes the segment to disk, and notes in it that the first `durable` bytes are there, which were complete before.
    ///
    /// # Errors
    /// Those of the disk. After a refusal, what of the segment is on disk is not known, and no further call will try.
    pub(crate) fn sync(&self, durable: usize) -> Result<(), NotOnDisk> {
        if self.is_poisoned() {
            return Err(NotOnDisk::Refused(io::Error::other(
                "an earlier write of this segment to disk failed",
            )));
        }
        let synced = durable::sync_names(&self.folder).and_then(|()| match self.file.get() {
            Some(file) => durable::sync_data(file),
            // The program has closed its descriptor.
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

    /// Whether another program took pages of it away.
    pub(crate) fn is_hit(&self) -> bool {
        self.map.memory().is_hit()
    }

    /// Whether the file is shorter than it was made. Then its map must not be used where that can be avoided.
    pub(crate) fn is_cut(&self) -> bool {
        let cut = |file: &File| file.metadata().map(|found| found.len() < self.header.size);
        self.is_hit() || self.with_file(cut).unwrap_or(false)
    }

    /// Whether its name no longer means this file: another program deleted or renamed it.
    pub(crate) fn is_gone(&self) -> bool {
        match self.folder.stat(&self.name) {
            Ok(found) => FileId::in_stat(&found) != self.file.id(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Leaves the segment to the next process that opens the directory: its pages were taken away. Returns the number of entries
    /// that the file still has. An empty file is deleted.
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

    /// In a forked child: leaves the segment to the parent, whose lock on it then ends with the parent.
    pub(crate) fn leave(&self) {
        self.file.leave();
        self.map.memory().abandon();
    }

    /// Whether the disk has failed to take bytes of it.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }

    /// Where the next frame begins, or a few frames before that.
    #[inline]
    pub(crate) fn tail(&self) -> usize {
        self.map.tail()
    }

    /// Touches the pages up to `to` ahead of time, as far as that has not been done. Returns the bytes of these pages.
    pub(crate) fn prefault_to(&self, to: usize) -> Range<usize> {
        // Appends that were earlier have touched the pages themselves, and these may be given back again.
        let from = self.prefaulted.load(Ordering::Relaxed).max(self.tail() / layout::PAGE * layout::PAGE);
        let to = to.next_multiple_of(layout::PAGE).min(self.map.memory().len());
        if from < to {
            self.map.memory().prefault(from..to);
            self.prefaulted.store(to, Ordering::Relaxed);
        }
        from..to.max(from)
    }

    /// Gives the memory of the pages before `to` back, as far as that has not been done, and of the pages in `touched`, which
    /// have been read or prefaulted since, if it has.
    pub(crate) fn release_to(&self, to: usize, touched: Range<usize>) {
        let page = |at: usize| at / layout::PAGE * layout::PAGE;
        let released = self.released.load(Ordering::Relaxed);
        if touched.start < released {
            // To read a page also maps pages around it that are in the page cache, among them some that were given back.
            let from = (touched.start / AROUND * AROUND).max(layout::DATA_START);
            self.map.memory().release(from..page(touched.end.min(released)));
        }
        if released < page(to) {
            self.map.memory().release(released..page(to));
            self.released.fetch_max(page(to), Ordering::Relaxed);
        }
    }

    /// Has the kernel write the pages of `range` to disk, and drop from memory those that are there already and that are not
    /// mapped. Nothing waits for the disk. Best effort.
    pub(crate) fn drop_cache(&self, range: Range<usize>) {
        // The first pages are written by every append.
        let from = range.start.max(layout::DATA_START);
        #[cfg(target_os = "linux")]
        if let Some(len) = range.end.checked_sub(from).and_then(|len| NonZeroU64::new(len as u64))
            && let Some(file) = self.file.get()
        {
            let _ = rustix::fs::fadvise(file, from as u64, Some(len), rustix::fs::Advice::DontNeed);
        }
    }

    /// Bytes of it that may be in memory.
    pub(crate) fn mapped_bytes(&self) -> u64 {
        let touched = self.prefaulted.load(Ordering::Relaxed).max(self.tail());
        touched.saturating_sub(self.released.load(Ordering::Relaxed)) as u64
    }

    /// Calls `operate` with the open file. If the program has closed its descriptor, the file is opened again by its name.
    fn with_file<T>(&self, operate: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        match self.file.get() {
            Some(file) => operate(file),
            None => operate(&self.folder.open_same(&self.name, self.file.id())?),
        }
    }

    /// The directory that it was made in.
    pub(crate) fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    /// Its name in that directory.
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.header
    }
}
