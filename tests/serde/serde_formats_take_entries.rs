//! A decoded entry can be serialized into any format of serde, and serde can convert the result back into the
//! same attributes.

use fusewire::decode::EntryRef;
use fusewire::encode::{Bytes, encode};
use fusewire::{Limits, Severity, Timestamp, TraceContext};
use serde_json::json;

#[test]
fn header_and_attributes() {
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_severity(Severity::WARN);
        entry.set_trace(TraceContext { trace_id: 0xab, span_id: 0, flags: 1 });
        entry.set_body("body");
        entry.attr("n", &-1).attr("wide", &u128::MAX).attr("bytes", &Bytes(b"\x01\xff")).attr("none", &());
        entry.attr("time", &Timestamp::new(0, 5).unwrap());
        entry.attributes().slot("map").map().entry("a", &[[1.5]]).entry("t", &true);
    })
    .unwrap();
    let entry = EntryRef::new(encoded.bytes()).unwrap();
    let value = serde_json::to_value(entry).unwrap();
    assert_eq!(
        value,
        json!({
            "time": null, "severity_number": 13, "trace_id": format!("{:032x}", 0xab), "span_id": null, "trace_flags": 1,
            "target": "", "thread": "", "body": "body", "dropped_attributes_count": 0,
            "attributes": {
                "n": -1, "wide": u128::MAX, "bytes": [1, 255], "none": null,
                "time": Timestamp::new(0, 5).unwrap().to_string(), "map": { "a": [[1.5]], "t": true },
            },
        })
    );
    let mut again = vec![0; 4096];
    let again = encode(&mut again, &Limits::default(), |out| {
        out.attrs_from(&entry.attributes());
    })
    .unwrap();
    let copy = crate::common::check::sound(again.bytes(), again.report());
    let keys: Vec<_> = copy.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!(keys, ["n", "wide", "bytes", "none", "time", "map"]);
    let copy = EntryRef::new(again.bytes()).unwrap();
    assert_eq!(serde_json::to_value(copy.attributes()).unwrap(), value["attributes"]);
}
