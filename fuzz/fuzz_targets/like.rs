//! A target that reads any bytes as a like entry and its base. The target repairs the checksum of the base. The reader does not
//! panic, its work is bounded, and the expansion of a verified entry is valid and has the same values.
//!
//! The input begins with a u16: the length of the base. Then follow the base and the like entry.
#![no_main]

use fusewire::decode::EntryRef;
use fusewire::like::{self, Base, LikeHead};
use libfuzzer_sys::fuzz_target;

const BASE_CHECK: core::ops::Range<usize> = 28..32;

fuzz_target!(|bytes: &[u8]| {
    let Some((len, rest)) = bytes.split_first_chunk() else { return };
    let Some((base, like)) = rest.split_at_checked(u16::from_le_bytes(*len).into()) else { return };
    let Some(parsed) = Base::new(base) else { return };
    let is_valid_base = like::base(base).is_ok();
    let mut like = like.to_vec();
    if let Some(check) = like.get_mut(BASE_CHECK) {
        check.copy_from_slice(&parsed.check().to_le_bytes());
    }
    let Ok(head) = LikeHead::new(&like) else { return };
    let Ok(view) = like::view(head, parsed) else { return };
    let is_valid = view.verify().is_ok();
    let _ = (view.target().len(), view.body().len(), view.thread().len(), view.get("request.tags[0]"));
    let values = view.walk().map_while(Result::ok).count();
    let bound = view.expanded_bound();
    assert!(bound <= base.len() + like.len() + 24);
    let mut out = vec![0; bound];
    let expanded = view.expand(&mut out);
    if is_valid && is_valid_base {
        let len = expanded.expect("a valid like entry has an expansion");
        let entry = EntryRef::new(&out[..len]).expect("an expansion is an entry");
        entry.verify().expect("an expansion is valid");
        assert_eq!((entry.body(), entry.thread()), (view.body(), view.thread()));
        assert_eq!(entry.walk().count(), values);
        let mut again = vec![0; like::scratch_len(&parsed, len)];
        assert!(like::convert(&out[..len], &parsed, head.base(), &mut again).is_some());
    }
});
