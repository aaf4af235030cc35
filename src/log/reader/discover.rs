//! Finding segments, and the streams that they belong to.

use std::fs::File;
use std::io;
use std::time::Instant;

use crate::log::listing::{SegmentInfo, inspect};

use super::LogReader;
use super::directory::Directory;
use super::stream::{Head, Stream};

/// How many times a directory is looked through in a row where names come while one looks.
const ROUNDS: u32 = 5;

impl LogReader {
    /// Looks through the directories, if they may have changed. Whether it has.
    pub(super) fn look_if_due(&mut self) -> io::Result<bool> {
        self.looked = Some(Instant::now());
        let due = self.directories.iter().any(Directory::is_due);
        if due {
            self.look()?;
        }
        Ok(due)
    }

    /// Looks through the directories.
    pub(super) fn look(&mut self) -> io::Result<()> {
        for _ in 0..ROUNDS {
            self.terms.round += 1;
            let (mut found, mut failed) = (Vec::new(), Vec::new());
            for directory in &mut self.directories {
                for path in directory.look()? {
                    match inspect(&path) {
                        Ok(new) => found.push(new),
                        // Gone again. Where entries were in it, those behind show the gap.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => failed.push((path, error)),
                    }
                }
            }
            for (path, error) in failed {
                let mut stream = Stream::new([0; 16], None);
                stream.head = Head::File(path, error);
                let index = self.push(stream);
                self.enqueue(index);
            }
            if !self.add_all(found, true) {
                break;
            }
        }
        Ok(())
    }

    /// Adds segments to their streams. Whether there is a gap that might not be one.
    pub(super) fn add_all(&mut self, mut found: Vec<(SegmentInfo, File)>, listed: bool) -> bool {
        // Of damaged ones the stream is only guessed; the others come first.
        found.sort_by(|(a, _), (b, _)| {
            let key = |info: &SegmentInfo| (info.header.is_err(), info.created_unix_nano, info.sequence);
            key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path))
        });
        let mut touched: Vec<usize> = Vec::new();
        for (info, file) in found {
            let index = self.stream_of(&info);
            if let Some(stream) = self.streams.get_mut(index) {
                let rested = stream.is_at_rest();
                stream.add(info, file, listed, self.terms);
                if rested && !stream.is_at_rest() {
                    self.idle.push(index);
                }
                touched.push(index);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let round = self.terms.round;
        touched.iter().any(|index| self.streams.get(*index).is_some_and(|stream| stream.has_doubts(round)))
    }

    /// The number of the stream that a segment belongs to.
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
        // A stream that comes after the first two looks is followed from its beginning.
        let expected = (self.terms.round > 2).then_some(0);
        let index = self.push(Stream::new(info.stream_id, expected));
        self.by_id.insert(info.stream_id, index);
        index
    }

    fn push(&mut self, stream: Stream) -> usize {
        self.streams.push(stream);
        self.ready.reserve(self.streams.len() - self.ready.len());
        self.idle.reserve(self.streams.len() - self.idle.len());
        self.streams.len() - 1
    }
}
