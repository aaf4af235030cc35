//! Input from standard input and pipes: segments, frames and lines, in any order.

use std::cell::RefCell;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use fusewire::decode::EntryRef;
use fusewire::mixed::{MixedEvent, MixedReader};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::args::{AccessArgs, CatArgs};
use crate::input::{self, selection::Selection};
use crate::output::Terminal;
use crate::output::events::EventPrinter;
use crate::output::timeless;

/// The options of a stream.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The maximum number of printed entries, of all paths together.
    pub(super) lines: Option<u64>,
    pub(super) access: &'a AccessArgs,
    /// Whether loss records are printed.
    pub(super) losses: bool,
}

impl<'a> Terms<'a> {
    pub(super) fn of(args: &'a CatArgs) -> Self {
        Self { lines: args.lines, access: &args.access, losses: true }
    }
}

/// Prints the entries of the stream `path`.
pub(super) fn print(
    path: &Path,
    selection: &Selection,
    terms: Terms<'_>,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let stream = input::open_stream(path)?;
    let name = Path::new(&stream.name);
    let terminal = RefCell::new(terminal);
    let most = terms.lines;
    let input = FlushFirst {
        reader: stream.reader,
        pauses: stream.pauses,
        is_pause_reported: false,
        terminal: &terminal,
    };
    let mut reader = MixedReader::new(input).changed_at(SystemTime::now());
    if let Some(zone) = &terms.access.lines.log_tz {
        reader = reader.line_zone(zone.shared());
    }
    while most.is_none_or(|most| printer.printed() < most) {
        let event = match reader.next() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error).with_context(|| stream.name.clone()),
        };
        let terminal = &mut **terminal.borrow_mut();
        match event {
            MixedEvent::Entry { entry, .. } if !selection.admits(&entry) => {}
            MixedEvent::Entry { frame, entry, .. } => printer.entry(&frame, &entry, name, terminal)?,
            MixedEvent::Frame { frame, .. } => {
                let time = EntryRef::new(frame.payload).map_or(0, |record| record.time_unix_nano());
                if terms.losses && selection.range.contains(time) {
                    printer.frame(&frame, name, terminal)?;
                }
            }
            MixedEvent::Unreadable { frame, error, .. } => {
                printer.unreadable(&frame, &error, name, terminal)?
            }
            MixedEvent::Lost { range } => printer.lost(&range, name, terminal)?,
            MixedEvent::DamagedHeader { error, .. } => printer.fault(name, &error.to_string(), terminal)?,
            _ => {}
        }
    }
    if reader.offset() == 0 && most.is_none_or(|most| printer.printed() < most) {
        bail!("{}: the input is empty", stream.name);
    }
    timeless::report(reader.without_time(), selection.is_timed(), *terminal.borrow_mut())?;
    Ok(())
}

/// The time without data after which an entry of several lines is complete.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns whether `input` has data, or ends, within [`PAUSE`].
fn has_data(input: &OwnedFd) -> bool {
    let mut waited = [PollFd::new(input, PollFlags::IN)];
    let pause = Timespec::try_from(PAUSE).ok();
    rustix::event::poll(&mut waited, pause.as_ref()).is_ok_and(|ready| ready > 0)
}

/// A reader that flushes the output before it waits for input: `tail -f app.log | fusewire cat -`.
///
/// The reader reports each pause of the input once. An entry can have several lines, and only a pause shows that no more lines
/// follow.
struct FlushFirst<'t, 'p, R> {
    reader: R,
    /// The descriptor of the input, if the input can have a pause.
    pauses: Option<OwnedFd>,
    is_pause_reported: bool,
    terminal: &'t RefCell<&'p mut Terminal>,
}

impl<R: Read> Read for FlushFirst<'_, '_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.terminal.borrow_mut().flush()?;
        if !self.is_pause_reported && self.pauses.as_ref().is_some_and(|input| !has_data(input)) {
            self.is_pause_reported = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.is_pause_reported = false;
        self.reader.read(bytes)
    }
}
