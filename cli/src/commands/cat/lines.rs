//! Lines of text or JSON on standard input: printed as the entries that they would be.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};

use anyhow::{Context, Result};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::Importer;

use crate::input::chunk::Chunk;
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;

/// Prints each line.
pub(super) fn print(
    chunk: Chunk,
    name: &str,
    printer: &mut EntryPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let terminal = RefCell::new(terminal);
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    let input = BufReader::new(FlushFirst { reader: chunk.into_reader(), terminal: &terminal });
    let result = Importer::new().import(input, |write| {
        let encoded =
            encode(&mut scratch, &Limits::DEFAULT, |entry| write(entry)).map_err(io::Error::other)?;
        let entry = EntryRef::new(encoded.bytes()).map_err(io::Error::other)?;
        let terminal = &mut **terminal.borrow_mut();
        printer.print(&entry, terminal).map_err(io::Error::other)?;
        terminal.flush_if_full()?;
        Ok(encoded.report())
    });
    result.with_context(|| name.to_owned())?;
    Ok(())
}

/// Shows what has been printed before it waits for more: `tail -f app.log | fusewire cat -`.
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
