//! The incomplete record of a kill.

use jiff::SignedDuration;

use super::message::{Chosen, Message};
use super::prefix::Head;
use super::record::{Constraint, Invoker, OomKill};
use super::stamp::Stamp;

/// Maximum time between two messages of one kill. The kernel writes them at once, but a serial console can take minutes.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// A kill whose messages are incomplete. If the kernel kills a complete cgroup, the draft remains for its other processes.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) line: u64,
    pub(super) time: Option<Stamp>,
    pub(super) since_boot: Option<u64>,
    pub(super) invoked_by: Option<Invoker>,
    pub(super) memcg: Option<String>,
    pub(super) oom_memcg: Option<String>,
    pub(super) constraint: Option<Constraint>,
    pub(super) usage: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) failcnt: Option<u64>,
    pub(super) chosen: Option<(u32, String, Option<u32>)>,
    pub(super) candidate: Option<(u32, String, u64)>,
    pub(super) killed: bool,
    pub(super) with_group: Option<String>,
}

impl Draft {
    pub(super) fn at(line: u64, head: &Head<'_>) -> Self {
        Self { line, time: head.time, since_boot: head.since_boot, ..Self::default() }
    }

    /// Returns whether the messages of this kill end before `message`.
    pub(super) fn ends_before(&self, head: &Head<'_>, message: &Message<'_>) -> bool {
        let elapsed = match (head.since_boot, self.since_boot, head.time, self.time) {
            (Some(now), Some(then), ..) => Stamp::SinceBoot(now).since(Stamp::SinceBoot(then)),
            (_, _, Some(now), Some(then)) => now.since(then),
            _ => None,
        };
        // Messages of several processors can be out of order by at most a second. A larger step back is a reboot.
        if elapsed.is_some_and(|elapsed| elapsed > LONGEST || elapsed < SignedDuration::from_secs(-1)) {
            return true;
        }
        match message {
            Message::Invoked { .. } | Message::Booted => true,
            Message::Group { .. } => !self.killed,
            Message::Killed(killed) if self.killed => {
                // The processes of a killed cgroup die one after another, so the draft also applies to this process. Without
                // such a cgroup, the draft belongs to the previous process.
                self.with_group.is_none() || killed.scope != Some(Constraint::Memcg)
            }
            Message::Killed(killed) => {
                let is_other = |pid: u32| pid != killed.task.pid;
                let of_memcg = |scope: Option<Constraint>| scope.map(|scope| scope == Constraint::Memcg);
                let limits = of_memcg(self.constraint).zip(of_memcg(killed.scope));
                // The kernel can kill a child in place of a candidate, but not in place of a chosen process.
                let is_stranger =
                    self.candidate.is_none() && self.chosen.as_ref().is_some_and(|(pid, ..)| is_other(*pid));
                is_stranger || limits.is_some_and(|(begun, ended)| begun != ended)
            }
            Message::Chosen(_) => self.killed || self.chosen.is_some(),
            Message::Candidate { .. } => self.killed || self.candidate.is_some(),
            Message::Running { .. } | Message::Reaped { .. } | Message::Spared => false,
            Message::Limit { .. } | Message::Usage { .. } | Message::Stats { .. } => self.killed,
        }
    }

    pub(super) fn add(&mut self, message: Message<'_>, head: &Head<'_>) {
        (self.time, self.since_boot) = (head.time, head.since_boot);
        match message {
            Message::Invoked { task, gfp_mask, order, score_adj } => {
                let (task, gfp_mask) = (task.to_owned(), gfp_mask.to_owned());
                self.invoked_by = Some(Invoker { task, pid: None, gfp_mask, order, score_adj });
            }
            Message::Running { pid, rest } => {
                let invoker = self.invoked_by.as_mut().filter(|invoker| invoker.pid.is_none());
                if let Some(invoker) = invoker.filter(|invoker| rest.starts_with(&invoker.task)) {
                    invoker.pid = Some(pid);
                }
            }
            Message::Limit { memcg, oom_memcg } => {
                (self.memcg, self.oom_memcg) = (Some(memcg.to_owned()), Some(oom_memcg.to_owned()));
                self.constraint = Some(Constraint::Memcg);
            }
            Message::Usage { usage, limit, failcnt } => {
                (self.usage, self.limit, self.failcnt) = (Some(usage), limit, Some(failcnt));
            }
            Message::Stats { oom_memcg } => {
                // Kernels up to 4.x write one such line for each cgroup of the subtree. The first line
                // contains the cgroup with the limit.
                self.oom_memcg.get_or_insert_with(|| oom_memcg.to_owned());
            }
            Message::Chosen(chosen) => self.choose(chosen),
            Message::Candidate { scope, task, score } => {
                self.candidate = Some((task.pid, task.name.to_owned(), score));
                self.constraint.get_or_insert(scope);
            }
            Message::Group { group } => {
                self.with_group = Some(group.to_owned());
                // Each of the other processes is in this cgroup or in a cgroup below it, so the exact cgroup is unknown.
                self.memcg = None;
            }
            Message::Killed(_) | Message::Reaped { .. } | Message::Spared | Message::Booted => {}
        }
    }

    fn choose(&mut self, chosen: Chosen<'_>) {
        self.chosen = Some((chosen.task.pid, chosen.task.name.to_owned(), chosen.uid));
        self.constraint = chosen.constraint;
        self.memcg = chosen.memcg.map(str::to_owned).or_else(|| self.memcg.take());
        if let Some(path) = chosen.oom_memcg {
            self.oom_memcg = Some(path.to_owned());
        }
    }

    /// Returns the record of the process `pid` with the known data.
    pub(super) fn record(&self, host: Option<&str>, pid: u32, task: String, uid: Option<u32>) -> OomKill {
        let candidate = self.candidate.as_ref().filter(|_| !self.killed);
        let chosen = self.chosen.as_ref().filter(|(chosen, ..)| *chosen == pid);
        let other = candidate.filter(|(chosen, ..)| *chosen != pid);
        OomKill {
            line: self.line,
            host: host.map(str::to_owned),
            time: self.time,
            since_boot: self.since_boot,
            pid,
            task,
            uid: uid.or(chosen.and_then(|(.., uid)| *uid)),
            confirmed: false,
            constraint: self.constraint,
            memcg: self.memcg.clone(),
            oom_memcg: self.oom_memcg.clone(),
            with_group: self.with_group.clone(),
            invoked_by: self.invoked_by.clone(),
            instead_of: other.map(|(pid, task, _)| (*pid, task.clone())),
            score: candidate.map(|(.., score)| *score),
            score_adj: None,
            total_vm: None,
            anon_rss: None,
            file_rss: None,
            shmem_rss: None,
            pgtables: None,
            usage: self.usage,
            limit: self.limit,
            failcnt: self.failcnt,
            reaped: None,
        }
    }
}
