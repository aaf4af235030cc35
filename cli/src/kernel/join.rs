//! The assembly of the messages of one kill.

use std::collections::VecDeque;

use super::Records;
use super::draft::Draft;
use super::killed::Killed;
use super::message::{Message, Task};
use super::prefix::Head;
use super::record::{OomKill, Reaped};

/// Maximum number of hosts with a separate state in one log.
const MOST_HOSTS: usize = 64;

/// Number of the latest kills to which a later line can belong. The kernel completes each kill without delay.
const RECENT: usize = 64;

/// An assembler of the messages of each kill, with a separate state for each host. The kernel kills one process after another
/// and writes the messages of a kill in order. Other lines can be between these messages.
pub(super) struct Joiner {
    hosts: VecDeque<Host>,
    kills: VecDeque<OomKill>,
    left_out: u64,
}

/// A host and its incomplete kill.
struct Host {
    name: Option<String>,
    draft: Option<Draft>,
}

impl Joiner {
    pub(super) fn new() -> Self {
        Self { hosts: VecDeque::new(), kills: VecDeque::new(), left_out: 0 }
    }

    /// Returns all kills, and the number of earlier kills that were discarded.
    pub(super) fn finish(mut self) -> (Vec<OomKill>, u64) {
        while let Some(host) = self.hosts.pop_front() {
            self.give_up(host);
        }
        let mut kills = Vec::from(self.kills);
        // An incomplete kill is recorded when a later message ends it, so the kills are not in the order of their lines.
        kills.sort_by_key(|kill| kill.line);
        (kills, self.left_out)
    }

    /// Processes the message of a line.
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

    /// Removes the state of a host from the list and returns it. If the list is full, ends the kill of the host with the
    /// oldest message.
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

    /// Ends a draft without a final message. Records a kill if a message contains the choice of the kernel.
    fn end(&mut self, host: &Host, draft: Option<Draft>) {
        let Some(draft) = draft.filter(|draft| !draft.killed) else { return };
        let (chosen, candidate) = (draft.chosen.clone(), draft.candidate.clone());
        let candidate = candidate.map(|(pid, task, _)| (pid, task, None));
        if let Some((pid, task, uid)) = chosen.or(candidate) {
            let kill = draft.record(host.name.as_deref(), pid, task, uid);
            self.push(kill);
        }
    }

    /// Records a kill. Returns the draft with the data that also applies to the next kill.
    fn killed(
        &mut self,
        host: &Host,
        mut draft: Draft,
        head: &Head<'_>,
        killed: &Killed<'_>,
    ) -> Option<Draft> {
        let is_begun = draft.invoked_by.is_some() || draft.candidate.is_some();
        if killed.sizes.is_none() && killed.scope.is_none() && !is_begun {
            // `Killed process 1 (x)` without other data can be from any program.
            return None;
        }
        let Task { pid, name } = killed.task;
        // The kernel kills the chosen process again if it kills all processes of the cgroup.
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

    /// Adds the memory that the kernel could not free to the record of a process.
    fn reaped(&mut self, host: Option<&str>, task: Task<'_>, left: Reaped) {
        let is_it = |kill: &&mut OomKill| {
            kill.host.as_deref() == host && kill.pid == task.pid && kill.task == task.name
        };
        if let Some(kill) = self.kills.iter_mut().rev().take(RECENT).find(is_it) {
            kill.reaped.get_or_insert(left);
        }
    }
}
