//! A segment file that a reader opened. Its frames are copied, or lent in place.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::format::frame::{FrameFault, FrameKind, FrameRef};
use crate::format::segment::{self as layout, SegmentHeader};
use crate::map::file::{Quiet, QuietMap, ReadMap};
use crate::segment::index::SegmentIndex;
use crate::segment::{BaseCopies, Content, LostRange};

use super::bounds::Bounds;
use super::copies::{Copies, Place, Store};
use super::cursor::{Cursor, Followed};
use super::source::Source;
use super::{Found, Mode};

/// The way in which a reader opens segments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Access {
    pub(crate) mode: Mode,
    /// Whether the segment is read with system calls instead of a map.
    pub(crate) copy: bool,
    /// The promise that permits lending frames in place.
    pub(crate) in_place: Option<Quiet>,
}

/// A segment file that a reader opened.
pub(crate) enum Input {
    /// A file whose frames are copied before they are checked. Another process may change the file.
    Copies(Copies),
    /// A file whose frames are lent from the map.
    InPlace(QuietMap),
    /// A file without bytes.
    Empty,
}

impl Input {
    /// Opens `file`. Reads no bytes.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::FileTooLarge`] if the file is longer than any segment.
    pub(crate) fn open(file: &File, access: Access) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len == 0 {
            return Ok(Self::Empty);
        }
        if let Some(quiet) = access.in_place.filter(|_| !access.copy) {
            return QuietMap::new(file, quiet).map(Self::InPlace);
        }
        let map = if access.copy { None } else { ReadMap::new(file)? };
        let store = match map {
            Some(map) => Store::Map(map),
            None if len > layout::MAX_SIZE => return Err(io::ErrorKind::FileTooLarge.into()),
            None => {
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                Store::File(file.try_clone()?, len, Cell::new(None))
            }
        };
        Ok(Self::Copies(Copies::new(store)))
    }

    /// Records that the segment can no longer grow.
    pub(crate) fn rest(&mut self) {
        if let Self::Copies(copies) = self {
            copies.rest();
        }
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Copies(copies) => copies.len(),
            Self::InPlace(map) => map.bytes().len(),
            Self::Empty => 0,
        }
    }

    /// Returns the first page, or fewer bytes if the file is shorter.
    pub(crate) fn first_page(&self) -> Vec<u8> {
        let mut page = vec![0; self.len().min(layout::PAGE)];
        let read = match self {
            Self::Copies(copies) => copies.read(0, &mut page),
            Self::InPlace(map) => map.bytes().read(0, &mut page),
            Self::Empty => None,
        };
        if read.is_some() { page } else { Vec::new() }
    }

    /// Returns the bounds of the frames according to `header`.
    pub(crate) fn bounds(&self, header: &SegmentHeader) -> Bounds {
        match self {
            Self::Copies(copies) => Bounds::of(copies, header),
            Self::InPlace(map) => Bounds::of(&map.bytes(), header),
            Self::Empty => Bounds::of(&EMPTY, header),
        }
    }

    /// Returns the bounds of the frames if the first page is damaged.
    pub(crate) fn guess(&mut self) -> Option<Bounds> {
        match self {
            Self::Copies(copies) => Bounds::guess(copies),
            Self::InPlace(map) => Bounds::guess(&mut map.bytes()),
            Self::Empty => None,
        }
    }

    /// Loads the word at `at`, or 0 if there is none. Bytes that its writer stored before it are visible from then
    /// on.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        match self {
            Self::Copies(copies) => copies.word(at).unwrap_or(0),
            Self::InPlace(map) => map.words().load_acquire(at).unwrap_or(0),
            Self::Empty => 0,
        }
    }

    /// Moves `cursor` to the next frame or gap.
    #[inline(always)]
    pub(crate) fn advance(&mut self, cursor: &mut Cursor) -> Option<Found<Place>> {
        match self {
            Self::Copies(copies) => cursor.advance(copies),
            Self::InPlace(map) => Some(place_of(cursor.advance(&mut map.bytes())?)),
            Self::Empty => cursor.advance(&mut { EMPTY }).map(place_of),
        }
    }

    /// Moves `cursor` in a segment with a live writer.
    #[inline]
    pub(crate) fn follow(&mut self, cursor: &mut Cursor) -> Followed<Place> {
        let followed = match self {
            Self::Copies(copies) => return cursor.follow(copies),
            Self::InPlace(map) => cursor.follow(&mut map.bytes()),
            Self::Empty => cursor.follow(&mut { EMPTY }),
        };
        match followed {
            Followed::Found(found) => Followed::Found(place_of(found)),
            Followed::Pending => Followed::Pending,
            Followed::End => Followed::End,
        }
    }

    /// Moves `cursor` to `at` if a frame begins there, and returns whether one does.
    pub(crate) fn jump(&mut self, cursor: &mut Cursor, at: usize) -> bool {
        match self {
            Self::Copies(copies) => cursor.jump(copies, at),
            Self::InPlace(map) => cursor.jump(&mut map.bytes(), at),
            Self::Empty => false,
        }
    }

    /// Returns the frame at `place`, which was found last.
    #[inline(always)]
    pub(crate) fn frame(&self, place: &Place) -> FrameRef<'_> {
        match self {
            Self::Copies(copies) => copies.frame(place),
            Self::InPlace(map) => place.frame(map.bytes(), place.at),
            Self::Empty => place.frame(EMPTY, 0),
        }
    }

    /// Finds the base of the entry in the frame at `place`, which was found last, as [`BaseCopies::find`] does.
    ///
    /// # Errors
    /// The range of the frame: its base is lost, or does not fulfil the conditions of the format.
    #[inline]
    pub(crate) fn find_base(&self, place: &Place, bases: &mut BaseCopies) -> Result<(), LostRange> {
        if place.kind != FrameKind::Like {
            return Ok(());
        }
        let frame = self.frame(place);
        match self {
            Self::Copies(copies) => bases.find(copies, &frame),
            Self::InPlace(map) => bases.find(&map.bytes(), &frame),
            Self::Empty => Ok(()),
        }
    }

    /// Returns the content of the frame at `place`, which was found last, as [`BaseCopies::content_in`] does.
    #[inline]
    pub(crate) fn content<'a>(&'a self, place: &Place, bases: &'a mut BaseCopies) -> Content<'a> {
        match self.find_base(place, bases) {
            Ok(()) => bases.content(&self.frame(place)),
            Err(range) => Content::Lost(range),
        }
    }

    /// Computes the checksum of the frame at `place`, which was found last.
    ///
    /// # Errors
    /// The fault, if the bytes are not a valid frame.
    #[inline]
    pub(crate) fn verify(&self, cursor: &Cursor, place: &Place) -> Result<(), FrameFault> {
        let tag = cursor.tag(place.at);
        match self {
            Self::Copies(copies) => copies.verified(place.at, tag).map(drop),
            Self::InPlace(map) => {
                let bytes = map.bytes().get(place.at..cursor.end()).unwrap_or(&[]);
                crate::format::frame::parse(bytes, place.at, tag).map(drop)
            }
            Self::Empty => Ok(()),
        }
    }

    /// Returns the index of the sealed segment `path`, which is this one, if it has an intact index.
    pub(crate) fn index(&self, path: &Path, header: &SegmentHeader) -> Option<SegmentIndex> {
        SegmentIndex::read(path, header, self.len(), self.word(layout::INDEX))
    }

    /// Returns the offset from which the bytes of the file no longer exist, because another program truncated it.
    #[inline]
    pub(crate) fn gone(&self) -> Option<usize> {
        match self {
            Self::Copies(copies) => copies.gone(),
            _ => None,
        }
    }

    fn map(&self) -> Option<&ReadMap> {
        match self {
            Self::Copies(copies) => copies.map(),
            Self::InPlace(map) => Some(map.words()),
            Self::Empty => None,
        }
    }

    /// Releases the memory of the map from `from` to `to`. The bytes can be read again.
    pub(crate) fn release(&self, from: usize, to: usize) {
        if let Some(map) = self.map() {
            map.release(from..to);
        }
    }

    /// Maps all pages of the file at once, which costs less than one after the other. Errors are ignored.
    pub(crate) fn populate(&self) {
        if let Some(map) = self.map() {
            map.populate();
        }
    }

    /// Advises the system that the segment will be read from front to back.
    pub(crate) fn advise_sequential(&self) {
        if let Some(map) = self.map() {
            map.advise_sequential();
        }
    }
}

/// Returns an error for a file that was truncated while it was read.
pub(crate) fn truncated(at: usize) -> io::Error {
    let text = format!(
        "offset {at}: the file was truncated while it was read; the bytes after this offset are gone"
    );
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

const EMPTY: &[u8] = &[];

#[inline(always)]
fn place_of(found: Found<FrameRef<'_>>) -> Found<Place> {
    match found {
        Found::Frame(frame) => {
            Found::Frame(Place::of(&frame, usize::try_from(frame.offset).unwrap_or(usize::MAX)))
        }
        Found::Lost(range) => Found::Lost(range),
    }
}
