//! The reader of a segment.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::bytes::u64_at;
use crate::format::frame::{self, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::map::file::{Quiet, QuietMap};

use super::regular::{self, Links};
#[cfg(unix)]
use super::scan::{Access, Cursor, Found, Input};
use super::scan::{Event, Events, Mode, trailer_of};

/// Whether a segment is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The segment is complete: its trailer is intact.
    Sealed,
    /// The segment is incomplete: it has a live writer, or its writer died, or its trailer is damaged.
    Open,
}

/// The maximum number of copies of a segment that is sealed during a copy. A sealed segment does not change, so the
/// second copy is complete.
const COPIES: u32 = 3;

/// Changes a copy of a live segment to the state of the segment at one moment. A copy takes time: when its later
/// bytes are read, the writer may have claimed space that was free when the earlier bytes were read. Returns whether
/// the copy is usable.
fn is_one_moment(file: &mut &File, bytes: &mut [u8]) -> io::Result<bool> {
    let Ok(header) = SegmentHeader::parse(bytes) else { return Ok(true) };
    let at_start = usize::try_from(header.data_start).ok().zip(Trailer::offset(header.size));
    let Some((mut at, end)) = at_start.filter(|(_, end)| *end <= bytes.len()) else { return Ok(true) };
    // Each word that is not zero contains the length of its frame, even if the frame is incomplete.
    while let Some(word) = u64_at(bytes, at).filter(|word| *word != 0 && !frame::is_closed(*word) && at < end)
    {
        at += frame::frame_len(frame::payload_len(word));
    }
    if at >= end || u64_at(bytes, at) != Some(0) {
        return Ok(true);
    }
    let mut word = [0; 8];
    file.seek(io::SeekFrom::Start(at as u64))?;
    if file.read(&mut word)? < word.len() || word == [0; 8] {
        // The space is still free, so the writer claimed none after it.
        return Ok(true);
    }
    if bytes[end..].iter().any(|byte| *byte != 0) {
        return Ok(false);
    }
    // When this word was read, all space after it was free.
    bytes[at..end].fill(0);
    Ok(true)
}

/// An owner that keeps a segment alive while its bytes are in use.
struct Shared(Arc<Segment>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

enum Bytes {
    Mapped(QuietMap),
    Copied(Vec<u8>),
}

/// A segment for reading, mapped or copied into memory. Reading never changes the file.
///
/// ```
/// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter, State};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// writer.append(|entry| entry.set_body("paid"))?;
///
/// // A segment is readable while it has a writer.
/// let live = Segment::read_copy(&path)?;
/// assert_eq!((live.state(), live.entries()?.count()), (State::Open, 1));
/// writer.seal()?;
/// assert_eq!(Segment::read_copy(&path)?.state(), State::Sealed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Segment {
    bytes: Bytes,
}

