//! One reader accepts a stream of segments, messages and lines in any order and in pieces of any size. It counts every
//! damaged byte and returns everything else.
#![cfg(feature = "json")]

use std::io::{self, Read};

use crate::common::random::Random;
use crate::common::streams::{End, write};
use fusewire::mixed::{Form, MixedEvent, MixedReader};
use fusewire::segment::{FrameKind, LostRange};
use fusewire::{Limits, message};
use proptest::prelude::*;

/// A source that returns a few bytes per read.
struct Dribble<'a> {
    bytes: &'a [u8],
    random: Random,
    most: u64,
}

impl Read for Dribble<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let most = (1 + self.random.below(self.most)) as usize;
        let len = most.min(room.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(len);
        room[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

/// The events of a stream.
#[derive(Debug, Default, PartialEq)]
struct Told {
    /// The form of each entry, and its number or text.
    entries: Vec<(Form, String)>,
    lost: Vec<LostRange>,
    headers: usize,
}

impl Told {
    fn by(mut reader: MixedReader<impl Read>) -> Self {
        let mut told = Self::default();
        let mut end = 0;
        while let Some(event) = reader.next().unwrap() {
            match event {
                MixedEvent::Entry { form, frame, entry } => {
                    assert!(frame.offset >= end || form == Form::Line, "{frame:?} begins before {end}");
                    end = frame.offset;
                    entry.verify().unwrap();
                    let name = entry.get("n").map_or(entry.body().to_string(), |n| format!("{n:?}"));
                    told.entries.push((form, name));
                }
                MixedEvent::Frame { frame, .. } => assert_eq!(frame.kind, FrameKind::Resource),
                MixedEvent::Lost { range } => told.lost.push(range),
                MixedEvent::DamagedHeader { .. } => told.headers += 1,
                other => panic!("{other:?}"),
            }
        }
        told
    }

    fn of(bytes: &[u8]) -> Self {
        Self::by(MixedReader::new(bytes))
    }

    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|(_, name)| name.as_str()).collect()
    }

    fn lost_bytes(&self) -> u64 {
        self.lost.iter().map(LostRange::len).sum()
    }
}

fn frame(write: impl FnOnce(&mut fusewire::encode::EntryWriter<'_>)) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 17];
    message::write(&mut buffer, &Limits::DEFAULT, write).unwrap().to_vec()
}

fn named(name: &str) -> Vec<u8> {
    frame(|entry| entry.set_body(name))
}

/// Returns the bytes of a segment with the entries `n` = `first..first + count`.
fn segment(first: u64, count: u64) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let times = (0..count).map(|i| 1000 + i).collect();
    let paths = write(directory.path(), 7, first, &[times], End::Sealed);
    std::fs::read(&paths[0]).unwrap()
}

/// Returns one piece of a stream, and its entries.
fn piece(kind: u8, seed: u64, i: u64) -> (Vec<u8>, Vec<(Form, String)>) {
    let mut random = Random(seed | 1);
    let text: String = random.text(200).replace(['\n', '\0'], "");
    match kind {
        0 => (
            format!("{{\"msg\":\"{i}\",\"filler\":{}}}\n", random.next()).into(),
            vec![(Form::Line, i.to_string())],
        ),
        1 => (format!("plain {i} {text}\r\n").into(), vec![(Form::Line, format!("plain {i} {text}"))]),
        2 => (vec![b' '; random.below(20) as usize].into_iter().chain(*b"\n").collect(), vec![]),
        3 => {
            let body = format!("{i}\n{{\"a\":1}}\n{text}");
            (named(&body), vec![(Form::Frame, body)])
        }
        4 => {
            // The frames have all lengths, so the length field can also consist of digits and letters.
            let filler = vec![b'x'; random.below(60_000) as usize];
            let bytes = frame(|entry| {
                entry.set_body_fmt(format_args!("{i}"));
                entry.attr("filler", &fusewire::encode::Bytes(&filler));
            });
            (bytes, vec![(Form::Frame, i.to_string())])
        }
        _ => {
            let count = random.below(5);
            let numbers = (0..count)
                .map(|n| (Form::Segment, format!("{:?}", fusewire::decode::Value::Uint(n + i * 10))));
            (segment(i * 10, count), numbers.collect())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_pieces_in_any_order(
        pieces in prop::collection::vec((0..6_u8, any::<u64>()), 0..12),
        most in prop_oneof![1..40_u64, Just(5_000), Just(1 << 20)],
        seed in any::<u64>(),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (i, (kind, seed)) in pieces.into_iter().enumerate() {
            let (piece, entries) = piece(kind, seed, i as u64);
            bytes.extend(piece);
            expected.extend(entries);
        }
        let told = Told::by(MixedReader::new(Dribble { bytes: &bytes, random: Random(seed | 1), most }));
        prop_assert_eq!(told.lost, []);
        prop_assert_eq!(told.entries, expected);
    }

    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0x20), Just(b'\n')], 0..1_000)) {
        let told = Told::of(&bytes);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        prop_assert!(told.entries.len() <= lines, "{told:?}");
        prop_assert!(told.lost_bytes() <= bytes.len() as u64);
        prop_assert!(told.lost.is_sorted_by(|a, b| a.end <= b.start) && told.lost.iter().all(|range| range.len() > 0));
    }
}

