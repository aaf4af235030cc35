//! One kernel message about a kill, in the forms of mm/oom_kill.c and mm/memcontrol.c since Linux 2.6.

use super::killed::Killed;
use super::record::{Constraint, Reaped};
use super::sizes::{decimal, kib, limit, pid, small};

/// Maximum length of a task name in the kernel, in bytes.
const LONGEST_NAME: usize = 15;

/// A task: its process id and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task<'a> {
    pub(super) pid: u32,
    pub(super) name: &'a str,
}

/// One kernel message about a kill.
#[derive(Debug, PartialEq)]
pub(super) enum Message<'a> {
    /// `java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0`: the first message of a kill.
    Invoked { task: &'a str, gfp_mask: &'a str, order: Option<i32>, score_adj: Option<i32> },
    /// `CPU: 4 PID: 63635 Comm: uwsgi Not tainted 5.4.0 #1`: the task that runs on the processor during a report.
    Running { pid: u32, rest: &'a str },
    /// `Task in /a/b killed as a result of limit of /a`: the cgroup of the process, and the cgroup whose limit was reached.
    Limit { memcg: &'a str, oom_memcg: &'a str },
    /// `memory: usage 65536kB, limit 65536kB, failcnt 12`: the memory of the cgroup whose limit was reached.
    Usage { usage: u64, limit: Option<u64>, failcnt: u64 },
    /// `Memory cgroup stats for /a: cache:0KB rss:..`, or the same without numbers: the cgroup whose limit was reached.
    Stats { oom_memcg: &'a str },
    /// `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=1,uid=0`:
    /// the choice of the kernel.
    Chosen(Chosen<'a>),
    /// `Out of memory: Kill process 12345 (x) score 842 or sacrifice child`: the kernel kills this process or one of its
    /// children.
    Candidate { scope: Constraint, task: Task<'a>, score: u64 },
    /// `Killed process 12345 (x) total-vm:1kB, ...`, alone or after the cause.
    Killed(Killed<'a>),
    /// `Tasks in /a are going to be killed due to memory.oom.group set`: the kernel kills all processes of a cgroup.
    Group { group: &'a str },
    /// `oom_reaper: reaped process 12345 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB`: the memory that remains.
    Reaped { task: Task<'a>, left: Reaped },
    /// No process to kill, or a chosen process that already exits.
    Spared,
    /// `Linux version 6.1.0`: the machine booted.
    Booted,
}

/// The process that the kernel chose.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen<'a> {
    pub(super) constraint: Option<Constraint>,
    pub(super) oom_memcg: Option<&'a str>,
    pub(super) memcg: Option<&'a str>,
    pub(super) task: Task<'a>,
    pub(super) uid: Option<u32>,
}

impl<'a> Message<'a> {
    /// Parses a complete message. Returns `None` for any other text, for example a truncated line or a number outside the
    /// range of the kernel.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("oom-kill:constraint=") {
            return chosen(rest).map(Self::Chosen);
        }
        if let Some(rest) = text.strip_prefix("oom_reaper: reaped process ") {
            return reaped(rest);
        }
        if let Some(rest) = text.strip_prefix("memory: usage ") {
            return usage(rest);
        }
        if let Some(rest) = text.strip_prefix("Task in ") {
            let (memcg, oom_memcg) = rest.split_once(" killed as a result of limit of ")?;
            return Some(Self::Limit { memcg: path(memcg)?, oom_memcg: path(oom_memcg)? });
        }
        if let Some(rest) = text.strip_prefix("Tasks in ") {
            let group = rest.strip_suffix(" are going to be killed due to memory.oom.group set")?;
            return Some(Self::Group { group: path(group)? });
        }
        if let Some(rest) = text.strip_prefix("Memory cgroup stats for ") {
            // Newer kernels write the numbers on separate lines.
            let oom_memcg = rest.split_once(": cache:").map_or(rest.trim_end_matches(':'), |(path, _)| path);
            return Some(Self::Stats { oom_memcg: path(oom_memcg)? });
        }
        if let Some(rest) = text.strip_prefix("CPU: ").or_else(|| text.strip_prefix("Pid: ")) {
            return running(rest);
        }
        if text.starts_with("Linux version ") {
            return Some(Self::Booted);
        }
        if text.starts_with("Out of memory and no killable processes") {
            return Some(Self::Spared);
        }
        scoped(text).or_else(|| invoked(text))
    }
}

/// Parses a message that can begin with a cause, for example `Out of memory: `.
fn scoped(text: &str) -> Option<Message<'_>> {
    let (scope, rest) = match scope(text) {
        Some((scope, rest)) => (Some(scope), rest),
        None => (None, text),
    };
    if rest.starts_with("OOM victim ") && rest.contains(" is already exiting.") {
        return Some(Message::Spared);
    }
    if let Some(rest) = rest.strip_prefix("Killed process ") {
        return Killed::parse(scope, rest).map(Message::Killed);
    }
    let rest = rest.strip_prefix("Kill process ").or_else(|| rest.strip_prefix("kill process "))?;
    let (task, rest) = task(rest)?;
    let rest = rest.strip_prefix(" score ")?;
    let score = rest.strip_suffix(" or sacrifice child").or_else(|| rest.strip_suffix(" or a child"))?;
    Some(Message::Candidate { scope: scope?, task, score: decimal(score)? })
}

/// Returns the cause of the kill and the rest of the text.
fn scope(text: &str) -> Option<(Constraint, &str)> {
    const SCOPES: [(&str, Constraint); 6] = [
        ("Memory cgroup out of memory", Constraint::Memcg),
        ("Out of memory", Constraint::NotMemcg),
        ("Out of Memory", Constraint::NotMemcg),
        ("Out of memory (oom_kill_allocating_task)", Constraint::NotMemcg),
        ("No available memory (MPOL_BIND)", Constraint::MemoryPolicy),
        ("No available memory in cpuset", Constraint::Cpuset),
    ];
    SCOPES.iter().find_map(|(words, scope)| {
        let rest = text.strip_prefix(words)?.strip_prefix(": ")?;
        Some((*scope, rest))
    })
}

/// Parses `12345 (x)` and returns the rest of the text. The name can contain parentheses, because no form has a parenthesis
/// after the name.
pub(super) fn task(text: &str) -> Option<(Task<'_>, &str)> {
    let (number, rest) = text.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(')')?;
    Some((Task { pid: pid(number)?, name: self::name(name)? }, rest))
}

/// Returns `text` if the kernel can store it as a name. The name can be empty. An unprintable byte is escaped, for example
/// `\x0a`.
pub(super) fn name(text: &str) -> Option<&str> {
    let escaped = text.matches("\\x").count();
    (text.chars().count().saturating_sub(3 * escaped) <= LONGEST_NAME).then_some(text)
}

/// Returns `text` if it is the path of a cgroup, for example `/` or `/docker/0123`.
fn path(text: &str) -> Option<&str> {
    text.starts_with('/').then_some(text)
}

/// Parses `java invoked oom-killer: gfp_mask=0x24201ca(GFP_KERNEL), nodemask=(null), order=0, oom_score_adj=0`.
fn invoked(text: &str) -> Option<Message<'_>> {
    const WORDS: &str = "invoked oom-killer: gfp_mask=";
    // If the task has no name, the blank before the words is missing.
    let (task, rest) = match text.strip_prefix(WORDS) {
        Some(rest) => ("", rest),
        None => text
            .split_once(WORDS)
            .map(|(before, rest)| before.strip_suffix(' ').map(|task| (task, rest)))??,
    };
    let (gfp_mask, rest) = rest.split_once(", ")?;
    let digits = gfp_mask.strip_prefix("0x")?;
    let value = |name: &str| {
        let (_, rest) =
            rest.split_once(name).or_else(|| rest.strip_prefix(&name[1..]).map(|rest| ("", rest)))?;
        Some(rest.split(',').next().unwrap_or(rest))
    };
    digits.starts_with(|digit: char| digit.is_ascii_hexdigit()).then_some(())?;
    let order = value(" order=")?;
    Some(Message::Invoked {
        task: name(task)?,
        gfp_mask,
        order: Some(small(order)?),
        // Linux 2.6 has other scales: `oom_adj` and `oomkilladj`.
        score_adj: value(" oom_score_adj=").and_then(small),
    })
}

/// Parses `4 PID: 63635 Comm: uwsgi Not tainted`. Since 6.12, a UID precedes the PID. Before 3.11, the form is `8911, comm:
/// httpd Not tainted`. The end of the name is ambiguous.
fn running(text: &str) -> Option<Message<'_>> {
    let (number, rest) = match text.split_once(", comm: ") {
        Some(parts) => parts,
        None => {
            let (before, rest) = text.split_once("PID: ")?;
            before.chars().all(|c| c.is_ascii_alphanumeric() || " :".contains(c)).then_some(())?;
            rest.split_once(" Comm: ")?
        }
    };
    Some(Message::Running { pid: pid(number)?, rest })
}

