//! The sealer: it seals full segments, writes them to disk, releases memory, deletes old segments and writes loss
//! records.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::encode::encode;
use crate::format::frame::FrameKind;
use crate::limits::Limits;
use crate::map::clock::unix_nanos_now;
use crate::memory::MemoryLimit;
use crate::segment::shared::{Draft, HEADER_LEN, Progress, SharedSegment};
use crate::severity::Severity;

use super::core::{Core, Pen};
use super::drops::Told;
use super::keeper::Keeper;
use super::options::LogOptions;
use super::outcome::DropCause;
use super::retention::{Ages, Reading};
use super::room;
use super::swap::same;
use super::unsynced::{Unsynced, sync};

/// The pause before another check of a segment with an incomplete append.
const SOON: Duration = Duration::from_millis(1);
/// The minimum time between two loss records, or two attempts to write one.
const RETELL: Duration = Duration::from_millis(50);
/// The interval of the checks whether other programs have removed or truncated files of the log.
const CHECK: Duration = Duration::from_secs(1);
/// The maximum interval of the search for segments that are too old.
const RETENTION: Duration = Duration::from_secs(60);

pub(super) fn run(core: &Core, keeper: &Keeper) {
    let mut behind = Behind::new(core, keeper);
    while !keeper.is_closed() {
        let pause = behind.pass();
        keeper.behind.wait(pause);
    }
    behind.finish();
}

/// Closes a log that has no workers.
pub(super) fn finish(core: &Core, keeper: &Keeper) {
    Behind::new(core, keeper).finish();
}

/// A segment that is not sealed, and the position up to which it has been examined.
struct Tended {
    segment: Arc<SharedSegment>,
    progress: Progress,
    /// The end of its frames, if it is closed.
    end: Option<usize>,
    /// Whether another program has removed, moved or truncated its file. The entries of a moved file are not lost.
    is_lost: bool,
    /// The position up to which it had been examined when it was last written to disk.
    synced: usize,
    /// The position up to which pages had been released when the page cache was last examined.
    left: usize,
}

struct Behind<'a> {
    core: &'a Core,
    keeper: &'a Keeper,
    tended: VecDeque<Tended>,
    unsynced: Unsynced,
    /// Sealed segments that an append may still use. The last holder of a segment unmaps it, and this should not be
    /// an append.
    leaving: Vec<Arc<SharedSegment>>,
    told: Told,
    /// The state with which loss records are appended.
    pen: Pen,
    scratch: Vec<u8>,
    /// The memory limit of the process. Near the limit, the log keeps as little page cache as possible.
    limit: Option<MemoryLimit>,
    next_telling: Instant,
    next_sync: Option<Instant>,
    next_retention: Option<Instant>,
    ages: Ages,
    next_check: Instant,
    /// The number of entries in segments that are sealed or lost.
    accounted: u64,
    /// Whether a segment lost pages, so that its entries cannot be counted one by one.
    is_hit: bool,
    /// Whether files were found to be removed, and no flush has returned this.
    removed: bool,
}

impl<'a> Behind<'a> {
    fn new(core: &'a Core, keeper: &'a Keeper) -> Self {
        let now = Instant::now();
        Self {
            core,
            keeper,
            tended: VecDeque::new(),
            unsynced: Unsynced::default(),
            leaving: Vec::new(),
            told: Told::default(),
            pen: Pen::new(&core.segments),
            scratch: vec![0; core.options.scratch_len()],
            limit: MemoryLimit::of_this_process(),
            next_telling: now,
            next_sync: core.options.sync_every.map(|interval| now + interval),
            next_retention: core.options.max_age.map(|_| now),
            ages: Ages::new(),
            next_check: now + CHECK,
            accounted: 0,
            is_hit: false,
            removed: false,
        }
    }

