//! The start of reading at the end of a log, or a few entries before it, without reading the entries before.

use std::cmp::Reverse;
use std::io;
use std::path::PathBuf;

use crate::segment::LostReason;

use super::event::LogEvent;
use super::file::LogFile;
use super::open::{Look, OpenSegment};
use super::stream::{Head, Stream, Terms, Waiting};
use super::{At, LogReader};

impl LogReader {
    /// Skips everything that the log contains now. Later events are new, or were incomplete before.
    ///
    /// ```
    /// use fusewire::log::{Log, LogEvent, LogReader};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.append(|entry| entry.set_body("old"));
    /// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
    /// reader.seek_to_end();
    /// while let Some(event) = reader.next() {
    ///     assert!(!matches!(event, LogEvent::Entry { .. }), "the reader skips the old entry");
    /// }
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn seek_to_end(&mut self) {
        self.go_on();
        self.ready.clear();
        self.idle.clear();
        for index in 0..self.streams.len() {
            if let Some(stream) = self.streams.get_mut(index) {
                stream.skip_to_end(&self.terms);
            }
            self.enqueue(At::Stream(index));
        }
        for index in 0..self.files.len() {
            if let Some(file) = self.files.get_mut(index) {
                file.skip_to_end(&self.terms);
            }
            self.enqueue(At::File(index));
        }
    }

    /// Moves a new reader to the last `entries` entries of the log, in the usual order. Reads only the segments that
    /// contain these entries, and the segments that are not sealed. The range and the mode of the reader apply.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if the reader has already read entries.
    ///
    /// ```
    /// use fusewire::log::{Log, LogEvent, LogReader};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// for n in 0..100 {
    ///     log.append(|entry| _ = entry.attr("n", &n));
    /// }
    /// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
    /// reader.seek_to_last(2)?;
    /// let mut last = Vec::new();
    /// while let Some(event) = reader.next() {
    ///     if let LogEvent::Entry { entry, .. } = event {
    ///         last.push(entry.get("n").and_then(|n| n.as_i128()));
    ///     }
    /// }
    /// assert_eq!(last, [Some(98), Some(99)]);
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn seek_to_last(&mut self, entries: u64) -> io::Result<()> {
        let mut failures = self.take_failures();
        if !self.is_untouched() {
            self.add_all_failed(failures);
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "cannot seek: entries were already read; open a new reader",
            ));
        }
        if entries == 0 {
            self.seek_to_end();
            self.add_all_failed(failures);
            return Ok(());
        }
        let terms = &self.terms;
        let mut spans: Vec<Vec<Span>> =
            self.streams.iter().map(|stream| Span::all_of(stream, terms)).collect();
        let most = usize::try_from(entries).unwrap_or(usize::MAX);
        for file in &mut self.files {
            let (count, latest) = file.seek_to_last(most, terms);
            spans.push(vec![Span { first: 0, last: latest, at_least: count, counted: Some(count) }]);
        }
        // A trailer does not show the number of entries that a filter selects. Segments are read from the last one on
        // until there are enough.
        let from = threshold(&mut spans, entries, |stream, segment| {
            let waiting = self.streams.get(stream)?.waiting.get(segment)?;
            terms.filter.is_some().then(|| count(waiting, terms).0)
        });
        let of_files = spans.get(self.streams.len()..).unwrap_or(&[]).iter().flatten();
        let mut there: u64 = of_files.fold(0, |sum, span| sum.saturating_add(span.at_least));
        for (stream, spans) in self.streams.iter_mut().zip(&mut spans) {
            let skipped = spans.iter().take_while(|span| span.last < from).count();
            if let Some(span) = spans.get(skipped) {
                stream.key = span.first;
            } else if let Some(span) = spans.last() {
                stream.key = span.last;
            }
            for _ in 0..skipped {
                stream.pass();
            }
            for (waiting, span) in stream.waiting.iter().zip(&spans[skipped..]) {
                there = there.saturating_add(span.counted.unwrap_or_else(|| count(waiting, terms).0));
            }
        }
        let mut before = there.saturating_sub(entries);
        while before > 0 {
            match self.next() {
                Some(LogEvent::Entry { .. }) => before -= 1,
                Some(LogEvent::UnreadableFile { path, error }) => {
                    failures.push((path.to_owned(), io::Error::new(error.kind(), error.to_string())));
                }
                // The newest entries of a compressed file may be missing.
                Some(LogEvent::Lost { source, range }) if matches!(range.reason, LostReason::Packed(..)) => {
                    let error = io::Error::new(io::ErrorKind::InvalidData, range.reason.to_string());
                    failures.push((source.path().to_owned(), error));
                }
                Some(_) => {}
                None => break,
            }
        }
        self.add_all_failed(failures);
        Ok(())
    }

    /// Removes and returns the errors of the files that cannot be read. The reader then behaves as if these files did
    /// not exist.
    fn take_failures(&mut self) -> Vec<(PathBuf, io::Error)> {
        let mut failures = Vec::new();
        for stream in &mut self.streams {
            match std::mem::replace(&mut stream.head, Head::Idle) {
                Head::File(path, error) => failures.push((path, error)),
                head => stream.head = head,
            }
        }
        failures.extend(self.files.iter_mut().filter_map(LogFile::take_failure));
        let (streams, files) = (&self.streams, &self.files);
        self.ready.retain(|Reverse((_, at))| match at {
            At::Stream(index) => streams.get(*index).is_some_and(|stream| !matches!(stream.head, Head::Idle)),
            At::File(index) => files.get(*index).is_some_and(|file| !file.is_idle()),
        });
        failures
    }

    fn add_all_failed(&mut self, failures: Vec<(PathBuf, io::Error)>) {
        for (path, error) in failures {
            self.add_failed(path, error);
        }
    }
}

