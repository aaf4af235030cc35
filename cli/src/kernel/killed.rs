//! The message with the name of the killed process, in the forms of all kernel versions and distributions.

use super::message::{self, Task};
use super::record::Constraint;
use super::sizes::{decimal, kib, pid, small};

/// The killed process.
#[derive(Debug, PartialEq)]
pub(super) struct Killed<'a> {
    pub(super) scope: Option<Constraint>,
    pub(super) task: Task<'a>,
    pub(super) uid: Option<u32>,
    /// `None` for kernels before 2.6.33. These kernels write only the name.
    pub(super) sizes: Option<Sizes>,
    pub(super) score_adj: Option<i32>,
}

/// Memory of the process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sizes {
    pub(super) total_vm: u64,
    pub(super) anon_rss: u64,
    pub(super) file_rss: u64,
    pub(super) shmem_rss: Option<u64>,
    pub(super) pgtables: Option<u64>,
}

impl<'a> Killed<'a> {
    /// Parses the text after `Killed process `:
    /// - `12345 (x)`, before 2.6.33; with a full stop if the cause is on the same line;
    /// - `12345 (x) vsz:1kB, anon-rss:1kB, file-rss:1kB`: before 2.6.36;
    /// - `12345, UID 0, (x) total-vm:1kB, ...`, `12345 (x), UID 0, total-vm:1kB, ...`: distributions;
    /// - `12345 (x) total-vm:1kB, anon-rss:1kB, file-rss:1kB`, with `, shmem-rss:1kB` since 4.4;
    /// - the same with ` UID:0 pgtables:1kB oom_score_adj:0` at the end, since 5.4.
    pub(super) fn parse(scope: Option<Constraint>, text: &'a str) -> Option<Self> {
        let mut uid = None;
        let (task, rest) = match text.split_once(", UID ") {
            Some((number, rest)) if pid(number).is_some() => {
                let (user, rest) = rest.split_once(", (")?;
                uid = Some(decimal(user)?);
                let (name, rest) = rest.rsplit_once(')')?;
                (Task { pid: pid(number)?, name: message::name(name)? }, rest)
            }
            _ => message::task(text)?,
        };
        let rest = match rest.strip_prefix(", UID ") {
            Some(rest) => {
                let (user, rest) = rest.split_once(", ")?;
                uid = Some(decimal(user)?);
                rest
            }
            None => rest.trim_start_matches([',', ' ']),
        };
        // Kernels before 2.6.25 write the complete message on one line, with a full stop.
        if rest == if scope.is_some() { "." } else { "" } {
            return Some(Self { scope, task, uid, sizes: None, score_adj: None });
        }
        let mut sizes = [None; 5];
        let mut score_adj = None;
        for word in rest.split([',', ' ']).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once(':')?;
            match name {
                "total-vm" | "vsz" => sizes[0] = Some(kib(value)?),
                "anon-rss" => sizes[1] = Some(kib(value)?),
                "file-rss" => sizes[2] = Some(kib(value)?),
                "shmem-rss" => sizes[3] = Some(kib(value)?),
                "pgtables" => sizes[4] = Some(kib(value)?),
                "UID" => uid = Some(decimal(value)?),
                "oom_score_adj" => score_adj = Some(small(value)?),
                // Later kernels can add fields.
                _ => {}
            }
        }
        let [total_vm, anon_rss, file_rss, shmem_rss, pgtables] = sizes;
        let sizes =
            Sizes { total_vm: total_vm?, anon_rss: anon_rss?, file_rss: file_rss?, shmem_rss, pgtables };
        (!rest.ends_with(',')).then_some(Self { scope, task, uid, sizes: Some(sizes), score_adj })
    }
}