    /// Does all work that is due. Returns the time until the next work is due, or `None` if only a request can cause
    /// work.
    fn pass(&mut self) -> Option<Duration> {
        self.take_new();
        let waiting = self.tend();
        self.answer_flushes();
        let now = Instant::now();
        let soonest = [
            waiting.then_some(SOON),
            (!self.leaving.is_empty()).then_some(SOON),
            self.tell_losses(now),
            self.sync_in_time(now),
            self.rotate_in_time(),
            self.delete_in_time(now),
            self.keeper.problems.tell(&self.core.drops),
            self.check_in_time(now),
            self.core.salvage_on().then_some(SOON),
        ];
        soonest.into_iter().flatten().min()
    }

    /// Adds the segments that have been created since the last pass.
    fn take_new(&mut self) {
        let last = self.tended.back().map(|tended| tended.segment.header().sequence);
        for segment in self.keeper.open_after(last) {
            let progress = Progress::new(&segment, self.core.options.segment.index);
            self.tended.push_back(Tended {
                segment,
                progress,
                end: None,
                synced: 0,
                left: 0,
                is_lost: false,
            });
        }
    }

    /// Examines the new frames, and closes and seals the segments that the appends have left. Returns whether a
    /// segment cannot be sealed now.
    fn tend(&mut self) -> bool {
        self.let_go();
        let current = self.core.segments.current().as_ref().map(|current| current.header().sequence);
        for tended in &mut self.tended {
            let segment = &tended.segment;
            let window = self.core.options.window;
            segment.progress_in_windows(&mut tended.progress, window);
            let left = tended.progress.at.saturating_sub(window);
            if left >= tended.left + window {
                if self.limit.as_ref().is_some_and(MemoryLimit::is_near) {
                    // The first call for a page starts to write it, and a later call drops it.
                    segment.drop_cache(tended.left.saturating_sub(2 * window)..left);
                }
                tended.left = left;
            }
            if current.is_some_and(|current| segment.header().sequence < current) {
                tended.end.get_or_insert_with(|| segment.close());
            }
        }
        while self.tended.front().is_some_and(Tended::is_whole) {
            self.seal_front();
        }
        self.tended.front().is_some_and(|tended| tended.end.is_some())
    }

    fn seal_front(&mut self) {
        let Some(mut tended) = self.tended.pop_front() else { return };
        let start = Instant::now();
        // The directory may have been moved since the last check, with this segment in it.
        let _ = self.core.directory.check();
        tended.is_lost |= self.is_lost(&tended.segment);
        if tended.segment.is_cut() {
            self.leave_cut(tended);
            return;
        }
        tended.segment.progress_in_windows(&mut tended.progress, self.core.options.window);
        self.accounted += tended.progress.entries();
        let is_moved = tended.is_lost && tended.segment.has_name();
        if tended.is_lost && !is_moved {
            self.note_lost(tended.progress.entries());
        }
        if tended.segment.is_gone() {
            tended.progress.forget_index();
        }
        tended.segment.seal(&mut tended.progress);
        self.core.counters.sealing.record(start);
        // A later sync would not find a moved file by its name.
        let durable =
            is_moved || self.core.options.sync_every.is_some() || self.core.options.sync_at.is_some();
        let len = usize::try_from(tended.segment.header().size).unwrap_or(usize::MAX);
        let is_synced =
            durable && !tended.segment.is_poisoned() && sync(self.core, || tended.segment.sync(len)).is_ok();
        if is_synced || tended.is_lost && !is_moved {
            // The segment is on disk, or its file does not exist.
        } else if tended.segment.is_poisoned() {
            self.unsynced.add_refused(&tended.segment);
        } else {
            self.unsynced.add(&tended.segment);
        }
        self.keeper.remove(&tended.segment);
        self.leaving.push(tended.segment);
        self.let_go();
        if self.core.no_room.load(Ordering::Relaxed) {
            // The segment can be deleted now.
            self.keeper.ahead.wake();
        }
    }

