//! The join of the messages of one kill.

use std::collections::VecDeque;

use super::Records;
use super::draft::Draft;
use super::killed::Killed;
use super::message::{Message, Task};
use super::prefix::Head;
use super::record::{OomKill, Reaped};

/// How many hosts' lines are told apart in one log.
const MOST_HOSTS: usize = 64;

/// How many kills back the one is looked for that a later line is about: the kernel goes on with each at once.
const RECENT: usize = 64;

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

impl Joiner {
    pub(super) fn new() -> Self {
        Self { hosts: VecDeque::new(), kills: VecDeque::new(), left_out: 0 }
    }

    /// All kills, and how many earlier ones were left out.
    pub(super) fn finish(mut self) -> (Vec<OomKill>, u64) {
        while let Some(host) = self.hosts.pop_front() {
            self.give_up(host);
        }
        let mut kills = Vec::from(self.kills);
        // One that was only begun is known to be no more than that late.
        kills.sort_by_key(|kill| kill.line);
        (kills, self.left_out)
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
                let draft = draft.unwrap_or_else(|| Draft::at(line, head));
                host.draft = self.killed(&host, draft, head, &killed);
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
            let kill = draft.record(host.name.as_deref(), pid, task, uid);
            self.push(kill);
        }
    }

    /// Records a kill. What the next one can have of it stays.
    fn killed(
        &mut self,
        host: &Host,
        mut draft: Draft,
        head: &Head<'_>,
        killed: &Killed<'_>,
    ) -> Option<Draft> {
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
        let mut kill = draft.record(host.name.as_deref(), pid, name.to_owned(), killed.uid);
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
