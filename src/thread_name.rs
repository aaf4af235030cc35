//! The name of the thread that logs.

use std::cell::Cell;
use std::thread;

use crate::encode::EntryWriter;

/// Most bytes of a name that is remembered; longer ones are asked for each time.
const REMEMBERED: usize = 62;

#[derive(Clone, Copy)]
enum Name {
    NotAsked,
    Short(u8, [u8; REMEMBERED]),
    Long,
}

thread_local! {
    // Without a destructor: a thread that logs at its very end, from the destructors of other values, has its name.
    static NAME: Cell<Name> = const { Cell::new(Name::NotAsked) };
}

/// Says which thread logs: its name, nothing where it has none. Allocates nothing once the thread is known.
#[inline]
pub(crate) fn write(entry: &mut EntryWriter<'_>) {
    match NAME.get() {
        Name::Short(0, _) => {}
        Name::Short(len, name) => {
            entry.set_thread_bytes(name.get(..usize::from(len)).unwrap_or_default());
        }
        Name::NotAsked | Name::Long => ask(entry),
    }
}

#[cold]
fn ask(entry: &mut EntryWriter<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("");
    let mut bytes = [0; REMEMBERED];
    NAME.set(match (u8::try_from(name.len()), bytes.get_mut(..name.len())) {
        (Ok(len), Some(room)) => {
            room.copy_from_slice(name.as_bytes());
            Name::Short(len, bytes)
        }
        _ => Name::Long,
    });
    if !name.is_empty() {
        entry.set_thread(name);
    }
}