    /// Returns whether the file of a segment is not in the place in which it was created.
    fn is_lost(&self, segment: &SharedSegment) -> bool {
        segment.folder().id() != self.core.directory.folder().id() || segment.is_gone() || segment.is_cut()
    }

    /// Counts entries that were written and whose file is lost.
    fn note_lost(&mut self, entries: u64) {
        self.removed = true;
        self.core.drops.add_all(DropCause::Removed, entries);
    }

    /// Gives up a segment that was truncated. Its map no longer contains the entries, so their number is the
    /// difference between the written entries and the entries in other segments.
    fn leave_cut(&mut self, tended: Tended) {
        self.is_hit = true;
        let kept = tended.segment.abandon();
        self.accounted += kept;
        self.note_missing();
        self.removed = true;
        self.keeper.remove(&tended.segment);
        self.leaving.push(tended.segment);
        self.let_go();
    }

    /// Counts the entries that were written and are in no segment.
    fn note_missing(&mut self) {
        if !self.is_hit {
            return;
        }
        let written = self.core.stats().entries;
        let mut found = self.accounted;
        for tended in self.tended.iter_mut().filter(|tended| !tended.segment.is_cut()) {
            tended.segment.progress(&mut tended.progress);
            found += tended.progress.entries();
        }
        if self.tended.iter().any(|tended| tended.segment.is_cut()) {
            // The entries are counted with that segment.
            return;
        }
        let missing = written.saturating_sub(found);
        self.accounted += missing;
        self.core.drops.add_all(DropCause::Removed, missing);
    }

    /// Searches for files that other programs have removed, moved or truncated, and replaces them by new ones.
    fn check_files(&mut self) {
        // If there is no directory now and none can be created, the creation of the next segment fails, which is
        // counted.
        let _ = self.core.directory.check();
        for n in 0..self.tended.len() {
            let is_lost = self.tended[n].is_lost || self.is_lost(&self.tended[n].segment);
            self.tended[n].is_lost = is_lost;
            if self.tended[n].segment.is_cut() {
                // The segment is closed even if no other segment can be created, because no further entry may go to
                // it.
                let end = self.tended[n].segment.close();
                self.tended[n].end.get_or_insert(end);
            }
        }
        // The preallocated segment may be lost as well.
        for _ in 0..3 {
            let current = self.core.segments.current();
            let Some(segment) = current.as_ref().filter(|current| self.is_lost(current)) else { break };
            self.removed |= !segment.has_name();
            let _ = self.core.go_on_from(Some(segment));
            self.take_new();
        }
        self.tend();
        // Appends continued during the check, so fewer entries may have been counted than are missing.
        self.note_missing();
    }

    fn check_in_time(&mut self, now: Instant) -> Option<Duration> {
        if self.next_check <= now {
            self.check_files();
            self.next_check = Instant::now() + CHECK;
        }
        Some(self.next_check.saturating_duration_since(now))
    }

    /// Unmaps the sealed segments that no thread uses any more.
    fn let_go(&mut self) {
        if !self.leaving.is_empty() {
            self.pen.segments.load();
            self.core.let_go();
            self.leaving.retain(|segment| Arc::strong_count(segment) > 1);
        }
    }

    /// Writes to disk for the threads that wait for it.
    fn answer_flushes(&mut self) {
        if let Some(request) = self.keeper.flushes.asked() {
            // The entries of these threads are complete, and may be in a segment that was created since the last
            // pass.
            self.take_new();
            self.check_files();
            let result = self.sync_all();
            if std::mem::take(&mut self.removed) {
                self.keeper.flushes.note_removed(request);
            }
            self.keeper.flushes.answer(request, result);
        }
    }

