//! Is this still the process that made it?

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use super::scratch::Scratches;

/// Tells a process from the children that it forks, without a system call where the kernel helps.
pub(crate) struct ForkMark {
    /// Memory that a forked child finds wiped. Where the kernel cannot, the process id is asked for each time.
    page: Option<memmap2::MmapRaw>,
    owner: AtomicU32,
}

const WIPED: u32 = 0;
const OWNED: u32 = 1;
const CHANGING: u32 = 2;
/// No process has this id.
const NOBODY: u32 = u32::MAX;

impl ForkMark {
    /// A mark of this process.
    pub(crate) fn new() -> Self {
        let mark = Self { page: wiped_on_fork(), owner: AtomicU32::new(std::process::id()) };
        if let Some(word) = mark.word() {
            word.store(OWNED, Ordering::Release);
        }
        mark
    }

    #[inline(always)]
    fn word(&self) -> Option<&AtomicU32> {
        // SAFETY: a map begins at a page, so that the pointer is aligned; the memory is initialised (anonymous maps are
        // zero), lives as long as `self` is borrowed, and is only used as this atomic.
        self.page.as_ref().map(|page| unsafe { AtomicU32::from_ptr(page.as_mut_ptr().cast()) })
    }

    /// Whether this is the process that made the mark, or took it over.
    #[inline(always)]
    pub(crate) fn is_owned(&self) -> bool {
        match self.word() {
            Some(word) => word.load(Ordering::Acquire) == OWNED,
            None => self.owner.load(Ordering::Acquire) == std::process::id(),
        }
    }

    /// Makes the mark and the buffers this process's, a child of the one that had them: the first thread that comes runs
    /// `change`, the others wait for it. `value` makes what is beside a buffer that was held.
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
                // SAFETY: the threads that held buffers are the parent's. This one may be among them only where it was
                // forked off by code that an entry was being built with, and `fork`, which is unsafe itself, allows its
                // child nothing there but to end or to execute another program.
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

/// In a forked child: makes the descriptor of `file` one of nothing, so that a lock on the file is its parent's alone. A
/// file, and its lock, belong to all processes that have inherited the descriptor, until the last one lets go.
pub(crate) fn let_go(file: &File) {
    let Ok(nothing) = File::open("/dev/null") else { return };
    // SAFETY: the descriptor is open as long as `file` is borrowed, and is not closed here: it is given another file, which
    // is what `file` is from now on.
    let mut descriptor = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(file.as_raw_fd()) });
    if rustix::io::dup2(&nothing, &mut descriptor).is_ok() {
        let _ = rustix::io::fcntl_setfd(&*descriptor, rustix::io::FdFlags::CLOEXEC);
    }
}

#[cfg(target_os = "linux")]
fn wiped_on_fork() -> Option<memmap2::MmapRaw> {
    let page: memmap2::MmapRaw = memmap2::MmapMut::map_anon(4096).ok()?.into();
    // SAFETY: the range is this map, which nobody else knows of yet; the advice changes only what a child will find.
    let advised = unsafe {
        rustix::mm::madvise(page.as_mut_ptr().cast(), page.len(), rustix::mm::Advice::LinuxWipeOnFork)
    };
    advised.ok().map(|()| page)
}

#[cfg(not(target_os = "linux"))]
fn wiped_on_fork() -> Option<memmap2::MmapRaw> {
    None
}
