//! Another process writes random bytes to a file while entries of it are in use: strings stay valid UTF-8, values
//! stay as they were, and nothing panics.
#![cfg(unix)]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::random::Random;
use crate::common::watchdog::Watchdog;
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{Found, LogEvent, LogReader, Scan, Visitor};
use fusewire::segment::{FrameRef, Mode, Resource, SegmentOptions, SegmentWriter};

const SIZE: u64 = 1 << 20;
const PASSES: usize = 6;

fn write(path: &Path) -> u64 {
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = SIZE;
    let mut writer = SegmentWriter::create(path, &options).unwrap();
    for n in 0..2000_u64 {
        let append = |entry: &mut fusewire::encode::EntryWriter<'_>| {
            entry.set_time_unix_nano(n + 1);
            entry.set_body("überall dieselbe Nachricht, ähnlich lang wie andere");
            entry.attr("n", &n).attr("text", "a text of some words").attr("ratio", &0.5_f64);
        };
        if writer.append(append).is_err() {
            break;
        }
    }
    let end = writer.tail();
    writer.seal().unwrap();
    end
}

/// The file through a second descriptor, and its bytes before the test.
struct Original {
    file: File,
    bytes: Vec<u8>,
}

impl Original {
    fn of(path: &Path) -> Self {
        let file = File::options().write(true).open(path).unwrap();
        Self { file, bytes: std::fs::read(path).unwrap() }
    }

    /// Runs `look` while the payload of `frame` is noise in the file.
    fn while_it_is_noise(&self, frame: &FrameRef<'_>, look: impl FnOnce()) {
        let (at, len) = (frame.offset + 16, frame.payload.len());
        self.file.write_all_at(&vec![0xFF; len], at).unwrap();
        look();
        let payload = &self.bytes[at as usize..at as usize + len];
        self.file.write_all_at(payload, at).unwrap();
    }
}

/// Looks at everything in an entry before and after its bytes in the file change. A frame whose checksum was right is the
/// writer's, so its text is valid.
fn look(frame: &FrameRef<'_>, entry: &EntryRef<'_>, is_checked: bool, original: &Original) {
    let text = |entry: &EntryRef<'_>| {
        let body = entry.body().to_string();
        let mut all = vec![body, entry.target().to_string()];
        for attribute in entry.attributes().filter_map(Result::ok) {
            all.push(attribute.key.to_string());
            if let Value::String(text) = attribute.value {
                all.push(text.to_str().unwrap_or_default().to_owned());
            }
        }
        all
    };
    let before = text(entry);
    original.while_it_is_noise(frame, || assert_eq!(text(entry), before));
    assert!(before.iter().all(|text| std::str::from_utf8(black_box(text.as_bytes())).is_ok()));
    if is_checked {
        assert!(entry.verify().is_ok());
        assert!(entry.body().to_str().is_ok());
    }
}

struct Look<'a>(&'a Original);

impl Visitor for Look<'_> {
    fn entry(&mut self, found: &Found<'_>) {
        // The checksums of matches are computed.
        look(&found.frame, &found.entry, true, self.0);
    }
}

/// Runs `read` while another thread overwrites and restores parts of the file at `path`.
fn while_it_changes(path: &Path, end: u64, read: impl FnOnce()) {
    let original = std::fs::read(path).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(path).unwrap();
            let mut random = Random(7);
            while !is_done.load(Ordering::Acquire) {
                let at = random.below(end);
                let len = 1 + random.below(64);
                let noise: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
                file.write_all_at(&noise, at).unwrap();
                let place = at as usize..(at + len) as usize;
                file.write_all_at(&original[place], at).unwrap();
            }
        });
        struct Done<'a>(&'a AtomicBool);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let _done = Done(&is_done);
        read();
    });
    std::fs::write(path, original).unwrap();
}

#[test]
fn in_readers_and_scans() {
    let _watchdog = Watchdog::over("reading a file that changes");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let end = write(&path);
    let original = Original::of(&path);
    while_it_changes(&path, end, || {
        for pass in 0..PASSES {
            let copy = pass % 3 == 2;
            let mode = if pass % 2 == 0 { Mode::Recover } else { Mode::Trust };
            let options = LogReader::options().copy(copy).mode(mode);
            let mut reader = options.open(std::slice::from_ref(&path)).unwrap();
            while let Some(event) = reader.next() {
                if let LogEvent::Entry { frame, entry, .. } = event {
                    look(&frame, &entry, mode == Mode::Recover, &original);
                }
            }
            Scan::new([&path]).copy(copy).run(|_| true, || Look(&original)).unwrap();
        }
    });
    // The file is as it was.
    let scanned = Scan::new([&path]).run(|_| true, || Look(&original)).unwrap();
    assert_eq!((scanned.looked_at, scanned.lost.len()), (2000, 0));
}
