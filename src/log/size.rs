//! The size of the next segment.
//!
//! The first segment of a stream is small, so a process that logs one line takes little space. Each further segment
//! is larger by a factor if the segment before it was used, so a process that logs much creates few files.

use std::io;
use std::path::Path;

use crate::format::frame::ALIGN;
use crate::format::segment::{DATA_START, PAGE, TRAILER_LEN};
use crate::segment::SegmentOptions;
use crate::segment::folder::{Space, about};

/// The maximum ratio of the size of a segment to the size of the used segment before it.
const FACTOR: u64 = 8;
/// The maximum size of a segment on a file system in memory, where allocated space is memory.
const MOST_IN_MEMORY: u64 = 4 << 20;
/// A segment takes at most this part of its file system.
const PART: u64 = 64;
/// The rules about parts of the file system and of the address space do not reduce the size of a segment below this.
const LEAST_BY_PART: u64 = 64 << 10;

/// A segment takes at most this part of the process's address space (`RLIMIT_AS`): several segments are mapped, and
/// the program needs the rest.
const MAP_PART: u64 = 16;

/// The sizes that are tried for one segment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The first size that is tried.
    pub(super) wanted: u64,
    /// The smallest size that is tried before other segments are deleted.
    pub(super) kept: u64,
    /// The smallest size that is useful.
    pub(super) least: u64,
}

/// The values that determine the size of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grounds {
    /// The size of a first segment.
    pub(super) first: u64,
    /// The largest size.
    pub(super) most: u64,
    /// This process's share of the byte budget. Only a segment for a longer frame is larger.
    pub(super) share: u64,
    /// The size of the segment in use, and whether an eighth of it is used.
    pub(super) current: Option<(u64, bool)>,
    /// The number of bytes of all earlier segments of the stream.
    pub(super) made: u64,
    /// The number of bytes of the resource, of a frame that did not fit into the segment in use, and of a loss record.
    pub(super) needed: u64,
}

impl Sizes {
    /// Returns the sizes for these values, or `None` if no segment of the largest size holds the frame.
    pub(super) fn of(grounds: &Grounds) -> Option<Self> {
        let Grounds { first, most, share, current, made, needed } = *grounds;
        let holding = pages_up((DATA_START + TRAILER_LEN + ALIGN) as u64 + needed);
        if holding > most {
            return None;
        }
        let most = most.min(share.max(holding)).max(SegmentOptions::MIN_SIZE);
        let first = first.clamp(SegmentOptions::MIN_SIZE, most);
        let (same, follows) = match current {
            None => (first, first),
            Some((size, true)) => (size, size.saturating_mul(FACTOR)),
            // The segment was completed early because of its age or a failed disk.
            Some((size, false)) => (size / FACTOR, size / FACTOR),
        };
        let mut wanted = follows.clamp(first, most);
        while wanted < holding {
            wanted = wanted.saturating_mul(FACTOR).min(most);
        }
        let least = first.max(holding).min(wanted);
        // If the stream has had at least this many bytes, it may have a segment of this size at the cost of older
        // segments.
        let kept = if made >= wanted { wanted } else { pages_down(same).clamp(least, wanted) };
        Some(Self { wanted: pages_down(wanted), kept, least })
    }

    /// Returns the sizes that are tried before other segments are deleted, from the largest to the smallest.
    pub(super) fn keeping(self) -> impl Iterator<Item = u64> {
        ladder(self.wanted, self.kept)
    }

    /// Returns the sizes that are tried if no segment can be deleted, from the largest to the smallest.
    pub(super) fn smaller(self) -> impl Iterator<Item = u64> {
        ladder(self.kept, self.least).skip(1)
    }
}

/// Returns sizes from `from` down to `to`, each smaller by the factor than the one before.
fn ladder(from: u64, to: u64) -> impl Iterator<Item = u64> {
    let next = move |size: &u64| (*size > to).then(|| pages_up(*size / FACTOR).max(to));
    std::iter::successors(Some(from), next)
}

fn pages_up(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE as u64)
}

fn pages_down(bytes: u64) -> u64 {
    bytes / PAGE as u64 * PAGE as u64
}

/// Returns the maximum size of a segment on a file system, in bytes.
pub(super) fn most_on(space: Option<Space>) -> u64 {
    let Some(space) = space else { return SegmentOptions::MAX_SIZE };
    let part = space.total.map_or(SegmentOptions::MAX_SIZE, |total| (total / PART).max(LEAST_BY_PART));
    pages_down(if space.in_memory { part.min(MOST_IN_MEMORY) } else { part })
}

/// Returns the maximum size of a segment if `writers` processes share a byte budget, in bytes. All their segments in
/// use and their preallocated segments together take half of the budget.
pub(super) fn share(budget: u64, writers: u64) -> u64 {
    pages_down(budget / 4 / writers.max(1)).max(SegmentOptions::MIN_SIZE)
}

