//! The reader of mixed streams.

use std::io::{self, Read};
use std::time::{Duration, Instant, SystemTime};

use crate::error::SegmentError;
use crate::format::frame::{self as layout, FrameFault, FrameKind};
use crate::format::segment::{DATA_START, MAGIC, PAGE, SegmentHeader};
use crate::limits::Limits;
#[cfg(unix)]
use crate::line_time::EntryTime;
use crate::line_time::WithoutTime;
use crate::segment::{LostRange, LostReason};
use crate::zone::Zone;

use super::buffer::Buffer;
use super::event::{Form, MixedEvent};
use super::frame::{Outline, outline};
use super::inner::{Inner, Next};
use super::lines::Lines;
use super::place::Place;
use super::split::{Piece, Rest, Splitter};
use super::text;
use super::unpack::PlainReader;

/// A reader for a stream of segments, single frames, and lines of JSON or text, in any order.
///
/// [`Importer`](crate::lines::Importer) defines the conversion of lines to entries. The conversion requires
/// the feature `json`; without this feature, lines are reported as lost. Damaged frames and other unreadable
/// bytes are skipped and reported: every byte of the stream is in an event or ends a line. A line that is not
/// JSON is text, not damage. [`PlainReader`] reads the input, so it can be compressed or UTF-16; the offsets of the events are
/// then offsets in the plain form.
///
/// The longest line or frame, 16 MiB, bounds the memory. A segment is in memory as a whole, up to 1 GiB. The
/// reader does not allocate for each entry.
///
/// ```
/// use fusewire::message;
/// use fusewire::mixed::{Form, MixedEvent, MixedReader};
///
/// let mut buffer = [0; 512];
/// let message = message::write(&mut buffer, &Default::default(), |entry| entry.set_body("a message"))?;
/// let stream = [&*message, b"{\"msg\":\"a line\"}\n"].concat();
/// let mut reader = MixedReader::new(&stream[..]);
/// let mut found = Vec::new();
/// while let Some(event) = reader.next()? {
///     if let MixedEvent::Entry { form, entry, .. } = event {
///         found.push((form, entry.body().to_string()));
///     }
/// }
/// # #[cfg(feature = "json")]
/// assert_eq!(found, [(Form::Frame, "a message".to_owned()), (Form::Line, "a line".to_owned())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MixedReader<R> {
    input: PlainReader<R>,
    buffer: Buffer,
    splitter: Splitter,
    lines: Lines,
    /// The current segment.
    inner: Option<Box<Inner>>,
    head: Head,
    /// The number of bytes of the line after the current record that contain no line end.
    searched: usize,
    /// Whether the reader waits for lines that continue the last record of a growing file.
    is_patient: bool,
    /// The time since which the last record waits.
    waits: Option<Instant>,
    /// The length of the current piece, which the next step consumes.
    taken: usize,
    /// `Some` if the current line contains more entries. The flag is set if the line is a part of an overlong
    /// line.
    further: Option<bool>,
    /// The beginning of a lost range whose end is not known, and the reason.
    losing: Option<(u64, LostReason)>,
    /// The range of the current line, if it exceeds the bounds of a reader and the reader has not reported this.
    exceeded: Option<LostRange>,
}

/// The time for which a reader of a growing file waits for a line that continues the last record.
const PATIENCE: Duration = Duration::from_millis(100);
/// The maximum length of the first frame in a segment whose first page is damaged, in bytes.
const RESOURCE: u64 = 1 << 20;

/// The item of the last step.
enum Head {
    None,
    Frame(Form, Place),
    Lost(LostRange),
    Header(u64, SegmentError),
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A frame or an entry, with its kind and its time; the time is 0 if there is none.
    Frame { kind: FrameKind, time: u64 },
    /// Damage or a lost range.
    Fault,
    /// No item: the input has no more bytes now.
    Rest,
}

impl<R: Read> MixedReader<R> {
    /// Creates a reader that starts at the current position of `input`. A line is read completely, up to
    /// [`Limits::READER`]. The reader reports a line above these bounds with [`MixedEvent::Lost`] after its entries.
    pub fn new(input: R) -> Self {
        Self::at(input, 0, Limits::READER)
    }

    /// Creates a reader with other limits for entries from lines. The entries contain the trips of these limits.
    pub fn with_limits(input: R, limits: Limits) -> Self {
        Self::at(input, 0, limits)
    }

