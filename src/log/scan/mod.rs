//! The scan of a log: every entry once, in any order, for counts and searches. It uses several threads and indexes.

mod file;
mod segment;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::decode::EntryRef;
use crate::error::DecodeError;
use crate::line_time::WithoutTime;
use crate::map::file::Quiet;
use crate::segment::regular::Links;
use crate::segment::scan::Access;
use crate::segment::{FrameRef, LostRange, Wanted};
use crate::zone::Zone;

use super::files::{FileId, is_log_file_name};
use super::listing::{SegmentInfo, inspect, is_segment, is_segment_name};
use super::reader::Source;

/// A scan of one or more logs.
///
/// Each thread takes one segment, or one file of lines or frames, after the other. If a sealed segment has an index,
/// the scan reads only the parts that may contain [`wanted`](Self::wanted) entries. In a sealed segment it computes
/// only the checksums of matching entries. To find all damage, use [`verify`](crate::segment::verify).
///
/// # Examples
/// ```
/// use fusewire::Severity;
/// use fusewire::decode::EntryRef;
/// use fusewire::log::{Found, Log, Scan, Visitor};
///
/// #[derive(Default)]
/// struct Count(u64);
///
/// impl Visitor for Count {
///     fn entry(&mut self, _: &Found<'_>) {
///         self.0 += 1;
///     }
/// }
///
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-scan-{}", std::process::id()));
/// let log = Log::options(&directory).open()?;
/// log.append(|entry| entry.set_severity(Severity::ERROR));
/// log.append(|entry| entry.set_severity(Severity::INFO));
/// let scan = Scan::new([&directory]);
/// let is_error = |entry: &EntryRef<'_>| entry.severity() >= Severity::ERROR;
/// let scanned = scan.run(is_error, Count::default)?;
/// assert_eq!(scanned.visitors.iter().map(|count| count.0).sum::<u64>(), 1);
/// # drop(log);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scan {
    paths: Vec<PathBuf>,
    wanted: Wanted,
    complete: bool,
    threads: Option<NonZero<usize>>,
    access: Access,
    zone: Option<Zone>,
}

/// A visitor of entries. Each thread has one.
///
/// ```
/// use std::collections::BTreeMap;
/// use fusewire::log::{Found, Log, Scan, Visitor};
///
/// /// Counts entries by target.
/// #[derive(Default)]
/// struct Targets(BTreeMap<String, u64>);
///
/// impl Visitor for Targets {
///     fn entry(&mut self, found: &Found<'_>) {
///         *self.0.entry(found.entry.target().to_string()).or_default() += 1;
///     }
/// }
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_target("shop"));
/// log.append(|entry| entry.set_target("shop"));
/// let scanned = Scan::new([directory.path()]).run(|_| true, Targets::default)?;
/// assert_eq!(scanned.visitors.iter().filter_map(|targets| targets.0.get("shop")).sum::<u64>(), 2);
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Visitor: Send {
    /// Visits a run of entries that all match and that an index describes. Returns whether this is sufficient. If it
    /// is not, which is the default, [`entry`](Self::entry) is called for each of them. Called only with
    /// [`Scan::wanted_exactly`].
    fn run(&mut self, run: &Run<'_>) -> bool {
        let _ = run;
        false
    }

    /// Visits an entry that matches.
    fn entry(&mut self, found: &Found<'_>);
}

/// The description of successive entries by an index.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Run<'a> {
    /// The segment that contains the entries.
    pub segment: &'a SegmentInfo,
    /// The number of matching entries.
    pub entries: u64,
    /// The earliest and the latest time of the entries, or `None` if an entry has no time.
    pub times: Option<(u64, u64)>,
    /// The severity numbers of the entries, including entries that do not match. `None` if the index does not contain
    /// them.
    pub severities: Option<&'a [u8]>,
    wanted: &'a Wanted,
}

impl Run<'_> {
    /// Returns whether entries of this severity number match.
    #[must_use]
    pub fn admits(&self, severity: u8) -> bool {
        self.wanted.admits_severity(severity)
    }
}

/// An entry that matches.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The place of the entry.
    pub source: Source<'a>,
    /// Its frame. For a line, the frame that the line would have, with the offset of the line.
    pub frame: FrameRef<'a>,
    /// The content of the entry.
    pub entry: EntryRef<'a>,
}

