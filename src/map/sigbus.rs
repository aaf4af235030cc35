//! The handler of SIGBUS for pages that another program removed.
//!
//! An access through a map to a page that the file no longer has, because another program truncated it, raises
//! SIGBUS. So does the first store to a block that is shared with a copy (a reflink, a snapshot) if the disk is full.
//! The handler replaces such a page by an empty page if it belongs to a guarded map, and records this. The access
//! then succeeds: a log counts the entries as lost, and a reader returns an error. The previous handler receives
//! every other SIGBUS.
//!
//! Maps for writing are always guarded. Maps for reading are guarded if the program requests it
//! ([`handle_for_readers`]).

use std::mem::MaybeUninit;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The places for guarded maps.
static MAPS: [Guarded; 256] = [const { Guarded::new() }; 256];
/// The number of places that only maps for writing use.
const FOR_WRITERS: usize = 128;
static PAGE: AtomicUsize = AtomicUsize::new(4096);
static BEFORE: Before = Before(std::cell::UnsafeCell::new(MaybeUninit::uninit()));
static INSTALLED: Once = Once::new();
static FOR_READERS: AtomicBool = AtomicBool::new(false);

/// Guards maps for reading from now on. The first call installs the handler.
pub(crate) fn handle_for_readers() {
    INSTALLED.call_once(install);
    FOR_READERS.store(true, Ordering::Release);
}

/// Returns whether maps for reading are guarded.
pub(crate) fn is_handled_for_readers() -> bool {
    FOR_READERS.load(Ordering::Acquire)
}

/// The previous action for SIGBUS.
struct Before(std::cell::UnsafeCell<MaybeUninit<libc::sigaction>>);

// SAFETY: the value is written once, before the handler that reads it is installed.
unsafe impl Sync for Before {}

/// A place for a map, on a separate cache line that appends only read.
#[repr(align(128))]
struct Guarded {
    start: AtomicUsize,
    len: AtomicUsize,
    is_taken: AtomicBool,
    is_hit: AtomicBool,
    is_for_reading: AtomicBool,
    /// The lowest offset of a page that was replaced.
    hit_at: AtomicUsize,
}

impl Guarded {
    const fn new() -> Self {
        Self {
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            is_taken: AtomicBool::new(false),
            is_hit: AtomicBool::new(false),
            is_for_reading: AtomicBool::new(false),
            hit_at: AtomicUsize::new(usize::MAX),
        }
    }
}

/// A guard of a map. The map is guarded until this is dropped.
pub(crate) struct Guard(Option<&'static Guarded>);

impl Guard {
    /// Guards the map for writing of `len` bytes at `start`. The first call installs the handler.
    pub(crate) fn new(start: usize, len: usize) -> Self {
        INSTALLED.call_once(install);
        Self(Self::take(&MAPS, start, len, false))
    }

    /// Guards the map for reading of `len` bytes at `start`. Returns `None` if there is no place for it.
    pub(crate) fn of_reader(start: usize, len: usize) -> Option<Self> {
        Self::take(&MAPS[FOR_WRITERS..], start, len, true).map(|map| Self(Some(map)))
    }

    fn take(
        maps: &'static [Guarded],
        start: usize,
        len: usize,
        is_for_reading: bool,
    ) -> Option<&'static Guarded> {
        let is_free = |map: &&Guarded| {
            !map.is_taken.load(Ordering::Relaxed) && !map.is_taken.swap(true, Ordering::AcqRel)
        };
        let map = maps.iter().find(is_free)?;
        map.is_hit.store(false, Ordering::Relaxed);
        map.hit_at.store(usize::MAX, Ordering::Relaxed);
        map.is_for_reading.store(is_for_reading, Ordering::Relaxed);
        map.len.store(len, Ordering::Relaxed);
        map.start.store(start, Ordering::Release);
        Some(map)
    }

    /// Returns the lowest offset of a page of the map that was replaced.
    #[inline(always)]
    pub(crate) fn lost_page(&self) -> Option<usize> {
        let map = self.0.filter(|map| map.is_hit.load(Ordering::Acquire))?;
        Some(map.hit_at.load(Ordering::Relaxed))
    }

    /// Returns a guard of no map.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns whether a page of the map had to be replaced.
    #[inline(always)]
    pub(crate) fn is_hit(&self) -> bool {
        self.0.is_some_and(|map| map.is_hit.load(Ordering::Relaxed))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(map) = self.0 {
            map.start.store(0, Ordering::Release);
            map.is_taken.store(false, Ordering::Release);
        }
    }
}

fn install() {
    // SAFETY: `sysconf` touches no memory. `sigaction` reads an initialised action whose handler only makes calls that are
    // allowed in a signal handler, and initialises `BEFORE`, which nothing reads before the handler is installed.
    unsafe {
        if let Ok(page) = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)) {
            PAGE.store(page, Ordering::Relaxed);
        }
        if libc::sigaction(libc::SIGBUS, std::ptr::null(), (*BEFORE.0.get()).as_mut_ptr()) != 0 {
            return;
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = handle;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
    }
}

extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid `siginfo_t`, which has an address for SIGBUS.
    let (address, code) = unsafe { ((*info).si_addr() as usize, (*info).si_code) };
    let page = PAGE.load(Ordering::Relaxed);
    let hit = MAPS.iter().find(|map| {
        let start = map.start.load(Ordering::Acquire);
        start != 0 && address >= start && address - start < map.len.load(Ordering::Relaxed)
    });
    if let Some(map) = hit.filter(|_| code == libc::BUS_ADRERR) {
        let is_for_reading = map.is_for_reading.load(Ordering::Relaxed);
        let protection = if is_for_reading { libc::PROT_READ } else { libc::PROT_READ | libc::PROT_WRITE };
        // The mark is stored before the page is replaced. A store of another thread to the new page then finds the mark
        // before it commits its frame.
        let lost = address / page * page;
        let start = map.start.load(Ordering::Relaxed);
        map.hit_at.fetch_min(lost.saturating_sub(start), Ordering::Relaxed);
        map.is_hit.store(true, Ordering::Release);
        // SAFETY: exactly one page of a map is replaced, and this process owns the map. The page stays mapped, so
        // every pointer into it stays valid. A map for reading has no references into it (invariant *foreign
        // memory*). `mmap` with these arguments only makes a system call.
        let made = unsafe {
            libc::mmap(
                lost as *mut libc::c_void,
                page,
                protection,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        if made != libc::MAP_FAILED {
            return;
        }
    }
    // SAFETY: `BEFORE` was initialised before this handler was installed. Its handler is called as the kernel would
    // call it. If it has none, the previous action is restored, and the instruction raises the signal again.
    unsafe {
        let before = (*BEFORE.0.get()).assume_init_ref();
        match before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                libc::sigaction(signal, before, std::ptr::null_mut());
            }
            handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
            handler => {
                let handler: extern "C" fn(libc::c_int) = std::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}
