//! Benchmark of the scan of a segment, with and without checksums. The baseline reads the same bytes.

mod common;

use std::hint::black_box;

use common::{EVENT, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fusewire::Severity;
use fusewire::segment::{Event, Mode, Resource, Segment, SegmentOptions, SegmentWriter};

const ENTRIES: u64 = 20_000;

fn make(path: &std::path::Path) -> SegmentWriter {
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 16 << 20;
    options.prefault = true;
    SegmentWriter::create(path, &options).unwrap()
}

fn errors(segment: &Segment, mode: Mode) -> u64 {
    let mut count = 0;
    for event in segment.events(mode).unwrap() {
        if let Ok(Event::Entry(frame, _)) = event {
            count += u64::from(frame.severity >= Severity::INFO);
        }
    }
    count
}

fn benches(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("scan.fws");
    let mut writer = make(&path);
    for _ in 0..ENTRIES {
        writer.append(|entry| write(entry, &EVENT)).unwrap();
    }
    let bytes = writer.tail();
    writer.seal().unwrap();
    // SAFETY: no other process knows the file.
    let segment = unsafe { Segment::map(&path).unwrap() };
    assert_eq!(errors(&segment, Mode::Recover), ENTRIES);

    let mut group = c.benchmark_group("scan");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("with checksums", |b| b.iter(|| errors(black_box(&segment), Mode::Recover)));
    group.bench_function("without checksums", |b| b.iter(|| errors(black_box(&segment), Mode::Trust)));
    group.bench_function("every byte once", |b| {
        let data = &segment.as_bytes()[..usize::try_from(bytes).unwrap()];
        b.iter(|| {
            black_box(data).as_chunks::<8>().0.iter().fold(0, |any, word| any | u64::from_le_bytes(*word))
        })
    });
    group.bench_function("crc32fast over the whole", |b| {
        let data = &segment.as_bytes()[..usize::try_from(bytes).unwrap()];
        b.iter(|| crc32fast::hash(black_box(data)))
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
