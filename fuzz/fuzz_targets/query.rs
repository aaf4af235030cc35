//! A target that parses any text as a query and applies it to any bytes.
//!
//! The text ends at the first zero, and the bytes after it are the entry. If a valid query is written and parsed again,
//! the result is the same query. A query can be applied to any entry.
#![no_main]

use fusewire::Zone;
use fusewire::decode::EntryRef;
use fusewire::query::{Query, QueryOptions};
use libfuzzer_sys::fuzz_target;

const NOW: QueryOptions = QueryOptions { now_unix_nano: 1_774_785_600_000_000_000, zone: Zone::fixed(3600) };

fuzz_target!(|bytes: &[u8]| {
    let (text, entry) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    let Ok(text) = core::str::from_utf8(text) else { return };
    let query = match Query::parse_with(text, &NOW) {
        Ok(query) => query,
        Err(error) => {
            assert!(text.is_char_boundary(error.offset()));
            assert!(!format!("{error:#}").is_empty());
            return;
        }
    };
    let written = query.to_string();
    let again = Query::parse_with(&written, &NOW).unwrap_or_else(|error| panic!("{text:?}: {error:#}"));
    assert_eq!((&again, again.to_string()), (&query, written));
    let _ = query.wanted();
    if let Some(entry) = entry.get(1..).and_then(|entry| EntryRef::new(entry).ok()) {
        let _ = query.matches(&entry);
    }
});