/// Returns the maximum size of one file of `directory` under the limits of this process, in bytes.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] if this is less than the smallest segment. If the process wrote such a file, the
/// system would end it with SIGXFSZ.
pub(super) fn most_by_limits(directory: &Path) -> io::Result<u64> {
    let limit = crate::map::limit::file_size().unwrap_or(u64::MAX);
    if limit < SegmentOptions::MIN_SIZE {
        let least = SegmentOptions::MIN_SIZE;
        let reason = format!(
            "the limit of file sizes (RLIMIT_FSIZE) is {limit} bytes, the smallest segment has {least}; raise it with \
             `ulimit -f` or LimitFSIZE"
        );
        let error = io::Error::new(io::ErrorKind::FileTooLarge, reason);
        return Err(about(directory, "make a segment", error));
    }
    let maps = crate::map::limit::address_space().unwrap_or(u64::MAX);
    Ok(pages_down(limit.min((maps / MAP_PART).max(LEAST_BY_PART))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;

    fn grounds(current: Option<(u64, bool)>) -> Grounds {
        Grounds { first: 64 * KIB, most: 64 * MIB, share: u64::MAX, current, made: 0, needed: 500 }
    }

    #[test]
    fn used_segments_grow_to_the_largest_and_unused_ones_shrink_to_the_first() {
        let wanted = |current| Sizes::of(&grounds(current)).unwrap().wanted;
        let mut size = wanted(None);
        let mut sizes = vec![size];
        for _ in 0..5 {
            size = wanted(Some((size, true)));
            sizes.push(size);
        }
        assert_eq!(sizes, [64 * KIB, 512 * KIB, 4 * MIB, 32 * MIB, 64 * MIB, 64 * MIB]);
        assert_eq!(wanted(Some((64 * MIB, false))), 8 * MIB);
        assert_eq!(wanted(Some((64 * KIB, false))), 64 * KIB);
    }

    #[test]
    fn nothing_is_deleted_for_a_segment_larger_than_what_the_stream_has_had() {
        let young = Sizes::of(&grounds(Some((512 * KIB, true)))).unwrap();
        assert_eq!(young, Sizes { wanted: 4 * MIB, kept: 512 * KIB, least: 64 * KIB });
        assert_eq!(young.keeping().collect::<Vec<_>>(), [4 * MIB, 512 * KIB]);
        assert_eq!(young.smaller().collect::<Vec<_>>(), [64 * KIB]);
        let old = Sizes::of(&Grounds { made: 4 * MIB, ..grounds(Some((512 * KIB, true))) }).unwrap();
        assert_eq!(old.keeping().collect::<Vec<_>>(), [4 * MIB]);
        assert_eq!(old.smaller().collect::<Vec<_>>(), [512 * KIB, 64 * KIB]);
    }

    #[test]
    fn segments_of_many_writers_are_of_their_share() {
        let shared = Sizes::of(&Grounds { share: 100 * KIB, ..grounds(Some((64 * MIB, true))) }).unwrap();
        assert_eq!(shared, Sizes { wanted: 100 * KIB, kept: 100 * KIB, least: 64 * KIB });
        let first = Sizes::of(&Grounds { share: 32 * KIB, ..grounds(None) }).unwrap();
        assert_eq!(first, Sizes { wanted: 32 * KIB, kept: 32 * KIB, least: 32 * KIB });
    }

    #[test]
    fn a_segment_holds_the_frame_that_it_is_made_for() {
        let large = Grounds { needed: 100 * KIB, ..grounds(None) };
        let sizes = Sizes::of(&large).unwrap();
        assert_eq!((sizes.wanted, sizes.least), (512 * KIB, 112 * KIB));
        assert_eq!(Sizes::of(&Grounds { most: 100 * KIB, ..large }), None);
        // This is also true if the frame is larger than the process's share.
        let shared = Sizes::of(&Grounds { share: 32 * KIB, ..large }).unwrap();
        assert_eq!(shared.wanted, 112 * KIB);
        let all = Sizes::of(&Grounds { most: 112 * KIB, ..large }).unwrap();
        assert_eq!((all.wanted, all.kept, all.least), (112 * KIB, 112 * KIB, 112 * KIB));
    }

    #[test]
    fn small_file_systems_get_small_segments() {
        let on = |total, in_memory| most_on(Some(Space { total, in_memory }));
        assert_eq!(on(Some(1 << 40), false), 1 << 34);
        assert_eq!(on(Some(1 << 40), true), 4 * MIB);
        assert_eq!(on(None, true), 4 * MIB);
        assert_eq!(on(Some(128 * MIB), true), 2 * MIB);
        assert_eq!(on(Some(MIB), false), 64 * KIB);
        assert_eq!((share(MIB, 1), share(MIB, 4), share(MIB, 1000)), (256 * KIB, 64 * KIB, 16 * KIB));
    }
}