impl Segment {
    /// Maps the segment `path`. Frames and entries are views of the map, without a copy.
    ///
    /// [`read_copy`](Self::read_copy) is safe and needs as much memory as the length of the file.
    /// [`LogReader`](crate::log::LogReader) and [`Scan`](crate::log::Scan) are safe and copy one part of the file at
    /// a time.
    ///
    /// # Safety
    /// While the segment or a view of its bytes exists, no process may truncate the file, and no process may change
    /// committed bytes: frames, the first page and the trailer. Fusewire's own writers satisfy both conditions. If
    /// another program overwrites such bytes, a `&str` may become invalid UTF-8, which is undefined behaviour. If a
    /// program truncates the file, reading raises SIGBUS.
    ///
    /// # Errors
    /// The errors of the file system. The function does not check the bytes.
    ///
    /// # Examples
    /// ```
    /// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("one.fws");
    /// SegmentWriter::create(&path, &SegmentOptions::default())?.seal()?;
    /// // SAFETY: this program created the file in a directory to which no other user can write, and does not truncate it.
    /// let segment = unsafe { Segment::map(&path)? };
    /// assert!(segment.trailer().is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn map(path: &Path) -> io::Result<Self> {
        let file = regular::open(path, Links::Followed)?.0;
        // The system cannot map an empty file. Such a file is read as a segment without bytes, which has a specific
        // error.
        if file.metadata()?.len() == 0 {
            return Ok(Self::from_vec(Vec::new()));
        }
        // SAFETY: the caller promises *quiet* for this file.
        let quiet = unsafe { Quiet::promised() };
        Ok(Self { bytes: Bytes::Mapped(QuietMap::new(&file, quiet)?) })
    }

    /// Reads the segment `path` into memory. This needs as much memory as the length of the file.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::FileTooLarge`] for a file that is longer than any segment,
    /// so that a foreign file cannot fill the memory.
    pub fn read_copy(path: &Path) -> io::Result<Self> {
        Self::copy(&regular::open(path, Links::Followed)?.0)
    }

    /// Reads the segment `path` into memory, as [`read_copy`](Self::read_copy) does.
    ///
    /// # Errors
    /// The errors of [`read_copy`](Self::read_copy).
    #[deprecated(note = "use the safe `read_copy`, or `map`, which is unsafe and does not copy")]
    pub fn open_trusted(path: &Path) -> io::Result<Self> {
        Self::read_copy(path)
    }

    /// Reads the segment as [`read_copy`](Self::read_copy) does, from an open file.
    pub(crate) fn copy(mut file: &File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        for _ in 0..COPIES {
            bytes.clear();
            file.seek(io::SeekFrom::Start(0))?;
            file.take(layout::MAX_SIZE + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > layout::MAX_SIZE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if is_one_moment(&mut file, &mut bytes)? {
                break;
            }
        }
        Ok(Self::from_vec(bytes))
    }

    /// Creates a segment from all bytes of its file.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self { bytes: Bytes::Copied(bytes) }
    }

    /// Returns all bytes of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map.bytes(),
            Bytes::Copied(bytes) => bytes,
        }
    }

    /// Returns all bytes of the file, shared. The file stays mapped while these bytes or a slice of them exist. A
    /// function that takes `Bytes`, such as a network client, gets entries without a copy. An entry that depends on another
    /// entry of the segment needs a copy, in which it is complete:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use fusewire::decode::EntryRef;
    /// use fusewire::segment::{Event, Mode, Segment, SegmentOptions, SegmentWriter};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("one.fws");
    /// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
    /// writer.append(|entry| entry.set_body("paid"))?;
    ///
    /// // SAFETY: only Fusewire's writers change files in this directory.
    /// let segment = Arc::new(unsafe { Segment::map(&path)? });
    /// let all = segment.shared_bytes();
    /// let mut sent = Vec::new();
    /// for event in segment.events(Mode::Recover)? {
    ///     let Ok(Event::Entry(_, entry)) = event else { continue };
    ///     sent.push(match entry.as_bytes() {
    ///         Some(bytes) => all.slice_ref(bytes), // a view of the map
    ///         None => entry.to_bytes(&mut Vec::new())?.to_vec().into(),
    ///     });
    /// }
    /// assert_eq!(EntryRef::new(&sent[0])?.body(), "paid");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Only the bytes of frames never change. If the segment has a live writer, the other bytes change.
    #[must_use]
    pub fn shared_bytes(self: &Arc<Self>) -> bytes::Bytes {
        bytes::Bytes::from_owner(Shared(Arc::clone(self)))
    }

    /// Advises the system that the segment will be read from front to back.
    pub fn advise_sequential(&self) {
        if let Bytes::Mapped(map) = &self.bytes {
            map.words().advise_sequential();
        }
    }

    /// Returns the content of the first page.
    ///
    /// # Errors
    /// An error if the first page is damaged, or is not that of a segment that this version reads.
    pub fn header(&self) -> Result<SegmentHeader, SegmentError> {
        SegmentHeader::parse(self.as_bytes())
    }

    /// Returns the trailer if the segment is sealed and its trailer is intact.
    #[must_use]
    pub fn trailer(&self) -> Option<Trailer> {
        trailer_of(&self.as_bytes(), &self.header())
    }

    /// Returns whether the segment is complete.
    #[must_use]
    pub fn state(&self) -> State {
        if self.trailer().is_some() { State::Sealed } else { State::Open }
    }

    /// Returns the number of bytes from the start that its writer has synced to disk. No checksum covers the number.
    #[must_use]
    pub fn durable_up_to(&self) -> u64 {
        let bytes = self.as_bytes();
        u64_at(bytes, layout::DURABLE).unwrap_or(0).min(bytes.len() as u64)
    }

    /// Returns an iterator over the content of the segment, in the order of the appends.
    ///
    /// # Errors
    /// The errors of [`Events::new`].
    ///
    /// ```
    /// use fusewire::segment::{Event, Mode, Segment, SegmentOptions, SegmentWriter};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("one.fws");
    /// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
    /// for body in ["one", "two", "three"] {
    ///     writer.append(|entry| entry.set_body(body))?;
    /// }
    /// writer.seal()?;
    ///
    /// // A flipped bit costs this entry, and the entries that depend on it.
    /// let mut bytes = std::fs::read(&path)?;
    /// let at = bytes.windows(3).position(|window| window == b"two").unwrap();
    /// bytes[at] ^= 1;
    /// let segment = Segment::from_vec(bytes);
    /// let (mut bodies, mut lost) = (Vec::new(), 0);
    /// for event in segment.events(Mode::Recover)? {
    ///     match event {
    ///         Ok(Event::Entry(_, entry)) => bodies.push(entry.body().to_string()),
    ///         Ok(Event::Lost(range)) | Err(range) => lost += range.len(),
    ///         Ok(_) => {}
    ///     }
    /// }
    /// assert_eq!(bodies, ["one", "three"]);
    /// assert!(lost > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self, mode: Mode) -> Result<Events<'_>, SegmentError> {
        if let Bytes::Mapped(map) = &self.bytes {
            // The frames that a live writer committed before it stored this tail are visible from here on.
            map.words().load_acquire(layout::TAIL);
        }
        Events::new(self.as_bytes(), mode)
    }

    /// Returns an iterator over the entries. Damage is skipped, and losses are not reported.
    ///
    /// # Errors
    /// The errors of [`Events::new`].
    pub fn entries(&self) -> Result<impl Iterator<Item = EntryRef<'_>>, SegmentError> {
        let events = self.events(Mode::Recover)?;
        Ok(events.filter_map(|event| if let Ok(Event::Entry(_, entry)) = event { Some(entry) } else { None }))
    }

    /// Returns the resource, which describes the producer of the entries. Returns `None` if it is damaged or missing.
    #[must_use]
    pub fn resource(&self) -> Option<EntryRef<'_>> {
        self.events(Mode::Recover).ok()?.find_map(|event| match event {
            Ok(Event::Frame(frame)) if frame.kind == FrameKind::Resource => EntryRef::new(frame.payload).ok(),
            _ => None,
        })
    }
}

