//! Messages of one kill put together.

use std::collections::VecDeque;

use jiff::SignedDuration;

use super::Records;
use super::message::{Chosen, Killed, Message, Task};
use super::prefix::Head;
use super::record::{Constraint, Invoker, OomKill, Reaped};
use super::stamp::Stamp;

/// How many hosts' lines are told apart in one log.
const MOST_HOSTS: usize = 64;

/// How many kills back the one is looked for that a later line is about: the kernel goes on with each at once.
const RECENT: usize = 64;

/// The kernel writes all it has to say of a kill at once. A serial line may take minutes for it.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// Puts messages together, a host at a time: the kernel kills one process after another, and what it writes of one is in
/// order, with other lines between.
pub(super) struct Joiner {
    hosts: VecDeque<Host>,
    kills: VecDeque<OomKill>,
    left_out: u64,
}

/// What a host has begun to say.
struct Host {
    name: Option<String>,
    draft: Option<Draft>,
}

/// A kill of which not everything is said yet. What belongs to all that die with a cgroup stays after the first of them.
#[derive(Default)]
struct Draft {
    line: u64,
    time: Option<Stamp>,
    since_boot: Option<u64>,
    invoked_by: Option<Invoker>,
    memcg: Option<String>,
    oom_memcg: Option<String>,
    constraint: Option<Constraint>,
    usage: Option<u64>,
    limit: Option<u64>,
    failcnt: Option<u64>,
    chosen: Option<(u32, String, Option<u32>)>,
    candidate: Option<(u32, String, u64)>,
    killed: bool,
    with_group: bool,
}

impl Joiner {
    pub(super) fn new() -> Self {
        Self { hosts: VecDeque::new(), kills: VecDeque::new(), left_out: 0 }
    }

    /// All kills, and how many earlier ones were left out.
    pub(super) fn finish(mut self) -> (Vec<OomKill>, u64) {
        while let Some(host) = self.hosts.pop_front() {
            self.give_up(host);
        }
        (self.kills.into(), self.left_out)
    }

    /// Takes the message of a line.
    pub(super) fn take(&mut self, line: u64, head: &Head<'_>) {
        let Some(message) = Message::parse(head.message) else { return };
        if let Message::Reaped { task, left } = message {
            return self.reaped(head.host, task, left);
        }
        let mut host = self.host(head.host);
        let mut draft = host.draft.take();
        if message == Message::Spared {
            return;
        }
        if draft.as_ref().is_some_and(|draft| draft.ends_before(head, &message)) {
            self.end(&host, draft.take());
        }
        match message {
            Message::Booted => {}
            Message::Running { .. } | Message::Group { .. } if draft.is_none() => {}
            Message::Killed(killed) => {
                host.draft =
                    self.killed(&host, draft.unwrap_or_else(|| Draft::at(line, head)), head, &killed);
            }
            message => {
                let mut draft = draft.unwrap_or_else(|| Draft::at(line, head));
                draft.add(message, head);
                host.draft = Some(draft);
            }
        }
        if host.draft.is_some() {
            self.hosts.push_back(host);
        }
    }

    /// What the host has said so far, taken out of the list.
    fn host(&mut self, name: Option<&str>) -> Host {
        if let Some(at) = self.hosts.iter().position(|host| host.name.as_deref() == name)
            && let Some(host) = self.hosts.remove(at)
        {
            return host;
        }
        if self.hosts.len() >= MOST_HOSTS
            && let Some(silent) = self.hosts.pop_front()
        {
            self.give_up(silent);
        }
        Host { name: name.map(str::to_owned), draft: None }
    }

    fn give_up(&mut self, mut host: Host) {
        let draft = host.draft.take();
        self.end(&host, draft);
    }

    /// A draft that nothing comes to any more: the kernel may have named its choice.
    fn end(&mut self, host: &Host, draft: Option<Draft>) {
        let Some(draft) = draft.filter(|draft| !draft.killed) else { return };
        let (chosen, candidate) = (draft.chosen.clone(), draft.candidate.clone());
        let candidate = candidate.map(|(pid, task, _)| (pid, task, None));
        if let Some((pid, task, uid)) = chosen.or(candidate) {
            let kill = draft.record(host, pid, task, uid);
            self.push(kill);
        }
    }

