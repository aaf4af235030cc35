//! The decoder returns the values that the encoder wrote, through every way of reading an entry.

use fusewire::decode::{EntryRef, Value};
use fusewire::encode::{EntryWriter, encode};
use fusewire::{Limits, NodeFlags, Severity, TraceContext};

fn write(entry: &mut EntryWriter<'_>) {
    entry.set_time_unix_nano(1_700_000_000_000_000_001);
    entry.set_utc_offset_minutes(Some(-90));
    entry.set_severity(Severity::ERROR);
    entry.set_trace(TraceContext { trace_id: 7, span_id: 9, flags: 1 });
    entry.set_body("it broke");
    entry.set_target("a::b");
    entry.set_thread("main");
    entry.attr("n", &7).attr("a.b", &1);
    let mut attributes = entry.attributes();
    let mut request = attributes.slot("request").map();
    request.entry("path", "/x").entry("tags", &["eu", "us"]).entry("status", &500);
    request.end();
    attributes.entry("last", &None::<bool>);
}

#[test]
fn header_attributes_paths_and_walk_agree() {
    let mut buffer = [0; 1024];
    let encoded = encode(&mut buffer, &Limits::default(), write).unwrap();
    let entry = EntryRef::new(encoded.bytes()).unwrap();
    assert!(entry.is_canonical());
    entry.verify().unwrap();
    assert_eq!(
        (entry.target(), entry.thread(), entry.body()),
        ("a::b".into(), "main".into(), "it broke".into())
    );
    assert_eq!(entry.timestamp().unwrap().subsec_nanos(), 1);
    assert_eq!(entry.utc_offset_minutes(), Some(-90));
    assert_eq!((entry.severity(), entry.trace().span_id), (Severity::ERROR, 9));

    let keys: Vec<_> = entry.attributes().map(|a| a.unwrap().key.to_string()).collect();
    assert_eq!(keys, ["n", "a.b", "request", "last"]);
    let at = |path| entry.get(path).and_then(|value| value.as_i128());
    assert_eq!(
        (at("n"), at("a.b"), at("request.status"), at("request.none")),
        (Some(7), Some(1), Some(500), None)
    );
    assert_eq!(entry.get("request.tags[1]").unwrap().as_str(), Some("us"));
    assert!(matches!(entry.get("last"), Some(Value::Null)));

    let walk: Vec<_> =
        entry.walk().map(|v| v.map(|v| (v.depth, v.attribute.key.to_string())).unwrap()).collect();
    let expected = [
        (0, "n"),
        (0, "a.b"),
        (0, "request"),
        (1, "path"),
        (1, "tags"),
        (2, ""),
        (2, ""),
        (1, "status"),
        (0, "last"),
    ];
    assert_eq!(walk, expected.map(|(depth, key)| (depth, key.to_owned())));
}

#[test]
fn what_the_fuse_did_is_read_back() {
    let limits = Limits { max_width: 2, max_depth: 1, ..Limits::default() };
    let mut buffer = [0; 1024];
    let write = |entry: &mut EntryWriter<'_>| {
        entry.attr("wide", &[1, 2, 3, 4, 5]).attr("deep", &[[1]]).attr("third", &1);
    };
    let encoded = encode(&mut buffer, &limits, write).unwrap();
    let entry = EntryRef::new(encoded.bytes()).unwrap();
    assert!(entry.is_canonical() && entry.is_tripped());
    entry.verify().unwrap();
    assert_eq!(entry.dropped_attributes_count(), 1);
    let Some(Value::Array(wide)) = entry.get("wide") else { panic!("no array") };
    assert_eq!((wide.len(), wide.dropped(), wide.iter().count()), (2, Some(3), 2));
    let Some(Value::Array(deep)) = entry.get("deep") else { panic!("no array") };
    let cut = deep.iter().next().unwrap().unwrap();
    assert!(cut.flags.contains(NodeFlags::DEPTH_CUT) && matches!(cut.value, Value::Null));
    let visited: Vec<_> = entry.walk().map(|visit| visit.unwrap().depth).collect();
    assert_eq!(visited, [0, 1, 1, 0, 1]);
    assert_eq!(entry.trips().collect::<Vec<_>>(), encoded.report().iter().collect::<Vec<_>>());

    let owned = entry.to_owned().unwrap();
    let mut again = [0; 1024];
    let again = encode(&mut again, &Limits::default(), |entry| owned.write_to(entry)).unwrap();
    assert_eq!(EntryRef::new(again.bytes()).unwrap().to_owned().unwrap().attributes.len(), 2);
}
