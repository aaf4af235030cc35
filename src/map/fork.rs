//! The detection of a forked child process.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use super::scratch::Scratches;

/// A mark that distinguishes a process from the children that it forks. If the kernel can wipe memory on a fork, a
/// check needs no system call.
pub(crate) struct ForkMark {
    /// Memory that the kernel sets to zero in a forked child. If the kernel does not support this, each check
    /// compares process ids.
    page: Option<memmap2::MmapRaw>,
    owner: AtomicU32,
}

const WIPED: u32 = 0;
const OWNED: u32 = 1;
const CHANGING: u32 = 2;
/// A number that is never the id of a process.
const NOBODY: u32 = u32::MAX;

impl ForkMark {
    /// Creates a mark of this process.
    pub(crate) fn new() -> Self {
        let mark = Self { page: wiped_on_fork(), owner: AtomicU32::new(std::process::id()) };
        if let Some(word) = mark.word() {
            word.store(OWNED, Ordering::Release);
        }
        mark
    }

    #[inline(always)]
    fn word(&self) -> Option<&AtomicU32> {
        // SAFETY: a map begins at a page, so the pointer is aligned. The memory is initialised (anonymous maps are
        // zero), lives as long as `self` is borrowed, and is accessed only through this atomic.
        self.page.as_ref().map(|page| unsafe { AtomicU32::from_ptr(page.as_mut_ptr().cast()) })
    }

    /// Returns whether this process created the mark or took it over.
    #[inline(always)]
    pub(crate) fn is_owned(&self) -> bool {
        match self.word() {
            Some(word) => word.load(Ordering::Acquire) == OWNED,
            None => self.owner.load(Ordering::Acquire) == std::process::id(),
        }
    }

    /// Transfers the mark and the buffers to this process, which is a child of the process that had them. The first
    /// thread runs `change`, and the other threads wait until it has returned. `value` creates the value of each
    /// buffer that was held.
    #[cold]
    pub(crate) fn take_over<T>(
        &self,
        scratches: &Scratches<T>,
        value: impl Fn() -> T,
        change: impl FnOnce(),
    ) {
        let (word, before, after) = match self.word() {
            Some(word) => (word, WIPED, OWNED),
            None => (&self.owner, self.owner.load(Ordering::Acquire), std::process::id()),
        };
        let changing = if self.page.is_some() { CHANGING } else { NOBODY };
        if before != after && before != changing {
            let taken = word.compare_exchange(before, changing, Ordering::AcqRel, Ordering::Acquire);
            if taken.is_ok() {
                // SAFETY: the threads that held buffers belong to the parent. The current thread can be such a thread
                // only if code that writes an entry called `fork`. `fork` is unsafe, and permits the child of such
                // code only to exit or to execute another program.
                unsafe { scratches.reset(value) };
                change();
                word.store(after, Ordering::Release);
                return;
            }
        }
        while !self.is_owned() {
            std::thread::yield_now();
        }
    }
}

/// Replaces the descriptor of `file` in a forked child by a descriptor of `/dev/null`, so that only the parent holds
/// a lock on the file. A file and its lock belong to all processes that inherited the descriptor, until the last one
/// closes it.
pub(crate) fn let_go(file: &File) {
    let Ok(nothing) = File::open("/dev/null") else { return };
    // SAFETY: the descriptor is open while `file` is borrowed, and is not closed here. `dup2` assigns another file to
    // it, and `file` refers to that file from then on.
    let mut descriptor = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(file.as_raw_fd()) });
    if rustix::io::dup2(&nothing, &mut descriptor).is_ok() {
        let _ = rustix::io::fcntl_setfd(&*descriptor, rustix::io::FdFlags::CLOEXEC);
    }
}

#[cfg(target_os = "linux")]
fn wiped_on_fork() -> Option<memmap2::MmapRaw> {
    let page: memmap2::MmapRaw = memmap2::MmapMut::map_anon(4096).ok()?.into();
    // SAFETY: the range is this map, and no other code has its address. The advice changes only the memory of a
    // child.
    let advised = unsafe {
        rustix::mm::madvise(page.as_mut_ptr().cast(), page.len(), rustix::mm::Advice::LinuxWipeOnFork)
    };
    advised.ok().map(|()| page)
}

#[cfg(not(target_os = "linux"))]
fn wiped_on_fork() -> Option<memmap2::MmapRaw> {
    None
}
