//! The name of the thread that logs.

use std::cell::OnceCell;
use std::thread;

use super::EntryWriter;

/// The size of a name in the cache in bytes, a power of two. A longer name is read from the system for each entry.
const REMEMBERED: usize = 64;

enum Name {
    Short(u8, [u8; REMEMBERED]),
    Long,
}

thread_local! {
    // The value has no destructor, so it is available while a thread runs the destructors of other values.
    static NAME: OnceCell<Name> = const { OnceCell::new() };
}

/// Writes the name of the current thread into an entry. A thread without a name writes nothing. The function
/// does not allocate after the first call on a thread.
#[inline]
pub(crate) fn write(entry: &mut EntryWriter<'_>) {
    NAME.with(|cell| match cell.get() {
        Some(Name::Short(0, _)) => {}
        Some(Name::Short(len, name)) => {
            // The length is less than the size, so the operation only removes the check of the bounds.
            entry.set_thread_bytes(&name[..usize::from(*len) % REMEMBERED]);
        }
        Some(Name::Long) | None => ask(entry, cell),
    });
}

/// Calls `look` with the name of the current thread if it is in the cache. The name is empty if the thread has none.
#[inline(always)]
pub(crate) fn with<R>(look: impl FnOnce(Option<&[u8]>) -> R) -> R {
    NAME.with(|cell| match cell.get() {
        Some(Name::Short(len, name)) => look(Some(&name[..usize::from(*len) % REMEMBERED])),
        Some(Name::Long) | None => look(None),
    })
}

#[cold]
fn ask(entry: &mut EntryWriter<'_>, cell: &OnceCell<Name>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("");
    let mut bytes = [0; REMEMBERED];
    // A signal handler that interrupts this function may have stored the name.
    let _ = cell.set(match (u8::try_from(name.len()), bytes.get_mut(..name.len())) {
        (Ok(len), Some(room)) if name.len() < REMEMBERED => {
            room.copy_from_slice(name.as_bytes());
            Name::Short(len, bytes)
        }
        _ => Name::Long,
    });
    if !name.is_empty() {
        entry.set_thread(name);
    }
}