    /// Writes everything to disk that may not be there.
    ///
    /// # Errors
    /// The first error. All segments are tried, and a failed segment is tried again next time.
    fn sync_all(&mut self) -> Result<(), io::ErrorKind> {
        let mut result = self.unsynced.sync(self.core, &self.keeper.stream_id);
        let current = self.core.segments.current().as_ref().map(|current| current.header().sequence);
        for tended in &mut self.tended {
            let segment = &tended.segment;
            if current.is_some_and(|current| segment.header().sequence > current) {
                // The segment contains no entries.
                continue;
            }
            segment.progress(&mut tended.progress);
            // Entries whose append has returned may be after an incomplete entry.
            let is_synced = tended.progress.at == tended.synced && segment.tail() <= tended.synced;
            if is_synced && !segment.is_poisoned() {
                continue;
            }
            let synced = if segment.is_poisoned() {
                // The segment is written again after it is sealed.
                Err(io::ErrorKind::Other)
            } else {
                sync(self.core, || segment.sync(tended.progress.at)).map_err(|error| error.kind())
            };
            match synced {
                Ok(()) => tended.synced = tended.progress.at,
                Err(_) if segment.is_poisoned() && tended.end.is_none() => {
                    // The state of this segment on disk is unknown from now on, so later entries go to another
                    // segment.
                    let _ = self.core.go_on_from(Some(segment));
                }
                Err(_) => {}
            }
            result = result.and(synced);
        }
        result
    }

    fn sync_in_time(&mut self, now: Instant) -> Option<Duration> {
        let interval = self.core.options.sync_every?;
        if self.next_sync.is_none_or(|next| next <= now) {
            // A failed segment is tried again next time. Until then every flush returns an error.
            let _ = self.sync_all();
            self.next_sync = Some(now + interval);
        }
        self.next_sync.map(|next| next.saturating_duration_since(now).max(SOON))
    }

    /// Moves to the next segment if the current one is too old. Returns the time until the next check.
    fn rotate_in_time(&self) -> Option<Duration> {
        let age = self.core.options.max_segment_age?;
        let current = self.core.segments.current();
        let segment = current.as_ref()?;
        let made = Duration::from_nanos(unix_nanos_now().saturating_sub(segment.header().created_unix_nano));
        if made < age {
            return Some(age - made);
        }
        let used = self
            .tended
            .iter()
            .any(|tended| Arc::ptr_eq(&tended.segment, segment) && tended.progress.entries() > 0);
        if used && self.core.segments.has_next(Some(segment)) {
            let _ = self.core.go_on_from(current.as_ref());
        } else if used {
            // The preallocator creates the segment and then wakes this worker.
            self.core.spare_wanted.store(true, Ordering::Release);
            self.keeper.ahead.wake();
        }
        Some(age.min(Duration::from_secs(1)))
    }

    fn delete_in_time(&mut self, now: Instant) -> Option<Duration> {
        let age = self.core.options.max_age?;
        let interval = RETENTION.min(age / 4).max(SOON);
        if self.next_retention.is_none_or(|next| next <= now) {
            let (folder, clock) = (self.core.directory.folder(), (self.core.options.clock)());
            let now = Reading { wall: clock.0, uptime: clock.1 };
            let deleted = {
                let mut inventory = self.keeper.inventory();
                room::delete_older(&folder, &mut inventory, &mut self.ages, &self.keeper.stream_id, now, age)
            };
            let deleted = deleted.unwrap_or(0);
            self.core.counters.deleted_segments.fetch_add(deleted, Ordering::Relaxed);
            self.next_retention = Some(Instant::now() + interval);
        }
        Some(interval)
    }

    /// Writes a loss record if entries were dropped and there is space. Returns the time until the next attempt.
    fn tell_losses(&mut self, now: Instant) -> Option<Duration> {
        if now < self.next_telling {
            return Some(self.next_telling - now);
        }
        self.tell_untold(|core, pen, draft| core.put(pen, draft).is_ok())?;
        // One record covers many drops, so that the records do not use up the remaining space.
        self.next_telling = now + RETELL;
        Some(RETELL)
    }

