//! The statistics of mimalloc. mimalloc reports its committed memory, but not the allocated bytes.

use std::ptr::null_mut;

use super::{AllocatorStats, Source};

/// Returns the source.
pub(super) fn source() -> Source {
    Source {
        name: "mimalloc",
        read: Box::new(|| AllocatorStats { allocated: None, resident: Some(committed()) }),
    }
}

/// Returns the number of committed bytes.
#[allow(unsafe_code)]
fn committed() -> u64 {
    let (mut committed, unused) = (0_usize, null_mut());
    // SAFETY: every parameter of `mi_process_info` is a pointer for a result and can be null. The only
    // pointer that is not null refers to a `usize` that only this thread uses. Source: the documentation in
    // libmimalloc-sys.
    // No safe crate provides this function.
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
        // SAFETY: the memory is freed once and never accessed.
        let during = unsafe {
            let memory = libmimalloc_sys::mi_malloc(size);
            let during = committed();
            libmimalloc_sys::mi_free(memory);
            during
        };
        assert!(during >= before + size as u64, "{before} {during}");
    }
}
