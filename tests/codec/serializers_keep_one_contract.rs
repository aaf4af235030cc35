//! Every serializer applies the same limits, returns an exact length, and reports the number of missing bytes. The
//! first bytes of its output identify the encoding.

use crate::common::model::{self, Tree};
use crate::common::trees;
use fusewire::decode::EntryRef;
use fusewire::encode::EntryWriter;
use fusewire::error::EncodeError;
use fusewire::serializer::{Binary, Serializer};
use fusewire::{Encoding, Limits, Severity, message};
use proptest::prelude::*;
use proptest::test_runner::Config;

fn write(tree: &Tree, entry: &mut EntryWriter<'_>) {
    entry.set_time_unix_nano(1_700_000_000_000_000_000);
    entry.set_severity(Severity::INFO);
    entry.set_body_fmt(format_args!("{} attributes", tree.len()));
    model::write(tree, entry);
}

fn serializers(limits: Limits) -> Vec<Box<dyn Serializer>> {
    vec![
        Box::new(Binary::new(limits)),
        #[cfg(feature = "json")]
        Box::new(fusewire::serializer::JsonLines::new(limits)),
    ]
}

/// Returns the output of the serializer, and checks every length that the serializer returns.
fn checked(serializer: &mut dyn Serializer, tree: &Tree) -> Result<Vec<u8>, EncodeError> {
    let write = |entry: &mut EntryWriter<'_>| write(tree, entry);
    let expected = serializer.encoded_len(&write);
    assert_eq!(serializer.encoded_len(&write), expected, "not idempotent");
    let Ok(len) = expected else {
        let mut buffer = vec![0; 1 << 16];
        assert_eq!(serializer.encode(&write, &mut buffer).map(|written| written.len), expected);
        return Err(expected.unwrap_err());
    };
    let mut exact = vec![0xAA; len];
    let written = serializer.encode(&write, &mut exact).unwrap();
    assert_eq!(written.len, len);
    for available in (0..len).filter(|at| at % 61 == 0 || at + 3 > len) {
        let too_small = EncodeError::BufferTooSmall { needed: len, available };
        assert_eq!(serializer.encode(&write, &mut vec![0; available]), Err(too_small));
    }
    let mut larger = vec![0xAA; len + 50];
    assert_eq!(serializer.encode(&write, &mut larger), Ok(written));
    assert_eq!(larger[..len], exact);
    assert_eq!(Encoding::detect(&exact), serializer.encoding());
    assert_eq!(Encoding::detect(&exact[..Encoding::DETECT_LEN]), serializer.encoding());
    Ok(exact)
}

/// Checks that a transcoded entry is equal to `expected`, which was encoded directly.
fn transcoded(serializer: &mut dyn Serializer, entry: &EntryRef<'_>, expected: &[u8]) {
    assert_eq!(serializer.transcoded_len(entry), Ok(expected.len()));
    let mut buffer = vec![0; expected.len() + 7];
    assert_eq!(serializer.transcode(entry, &mut buffer), Ok(expected.len()));
    assert_eq!(&buffer[..expected.len()], expected);
    let available = expected.len() - 1;
    let too_small = EncodeError::BufferTooSmall { needed: expected.len(), available };
    assert_eq!(serializer.transcode(entry, &mut buffer[..available]), Err(too_small));
}

