//! Input from standard input and pipes: segments, frames and lines, in any order.

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use fusewire::decode::EntryRef;
use fusewire::mixed::{MixedEvent, MixedReader};

use crate::input::{self, selection::Selection};
use crate::output::Terminal;
use crate::output::events::EventPrinter;

/// Prints the entries of the stream `path`.
pub(super) fn print(
    path: &Path,
    selection: &Selection,
    most: Option<u64>,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let stream = input::open_stream(path)?;
    let name = Path::new(&stream.name);
    let terminal = RefCell::new(terminal);
    let mut reader = MixedReader::new(FlushFirst { reader: stream.reader, terminal: &terminal });
    while most.is_none_or(|most| printer.printed() < most)
        && let Some(event) = reader.next().with_context(|| stream.name.clone())?
    {
        let terminal = &mut **terminal.borrow_mut();
        match event {
            MixedEvent::Entry { entry, .. } if !selection.admits(&entry) => {}
            MixedEvent::Entry { frame, entry, .. } => printer.entry(&frame, &entry, name, terminal)?,
            MixedEvent::Frame { frame, .. } => {
                let time = EntryRef::new(frame.payload).map_or(0, |record| record.time_unix_nano());
                if selection.range.contains(time) {
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
    Ok(())
}

/// A reader that flushes the output before it waits for input: `tail -f app.log | fusewire cat -`.
struct FlushFirst<'t, 'p, R> {
    reader: R,
    terminal: &'t RefCell<&'p mut Terminal>,
}

impl<R: Read> Read for FlushFirst<'_, '_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.terminal.borrow_mut().flush()?;
        self.reader.read(bytes)
    }
}
