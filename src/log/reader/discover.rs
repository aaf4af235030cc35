//! The search for segments and files, and their assignment to streams.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use crate::log::files::{FileId, FileInfo};
use crate::log::listing::{SegmentInfo, inspect};
use crate::segment::regular::Links;

use super::directory::Directory;
use super::file::{Copied, LogFile};
use super::stream::{Head, Stream};
use super::{At, LogReader, OPEN_FILES};

/// The maximum number of successive reads of a directory to which names are added at the same time.
const ROUNDS: u32 = 5;

/// Closes the file of a segment that cannot grow, because there can be more segments than descriptors.
pub(super) fn only_if_it_grows((info, file): (SegmentInfo, File)) -> (SegmentInfo, Option<File>) {
    let file = info.can_grow().then_some(file);
    (info, file)
}

impl LogReader {
    /// Reads the directories if they may have changed. Returns whether it did.
    pub(super) fn look_if_due(&mut self) -> io::Result<bool> {
        self.looked = Some(Instant::now());
        let due = self.directories.iter().any(Directory::is_due) || self.is_any_renamed();
        if due {
            self.look()?;
        }
        Ok(due)
    }

    /// Reads the directories. If one of them cannot be read, adds the files of the others.
    ///
    /// # Errors
    /// The first error of a directory.
    pub(super) fn look(&mut self) -> io::Result<()> {
        for _ in 0..ROUNDS {
            self.terms.round += 1;
            let (mut found, mut failed, mut result) = (Vec::new(), Vec::new(), Ok(()));
            let mut files = Vec::new();
            for directory in &mut self.directories {
                let news = match directory.look() {
                    Ok(news) => news,
                    Err(error) => {
                        result = result.and(Err(error));
                        continue;
                    }
                };
                files.extend(news.files);
                for path in news.segments {
                    match inspect(&path, Links::Refused) {
                        Ok(new) => found.push(only_if_it_grows(new)),
                        // The segment has been deleted. If it contained entries, the later segments of the stream
                        // show the gap.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => failed.push((path, error)),
                    }
                }
            }
            for (path, error) in failed {
                self.add_failed(path, error);
            }
            for (path, replaced) in files {
                self.add_file(path, Links::Refused, replaced);
            }
            for (path, replaced) in self.renamed() {
                self.add_file(path, Links::Followed, replaced);
            }
            let is_added = self.add_all(found, true);
            result?;
            if !is_added {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether a path that the program named refers to another file than before.
    fn is_any_renamed(&self) -> bool {
        self.named.iter().any(|(path, id)| FileId::of(path).is_ok_and(|now| Some(now) != *id))
    }

    /// Returns the paths that refer to another file than before, and whether they referred to a file before.
    fn renamed(&mut self) -> Vec<(PathBuf, bool)> {
        let mut renamed = Vec::new();
        // A path that did not exist can become a directory.
        for (path, _) in self.named.extract_if(.., |(path, id)| id.is_none() && path.is_dir()) {
            self.directories.push(Directory::new(path));
        }
        for (path, id) in &mut self.named {
            let now = FileId::of(path).ok();
            if now.is_some() && now != *id {
                renamed.push((path.clone(), id.is_some()));
                *id = now;
            }
        }
        renamed
    }

    /// Adds a file that is not a segment, unless it is a known file with a new name.
    fn add_file(&mut self, path: PathBuf, links: Links, replaced: bool) {
        let (info, id, file) = match FileInfo::open(&path, links) {
            Ok(found) => found,
            // The file has been deleted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.add_failed(path, error),
        };
        if let Some(index) = self.by_file.get(&id).copied()
            && let Some(file) = self.files.get_mut(index)
        {
            let was_at_rest = file.is_at_rest();
            if file.rename(&path) {
                if was_at_rest {
                    self.idle.push(At::File(index));
                }
                return;
            }
        }
        let is_crowded = self.files.iter().filter(|file| file.is_open()).count() >= OPEN_FILES;
        // Files that appear while the reader follows can be copies of files that it has read.
        let is_suspect = self.looked.is_some() && self.files.iter().any(|other| other.is_origin_of(&path));
        let keeps = !is_crowded || is_suspect;
        let mut file = LogFile::new(info, id, keeps.then_some(file), replaced && !is_suspect);
        if is_suspect {
            file.suspect();
        }
        let index = self.files.len();
        self.files.push(file);
        self.by_file.insert(id, index);
        self.reserve();
        // A replaced file and an error are reported immediately. The content of a file is read later.
        if self.files.get(index).is_some_and(LogFile::is_idle) {
            self.idle.push(At::File(index));
        } else {
            self.enqueue(At::File(index));
        }
    }

    /// Checks whether a file is a copy. Returns `false` if this is not known.
    pub(super) fn settle_copy(&mut self, index: usize) -> bool {
        let Some(file) = self.files.get(index) else { return true };
        let mut copied = Copied::No;
        for (at, other) in self.files.iter().enumerate() {
            if at != index && other.is_origin_of(&file.info.path) {
                match file.is_copy_of(other) {
                    Copied::No => {}
                    found @ Copied::Unknown => copied = found,
                    found => {
                        copied = found;
                        break;
                    }
                }
            }
        }
        let terms = &self.terms;
        self.files.get_mut(index).is_none_or(|file| {
            file.settle(copied, terms);
            !file.is_suspect()
        })
    }

    /// Adds a file that cannot be read.
    pub(super) fn add_failed(&mut self, path: PathBuf, error: io::Error) {
        let mut stream = Stream::new([0; 16], None);
        stream.head = Head::File(path, error);
        let index = self.push(stream);
        self.enqueue(At::Stream(index));
    }

    /// Reserves memory for all streams and files.
    fn reserve(&mut self) {
        let all = self.streams.len() + self.files.len();
        self.ready.reserve(all.saturating_sub(self.ready.len()));
        self.idle.reserve(all.saturating_sub(self.idle.len()));
    }

    /// Adds segments to their streams. Returns whether there is a gap that another read may fill.
    pub(super) fn add_all(&mut self, mut found: Vec<(SegmentInfo, Option<File>)>, listed: bool) -> bool {
        // The stream of a damaged segment is a guess, so the intact segments come first.
        found.sort_by(|(a, _), (b, _)| {
            let key = |info: &SegmentInfo| (info.header.is_err(), info.created_unix_nano, info.sequence);
            key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path))
        });
        let mut touched: Vec<usize> = Vec::new();
        for (info, file) in found {
            let index = self.stream_of(&info);
            if let Some(stream) = self.streams.get_mut(index) {
                let rested = stream.is_at_rest();
                stream.add(info, file, listed, &self.terms);
                if rested && !stream.is_at_rest() {
                    self.idle.push(At::Stream(index));
                }
                touched.push(index);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let round = self.terms.round;
        touched.iter().any(|index| self.streams.get(*index).is_some_and(|stream| stream.has_doubts(round)))
    }

    /// Returns the index of the stream that a segment belongs to.
    fn stream_of(&mut self, info: &SegmentInfo) -> usize {
        if let Some(index) = self.by_id.get(&info.stream_id) {
            return *index;
        }
        if info.header.is_err() {
            let named = info.stream_id != [0; 16];
            let like = |stream: &Stream| named && stream.id[..4] == info.stream_id[..4];
            return match self.streams.iter().position(like) {
                Some(index) => index,
                None => self.push(Stream::new(info.stream_id, None)),
            };
        }
        // A stream that is found after the first two reads is followed from its beginning.
        let expected = (self.terms.round > 2).then_some(0);
        let index = self.push(Stream::new(info.stream_id, expected));
        self.by_id.insert(info.stream_id, index);
        index
    }

    fn push(&mut self, stream: Stream) -> usize {
        self.streams.push(stream);
        self.reserve();
        self.streams.len() - 1
    }
}