/// Returns a line, a frame, a line, a frame and a line.
fn pieces() -> [Vec<u8>; 5] {
    [b"{\"msg\":\"a\"}\n".to_vec(), named("b"), b"{\"msg\":\"c\"}\n".to_vec(), named("d"), b"e\n".to_vec()]
}

#[test]
fn whatever_bit_of_a_frame_is_flipped_it_alone_is_lost_and_counted() {
    let pieces = pieces();
    let frame = pieces[1].len();
    for bit in 0..frame * 8 {
        let mut pieces = pieces.clone();
        pieces[1][bit / 8] ^= 1 << (bit % 8);
        let told = Told::of(&pieces.concat());
        assert_eq!(told.names(), ["a", "c", "d", "e"], "bit {bit}: {:?}", told.lost);
        assert_eq!(told.lost_bytes(), frame as u64, "bit {bit}: {:?}", told.lost);
        assert!(told.lost.iter().all(|range| range.start >= pieces[0].len() as u64), "bit {bit}");
    }
}

#[test]
fn wherever_a_frame_is_cut_what_is_left_of_it_is_counted() {
    for len in 1..pieces()[1].len() {
        let mut pieces = pieces();
        pieces[1].truncate(len);
        let told = Told::of(&pieces.concat());
        let names = told.names();
        assert_eq!((names[0], &names[names.len() - 2..]), ("a", &["d", "e"][..]), "{len}");
        let (bytes, line) = (told.lost_bytes() as usize, pieces[2].len());
        match names[1..names.len() - 2] {
            ["c"] => assert_eq!(bytes, len, "{len}: {told:?}"),
            // The remainder of the frame ends with a letter, or the reader skips the length in the header. The start
            // of the line is then unknown.
            [] => assert!((len..=len + line).contains(&bytes), "{len}: {told:?}"),
            // A remainder that is shorter than a header can consist of letters. It is then text.
            ref text => {
                assert!(len < 16 && bytes == 0 && text[0].ends_with("{\"msg\":\"c\"}"), "{len}: {told:?}")
            }
        }
    }
    for len in 2..pieces()[3].len() {
        let pieces = pieces();
        let told = Told::of(&[&pieces[0][..], &pieces[1], &pieces[2], &pieces[3][..len]].concat());
        assert_eq!((told.names(), told.lost_bytes()), (vec!["a", "b", "c"], len as u64), "{len}");
    }
}

#[test]
fn a_line_whose_end_is_missing_is_a_line_before_a_frame() {
    let mut pieces = pieces();
    pieces[0].pop();
    pieces[4].pop();
    let told = Told::of(&pieces.concat());
    assert_eq!((told.names(), told.lost_bytes()), (vec!["a", "b", "c", "d", "e"], 0));
    // A partial line is text.
    pieces[0].truncate(6);
    assert_eq!(Told::of(&pieces.concat()).names(), ["{\"msg\"", "b", "c", "d", "e"]);
}

#[test]
fn holes_are_counted_and_text_with_nuls_or_of_other_encodings_is_text() {
    let mut bytes = b"before\n".to_vec();
    bytes.extend([0; 5000]);
    bytes.extend(b"{\"msg\":\"behind\"}\na\0b\n\xFF\xFE\n");
    let told = Told::of(&bytes);
    assert_eq!(told.names(), ["before", "behind", "a\0b", "\u{FFFD}\u{FFFD}"]);
    assert_eq!(told.lost.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>(), [(7, 5007)]);
}

#[test]
fn a_line_of_any_length_is_bounded() {
    const MAX: usize = fusewire::lines::Importer::MAX_LINE;
    let mut bytes = vec![b'x'; 2 * MAX + 10];
    bytes.extend(b"\nnext\n");
    let told = Told::of(&bytes);
    // Each part is an entry and a report of a line above the bounds.
    assert_eq!((told.entries.len(), told.lost_bytes()), (4, 2 * MAX as u64 + 11));
    assert_eq!(told.entries[2].1, "x".repeat(10));
    assert_eq!(told.entries[3].1, "next");
}