    /// Records a kill. What the next one can have of it stays.
    fn killed(&mut self, host: &Host, draft: Draft, head: &Head<'_>, killed: &Killed<'_>) -> Option<Draft> {
        let mut draft = draft;
        let is_begun = draft.invoked_by.is_some() || draft.candidate.is_some();
        if killed.sizes.is_none() && killed.scope.is_none() && !is_begun {
            // `Killed process 1 (x)` and nothing else is anybody's.
            return None;
        }
        let Task { pid, name } = killed.task;
        // The one that was chosen is killed once more when all of its cgroup are.
        let is_it = |kill: &OomKill| kill.line == draft.line && kill.pid == pid && kill.task == name;
        if draft.killed && self.kills.iter().rev().take(RECENT).any(is_it) {
            return Some(draft);
        }
        let mut kill = draft.record(host, pid, name.to_owned(), killed.uid);
        kill.confirmed = true;
        (kill.time, kill.since_boot) = (head.time, head.since_boot);
        kill.constraint = draft.constraint.or(killed.scope);
        kill.score_adj = killed.score_adj;
        if let Some(sizes) = killed.sizes {
            kill.total_vm = Some(sizes.total_vm);
            (kill.anon_rss, kill.file_rss) = (Some(sizes.anon_rss), Some(sizes.file_rss));
            (kill.shmem_rss, kill.pgtables) = (sizes.shmem_rss, sizes.pgtables);
        }
        self.push(kill);
        draft.killed = true;
        Some(draft)
    }

    fn push(&mut self, kill: OomKill) {
        if self.kills.len() == Records::MOST {
            self.kills.pop_front();
            self.left_out += 1;
        }
        self.kills.push_back(kill);
    }

    /// Adds what was left of a process to its record.
    fn reaped(&mut self, host: Option<&str>, task: Task<'_>, left: Reaped) {
        let is_it = |kill: &&mut OomKill| {
            kill.host.as_deref() == host && kill.pid == task.pid && kill.task == task.name
        };
        if let Some(kill) = self.kills.iter_mut().rev().take(RECENT).find(is_it) {
            kill.reaped.get_or_insert(left);
        }
    }
}

impl Draft {
    fn at(line: u64, head: &Head<'_>) -> Self {
        Self { line, time: head.time, since_boot: head.since_boot, ..Self::default() }
    }

    /// Whether `message` is no more of this kill.
    fn ends_before(&self, head: &Head<'_>, message: &Message<'_>) -> bool {
        let elapsed = match (head.since_boot, self.since_boot, head.time, self.time) {
            (Some(now), Some(then), ..) => Stamp::SinceBoot(now).since(Stamp::SinceBoot(then)),
            (_, _, Some(now), Some(then)) => now.since(then),
            _ => None,
        };
        // Processors may write a little out of order; a clock that goes back further is of another boot.
        if elapsed.is_some_and(|elapsed| elapsed > LONGEST || elapsed < SignedDuration::from_secs(-1)) {
            return true;
        }
        match message {
            Message::Invoked { .. } | Message::Booted => true,
            Message::Group { .. } => !self.killed,
            Message::Killed(killed) if self.killed => {
                // Those of a cgroup die one after another; else what is known is of the one before.
                !self.with_group || killed.scope != Some(Constraint::Memcg)
            }
            Message::Killed(killed) => {
                let is_other = |pid: u32| pid != killed.task.pid;
                let of_memcg = |scope: Option<Constraint>| scope.map(|scope| scope == Constraint::Memcg);
                let limits = of_memcg(self.constraint).zip(of_memcg(killed.scope));
                // A child is killed in the place of a candidate, and of nobody else.
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

    fn add(&mut self, message: Message<'_>, head: &Head<'_>) {
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
                // Up to 4.x one such line for each cgroup below: the first one is it.
                self.oom_memcg.get_or_insert_with(|| oom_memcg.to_owned());
            }
            Message::Chosen(chosen) => self.choose(chosen),
            Message::Candidate { scope, task, score } => {
                self.candidate = Some((task.pid, task.name.to_owned(), score));
                self.constraint.get_or_insert(scope);
            }
            Message::Group { oom_memcg } => {
                self.with_group = true;
                self.oom_memcg = Some(oom_memcg.to_owned());
                // Each is in a cgroup of its own below it.
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

    /// What is known so far, of the process `pid`.
    fn record(&self, host: &Host, pid: u32, task: String, uid: Option<u32>) -> OomKill {
        let candidate = self.candidate.as_ref().filter(|_| !self.killed);
        let chosen = self.chosen.as_ref().filter(|(chosen, ..)| *chosen == pid);
        let other = candidate.filter(|(chosen, ..)| *chosen != pid);
        OomKill {
            line: self.line,
            host: host.name.clone(),
            time: self.time,
            since_boot: self.since_boot,
            pid,
            task,
            uid: uid.or(chosen.and_then(|(.., uid)| *uid)),
            confirmed: false,
            constraint: self.constraint,
            memcg: self.memcg.clone(),
            oom_memcg: self.oom_memcg.clone(),
            with_group: self.with_group,
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
