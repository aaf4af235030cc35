//! A target that imports any bytes as lines. Every line is counted, every entry is valid, and the JSON of an entry is
//! valid and can be restored.
#![no_main]

use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::{Restorer, write_entry};
use fusewire::lines::Importer;
use fusewire::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut buffer, mut again) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let (mut json, mut restorer) = (String::new(), Restorer::new());
    let mut importer = Importer::new();
    importer
        .import(bytes, |write| {
            let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).expect("the limits refuse nothing");
            let read = EntryRef::new(entry.bytes()).expect("we read what we write");
            read.verify().expect("we accept what we write");
            json.clear();
            write_entry(&read, &mut json).expect("a string takes everything");
            serde_json::from_str::<serde_json::Value>(&json).expect("what we write is JSON");
            let restored = encode(&mut again, &Limits::default(), |entry| assert!(restorer.restore(&json, entry)));
            let mut second = String::new();
            write_entry(&EntryRef::new(restored.expect("it fits as well").bytes()).unwrap(), &mut second).unwrap();
            assert_eq!(second, json);
            Ok(entry.report())
        })
        .expect("neither the input nor the sink fails");
    let report = importer.report();
    assert_eq!(report.bytes, bytes.len() as u64);
    assert_eq!(report.lines, report.json_lines + report.text_lines + report.empty_lines);
    for line in bytes.split(|byte| *byte == b'\n') {
        // The opposite does not apply: `serde_json` rejects a depth at which the circuit breaker only cuts the line.
        if let Ok(serde_json::Value::Object(_)) = serde_json::from_slice(line) {
            assert!(report.json_lines > 0);
        }
    }
});