proptest! {
    #![proptest_config(Config { cases: 100, failure_persistence: None, ..Config::default() })]

    #[test]
    fn lengths_errors_and_reports_agree(tree in trees::tree(30), limits in trees::limits()) {
        let mut all = serializers(limits);
        let results: Vec<_> = all.iter_mut().map(|serializer| checked(&mut **serializer, &tree)).collect();
        let reports: Vec<_> = all.iter_mut().map(|serializer| {
            serializer.encode(&|entry| write(&tree, entry), &mut vec![0; 1 << 16]).map(|written| written.report)
        }).collect();
        for (result, report) in results.iter().zip(&reports) {
            prop_assert_eq!(result.as_ref().err(), results[0].as_ref().err());
            prop_assert_eq!(report, &reports[0]);
        }
        if let Ok(message) = &results[0] {
            let (entry, rest) = message::read(message).unwrap();
            prop_assert!(rest.is_empty());
            for (serializer, result) in all.iter_mut().zip(&results) {
                transcoded(&mut **serializer, &entry, result.as_ref().unwrap());
            }
        }
    }

    /// Converts an entry from binary to JSON and back, and checks that the JSON is the same.
    #[cfg(feature = "json")]
    #[test]
    fn an_entry_survives_the_other_form(tree in trees::tree(30), limits in trees::limits()) {
        let limits = Limits { on_type: fusewire::limits::OnType::Omit, on_width: fusewire::limits::OnWidth::Truncate, ..limits };
        let [binary, json] = &mut serializers(limits)[..] else { panic!("two forms") };
        let message = checked(&mut **binary, &tree).unwrap();
        let (entry, _) = message::read(&message).unwrap();
        let mut line = vec![0; json.transcoded_len(&entry).unwrap()];
        json.transcode(&entry, &mut line).unwrap();
        let text = core::str::from_utf8(&line).unwrap();
        let mut back = Binary::new(Limits { max_string_bytes: 1 << 16, ..Limits::default() });
        let restore = |entry: &mut EntryWriter<'_>| {
            assert!(fusewire::json::Restorer::new().restore(text.trim_end_matches('\n'), entry));
        };
        let mut again = vec![0; back.encoded_len(&restore).unwrap()];
        let written = back.encode(&restore, &mut again).unwrap();
        prop_assert_eq!(written.report.iter().collect::<Vec<_>>(), entry.trips().collect::<Vec<_>>());
        transcoded(&mut **json, &message::read(&again).unwrap().0, &line);
    }
}

#[test]
fn names_and_promises() {
    let facts: Vec<_> = serializers(Limits::default())
        .iter()
        .map(|serializer| (serializer.name(), serializer.encoding(), serializer.is_zero_copy()))
        .collect();
    assert_eq!(facts[0], ("frame", Encoding::Frame, true));
    assert!(facts.get(1).is_none_or(|json| *json == ("json", Encoding::JsonLine, false)));
    // Every serializer moves limits into their valid range.
    for serializer in serializers(Limits { max_entry_bytes: 1, ..Limits::default() }) {
        assert_eq!(serializer.limits().max_entry_bytes, Limits::MIN_ENTRY_BYTES);
    }
}

/// The outputs of the serializers can be concatenated. Each piece is identified, and its length is the offset of the
/// next piece.
#[test]
fn a_mixed_stream_is_taken_apart_again() {
    let tree: Tree = vec![("n".into(), model::Model::Int(7))];
    let mut stream = Vec::new();
    for _ in 0..5 {
        for serializer in &mut serializers(Limits::default()) {
            stream.extend(checked(&mut **serializer, &tree).unwrap());
        }
    }
    let (mut rest, mut found) = (&stream[..], Vec::new());
    while !rest.is_empty() {
        let encoding = Encoding::detect(rest);
        rest = match encoding {
            Encoding::Frame => message::read(rest).unwrap().1,
            Encoding::JsonLine => &rest[rest.iter().position(|byte| *byte == b'\n').unwrap() + 1..],
            other => panic!("{other}"),
        };
        found.push(encoding);
    }
    let expected = serializers(Limits::default()).len() * 5;
    assert_eq!(found.len(), expected);
}

#[test]
fn what_is_none_of_these_is_unknown() {
    for (bytes, encoding) in [
        (&b""[..], Encoding::Unknown),
        (b"{", Encoding::Unknown),
        (b"plain text\n", Encoding::Unknown),
        (b"{curly} text\n", Encoding::Unknown),
        (b"[1,2]\n", Encoding::Unknown),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Encoding::Unknown),
        (b"\x89FWS\r\n\x1a\n", Encoding::Segment),
        (b"\x89FWS\n\x1a\n_", Encoding::Unknown),
        (b"{}\n", Encoding::JsonLine),
        (b" \t{ \"a\": 1 }", Encoding::JsonLine),
        // A frame of a segment has the tag of its slot.
        (b"\x10\0\0\x20\x01\x02\x03\x04\x05\0\0\0\x01\x09\0\0", Encoding::Unknown),
        (b"\x10\0\0\x20\x01\x02\x03\x04\0\0\0\0\x01\x09\0\0", Encoding::Frame),
        (b"\x10\0\0\x10\x01\x02\x03\x04\0\0\0\0\x01\x09\0\0", Encoding::Unknown),
    ] {
        assert_eq!(Encoding::detect(bytes), encoding, "{}", bytes.escape_ascii());
    }
}
