//! A target that reads any bytes as an entry. The reader does not panic, and every value of a verified entry
//! is readable.
#![no_main]

use fusewire::decode::EntryRef;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(entry) = EntryRef::new(bytes) else { return };
    let verified = entry.verify().is_ok();
    let _ = (entry.timestamp(), entry.severity(), entry.trace(), entry.body().to_str_lossy().len());
    let _ = (entry.target().len(), entry.thread().len(), entry.trips().count());
    let _ = (entry.get("request.status"), entry.get("tags[0]"));
    for visit in entry.walk() {
        assert!(visit.is_ok() || !verified, "a verified entry has an unreadable value");
        if visit.is_err() {
            break;
        }
    }
    if verified {
        let owned = entry.to_owned().expect("a verified entry becomes an owned one");
        let _ = format!("{owned:?}").len();
    }
});
