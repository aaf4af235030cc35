//! The readable part of a like entry whose base is lost.

use crate::decode::like::LikeHead;
use crate::format::frame::{self, FrameKind};
use crate::severity::Severity;
use crate::trace::TraceContext;

/// The readable part of an entry that depends on a lost entry, its base ([`LostReason::Base`](super::LostReason::Base)).
///
/// The base contains the keys and the kinds of the values, and the values that did not change. Therefore, the values are
/// available only as bytes without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remains<'a> {
    /// The severity.
    pub severity: Severity,
    /// The time in nanoseconds since the Unix epoch, or 0 if it is not known.
    pub time_unix_nano: u64,
    /// The ids of the trace and the span, or [`TraceContext::NONE`].
    pub trace: TraceContext,
    /// The bytes of the numbers that differ from those of the base.
    pub numbers: &'a [u8],
    /// The texts that differ from those of the base, without separators. The first characters can belong to a number: the
    /// boundary is determined by the base.
    pub texts: &'a str,
}

impl<'a> Remains<'a> {
    /// Returns the readable part of the entry in the frame that consists of the bytes `frame` of a segment. Returns `None` if
    /// they are not an intact frame of an entry that depends on a base.
    ///
    /// ```
    /// use fusewire::segment::{Event, Mode, Remains, Segment, SegmentOptions, SegmentWriter};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("one.fws");
    /// let mut options = SegmentOptions::default();
    /// options.self_contained = false;
    /// let mut writer = SegmentWriter::create(&path, &options)?;
    /// for user in ["ada", "grace"] {
    ///     writer.append(|entry| _ = entry.attr("user", user).attr("action", "login"))?;
    /// }
    /// writer.seal()?;
    ///
    /// let mut bytes = std::fs::read(&path)?;
    /// let at = bytes.windows(3).position(|window| window == b"ada").unwrap();
    /// bytes[at] ^= 1;
    /// let mut texts = Vec::new();
    /// for event in Segment::from_vec(bytes.clone()).events(Mode::Recover)? {
    ///     if let Ok(Event::Lost(range)) = event
    ///         && let Some(remains) = Remains::of_frame(&bytes[range.start as usize..range.end as usize])
    ///     {
    ///         texts.push(remains.texts.to_owned());
    ///     }
    /// }
    /// // The key of the text is lost.
    /// assert_eq!(texts, ["grace"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of_frame(frame: &'a [u8]) -> Option<Self> {
        let frame = frame::parse(frame, 0, frame::tag_in(frame)).ok()?;
        if frame.kind != FrameKind::Like {
            return None;
        }
        let head = LikeHead::new(frame.payload).ok()?;
        let (numbers, texts) = divide(head.values());
        Some(Self {
            severity: frame.severity,
            time_unix_nano: head.time_unix_nano(),
            trace: head.trace(),
            numbers,
            texts,
        })
    }
}

/// Divides the values of a like entry before the longest text without control characters at their end.
fn divide(values: &[u8]) -> (&[u8], &str) {
    let Some(last) = values.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty()) else {
        return (values, "");
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let text = last.valid();
    let text = text.rsplit_once(is_control).map_or(text, |(_, text)| text);
    (&values[..values.len() - text.len()], text)
}
