//! Each output has a form for each kind of values, and for a kind of a later version of the format. A new kind does not
//! compile here without its forms.

#[path = "common/mod.rs"]
mod common;

use common::{TempDir, fusewire};
use fusewire::decode::{EntryRef, Value};
use fusewire::encode::{Bytes, LogValue, encode, from_fn};
use fusewire::json::{Restorer, append_entry, append_value};
use fusewire::query::{Field, Query};
use fusewire::segment::{FrameKind, Resource, SegmentOptions, SegmentWriter};
use fusewire::{Kind, Limits, Severity, Timestamp, UnknownValue};

/// A value, and its form in each output.
struct Forms {
    value: Box<dyn LogValue>,
    /// The JSON line, and the JSON of the value alone.
    json: &'static str,
    /// The JSON that `serde_json` writes of the value.
    serde: &'static str,
    /// The text and logfmt output of the command line.
    text: &'static str,
    logfmt: &'static str,
    /// The cell in the CSV output of the command line.
    csv: &'static str,
    /// The text of the field in a query, by which `stats` groups.
    field: &'static str,
    /// A condition that selects the value.
    condition: &'static str,
}

/// Returns a value of the kind and its forms.
fn forms(kind: Kind) -> Forms {
    let forms = |value: Box<dyn LogValue>,
                 [json, serde, text, logfmt, csv, field, condition]: [&'static str; 7]| {
        Forms { value, json, serde, text, logfmt, csv, field, condition }
    };
    match kind {
        Kind::Null => forms(Box::new(()), ["null", "null", "v=null", "v=null", "null", "null", "v == null"]),
        Kind::Bool => {
            forms(Box::new(true), ["true", "true", "v=true", "v=true", "true", "true", "v == true"])
        }
        Kind::Int => forms(Box::new(-7), ["-7", "-7", "v=-7", "v=-7", "-7", "-7", "v < 0"]),
        Kind::Uint => forms(Box::new(7_u8), ["7", "7", "v=7", "v=7", "7", "7", "v == 7"]),
        Kind::Float => forms(Box::new(0.5), ["0.5", "0.5", "v=0.5", "v=0.5", "0.5", "0.5", "v == 0.5"]),
        Kind::String => forms(
            Box::new("a b"),
            [r#""a b""#, r#""a b""#, r#"v="a b""#, r#"v="a b""#, "a b", "a b", r#"v == "a b""#],
        ),
        Kind::Bytes => forms(
            Box::new(Bytes(b"\x01a")),
            [
                r#"{"$bytes":"AWE="}"#,
                "[1,97]",
                "v=0x0161",
                "v=0x0161",
                "0x0161",
                "2 bytes",
                r#"v == "\u{1}a""#,
            ],
        ),
        Kind::Timestamp => forms(
            Box::new(Timestamp::from_unix_nanos(1)),
            [
                r#"{"$time":"1970-01-01T00:00:00.000000001Z"}"#,
                r#""1970-01-01T00:00:00.000000001Z""#,
                "v=1970-01-01T00:00:00.000000001Z",
                "v=1970-01-01T00:00:00.000000001Z",
                "1970-01-01T00:00:00.000000001Z",
                "1970-01-01T00:00:00.000000001Z",
                r#"v < "1970-01-02T00:00:00Z""#,
            ],
        ),
        Kind::Duration => forms(
            Box::new(std::time::Duration::from_millis(1500)),
            [r#"{"$nanos":1500000000}"#, "1500000000", "v=1.5s", "v=1.5s", "1.5s", "1500ms", "v == 1500ms"],
        ),
        Kind::Array => forms(
            Box::new([1_u8, 2]),
            ["[1,2]", "[1,2]", "v=[1 2]", "v.0=1 v.1=2", r#""[1,2]""#, "array of 2", "v[1] == 2"],
        ),
        Kind::Map => forms(
            Box::new(from_fn(|out| _ = out.map().entry("k", &1_u8))),
            [r#"{"k":1}"#, r#"{"k":1}"#, "v={k=1}", "v.k=1", r#""{""k"":1}""#, "map of 1", "v.k == 1"],
        ),
    }
}

/// Returns the forms of a value of the kind 200. The value of its node is 7.
fn later() -> Forms {
    Forms {
        value: Box::new(PLACE),
        json: r#"{"$kind":[200,7]}"#,
        serde: r#"{"$kind":[200,7]}"#,
        text: "v=kind200:7",
        logfmt: "v=kind200:7",
        csv: "kind200:7",
        field: "kind200:7",
        condition: "exists v",
    }
}

/// The value of the node that becomes a node of the kind 200.
const PLACE: u64 = 0x1122_3344_5566_7788;

/// Returns an entry with the attribute `v`.
fn encoded(value: &dyn LogValue) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| _ = entry.attr("v", value)).unwrap();
    let mut bytes = encoded.bytes().to_vec();
    if let Some(at) = bytes.windows(8).position(|window| window == PLACE.to_le_bytes()) {
        bytes[at - 2] = 200;
        bytes[at..at + 8].copy_from_slice(&7_u64.to_le_bytes());
    }
    bytes
}

fn all() -> impl Iterator<Item = (Option<Kind>, Forms)> {
    let known = Kind::ALL.into_iter().map(|kind| (Some(kind), forms(kind)));
    known.chain([(None, later())])
}

#[test]
fn the_library_has_a_form_of_each_kind() {
    for (kind, forms) in all() {
        let bytes = encoded(&*forms.value);
        let entry = EntryRef::new(&bytes).unwrap();
        entry.verify().unwrap();
        let value = entry.get("v").unwrap();
        assert_eq!(value.kind(), kind);

        let mut line = Vec::new();
        append_entry(&entry, &mut line);
        assert_eq!(String::from_utf8(line).unwrap(), format!(r#"{{"attributes":{{"v":{}}}}}"#, forms.json));
        let mut json = Vec::new();
        append_value(&value, &mut json);
        assert_eq!(String::from_utf8(json).unwrap(), forms.json);
        assert_eq!(serde_json::to_string(&value).unwrap(), forms.serde);

        let field: Field = "v".parse().unwrap();
        let mut text = String::new();
        assert!(field.write(&entry, &mut text));
        assert_eq!(text, forms.field);
        let query: Query = forms.condition.parse().unwrap();
        assert!(query.matches(&entry), "{}", forms.condition);
        let query: Query = format!("not ({})", forms.condition).parse().unwrap();
        assert!(!query.matches(&entry), "{}", forms.condition);
    }
}

#[test]
fn an_entry_is_copied_with_each_kind() {
    for (kind, forms) in all() {
        let bytes = encoded(&*forms.value);
        let entry = EntryRef::new(&bytes).unwrap();
        let owned = entry.to_owned().unwrap();
        let mut buffer = vec![0; 4096];

        let Some(kind) = kind else {
            let unknown = UnknownValue { kind: 200, value: 7 };
            assert!(matches!(entry.get("v"), Some(Value::Unknown(found)) if found == unknown));
            assert_eq!(owned.attributes[0].value, fusewire::owned::OwnedValue::Unknown(unknown));
            continue;
        };
        let copy = encode(&mut buffer, &Limits::default(), |out| owned.write_to(out)).unwrap();
        let copy = EntryRef::new(copy.into_bytes()).unwrap().to_owned().unwrap();
        assert_eq!(copy, owned);

        let mut line = Vec::new();
        append_entry(&entry, &mut line);
        let copy = encode(&mut buffer, &Limits::default(), |out| {
            assert!(Restorer::new().restore(std::str::from_utf8(&line).unwrap(), out));
        });
        let restored = EntryRef::new(copy.unwrap().into_bytes()).unwrap();
        // The JSON of an integer does not contain whether the integer is unsigned.
        let expected = if kind == Kind::Uint { Kind::Int } else { kind };
        assert_eq!(restored.get("v").unwrap().kind(), Some(expected));
        let mut again = Vec::new();
        append_entry(&restored, &mut again);
        assert_eq!(again, line);
    }
}

#[test]
fn the_command_line_has_a_form_of_each_kind() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kinds.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 64 << 10;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for (_, forms) in all() {
        writer.append_frame(FrameKind::Entry, Severity::UNSPECIFIED, &encoded(&*forms.value)).unwrap();
    }
    writer.seal().unwrap();

    let printed = |arguments: &[&str]| {
        let run = fusewire(arguments.iter().copied().chain([path.to_str().unwrap()]));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = |of: fn(&Forms) -> String| all().map(|(_, forms)| of(&forms)).collect::<Vec<_>>();
    assert_eq!(printed(&["cat", "--output", "text"]), expected(|forms| format!("-  {}", forms.text)));
    assert_eq!(
        printed(&["cat", "--output", "json"]),
        expected(|forms| format!(r#"{{"attributes":{{"v":{}}}}}"#, forms.json))
    );
    assert_eq!(printed(&["cat", "--output", "logfmt"]), expected(|forms| forms.logfmt.to_owned()));
    assert_eq!(
        printed(&["cat", "--output", "csv", "--fields", "v"])[1..],
        expected(|forms| forms.csv.to_owned())
    );
    assert_eq!(
        printed(&["cat", "--output", "json", "--fields", "v"]),
        expected(|forms| format!(r#"{{"v":{}}}"#, forms.serde))
    );
}
