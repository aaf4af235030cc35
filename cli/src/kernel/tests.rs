//! All forms of the kernel's OOM kill records are recognized, and no other line is (D2).

mod damage;
mod forms;
mod joining;
mod origins;

use super::{OomKill, Records, records};

fn read(log: &str) -> Records {
    records(log.as_bytes()).unwrap()
}

/// The only kill in `log`.
fn kill(log: &str) -> OomKill {
    let mut kills = read(log).kills;
    assert_eq!(kills.len(), 1, "{kills:#?}");
    kills.remove(0)
}
