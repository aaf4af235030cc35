//! mimalloc, which tells what it holds, and does not count what it has given out.

use std::ptr::null_mut;

use super::{AllocatorStats, Source};

/// What it says.
pub(super) fn source() -> Source {
    Source {
        name: "mimalloc",
        read: Box::new(|| AllocatorStats { allocated: None, resident: Some(committed()) }),
    }
}

/// Memory that it has and that can be written to.
#[allow(unsafe_code)]
fn committed() -> u64 {
    let (mut committed, unused) = (0_usize, null_mut());
    // SAFETY: all parameters of `mi_process_info` are places for results that may be null; the one that is not is a `usize` that
    // this thread alone has. Source: its documentation in libmimalloc-sys.
    // There is no safe crate for it.
    unsafe {
        libmimalloc_sys::mi_process_info(
            unused,
            unused,
            unused,
            unused,
            unused,
            &raw mut committed,
            unused,
            unused,
        );
    }
    committed as u64
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    #[test]
    fn what_it_holds_is_seen() {
        let size = 32 << 20;
        let before = committed();
        // SAFETY: memory that is freed once, and not touched.
        let during = unsafe {
            let memory = libmimalloc_sys::mi_malloc(size);
            let during = committed();
            libmimalloc_sys::mi_free(memory);
            during
        };
        assert!(during >= before + size as u64, "{before} {during}");
    }
}
