//! Every entry of a log once, in no order: for counting and for searching, by several threads, with the help of indexes.

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
use crate::map::file::Quiet;
use crate::segment::regular::Links;
use crate::segment::scan::Access;
use crate::segment::{FrameRef, LostRange, Wanted};

use super::files::{FileId, NameKind, compressed, is_log_file_name, kind_of_name};
use super::listing::{SegmentInfo, inspect, is_segment, is_segment_name};
use super::reader::Source;

/// A log, or several, to be looked through.
///
/// Segments, and files of lines or of frames beside them, are taken one after the other by each thread. Of a sealed one with an index only the parts are read in which
/// what is [`wanted`](Self::wanted) may be. An entry that matches has its checksum looked at; what is passed over has not:
/// whether a log is damaged, [`verify`](crate::segment::verify) says.
///
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
}

/// What visits the entries: one for each thread.
pub trait Visitor: Send {
    /// Entries that all match, and that an index tells of: whether that is enough. Where it is not, which is the default,
    /// each of them is handed to [`entry`](Self::entry). Called only where [`Scan::wanted`] says everything.
    fn run(&mut self, run: &Run<'_>) -> bool {
        let _ = run;
        false
    }

    /// An entry that matches.
    fn entry(&mut self, found: &Found<'_>);
}

/// What an index tells of some entries that follow each other.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Run<'a> {
    /// Where they are.
    pub segment: &'a SegmentInfo,
    /// How many match.
    pub entries: u64,
    /// The earliest and the latest time among them; `None` where one at least has no time.
    pub times: Option<(u64, u64)>,
    /// The severity numbers of the entries, also of those that do not match, where the index says them.
    pub severities: Option<&'a [u8]>,
    wanted: &'a Wanted,
}

impl Run<'_> {
    /// Whether entries of this severity number match.
    #[must_use]
    pub fn admits(&self, severity: u8) -> bool {
        self.wanted.admits_severity(severity)
    }
}

/// An entry that matches.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Found<'a> {
    /// Where it is.
    pub source: Source<'a>,
    /// Its frame; of a line the frame that it would be, at the offset of the line.
    pub frame: FrameRef<'a>,
    /// What it says.
    pub entry: EntryRef<'a>,
}

/// What came of a scan.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scanned<V> {
    /// The visitors, one for each thread, in no order.
    pub visitors: Vec<V>,
    /// Segments looked into.
    pub segments: u64,
    /// Files of lines or frames read.
    pub files: u64,
    /// Segments that had nothing that was wanted, by what they say of themselves.
    pub skipped: u64,
    /// Entries that were looked at one by one.
    pub looked_at: u64,
    /// Bytes that hold no frame and should, as far as the scan came by.
    pub lost: Vec<(PathBuf, LostRange)>,
    /// Intact frames whose entry cannot be read, as far as the scan came by: where they begin, and why.
    pub unreadable_entries: Vec<(PathBuf, u64, DecodeError)>,
    /// Files that could not be read.
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
            lost: Vec::new(),
            unreadable_entries: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl<V> Scanned<V> {
    /// The visitors, and the rest.
    #[must_use]
    pub fn split(mut self) -> (Vec<V>, Scanned<()>) {
        let visitors = std::mem::take(&mut self.visitors);
        let Self { segments, files, skipped, looked_at, lost, unreadable_entries, unreadable, .. } = self;
        let none = Vec::new();
        let rest = Scanned {
            visitors: none,
            segments,
            files,
            skipped,
            looked_at,
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
        self.lost.extend(other.lost);
        self.unreadable_entries.extend(other.unreadable_entries);
        self.unreadable.extend(other.unreadable);
    }
}

impl Scan {
    /// A scan of segments, of files of lines or of frames, and of directories of all these: see
    /// [`ReadOptions::open`](super::ReadOptions::open) for which files of a directory.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        Self { paths, ..Self::default() }
    }

    /// What holds for every entry that matches: the rest need not be read.
    #[must_use]
    pub fn wanted(mut self, wanted: Wanted) -> Self {
        self.wanted = wanted;
        self
    }

    /// What holds for every entry that matches, and for no other: where an index tells enough, no entry need be read.
    #[must_use]
    pub fn wanted_exactly(mut self, wanted: Wanted) -> Self {
        self.complete = true;
        self.wanted(wanted)
    }

    /// How many threads; default one for each processor that this process may use.
    #[must_use]
    pub fn threads(mut self, threads: NonZero<usize>) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Reads segments with system calls instead of a map; default no. See
    /// [`ReadOptions::copy`](super::ReadOptions::copy).
    #[must_use]
    pub fn copy(mut self, copy: bool) -> Self {
        self.access.copy = copy;
        self
    }

    /// Lends entries from the mapped files, without a copy. See [`ReadOptions::in_place`](super::ReadOptions::in_place).
    ///
    /// # Safety
    /// During the scan, no process truncates a segment, and no process changes bytes that are committed, as for
    /// [`Segment::open_trusted`](crate::segment::Segment::open_trusted).
    #[must_use]
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn in_place(mut self) -> Self {
        // SAFETY: the caller promises *quiet* for all segments that are scanned.
        self.access.in_place = Some(unsafe { Quiet::promised() });
        self
    }

    /// Visits every entry that `matches`, with a visitor that `make` makes for each thread.
    ///
    /// # Errors
    /// Where a path is not there, or a directory cannot be read.
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
            // Where the system has no thread to give, the others do its part.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..threads).filter_map(spawn).collect();
            all.add(work());
            for other in others {
                match other.join() {
                    Ok(scanned) => all.add(scanned),
                    // The caller's own code.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        all.lost.sort_by(|(a, x), (b, y)| (a, x.start).cmp(&(b, y.start)));
        all.unreadable_entries.sort_by(|(a, x, _), (b, y, _)| (a, x).cmp(&(b, y)));
        all.unreadable.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    /// The files, each once, segments before others, and the oldest first.
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
        // What is gone by now is told, or not, when its turn comes.
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
            Ok(false) if kind_of_name(path) == NameKind::Compressed => Err(compressed()),
            Ok(false) => file::scan(path, links, matches, visitor, scanned),
            Err(error) => Err(error),
        };
        match result {
            // Deleted since its name was read.
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
