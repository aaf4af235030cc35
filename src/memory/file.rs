//! Repeated reads of small files in `/proc` and `/sys`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The maximum number of bytes that are read of a file. All files are much shorter.
const ROOM: usize = 16 << 10;

/// A file that stays open. The kernel generates new content for each read.
#[derive(Debug)]
pub(super) struct Reread(File);

impl Reread {
    pub(super) fn open(path: impl AsRef<Path>) -> Option<Self> {
        File::open(path).ok().map(Self)
    }

    /// Returns the current content of the file, or `None` if it cannot be read any more, for example because
    /// the cgroup was removed.
    pub(super) fn read<'a>(&self, room: &'a mut Room) -> Option<&'a str> {
        let mut len = 0;
        while let Some(rest) = room.0.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, len as u64) {
                Ok(0) => break,
                Ok(read) => len += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        // The name of a process or a cgroup can be invalid UTF-8. In this case, the method returns the text
        // before the name.
        let text = room.0.get(..len)?;
        Some(match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => text.get(..error.valid_up_to()).and_then(|text| std::str::from_utf8(text).ok())?,
        })
    }
}

/// The buffer for reads. One buffer serves all reads, so a sample does not allocate.
pub(super) struct Room(Box<[u8; ROOM]>);

impl Default for Room {
    fn default() -> Self {
        Self(Box::new([0; ROOM]))
    }
}

/// Returns the number after `name`, in lines such as `VmRSS:    1676 kB` or `anon 4096`.
pub(super) fn number_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix([':', ' ', '\t']))?;
    let mut words = line.split_ascii_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    match words.next() {
        Some("kB") => number.checked_mul(1024),
        _ => Some(number),
    }
}