    /// Creates a reader for an import: the limits also apply to lines that this crate wrote. The reader reports the range of a line
    /// if the limits refuse one of its entries.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::mixed::MixedReader;
    ///
    /// let mut reader = MixedReader::for_import(&b"{\"msg\":\"a\"}\ntext\n"[..], Limits::DEFAULT);
    /// while reader.next()?.is_some() {}
    /// let report = reader.line_report();
    /// assert_eq!((report.lines, report.json_lines, report.text_lines), (2, 1, 1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn for_import(input: R, limits: Limits) -> Self {
        let mut reader = Self::at(input, 0, limits);
        reader.lines.limit_all();
        reader
    }

    /// Returns the counts of the lines that a reader [for an import](Self::for_import) has read. The field `bytes` is 0.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn line_report(&self) -> &crate::lines::ImportReport {
        self.lines.report()
    }

    /// Creates a reader for an input whose current position is at `offset` of the stream.
    pub(crate) fn at(input: R, offset: u64, limits: Limits) -> Self {
        Self {
            input: if offset == 0 { PlainReader::new(input) } else { PlainReader::plain(input) },
            buffer: Buffer::new(offset),
            splitter: Splitter::default(),
            lines: Lines::new(limits),
            inner: None,
            head: Head::None,
            searched: 0,
            is_patient: false,
            waits: None,
            taken: 0,
            further: None,
            losing: None,
            exceeded: None,
        }
    }

    /// Sets the time of the last change of the input, or the present for a live stream. It determines the year of times in text
    /// that contain no year.
    #[must_use]
    pub fn changed_at(mut self, changed: SystemTime) -> Self {
        self.set_changed(changed);
        self
    }

    pub(crate) fn set_changed(&mut self, changed: SystemTime) {
        self.lines.set_latest(crate::Timestamp::from(changed).unix_seconds());
    }

    /// Sets whether the reader waits at the end of the input for lines that continue the last record.
    #[cfg(unix)]
    pub(crate) fn set_patient(&mut self, is_patient: bool) {
        self.is_patient = is_patient;
    }

    /// Sets the zone of times in lines without an offset. The default is UTC.
    #[must_use]
    pub fn line_zone(mut self, zone: Zone) -> Self {
        self.lines.set_zone(zone);
        self
    }

    /// Returns the numbers of entries from lines without a time, up to the last event.
    #[must_use]
    pub fn without_time(&self) -> WithoutTime {
        self.lines.without_time()
    }

    /// Returns the time of the last entry that has a time.
    #[cfg(unix)]
    pub(crate) fn last_time(&self) -> EntryTime {
        self.lines.last_time()
    }

    /// Sets the time of the entry before the first line.
    #[cfg(unix)]
    pub(crate) fn set_last_time(&mut self, time: EntryTime) {
        self.lines.set_last_time(time);
    }

    /// Returns the next event, or `None` at the end of the input. The last line does not need a line end.
    ///
    /// # Errors
    /// Returns the errors of the input. A later call continues after the error.
    #[expect(clippy::should_implement_trait, reason = "an iterator's items cannot borrow from it")]
    #[inline]
    pub fn next(&mut self) -> io::Result<Option<MixedEvent<'_>>> {
        self.step(true)?;
        Ok(self.event())
    }

    /// Returns the offset of the end of the last event, in bytes from the beginning of the plain form of the stream.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.buffer.offset() + self.taken as u64
    }

    /// Returns a reference to the input.
    pub fn get_ref(&self) -> &R {
        self.input.get_ref()
    }

    /// Returns the input. Bytes that the reader has buffered are lost.
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }

    /// Moves a new reader to an offset of the plain form of its input. Bytes before the offset are not in an event.
    ///
    /// # Errors
    /// Returns the errors of the input.
    #[cfg(unix)]
    pub(crate) fn pass_to(mut self, offset: u64) -> io::Result<Self> {
        let passed = io::copy(&mut self.input.by_ref().take(offset), &mut io::sink())?;
        self.buffer = Buffer::new(passed);
        Ok(self)
    }

    /// Returns whether the input is compressed or UTF-16, so that the offsets of events are not offsets in the input.
    #[cfg(unix)]
    pub(crate) fn is_converted(&self) -> bool {
        self.input.is_converted()
    }

    /// Returns whether the input ends inside a compressed stream, after [`Step::Rest`].
    #[cfg(unix)]
    pub(crate) fn is_cut(&self) -> bool {
        self.input.is_cut()
    }

    #[cfg(unix)]
    pub(crate) fn get_mut(&mut self) -> &mut R {
        self.input.get_mut()
    }

    /// Returns the event of the last step.
    #[inline]
    pub(crate) fn event(&self) -> Option<MixedEvent<'_>> {
        Some(match &self.head {
            Head::None => return None,
            Head::Lost(range) => MixedEvent::Lost { range: *range },
            Head::Header(offset, error) => MixedEvent::DamagedHeader { offset: *offset, error: *error },
            Head::Frame(form, place) => {
                let frame = match form {
                    Form::Frame => place.frame(self.buffer.bytes()),
                    Form::Line => self.lines.frame(place),
                    Form::Segment => {
                        let (frame, content) = self.inner.as_ref()?.frame(place);
                        return Some(MixedEvent::of(*form, frame, content));
                    }
                };
                MixedEvent::of(*form, frame, frame.content())
            }
        })
    }

    /// Moves to the next item. The reader waits for the rest of an incomplete item, unless `settle` is set.
    /// `settle` means that the input has ended: the item is then reported as it is.
    ///
    /// # Errors
    /// Returns the errors of the input.
    #[inline]
    pub(crate) fn step(&mut self, settle: bool) -> io::Result<Step> {
        if let Some((place, time)) = self.lines.advance() {
            return Ok(self.stand_at(Form::Line, place, time));
        }
        if let Some(step) = self.report_exceeded() {
            return Ok(step);
        }
        self.head = Head::None;
        loop {
            if let Some(is_part) = self.further {
                if let Some(step) = self.make(is_part) {
                    return Ok(step);
                }
                continue;
            }
            self.buffer.pass(std::mem::take(&mut self.taken));
            if self.inner.is_some() {
                if let Some(step) = self.step_inside(settle)? {
                    return Ok(step);
                }
                continue;
            }
            let is_part = self.splitter.is_in_parts();
            let piece = self.piece(settle)?;
            if let Some(step) = self.enter(piece, is_part, settle) {
                return Ok(step);
            }
        }
    }

    /// Moves to the next piece without a conversion. Returns the offset of the piece, and whether the piece
    /// can contain entries. Returns `None` at the end of the available bytes.
    ///
    /// # Errors
    /// Returns the errors of the input.
    #[cfg(unix)]
    pub(crate) fn skip(&mut self) -> io::Result<Option<(u64, bool)>> {
        self.head = Head::None;
        self.is_patient = false;
        self.buffer.pass(std::mem::take(&mut self.taken));
        let offset = self.buffer.offset();
        let (len, entries) = match self.piece(false)? {
            Piece::More => return Ok(None),
            Piece::Line(len) | Piece::Part(len) | Piece::Frame(len) => (len, true),
            Piece::Lost(len, _) | Piece::Losing(len, _) => (len, false),
            Piece::Segment => {
                let mut inner = Inner::new(&mut self.buffer);
                if !inner.load(&mut self.input, &mut self.buffer)? {
                    return Ok(None);
                }
                (0, true)
            }
        };
        self.taken = len;
        Ok(Some((offset, entries)))
    }

    /// Returns the next piece. Reads until there are enough bytes to identify the piece.
    fn piece(&mut self, settle: bool) -> io::Result<Piece> {
        let mut rest = Rest::Unknown;
        loop {
            let piece = match self.is_damaged_segment(rest) {
                _ if self.lines.next_line().is_some() => self.join(rest),
                Some(true) => Piece::Segment,
                Some(false) => self.split(rest),
                None => Piece::More,
            };
            // A segment needs its first page, which contains its length. At the end of the input, a shorter
            // part is enough.
            let is_whole = piece != Piece::Segment || self.buffer.bytes().len() >= PAGE || rest == Rest::End;
            if piece != Piece::More && is_whole {
                return Ok(piece);
            }
            if rest != Rest::Unknown {
                self.buffer.rest();
                return Ok(Piece::More);
            }
            match self.buffer.fill(&mut self.input) {
                Ok(0) => rest = if settle { Rest::End } else { Rest::Later },
                Ok(_) => self.waits = None,
                // The input has no bytes now: the record is complete.
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock && self.lines.next_line().is_some() =>
                {
                    return Ok(self.complete());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the next piece of the stream. A line is extended by the lines that continue its record.
    #[inline]
    fn split(&mut self, rest: Rest) -> Piece {
        let is_part = self.splitter.is_in_parts();
        let bytes = self.buffer.bytes();
        let piece = self.splitter.next(bytes, rest);
        match piece {
            Piece::Line(len) if !is_part && self.lines.begin(bytes.get(..len).unwrap_or(&[])) => {
                self.join(rest)
            }
            piece => piece,
        }
    }

    /// Searches for the end of the current record.
    fn join(&mut self, rest: Rest) -> Piece {
        while let Some(at) = self.lines.next_line() {
            let bytes = self.buffer.bytes();
            let next = bytes.get(at..).unwrap_or(&[]);
            if self.searched == 0 {
                let magic = next.len().min(MAGIC.len());
                let is_short = match outline(next) {
                    _ if next.is_empty() => true,
                    _ if next[..magic] == MAGIC[..magic] => magic < MAGIC.len(),
                    Outline::Frame(_) => return self.complete(),
                    Outline::Short => true,
                    Outline::None if next[0] == 0 => return self.complete(),
                    Outline::None => false,
                };
                if magic == MAGIC.len() && next[..magic] == MAGIC {
                    return self.complete();
                }
                if is_short && (rest != Rest::End || next.is_empty()) {
                    return self.wait(rest);
                }
            }
            let unseen = next.get(self.searched..).unwrap_or(&[]);
            let len = match text::find_line_feed(unseen) {
                Some(end) => self.searched + end + 1,
                None if self.lines.is_full(next.len()) => return self.complete(),
                None if rest == Rest::End => next.len(),
                None => {
                    self.searched = next.len();
                    return self.wait(rest);
                }
            };
            self.searched = 0;
            if !self.lines.add(bytes, len) {
                return self.complete();
            }
        }
        Piece::More
    }

    /// Waits for more bytes of the current record. Completes the record if the input has no more bytes.
    fn wait(&mut self, rest: Rest) -> Piece {
        let is_over = match rest {
            Rest::Unknown => false,
            Rest::Later if self.is_patient => {
                self.waits.get_or_insert_with(Instant::now).elapsed() >= PATIENCE
            }
            Rest::Later | Rest::End => true,
        };
        if is_over { self.complete() } else { Piece::More }
    }

    fn complete(&mut self) -> Piece {
        (self.searched, self.waits) = (0, None);
        Piece::Line(self.lines.complete())
    }

    /// Returns whether the stream begins with a segment whose signature is damaged: the page is neither a
    /// frame nor text, and the position of the first frame contains a frame of a segment. Returns `None` if
    /// more bytes are necessary.
    fn is_damaged_segment(&self, rest: Rest) -> Option<bool> {
        let bytes = self.buffer.bytes();
        if self.buffer.offset() != 0 || bytes.is_empty() || bytes.starts_with(&MAGIC) {
            return Some(false);
        }
        let page = &bytes[..bytes.len().min(PAGE)];
        if !page.contains(&0) || super::frame::outline(bytes) != super::frame::Outline::None {
            return Some(false);
        }
        let first = bytes.get(DATA_START..).unwrap_or(&[]);
        match layout::parse_trusted(first, DATA_START, 0) {
            Err(FrameFault::Truncated { needed, .. }) if rest == Rest::Unknown && needed <= RESOURCE => None,
            _ => Some(layout::salt_of(first, DATA_START).is_some()),
        }
    }

    /// Starts a piece. Returns `None` if the piece contains no item.
    #[inline]
    fn enter(&mut self, piece: Piece, is_part: bool, settle: bool) -> Option<Step> {
        match piece {
            Piece::Line(len) | Piece::Part(len) => {
                self.taken = len;
                self.make(is_part || matches!(piece, Piece::Part(_)))
            }
            Piece::Frame(len) => {
                self.taken = len;
                let bytes = self.buffer.bytes();
                // The splitter has validated the frame.
                let frame = layout::parse_trusted(bytes, 0, layout::tag(0, 0)).ok()?;
                let place = Place::of(&frame, 0, self.buffer.offset());
                let time = frame.time();
                Some(self.stand_at(Form::Frame, place, time))
            }
            Piece::More => Some(self.end(settle)),
            _ => self.enter_rare(piece),
        }
    }

    #[cold]
    fn enter_rare(&mut self, piece: Piece) -> Option<Step> {
        match piece {
            Piece::Segment => {
                let offset = self.buffer.offset();
                let error = SegmentHeader::parse(self.buffer.bytes()).err();
                if let Some(SegmentError::Version { .. } | SegmentError::Incompatible { .. }) = error {
                    self.splitter.distrust(LostReason::Neither);
                } else {
                    self.inner = Some(Box::new(Inner::new(&mut self.buffer)));
                }
                self.head = Head::Header(offset, error?);
                Some(Step::Fault)
            }
            Piece::Losing(len, reason) => {
                self.losing = self.losing.or(Some((self.buffer.offset(), reason)));
                self.taken = len;
                None
            }
            Piece::Lost(len, reason) => {
                self.taken = len;
                self.lose(len, reason)
            }
            _ => None,
        }
    }

    /// Reports `len` bytes as lost, together with the lost range before them.
    fn lose(&mut self, len: usize, reason: LostReason) -> Option<Step> {
        let at = self.buffer.offset();
        let (start, reason) = self.losing.take().unwrap_or((at, reason));
        let end = at + len as u64;
        self.head = Head::Lost(LostRange { start, end, reason });
        (end > start).then_some(Step::Fault)
    }

    /// Reports a lost range whose end was unknown, or the fault of a compressed input. Returns [`Step::Rest`] if there is none.
    fn end(&mut self, settle: bool) -> Step {
        if let Some(step) = self.lose(0, LostReason::Neither) {
            return step;
        }
        match self.input.take_fault(settle) {
            Some(range) => {
                self.head = Head::Lost(range);
                Step::Fault
            }
            None => {
                self.head = Head::None;
                Step::Rest
            }
        }
    }

    /// Creates the entries of the current line. Returns `None` if the line contains no entry.
    #[inline]
    fn make(&mut self, is_part: bool) -> Option<Step> {
        let line = self.buffer.bytes().get(..self.taken).unwrap_or(&[]);
        if !Lines::CAN_READ {
            return self.lose(self.taken, LostReason::Unsupported);
        }
        let further = self.lines.make(line, is_part, self.buffer.offset());
        self.further = further.then_some(is_part);
        let next = self.lines.advance();
        if self.lines.is_exceeded() || (is_part && next.is_some()) {
            self.exceed();
        }
        match next {
            Some((place, time)) => Some(self.stand_at(Form::Line, place, time)),
            None => self.report_exceeded(),
        }
    }

    /// Records that the current line, or the current part of a line, exceeds the bounds of a reader.
    #[cold]
    fn exceed(&mut self) {
        let start = self.buffer.offset();
        let reason = LostReason::LongLine;
        self.exceeded = Some(LostRange { start, end: start + self.taken as u64, reason });
    }

    /// Reports a line that exceeds the bounds of a reader. Returns `None` if there is none.
    #[inline]
    fn report_exceeded(&mut self) -> Option<Step> {
        let range = self.exceeded.take()?;
        self.head = Head::Lost(range);
        Some(Step::Fault)
    }

    /// Moves to the next item of the current segment. Returns `None` at its end.
    fn step_inside(&mut self, settle: bool) -> io::Result<Option<Step>> {
        let Some(inner) = &mut self.inner else { return Ok(None) };
        Ok(match inner.next(&mut self.input, &mut self.buffer, settle)? {
            Next::Frame(place, time) => Some(self.stand_at(Form::Segment, place, time)),
            Next::Lost(range) => {
                self.head = Head::Lost(range);
                Some(Step::Fault)
            }
            Next::Pending => Some(Step::Rest),
            Next::End => {
                self.inner = None;
                None
            }
        })
    }

    #[inline]
    fn stand_at(&mut self, form: Form, place: Place, time: u64) -> Step {
        let kind = place.kind;
        if form != Form::Line {
            self.lines.pass(time);
        }
        self.head = Head::Frame(form, place);
        Step::Frame { kind, time }
    }
}

impl<R> std::fmt::Debug for MixedReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MixedReader").field("offset", &self.buffer.offset()).finish_non_exhaustive()
    }
}