/// The position of a segment among the segments of all streams.
struct Span {
    /// The key of the stream at the first entry of the segment. No entry of the segment has a lower key.
    first: u64,
    /// The key of the stream after the segment. No entry of the segment has a higher key.
    last: u64,
    /// A lower bound of the number of its entries.
    at_least: u64,
    /// The number of its entries, if it has been read.
    counted: Option<u64>,
}

impl Span {
    fn all_of(stream: &Stream, terms: &Terms) -> Vec<Self> {
        let mut key = stream.key;
        let mut spans = Vec::with_capacity(stream.waiting.len());
        for waiting in &stream.waiting {
            let first = key.max(waiting.info.trailer.map_or(0, |trailer| trailer.first_time));
            let (at_least, counted) = match waiting.info.trailer {
                Some(trailer) => {
                    key = key.max(trailer.max_time);
                    (terms.at_least(&waiting.info), None)
                }
                None => {
                    let (entries, latest) = count(waiting, terms);
                    key = key.max(latest);
                    (entries, Some(entries))
                }
            };
            // A segment with a damaged header is always reported.
            let last = if waiting.info.header.is_err() { u64::MAX } else { key };
            spans.push(Self { first, last, at_least, counted });
        }
        spans
    }
}

/// Returns the highest key at or after which there are `entries` entries. If the number of entries of a segment is
/// unknown, `count` may count them.
fn threshold(spans: &mut [Vec<Span>], entries: u64, count: impl Fn(usize, usize) -> Option<u64>) -> u64 {
    let numbered = spans.iter_mut().enumerate().flat_map(|(stream, spans)| {
        spans.iter_mut().enumerate().map(move |(segment, span)| (stream, segment, span))
    });
    let mut all: Vec<_> = numbered.collect();
    all.sort_by_key(|(.., span)| Reverse(span.first));
    let mut found = 0_u64;
    for (stream, segment, span) in all {
        if span.counted.is_none()
            && let Some(counted) = count(stream, segment)
        {
            (span.at_least, span.counted) = (counted, Some(counted));
        }
        found = found.saturating_add(span.at_least);
        if found >= entries {
            return span.first;
        }
    }
    0
}

/// Returns the number of requested entries of a segment, and its latest time. A segment that cannot be read has no
/// entries.
fn count(waiting: &Waiting, terms: &Terms) -> (u64, u64) {
    let open = waiting
        .info
        .open()
        .and_then(|file| OpenSegment::new(waiting.info.clone(), file, terms.access, terms.filter.as_ref()));
    let Ok(mut open) = open else { return (0, 0) };
    let count = open.count(|open, place, time| matches!(open.look(place, time, terms), Look::Asked));
    (count.entries, count.times.map_or(0, |(_, latest)| latest))
}

impl Stream {
    /// Skips everything that the stream contains now.
    fn skip_to_end(&mut self, terms: &Terms) {
        if let Some(sealed) = self.waiting.iter().rposition(|waiting| waiting.info.trailer.is_some()) {
            self.open = None;
            for _ in 0..=sealed {
                let passed = self.pass();
                let latest =
                    passed.and_then(|passed| passed.info.trailer).map_or(0, |trailer| trailer.max_time);
                self.key = self.key.max(latest);
            }
        }
        self.head = Head::Idle;
        loop {
            self.advance(terms);
            match self.head {
                Head::Idle => return,
                Head::Unopened => {
                    self.open_next(terms);
                }
                _ => {}
            }
        }
    }
}
