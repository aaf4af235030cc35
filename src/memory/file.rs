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

    /// Returns the current content of the file, with `?` in place of each byte that is not UTF-8. Returns `None`
    /// if the file cannot be read any more, for example because the cgroup was removed.
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
        // The name of a process can be cut in the middle of a character. The numbers are after the name.
        let text = room.0.get_mut(..len)?;
        let mut valid = 0;
        while let Err(error) = std::str::from_utf8(text.get(valid..)?) {
            valid += error.valid_up_to();
            let invalid = error.error_len().unwrap_or(len - valid);
            text.get_mut(valid..valid + invalid)?.fill(b'?');
        }
        std::str::from_utf8(text).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_after_a_name_that_is_not_utf8_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("status");
        std::fs::write(&path, b"Name:\tabc\xc3\nState:\tR\xff\xe2\x82\nVmRSS:\t    1676 kB\nEnd:\t\xe2\x82")
            .unwrap();
        let mut room = Room::default();
        let text = Reread::open(path).unwrap().read(&mut room).unwrap().to_owned();
        assert_eq!(text, "Name:\tabc?\nState:\tR???\nVmRSS:\t    1676 kB\nEnd:\t??");
        assert_eq!(number_of(&text, "VmRSS"), Some(1676 << 10));
    }
}
