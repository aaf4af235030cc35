//! Everything that the demo wrote, read back and compared with what was written.

use anyhow::{Context, Result};
use fusewire::Limits;
use fusewire::encode::encode;
use fusewire::segment::{Event, Mode, Segment};

use super::{Written, load};

/// What was found.
#[derive(Default)]
pub(super) struct Read {
    /// Entries that are there and, byte for byte, what their thread wrote at this place.
    pub(super) equal: u64,
    /// Entries that are not.
    pub(super) different: u64,
    /// Byte ranges lost.
    pub(super) lost: u64,
    /// Bytes of the entries with their frames.
    pub(super) bytes: u64,
}

impl Read {
    /// Whether every one of `entries` is there, in order and unchanged, and nothing else.
    pub(super) fn is_complete(&self, entries: u64) -> bool {
        self.equal == entries && self.different == 0 && self.lost == 0
    }
}

/// Reads the segments of each thread, and writes each entry once more to compare it.
pub(super) fn run(written: &[Written]) -> Result<Read> {
    let mut read = Read::default();
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    for Written { thread, segments, .. } in written {
        let mut n = 0;
        for path in segments {
            let about = || path.display().to_string();
            let segment = Segment::open_trusted(path).with_context(about)?;
            segment.advise_sequential();
            for event in segment.events(Mode::Recover).with_context(about)? {
                match event {
                    Ok(Event::Entry(frame, entry)) => {
                        let expected = encode(&mut scratch, &Limits::DEFAULT, |again| {
                            load::write(again, *thread, n, entry.time_unix_nano());
                        })?;
                        let is_equal = expected.bytes() == entry.as_bytes();
                        read.equal += u64::from(is_equal);
                        read.different += u64::from(!is_equal);
                        read.bytes += frame.len_on_disk();
                        n += 1;
                    }
                    Ok(Event::Lost(_) | Event::Unreadable(..)) | Err(_) => read.lost += 1,
                    Ok(_) => {}
                }
            }
        }
    }
    Ok(read)
}
