//! The parser recognizes all forms of OOM kills in kernel logs, and no other line.

mod damage;
mod forms;
mod joining;
mod origins;

use super::{OomKill, Records, records};

fn read(log: &str) -> Records {
    records(log.as_bytes()).unwrap()
}

/// Returns the only kill in `log`.
fn kill(log: &str) -> OomKill {
    let mut kills = read(log).kills;
    assert_eq!(kills.len(), 1, "{kills:#?}");
    kills.remove(0)
}
