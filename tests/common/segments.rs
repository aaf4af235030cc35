//! A segment to damage, and the ways to damage it.

use fusewire::segment::{Event, Events, LostRange, Mode, Resource, Segment, SegmentOptions, SegmentWriter};

/// A small segment: its bytes, and where the frame of each entry lies. Entry `i` has the attribute `n = i`.
pub struct Fixture {
    pub bytes: Vec<u8>,
    pub frames: Vec<(usize, usize)>,
}

impl Fixture {
    /// A segment of 16 KiB with `entries` entries, sealed or left as its writer left it.
    pub fn new(entries: u64, sealed: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = SegmentOptions::new(Resource::empty());
        options.size = SegmentOptions::MIN_SIZE;
        let mut writer = SegmentWriter::create(&path, &options).unwrap();
        let frames = (0..entries).map(|i| append(&mut writer, i)).collect();
        if sealed {
            writer.seal().unwrap();
        } else {
            drop(writer);
        }
        Self { bytes: std::fs::read(&path).unwrap(), frames }
    }

    /// One past the last frame.
    pub fn data_end(&self) -> usize {
        self.frames.last().map_or(8192, |(start, len)| start + len)
    }

    /// The frame that byte `at` belongs to.
    pub fn frame_at(&self, at: usize) -> Option<usize> {
        self.frames.iter().position(|(start, len)| (*start..start + len).contains(&at))
    }
}

fn append(writer: &mut SegmentWriter, i: u64) -> (usize, usize) {
    let appended = writer
        .append(|entry| {
            entry.set_time_unix_nano(1_700_000_000_000_000_000 + i);
            entry.set_body("an entry");
            entry.attr("n", &i);
        })
        .unwrap();
    (appended.offset as usize, appended.len as usize)
}

/// What a recovering read finds: the numbers of the entries, and the gaps.
pub fn read(bytes: &[u8]) -> (Vec<u64>, Vec<LostRange>) {
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    for event in Events::new(bytes, Mode::Recover).unwrap().thorough() {
        match event.unwrap() {
            Event::Entry(_, entry) => {
                entry.verify().unwrap();
                entries.push(entry.get("n").unwrap().as_i128().unwrap() as u64);
            }
            Event::Lost(range) => lost.push(range),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (entries, lost)
}

/// Whether a strict read accepts the bytes.
pub fn strict(bytes: &[u8]) -> bool {
    Events::new(bytes, Mode::Strict).is_ok_and(|mut events| events.all(|event| event.is_ok()))
}

pub fn segment(bytes: &[u8]) -> Segment {
    Segment::from_vec(bytes.to_vec())
}
