//! Benchmark of like entries: the time of the conversion and of the views, and the sizes of real logs.
//!
//! ```text
//! cargo bench --bench like                                # times of the entry of the other benchmarks
//! cargo bench --bench like -- LOG INPUT [LOG INPUT]...    # sizes: directories of segments, and the imported files
//! ```
//!
//! With arguments, the program converts each entry, expands it again, and compares the expansion with the entry. It exits
//! with a panic if a value differs.

mod common;

use std::collections::HashMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fusewire::decode::EntryRef;
use fusewire::like::{self, Base, LikeHead};
use fusewire::segment::{Event, Mode, Segment};

fn main() {
    let arguments: Vec<_> = std::env::args_os().skip(1).filter(|argument| argument != "--bench").collect();
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let paths: Vec<_> = arguments.into_iter().filter(|path| path != "--test").map(PathBuf::from).collect();
    if paths.is_empty() {
        times(if is_test { 1 } else { 40 });
    }
    for pair in paths.chunks_exact(2) {
        sizes(&pair[0], &pair[1]);
    }
}

/// Prints the best time of `runs` runs of 20,000 calls.
fn time(runs: u32, name: &str, mut call: impl FnMut(usize)) {
    let mut best = f64::MAX;
    for _ in 0..runs {
        let start = Instant::now();
        (0..20_000).for_each(&mut call);
        best = best.min(start.elapsed().as_nanos() as f64 / 20_000.0);
    }
    println!("{name:<60} {best:>7.1} ns");
}

fn times(runs: u32) {
    let entry = |i: u64| {
        let event = common::Event { user_id: 4_700 + 31 * i, amount: 129.95 + i as f64, ..common::EVENT };
        let mut buffer = vec![0; 4096];
        let limits = fusewire::Limits::default();
        fusewire::encode::encode(&mut buffer, &limits, |entry| common::write(entry, &event))
            .unwrap()
            .bytes()
            .to_vec()
    };
    let full: Vec<_> = (0..256).map(entry).collect();
    let base = Base::new(&full[0]).unwrap();
    let mut out = vec![0; like::scratch_len(&base, 4096)];
    let likes: Vec<_> = full
        .iter()
        .map(|full| {
            let len = like::convert(full, &base, 512, &mut out).unwrap();
            out[..len].to_vec()
        })
        .collect();
    println!("full entry {} bytes, like entry {} bytes", full[7].len(), likes[7].len());
    time(runs, "find the parts of a base and its checksum (writer)", |i| {
        _ = black_box(Base::new(black_box(&full[i % 256])))
    });
    time(runs, "check a base (reader)", |i| _ = black_box(like::base(black_box(&full[i % 256])).is_ok()));
    time(runs, "convert an entry", |i| {
        _ = black_box(like::convert(black_box(&full[i % 256]), &base, 512, &mut out))
    });
    let view = |i: usize| like::view(LikeHead::new(black_box(&likes[i % 256])).unwrap(), base).unwrap();
    time(runs, "open a view", |i| _ = black_box(view(i)));
    time(runs, "decode all values", |i| {
        view(i).walk().for_each(|visit| _ = black_box(visit.unwrap().attribute.value));
    });
    time(runs, "decode all values of the full entry", |i| {
        let entry = EntryRef::new(black_box(&full[i % 256])).unwrap();
        entry.walk().for_each(|visit| _ = black_box(visit.unwrap().attribute.value));
    });
    time(runs, "verify", |i| _ = black_box(view(i).verify().is_ok()));
    time(runs, "verify the full entry", |i| {
        _ = black_box(EntryRef::new(black_box(&full[i % 256])).unwrap().verify().is_ok());
    });
    time(runs, "expand", |i| _ = black_box(view(i).expand(&mut out).unwrap()));
}

/// Returns the length of a frame.
fn frame(payload: usize) -> usize {
    16 + payload.next_multiple_of(16)
}

/// The rules of a writer for the choice between a full entry and a like entry.
#[derive(Clone, Copy)]
struct Rules {
    /// Whether bases repeat.
    repeat: bool,
    /// Whether each thread has separate bases.
    by_thread: bool,
}

/// The base of a shape in a segment.
struct Known {
    bytes: Vec<u8>,
    offset: u64,
    dependants: u32,
}