    /// Writes the last loss record of the log if entries were dropped. The current segment has space for it, which no entry
    /// can use.
    fn tell_last_losses(&mut self) {
        self.tell_untold(|core, pen, draft| {
            core.segments.current().as_ref().is_some_and(|current| current.append_last(draft).is_ok())
                || core.put(pen, draft).is_ok()
        });
    }

    /// Writes a loss record with `append` if entries were dropped. Returns `None` if there are none.
    fn tell_untold(&mut self, append: impl FnOnce(&Core, &mut Pen, &mut Draft<'_>) -> bool) -> Option<()> {
        let loss = self.told.untold(&self.core.drops)?;
        // The record must not go to a lost file.
        if self.core.segments.current().as_ref().is_some_and(|current| self.is_lost(current)) {
            self.check_files();
        }
        // The limits of the program's entries do not apply to the record.
        let max_entry_bytes = self.core.options.segment.limits.max_entry_bytes;
        let limits = Limits { max_entry_bytes, ..Limits::DEFAULT };
        let encoded = encode(&mut self.scratch[HEADER_LEN..], &limits, |entry| loss.write_to(entry));
        let payload = encoded.map_or(0, |entry| entry.len());
        let bytes = &mut self.scratch;
        let mut draft = Draft { bytes, payload, kind: FrameKind::Loss, severity: Severity::WARN };
        if payload > 0 && append(self.core, &mut self.pen, &mut draft) {
            self.told.tell(&loss);
        } else {
            self.told.keep(&loss, &self.core.drops);
        }
        Some(())
    }

    /// Closes the log. No thread appends after this.
    fn finish(mut self) {
        self.take_new();
        self.check_files();
        self.tell_last_losses();
        // No segment is added after this, so the list of segments to seal is complete.
        self.keeper.end();
        self.take_new();
        let (current, _) = self.core.segments.end();
        for tended in &mut self.tended {
            tended.end.get_or_insert_with(|| tended.segment.close());
        }
        self.wait_for_appends();
        self.remove_unused(current.as_ref());
        if let Some(last) = self.tended.back() {
            last.segment.note_stop();
        }
        while let Some(tended) = self.tended.front() {
            if !tended.is_whole() {
                // The segment contains an append that never ended, for example of a stopped thread, or bytes that
                // another program changed.
                self.tended.pop_front();
                self.unsynced.add_incomplete();
                continue;
            }
            self.seal_front();
        }
        self.note_missing();
        self.answer_flushes();
        self.keeper.flushes.end(self.unsynced.is_empty());
        self.keeper.problems.tell(&self.core.drops);
    }

    /// Waits until the appends that have claimed space have filled it. An append only has to copy some bytes, so this
    /// is short unless its thread is stopped.
    fn wait_for_appends(&mut self) {
        let start = Instant::now();
        loop {
            let mut are_whole = true;
            for tended in &mut self.tended {
                tended.segment.progress_in_windows(&mut tended.progress, self.core.options.window);
                are_whole &= tended.is_whole();
            }
            if are_whole || start.elapsed() >= LogOptions::CLOSE_TIMEOUT {
                return;
            }
            thread::sleep(SOON);
        }
    }

    /// Removes the segments without appended frames. The current segment stays if it is not the first of its stream,
    /// because the last segment of a stream contains the record of how the stream ended.
    fn remove_unused(&mut self, current: Option<&Arc<SharedSegment>>) {
        let keeper = self.keeper;
        self.tended.retain(|Tended { segment, progress, end, .. }| {
            let is_last = same(Some(segment), current) && segment.header().sequence > 0;
            let stays = is_last || !progress.is_unused() || *end != Some(progress.at);
            if !stays {
                let _ = segment.folder().remove(segment.name());
                keeper.remove(segment);
            }
            stays
        });
    }
}

impl Tended {
    /// Returns whether the segment is closed and each of its frames is complete.
    fn is_whole(&self) -> bool {
        self.end == Some(self.progress.at) || self.end.is_some() && self.segment.is_cut()
    }
}