/// Reads the resource of the segment `path`: the payload of its first frame of this kind, which [`EntryRef::new`]
/// reads. Reads only the start of the segment. Returns `None` if the resource is damaged or missing.
///
/// # Errors
/// The errors of the file system, and [`io::ErrorKind::InvalidData`] if the file is not a segment that this version
/// reads.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, read_resource};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// SegmentWriter::create(&path, &SegmentOptions::new(Resource::of_this_process("orders")))?.seal()?;
/// let resource = read_resource(&path)?.unwrap();
/// let resource = EntryRef::new(&resource)?;
/// assert_eq!(resource.get("service.name").and_then(|name| name.as_str()), Some("orders"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(unix)]
pub fn read_resource(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let invalid = |error: SegmentError| io::Error::new(io::ErrorKind::InvalidData, error);
    let file = regular::open(path, Links::Followed)?.0;
    let mut input = Input::open(&file, Access { copy: true, ..Access::default() })?;
    let bounds = match SegmentHeader::parse(&input.first_page()) {
        Ok(header) => input.bounds(&header),
        Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
            return Err(invalid(error));
        }
        Err(error) => input.guess().ok_or_else(|| invalid(error))?,
    };
    let mut cursor = Cursor::new(bounds, input.len(), Mode::Recover);
    while let Some(found) = input.advance(&mut cursor) {
        if let Found::Frame(place) = found
            && place.kind == FrameKind::Resource
        {
            return Ok(Some(input.frame(&place).payload.to_vec()));
        }
    }
    Ok(None)
}
