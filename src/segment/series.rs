//! A writer of successive segments in a directory.

use std::io;
use std::path::{Path, PathBuf};

use crate::encode::EntryWriter;
use crate::format::frame::FrameRef;
use crate::map::clock::unix_nanos_now;
use crate::severity::Severity;

use super::options::SegmentOptions;
use super::writer::{AppendError, Appended, SegmentWriter};

/// The extension of the file names of segments.
pub const FILE_EXTENSION: &str = "fws";

/// Returns the file name of a segment. Names sort by time: they contain the nanoseconds since the Unix epoch, the
/// stream and the position in the stream.
///
/// ```
/// use fusewire::segment::file_name;
///
/// let name = file_name(1_767_225_600_000_000_000, &[0xAB; 16], 7);
/// assert_eq!(name, "01767225600000000000-abababab-00000007.fws");
/// ```
#[must_use]
pub fn file_name(created_unix_nano: u64, stream_id: &[u8; 16], sequence: u64) -> String {
    let stream = u32::from_be_bytes([stream_id[0], stream_id[1], stream_id[2], stream_id[3]]);
    format!("{created_unix_nano:020}-{stream:08x}-{sequence:08}.{FILE_EXTENSION}")
}

/// A writer that appends to one segment of a directory, and to a new segment when this one is full. Only one thread
/// can use it.
///
/// ```
/// use fusewire::segment::{SegmentOptions, Series};
///
/// let directory = tempfile::tempdir()?;
/// let mut options = SegmentOptions::default();
/// options.size = SegmentOptions::MIN_SIZE;
/// let mut series = Series::create(directory.path(), options)?;
/// for n in 0..20 {
///     series.append(|entry| entry.set_body(&format!("{n:01000}")))?;
/// }
/// assert_eq!(series.entries(), 20);
/// assert!(series.finish()?.len() > 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Series {
    directory: PathBuf,
    options: SegmentOptions,
    writer: SegmentWriter,
    finished: Vec<PathBuf>,
    /// The number of entries in the finished segments.
    finished_entries: u64,
}

impl Series {
    /// Begins a series in `directory`. Creates the directory if it does not exist.
    ///
    /// # Errors
    /// The errors of the file system.
    pub fn create(directory: &Path, options: SegmentOptions) -> io::Result<Self> {
        super::create::directory(directory)?;
        let writer = next_segment(directory, &options)?;
        Ok(Self {
            directory: directory.to_owned(),
            options,
            writer,
            finished: Vec::new(),
            finished_entries: 0,
        })
    }

    /// Appends the content that `write` writes as one entry. If the segment is full, creates the next segment and
    /// calls `write` again.
    ///
    /// # Errors
    /// - the errors of the file system, if a new segment is needed
    /// - [`io::ErrorKind::InvalidData`] if the circuit breaker refuses the entry, as its limits require
    /// - [`io::ErrorKind::FileTooLarge`] if the entry does not fit into an empty segment
    pub fn append(&mut self, write: impl Fn(&mut EntryWriter<'_>)) -> io::Result<Appended> {
        self.append_with(|writer| writer.append(&write))
    }

    /// Appends an intact frame of another segment.
    ///
    /// # Errors
    /// The errors of [`append`](Self::append).
    pub fn append_frame(&mut self, frame: &FrameRef<'_>) -> io::Result<Appended> {
        self.append_with(|writer| writer.append_frame(frame.kind, frame.severity, frame.payload))
    }

    /// Appends an encoded entry. In segments of format 1.1, it can become a like entry, as in [`append`](Self::append).
    ///
    /// # Errors
    /// The errors of [`append`](Self::append).
    pub fn append_entry(&mut self, severity: Severity, payload: &[u8]) -> io::Result<Appended> {
        self.append_with(|writer| writer.append_entry(severity, payload))
    }

    /// Calls `append`. If the segment is full, creates the next segment and calls `append` again.
    #[inline]
    fn append_with(
        &mut self,
        append: impl Fn(&mut SegmentWriter) -> Result<Appended, AppendError>,
    ) -> io::Result<Appended> {
        match append(&mut self.writer) {
            Err(AppendError::Full { .. }) => {
                self.rotate()?;
                append(&mut self.writer).map_err(refused)
            }
            result => result.map_err(refused),
        }
    }

    /// Seals the segment and begins the next one.
    fn rotate(&mut self) -> io::Result<()> {
        let mut options = self.options.clone();
        options.sequence = options.sequence.saturating_add(1);
        options.previous_id = self.writer.header().segment_id;
        options.previous_end = self.writer.tail();
        let next = next_segment(&self.directory, &options)?;
        let full = core::mem::replace(&mut self.writer, next);
        self.options = options;
        self.finish_segment(full)
    }

    fn finish_segment(&mut self, writer: SegmentWriter) -> io::Result<()> {
        self.finished.push(writer.path().to_owned());
        self.finished_entries += writer.entries();
        writer.seal().map(drop)
    }

    /// Returns the number of entries appended.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.finished_entries + self.writer.entries()
    }

    /// Seals the last segment. Returns the paths of all written segments, in order.
    ///
    /// # Errors
    /// The errors of the disk.
    pub fn finish(mut self) -> io::Result<Vec<PathBuf>> {
        self.finished.push(self.writer.path().to_owned());
        self.writer.seal()?;
        Ok(self.finished)
    }
}

fn next_segment(directory: &Path, options: &SegmentOptions) -> io::Result<SegmentWriter> {
    let name = file_name(unix_nanos_now(), &options.stream_id, options.sequence);
    SegmentWriter::create(&directory.join(name), options)
}

fn refused(error: AppendError) -> io::Error {
    let kind = match error {
        AppendError::Full { .. } => io::ErrorKind::FileTooLarge,
        AppendError::Encode(_) => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