#[test]
fn a_segment_whose_first_page_is_damaged_is_read_all_the_same() {
    for at in [0, 100] {
        let mut bytes = segment(0, 3);
        bytes[at] ^= 1;
        let told = Told::of(&bytes);
        assert_eq!((told.entries.len(), told.headers), (3, 1), "{at}");
        assert!(told.entries.iter().all(|(form, _)| *form == Form::Segment));
    }
}

#[test]
fn a_segment_of_a_later_version_is_passed_over_and_told() {
    let mut bytes = segment(0, 3);
    bytes[8] = 9;
    let sum = crate::common::checksum::crc32(0, &bytes[..4092]);
    bytes[4092..4096].copy_from_slice(&sum.to_le_bytes());
    let len = bytes.len() as u64;
    bytes.extend(pieces().concat());
    let told = Told::of(&bytes);
    assert_eq!((told.names(), told.headers), (vec!["a", "b", "c", "d", "e"], 1));
    assert_eq!(told.lost_bytes(), len);
}

#[test]
fn a_line_of_many_records_gives_them_all() {
    let record = r#"{"timeUnixNano":"1767323045000000000","body":{"stringValue":"hello"},"attributes":[]}"#;
    let records = vec![record; 200].join(",");
    let filler = "f".repeat(15_000);
    let line = format!(
        "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"k\",\"value\":{{\"stringValue\":\"{filler}\"}}}}]}},\
         \"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}\n"
    );
    // The entries of this line exceed the size of one batch of the reader.
    let told = Told::of(&[line.as_bytes(), b"next\n"].concat());
    assert_eq!(told.entries.len(), 201);
    assert!(told.names()[..200].iter().all(|name| *name == "hello"));
}

#[test]
fn records_that_the_limits_refuse_bring_no_others_twice() {
    let record = |i: usize| {
        let wide = vec!["{\"intValue\":1}"; if i.is_multiple_of(2) { 9 } else { 1 }].join(",");
        format!(
            "{{\"body\":{{\"stringValue\":\"{i}\"}},\"attributes\":[{{\"key\":\"k\",\"value\":{{\"arrayValue\":{{\"values\":[{wide}]}}}}}}]}}"
        )
    };
    let records: Vec<String> = (0..400).map(record).collect();
    let filler = "f".repeat(15_000);
    let line = format!(
        "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"k\",\"value\":{{\"stringValue\":\"{filler}\"}}}}]}},\
         \"scopeLogs\":[{{\"logRecords\":[{}]}}]}}]}}\n",
        records.join(",")
    );
    let limits = Limits { max_width: 8, on_width: fusewire::limits::OnWidth::Reject, ..Limits::DEFAULT };
    let mut reader = MixedReader::with_limits(line.as_bytes(), limits);
    let mut bodies = Vec::new();
    while let Some(event) = reader.next().unwrap() {
        let MixedEvent::Entry { entry, .. } = event else { panic!() };
        bodies.push(entry.to_owned().unwrap().body);
    }
    let narrow: Vec<String> = (0..400).filter(|i| i % 2 == 1).map(|i| i.to_string()).collect();
    assert_eq!(bodies, narrow);
}

#[test]
fn lines_that_entries_were_written_as_are_those_entries_again() {
    // These lines are longer than the limit for lines of other programs.
    let wide = Limits { max_string_bytes: 1 << 20, max_entry_bytes: 1 << 22, ..Limits::DEFAULT };
    let mut buffer = vec![0; 1 << 22];
    let (mut stream, mut lines) = (String::new(), Vec::new());
    for i in 0..60_usize {
        let long = "l".repeat(i * 1_000);
        let frame = message::write(&mut buffer, &wide, |entry| {
            entry.set_severity(fusewire::Severity::WARN);
            entry.attr("bytes", &fusewire::encode::Bytes(&[0, 0xFF])).attr("long", &long.as_str());
            entry.attr("wait", &std::time::Duration::from_millis(250)).attr("wide", &[i; 300]);
        });
        let entry = message::read(frame.unwrap()).unwrap().0;
        assert_eq!(entry.attributes().count(), 4);
        let mut line = String::new();
        fusewire::json::write_entry(&entry, &mut line).unwrap();
        stream.push_str(&line);
        stream.push('\n');
        lines.push(line);
    }
    let mut reader = MixedReader::new(stream.as_bytes());
    for line in lines {
        let Some(MixedEvent::Entry { form: Form::Line, entry, .. }) = reader.next().unwrap() else {
            panic!()
        };
        let mut again = String::new();
        fusewire::json::write_entry(&entry, &mut again).unwrap();
        assert_eq!(again, line);
    }
    assert!(reader.next().unwrap().is_none());
}