fn sizes(directory: &Path, input: &Path) {
    let json = std::fs::metadata(input).unwrap().len() as f64;
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "fws"));
    files.sort();
    println!("{}", input.display());
    for (name, rules) in [
        ("bases never repeat", Rules { repeat: false, by_thread: false }),
        ("bases repeat", Rules { repeat: true, by_thread: false }),
        ("bases repeat, separate for each thread", Rules { repeat: true, by_thread: true }),
    ] {
        let mut sizes = Sizes::default();
        for file in &files {
            sizes.add(&Segment::read_copy(file).unwrap(), rules);
        }
        let Sizes { entries, full, full_bytes, bytes, .. } = sizes;
        println!(
            "  {name:<40} {entries} entries, {full} full; {:.1} bytes for each entry (format 1.0: {:.1}); {:.4} of the input (format 1.0: {:.4})",
            bytes as f64 / entries as f64,
            full_bytes as f64 / entries as f64,
            bytes as f64 / json,
            full_bytes as f64 / json,
        );
    }
}

#[derive(Default)]
struct Sizes {
    entries: u64,
    /// The entries that are written in full.
    full: u64,
    /// The bytes of all frames in format 1.0.
    full_bytes: u64,
    /// The bytes of all frames in format 1.1.
    bytes: u64,
    out: Vec<u8>,
    expanded: Vec<u8>,
}

impl Sizes {
    fn add(&mut self, segment: &Segment, rules: Rules) {
        let mut known: HashMap<Vec<u8>, Known> = HashMap::new();
        let mut offset = 8192;
        for event in segment.events(Mode::Recover).unwrap() {
            let Ok(Event::Entry(frame_ref, entry)) = event else { continue };
            let payload = frame_ref.payload;
            self.entries += 1;
            self.full_bytes += frame(payload.len()) as u64;
            let key = shape(&entry, rules.by_thread);
            let mut len = payload.len();
            match known.get_mut(&key) {
                Some(base)
                    if !(rules.repeat && like::is_repeat_due(offset - base.offset, base.dependants)) =>
                {
                    if let Some(like) = self.convert(payload, &base.bytes) {
                        base.dependants += 1;
                        len = like;
                    } else {
                        self.full += 1;
                    }
                }
                _ => {
                    self.full += 1;
                    if Base::new(payload).is_some() {
                        known.insert(key, Known { bytes: payload.to_vec(), offset, dependants: 0 });
                    }
                }
            }
            offset += frame(len) as u64;
            self.bytes += frame(len) as u64;
        }
    }

    /// Returns the length of the like entry, after a comparison of its expansion with the entry.
    fn convert(&mut self, full: &[u8], base: &[u8]) -> Option<usize> {
        let base = like::base(base).unwrap();
        self.out.resize(like::scratch_len(&base, full.len()), 0);
        let len = like::convert(full, &base, 512, &mut self.out)?;
        let view = like::view(LikeHead::new(&self.out[..len]).unwrap(), base).unwrap();
        view.verify().unwrap();
        self.expanded.resize(view.expanded_bound(), 0);
        let expanded = view.expand(&mut self.expanded).unwrap();
        if self.expanded[..expanded] != *full {
            let read = |bytes| EntryRef::new(bytes).unwrap().to_owned().unwrap();
            assert_eq!(read(&self.expanded[..expanded]), read(full));
        }
        Some(len)
    }
}

/// Returns bytes that are equal for entries of the same shape.
fn shape(entry: &EntryRef<'_>, by_thread: bool) -> Vec<u8> {
    let mut key = vec![entry.severity().number()];
    key.extend_from_slice(&entry.utc_offset_minutes().unwrap_or(i16::MIN).to_le_bytes());
    let thread = if by_thread { entry.thread().as_bytes() } else { b"" };
    for text in [entry.target().as_bytes(), thread] {
        key.extend_from_slice(text);
        key.push(0xFF);
    }
    for visit in entry.walk().flatten() {
        let attribute = visit.attribute;
        key.extend_from_slice(&[visit.depth as u8, attribute.flags.bits()]);
        key.push(attribute.value.kind().map_or(0xFF, |kind| kind as u8));
        key.extend_from_slice(attribute.key.as_bytes());
        key.push(0xFF);
    }
    key
}