/// The result of a scan.
///
/// ```
/// use fusewire::log::{Found, Log, Scan, Visitor};
///
/// struct Bodies(Vec<String>);
///
/// impl Visitor for Bodies {
///     fn entry(&mut self, found: &Found<'_>) {
///         self.0.push(found.entry.body().to_string());
///     }
/// }
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let (found, scanned) = Scan::new([directory.path()]).run(|_| true, || Bodies(Vec::new()))?.split();
/// let bodies: Vec<_> = found.into_iter().flat_map(|bodies| bodies.0).collect();
/// assert_eq!((bodies, scanned.lost.len()), (vec!["paid".to_owned()], 0));
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Scanned<V> {
    /// The visitors of all threads, in any order.
    pub visitors: Vec<V>,
    /// The number of segments that were read.
    pub segments: u64,
    /// The number of files of lines or frames that were read.
    pub files: u64,
    /// The number of segments that were not read because their trailer excludes matching entries.
    pub skipped: u64,
    /// The number of entries that were examined one by one.
    pub looked_at: u64,
    /// The numbers of entries from lines without a time, including entries that do not match.
    pub without_time: WithoutTime,
    /// The ranges without the expected frames in the parts that were read.
    pub lost: Vec<(PathBuf, LostRange)>,
    /// The intact frames with an invalid entry in the parts that were read: path, offset and error.
    pub unreadable_entries: Vec<(PathBuf, u64, DecodeError)>,
    /// The files that could not be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl<V> Default for Scanned<V> {
    fn default() -> Self {
        Self {
            visitors: Vec::new(),
            segments: 0,
            files: 0,
            skipped: 0,
            looked_at: 0,
            without_time: WithoutTime::default(),
            lost: Vec::new(),
            unreadable_entries: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl<V> Scanned<V> {
    /// Splits the result into the visitors and the rest.
    #[must_use]
    pub fn split(mut self) -> (Vec<V>, Scanned<()>) {
        let visitors = std::mem::take(&mut self.visitors);
        let Self {
            segments,
            files,
            skipped,
            looked_at,
            without_time,
            lost,
            unreadable_entries,
            unreadable,
            ..
        } = self;
        let none = Vec::new();
        let rest = Scanned {
            visitors: none,
            segments,
            files,
            skipped,
            looked_at,
            without_time,
            lost,
            unreadable_entries,
            unreadable,
        };
        (visitors, rest)
    }

    fn add(&mut self, other: Self) {
        self.visitors.extend(other.visitors);
        self.segments += other.segments;
        self.files += other.files;
        self.skipped += other.skipped;
        self.looked_at += other.looked_at;
        self.without_time += other.without_time;
        self.lost.extend(other.lost);
        self.unreadable_entries.extend(other.unreadable_entries);
        self.unreadable.extend(other.unreadable);
    }
}

impl Scan {
    /// Creates a scan of segments, of files of lines or frames, and of directories of all these.
    /// [`ReadOptions::open`](super::ReadOptions::open) describes the files of a directory that are read.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        Self { paths, ..Self::default() }
    }

    /// Sets conditions that every matching entry meets. Other entries need not be read.
    #[must_use]
    pub fn wanted(mut self, wanted: Wanted) -> Self {
        self.wanted = wanted;
        self
    }

    /// Sets conditions that every matching entry meets and no other entry. If an index is sufficient, no entry is
    /// read.
    #[must_use]
    pub fn wanted_exactly(mut self, wanted: Wanted) -> Self {
        self.complete = true;
        self.wanted(wanted)
    }

    /// Sets the number of threads. The default is one for each processor that this process may use.
    #[must_use]
    pub fn threads(mut self, threads: NonZero<usize>) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets whether segments are read with system calls instead of a map. The default is `false`. See
    /// [`ReadOptions::copy`](super::ReadOptions::copy).
    #[must_use]
    pub fn copy(mut self, copy: bool) -> Self {
        self.access.copy = copy;
        self
    }

    /// Sets the zone of times in lines without an offset from UTC. The default is UTC.
    #[must_use]
    pub fn line_zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Lends entries from the mapped files without a copy. See
    /// [`ReadOptions::in_place`](super::ReadOptions::in_place).
    ///
    /// # Safety
    /// During the scan, no process may truncate a segment, and no process may change committed bytes, as for
    /// [`Segment::map`](crate::segment::Segment::map).
    #[must_use]
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn in_place(mut self) -> Self {
        // SAFETY: the caller promises *quiet* for all segments that are scanned.
        self.access.in_place = Some(unsafe { Quiet::promised() });
        self
    }

    /// Visits every entry for which `matches` returns `true`. `make` creates the visitor of each thread.
    ///
    /// # Errors
    /// An error if a path does not exist or a directory cannot be read.
    pub fn run<V: Visitor>(
        &self,
        matches: impl Fn(&EntryRef<'_>) -> bool + Sync,
        make: impl Fn() -> V + Sync,
    ) -> io::Result<Scanned<V>> {
        let files = self.files()?;
        let available = || std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let threads = self.threads.unwrap_or_else(available).get().clamp(1, files.len().max(1));
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut visitor, mut scanned) = (make(), Scanned::default());
            while let Some((path, links)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.scan_file(path, *links, &matches, &mut visitor, &mut scanned);
            }
            scanned.visitors.push(visitor);
            scanned
        };
        let mut all = Scanned::default();
        std::thread::scope(|scope| {
            // If the system cannot start a thread, the other threads do its work.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..threads).filter_map(spawn).collect();
            all.add(work());
            for other in others {
                match other.join() {
                    Ok(scanned) => all.add(scanned),
                    // The panic comes from the code of the caller.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        all.lost.sort_by(|(a, x), (b, y)| (a, x.start).cmp(&(b, y.start)));
        all.unreadable_entries.sort_by(|(a, x, _), (b, y, _)| (a, x).cmp(&(b, y)));
        all.unreadable.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    /// Returns each file once. Segments come before other files, the oldest first.
    fn files(&self) -> io::Result<Vec<(PathBuf, Links)>> {
        let mut files = Vec::new();
        for path in &self.paths {
            if !path.metadata()?.is_dir() {
                files.push((path.clone(), Links::Followed));
                continue;
            }
            let begin = files.len();
            for entry in std::fs::read_dir(path)? {
                let path = entry?.path();
                if is_segment_name(&path) || is_log_file_name(&path) {
                    files.push((path, Links::Refused));
                }
            }
            files[begin..]
                .sort_unstable_by(|(a, _), (b, _)| (!is_segment_name(a), a).cmp(&(!is_segment_name(b), b)));
        }
        let mut seen = HashSet::new();
        // If a file has been deleted, its turn decides whether this is an error.
        files.retain(|(path, links)| {
            let id = if *links == Links::Followed { FileId::of(path) } else { FileId::of_name(path) };
            id.map_or(true, |id| seen.insert(id))
        });
        Ok(files)
    }

    fn scan_file<V: Visitor>(
        &self,
        path: &Path,
        links: Links,
        matches: &impl Fn(&EntryRef<'_>) -> bool,
        visitor: &mut V,
        scanned: &mut Scanned<V>,
    ) {
        let result = match is_segment(path, links) {
            Ok(true) => self.scan_segment(path, links, matches, visitor, scanned),
            Ok(false) => file::scan(path, links, matches, visitor, scanned, self.zone.as_ref()),
            Err(error) => Err(error),
        };
        match result {
            // The file was deleted after its name was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound && links == Links::Refused => {}
            Err(error) => scanned.unreadable.push((path.to_owned(), error)),
            Ok(()) => {}
        }
    }

    fn scan_segment<V: Visitor>(
        &self,
        path: &Path,
        links: Links,
        matches: &impl Fn(&EntryRef<'_>) -> bool,
        visitor: &mut V,
        scanned: &mut Scanned<V>,
    ) -> io::Result<()> {
        inspect(path, links).and_then(|(info, file): (SegmentInfo, File)| {
            let may_hold = info.trailer.is_none_or(|trailer| self.wanted.admits_segment(&trailer));
            if !may_hold {
                scanned.skipped += 1;
                return Ok(());
            }
            scanned.segments += 1;
            segment::Scanner::open(info, &file, self.access)?.run(self, matches, visitor, scanned)
        })
    }
}