/// Parses `65536kB, limit 65536kB, failcnt 12`.
fn usage(text: &str) -> Option<Message<'_>> {
    let (usage, rest) = text.split_once(", limit ")?;
    let (most, failcnt) = rest.split_once(", failcnt ")?;
    Some(Message::Usage { usage: kib(usage)?, limit: limit(kib(most)?), failcnt: decimal(failcnt)? })
}

/// Parses the text after `oom-kill:constraint=`. Names of cgroups and tasks can contain commas, so the function searches the
/// fields after them from the end.
fn chosen(text: &str) -> Option<Chosen<'_>> {
    let (constraint, rest) = text.split_once(',')?;
    let (rest, uid) = rest.rsplit_once(",uid=")?;
    let (rest, number) = rest.rsplit_once(",pid=")?;
    let (rest, name) = rest.rsplit_once(",task=")?;
    let (rest, memcg) = match rest.rsplit_once(",task_memcg=") {
        Some((rest, memcg)) => (rest, Some(path(memcg)?)),
        None => (rest, None),
    };
    // Without a cgroup, the field is `,global_oom`.
    let oom_memcg = rest.split_once(",oom_memcg=").map(|(_, path)| path);
    Some(Chosen {
        constraint: Some(Constraint::from_kernel(constraint)?),
        oom_memcg: oom_memcg.map(path).unwrap_or_default(),
        memcg,
        task: Task { pid: pid(number)?, name: self::name(name)? },
        uid: Some(decimal(uid)?),
    })
}

/// Parses `12345 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB`.
fn reaped(text: &str) -> Option<Message<'_>> {
    let (task, rest) = task(text)?;
    let mut sizes = rest.strip_prefix(", now ")?.split(", ");
    let mut size = |name: &str| {
        let word = sizes.next()?;
        kib(word.strip_prefix(name)?)
    };
    let (anon_rss, file_rss) = (size("anon-rss:")?, size("file-rss:")?);
    Some(Message::Reaped { task, left: Reaped { anon_rss, file_rss, shmem_rss: size("shmem-rss:") } })
}
