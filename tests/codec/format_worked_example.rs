//! The encoder writes exactly the bytes of the worked examples in FORMAT.md.

use fusewire::encode::{EntryWriter, encode};
use fusewire::like::{self, LikeHead};
use fusewire::{Limits, Severity, TraceContext};

fn example(entry: &mut EntryWriter<'_>) {
    write(entry, 1_700_000_000_000_000_000, 0x0515_81bf_3cb5_5c13, 7, "/pay");
}

fn write(entry: &mut EntryWriter<'_>, time: u64, span_id: u64, user: u32, path: &str) {
    entry.set_time_unix_nano(time);
    entry.set_utc_offset_minutes(Some(60));
    entry.set_severity(Severity::INFO);
    entry.set_trace(TraceContext { trace_id: 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2, span_id, flags: 1 });
    entry.set_target("shop");
    entry.set_body("paid");
    entry.attr("user", &user.cast_signed());
    entry.attributes().slot("request").map().entry("path", path).entry("tags", &["eu"]);
}

/// Returns the bytes of the first `hex` block.
fn documented() -> Vec<u8> {
    block("```hex\n")
}

/// Returns the bytes of the first block that begins with `fence`.
fn block(fence: &str) -> Vec<u8> {
    let format = include_str!("../../schema/FORMAT.md");
    let block = format.split(fence).nth(1).unwrap().split("```").next().unwrap();
    block
        .lines()
        .flat_map(|line| line.split_whitespace().skip(1))
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

#[test]
fn the_worked_entry_is_reproduced_byte_for_byte() {
    let mut buffer = [0; 1024];
    let entry = encode(&mut buffer, &Limits::default(), example).unwrap();
    assert_eq!(entry.bytes(), documented());
}

#[test]
fn the_worked_like_entry_is_reproduced_byte_for_byte() {
    let mut buffer = [0; 1024];
    let later = |entry: &mut EntryWriter<'_>| {
        write(entry, 1_700_000_000_250_000_000, 0x0515_81bf_3cb5_5c14, 1042, "/cart");
    };
    let full = encode(&mut buffer, &Limits::default(), later).unwrap().into_bytes();
    assert_eq!(full.len(), 241);
    let bytes = documented();
    let base = like::base(&bytes).unwrap();
    let mut out = [0; 1024];
    let len = like::convert(full, &base, 0x202, &mut out).unwrap();
    assert_eq!(out[..len], block("```hex-like\n"));
    let view = like::view(LikeHead::new(&out[..len]).unwrap(), base).unwrap();
    let mut expanded = [0; 1024];
    let len = view.expand(&mut expanded).unwrap();
    assert_eq!(expanded[..len], *full);
}

#[test]
fn the_worked_frame_s_header_is_reproduced() {
    let format = include_str!("../../schema/FORMAT.md");
    let line = format.split("```hex-frame\n").nth(1).unwrap().lines().next().unwrap();
    let documented: Vec<u8> =
        line.split_whitespace().skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    let mut buffer = [0; 1024];
    let message = fusewire::message::write(&mut buffer, &Limits::default(), example).unwrap();
    assert_eq!(message.len(), 16 + 256);
    assert_eq!(message[..16], documented, "{:02x?}", &message[..16]);
}

#[test]
fn flatc_s_reader_finds_in_the_documented_bytes_what_the_text_says() {
    let bytes = documented();
    let entry = flatbuffers::root::<fusewire::generated::wire::LogEntry>(&bytes).unwrap();
    assert_eq!((entry.target(), entry.body(), entry.thread()), (Some("shop"), Some("paid"), Some("")));
    assert_eq!(entry.utc_offset_minutes(), 60);
    let (nodes, text) = (entry.attributes().unwrap(), entry.text().unwrap());
    let key = |i: usize| {
        let node = nodes.get(i);
        let start = node.key_offset() as usize;
        core::str::from_utf8(&text.bytes()[start..start + usize::from(node.key_length())]).unwrap()
    };
    assert_eq!([key(0), key(1), key(2), key(3), key(4)], ["user", "request", "path", "tags", ""]);
    assert_eq!(nodes.get(0).value(), 7);
    assert!(entry.trips().is_none());
}
