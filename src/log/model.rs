//! A model of append, close and rotation for a model checker that tries every visible order of the steps of the
//! threads: `RUSTFLAGS="--cfg loom" cargo test --release --lib log::`.

mod succession;
mod swap;

use std::sync::Arc;

use loom::thread;
use succession::{Sequenced, Step, Succession};

use crate::format::frame;
use crate::map::memory::Memory;
use crate::map::shared::{NoClaim, SharedMap};

const TAIL: usize = 0;
const START: usize = 16;
const SALT: u32 = 0x5EED;

/// A segment without a file.
struct Segment {
    map: SharedMap,
    sequence: u64,
}

impl Sequenced for Segment {
    fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Segment {
    /// Creates a segment with space for `frames` frames without payload.
    fn new(sequence: u64, frames: usize) -> Arc<Self> {
        let end = START + 16 * frames;
        Arc::new(Self { map: SharedMap::new(Memory::zeroed(end + 16), TAIL, START, end), sequence })
    }

    /// Appends a frame that contains `content`.
    fn append(&self, content: u64) -> Result<usize, NoClaim> {
        let claim = self.map.claim(0)?;
        // The model does not check checksums. The field of the checksum contains the content again.
        let word = 2 << 28 | content << 32;
        claim.commit(&content.to_le_bytes(), word).ok_or(NoClaim::Closed)
    }

    /// Returns the contents of the complete frames before the first incomplete frame.
    fn read(&self) -> Vec<u64> {
        let mut contents = Vec::new();
        let mut at = START;
        while at < self.map.end() {
            let word = self.map.load(at);
            if !frame::is_committed(word) {
                break;
            }
            let content = self.map.load(at + 8);
            assert_eq!(content, word >> 32, "a frame was seen before it was whole");
            contents.push(content);
            at += 16;
        }
        contents
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn two_threads_never_share_space_and_a_reader_sees_whole_frames() {
    check(|| {
        let segment = Segment::new(0, 4);
        let append = |thread: u64| {
            let segment = Arc::clone(&segment);
            thread::spawn(move || (0..2).all(|n| segment.append(thread << 8 | n).is_ok()))
        };
        let threads = [append(1), append(2)];
        // This reads while the threads append.
        segment.read();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        let contents = segment.read();
        let of = |thread: u64| contents.iter().copied().filter(move |content| content >> 8 == thread);
        for thread in [1, 2] {
            assert_eq!(of(thread).collect::<Vec<_>>(), [thread << 8, thread << 8 | 1]);
        }
        assert_eq!((contents.len(), segment.map.tail()), (4, START + 64));
        assert_eq!(segment.append(9).unwrap_err(), NoClaim::Full);
    });
}

#[test]
fn nothing_is_appended_to_a_closed_segment() {
    check(|| {
        let segment = Segment::new(0, 4);
        let appending = {
            let segment = Arc::clone(&segment);
            thread::spawn(move || (1..=2).take_while(|n| segment.append(*n).is_ok()).count())
        };
        let closing = {
            let segment = Arc::clone(&segment);
            thread::spawn(move || segment.map.close(SALT))
        };
        let end = segment.map.close(SALT);
        assert_eq!(closing.join().unwrap(), end);
        let appended = appending.join().unwrap();
        assert_eq!(segment.read().len(), appended);
        assert_eq!(end, START + 16 * appended);
        assert_eq!(segment.append(9).unwrap_err(), NoClaim::Closed);
    });
}

/// Appends as the log does. Returns `None` if the segment is full and there is no next segment.
fn put(log: &Succession<Segment>, content: u64) -> Option<u64> {
    loop {
        let current = log.current();
        let segment = current.as_ref().unwrap();
        if segment.append(content).is_ok() {
            return Some(segment.sequence);
        }
        if log.go_on_from(Some(segment)) == Step::Missing && log.is_current(Some(segment)) {
            return None;
        }
    }
}

#[test]
fn threads_go_on_together_and_keep_their_order() {
    check(|| {
        let log = Arc::new(Succession::new());
        let segments = [Segment::new(0, 1), Segment::new(1, 2), Segment::new(2, 2)];
        log.offer(Some(Arc::clone(&segments[0])));
        assert_eq!(log.go_on_from(None), Step::Taken);
        log.offer(Some(Arc::clone(&segments[1])));
        let append = |thread: u64, entries: u64| {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                let places: Vec<_> = (0..entries).map(|n| put(&log, thread << 8 | n).unwrap()).collect();
                assert!(places.is_sorted(), "a thread went back to an earlier segment");
            })
        };
        for thread in [append(1, 2), append(2, 1)] {
            thread.join().unwrap();
        }
        let contents: Vec<_> = segments.iter().flat_map(|segment| segment.read()).collect();
        let of = |thread: u64| contents.iter().copied().filter(move |content| content >> 8 == thread);
        assert_eq!(of(1).collect::<Vec<_>>(), [1 << 8, 1 << 8 | 1]);
        assert_eq!(of(2).collect::<Vec<_>>(), [2 << 8]);
        assert_eq!(contents.len(), 3);
    });
}

#[test]
fn a_segment_that_comes_late_is_gone_on_to_and_nothing_is_written_twice() {
    check(|| {
        let log = Arc::new(Succession::new());
        let segments = [Segment::new(0, 1), Segment::new(1, 2)];
        log.offer(Some(Arc::clone(&segments[0])));
        log.go_on_from(None);
        assert_eq!(put(&log, 1), Some(0));
        let late = {
            let (log, segment) = (Arc::clone(&log), Arc::clone(&segments[1]));
            thread::spawn(move || log.offer(Some(segment)))
        };
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || put(&log, 2))
        };
        let mine = put(&log, 3);
        let others = other.join().unwrap();
        late.join().unwrap();
        let mut expected = Vec::new();
        for (content, place) in [(2, others), (3, mine)] {
            assert!(matches!(place, None | Some(1)));
            expected.extend(place.map(|_| content));
        }
        let mut contents = segments[1].read();
        contents.sort_unstable();
        assert_eq!(contents, expected);
        // An append that found no segment finds one now.
        assert_eq!(put(&log, 4).is_some(), contents.len() < 2);
    });
}
