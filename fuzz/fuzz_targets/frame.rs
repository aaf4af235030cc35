//! A target that reads any bytes as a message, and again with a repaired checksum, so that mutations reach the
//! code after the checksum test.
#![no_main]

use fusewire::message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut repaired = bytes.to_vec();
    if fusewire_fuzz::repair_frame(&mut repaired, 0) {
        read(&repaired);
    }
});

fn read(bytes: &[u8]) {
    if let Ok((entry, rest)) = message::read(bytes) {
        assert!(rest.len() < bytes.len());
        let _ = entry.verify();
        let _ = entry.walk().take_while(Result::is_ok).count();
    }
}
