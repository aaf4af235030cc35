//! What one message of the kernel's says of a kill: the forms that mm/oom_kill.c and mm/memcontrol.c have had since 2.6.

use super::record::{Constraint, Reaped};
use super::sizes::{decimal, kib, limit, pid, small};

/// The longest name that the kernel keeps of a task.
const LONGEST_NAME: usize = 15;

/// A task and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task<'a> {
    pub(super) pid: u32,
    pub(super) name: &'a str,
}

/// One message.
#[derive(Debug, PartialEq)]
pub(super) enum Message<'a> {
    /// `java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0`: a kill begins.
    Invoked { task: &'a str, gfp_mask: &'a str, order: Option<i32>, score_adj: Option<i32> },
    /// `CPU: 4 PID: 63635 Comm: uwsgi Not tainted 5.4.0 #1`: who runs where the kernel reports something.
    Running { pid: u32, rest: &'a str },
    /// `Task in /a/b killed as a result of limit of /a`
    Limit { memcg: &'a str, oom_memcg: &'a str },
    /// `memory: usage 65536kB, limit 65536kB, failcnt 12`
    Usage { usage: u64, limit: Option<u64>, failcnt: u64 },
    /// `Memory cgroup stats for /a: cache:0KB rss:..`, or with nothing after the path.
    Stats { oom_memcg: &'a str },
    /// `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=1,uid=0`
    Chosen(Chosen<'a>),
    /// `Out of memory: Kill process 12345 (x) score 842 or sacrifice child`: this one, or a child of it.
    Candidate { scope: Constraint, task: Task<'a>, score: u64 },
    /// `Killed process 12345 (x) total-vm:1kB, ...`, alone or after what ran out.
    Killed(Killed<'a>),
    /// `Tasks in /a are going to be killed due to memory.oom.group set`
    Group { oom_memcg: &'a str },
    /// `oom_reaper: reaped process 12345 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB`
    Reaped { task: Task<'a>, left: Reaped },
    /// There was nobody to kill, or who was to be killed is on the way out.
    Spared,
    /// `Linux version 6.1.0`: what comes is another life of the machine.
    Booted,
}

/// Whom the kernel chose.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen<'a> {
    pub(super) constraint: Option<Constraint>,
    pub(super) oom_memcg: Option<&'a str>,
    pub(super) memcg: Option<&'a str>,
    pub(super) task: Task<'a>,
    pub(super) uid: Option<u32>,
}

/// Whom it killed.
#[derive(Debug, PartialEq)]
pub(super) struct Killed<'a> {
    pub(super) scope: Option<Constraint>,
    pub(super) task: Task<'a>,
    pub(super) uid: Option<u32>,
    /// None with kernels before 2.6.33, which say no more than the name.
    pub(super) sizes: Option<Sizes>,
    pub(super) score_adj: Option<i32>,
}

/// What a process had, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sizes {
    pub(super) total_vm: u64,
    pub(super) anon_rss: u64,
    pub(super) file_rss: u64,
    pub(super) shmem_rss: Option<u64>,
    pub(super) pgtables: Option<u64>,
}

impl<'a> Message<'a> {
    /// Understands a message, which has to begin with what the kernel writes and to end where it does. None for everything
    /// else, such as a line that was cut, or has a number that no kernel counts to.
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
            let oom_memcg = rest.strip_suffix(" are going to be killed due to memory.oom.group set")?;
            return Some(Self::Group { oom_memcg: path(oom_memcg)? });
        }
        if let Some(rest) = text.strip_prefix("Memory cgroup stats for ") {
            // The numbers after it do not have to be there: newer kernels write them on lines of their own.
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

/// What follows `Out of memory: ` and the like, or stands alone.
fn scoped(text: &str) -> Option<Message<'_>> {
    let (scope, rest) = match scope(text) {
        Some((scope, rest)) => (Some(scope), rest),
        None => (None, text),
    };
    if rest.starts_with("OOM victim ") && rest.contains(" is already exiting.") {
        return Some(Message::Spared);
    }
    if let Some(rest) = rest.strip_prefix("Killed process ") {
        return killed(scope, rest).map(Message::Killed);
    }
    let rest = rest.strip_prefix("Kill process ").or_else(|| rest.strip_prefix("kill process "))?;
    let (task, rest) = task(rest)?;
    let rest = rest.strip_prefix(" score ")?;
    let score = rest.strip_suffix(" or sacrifice child").or_else(|| rest.strip_suffix(" or a child"))?;
    Some(Message::Candidate { scope: scope?, task, score: decimal(score)? })
}

/// What ran out of memory, and what is said of it.
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

/// `12345 (x)`, and what follows. The name may have parentheses itself: no form has any after it.
fn task(text: &str) -> Option<(Task<'_>, &str)> {
    let (number, rest) = text.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(')')?;
    Some((Task { pid: pid(number)?, name: self::name(name)? }, rest))
}

/// A name that the kernel could have kept. It may be empty; bytes that cannot be printed are there as `\x0a`.
fn name(text: &str) -> Option<&str> {
    let escaped = text.matches("\\x").count();
    (text.chars().count().saturating_sub(3 * escaped) <= LONGEST_NAME).then_some(text)
}

/// A cgroup: `/`, `/docker/0123`.
fn path(text: &str) -> Option<&str> {
    text.starts_with('/').then_some(text)
}

/// `java invoked oom-killer: gfp_mask=0x24201ca(GFP_KERNEL), nodemask=(null), order=0, oom_score_adj=0`
fn invoked(text: &str) -> Option<Message<'_>> {
    const WORDS: &str = "invoked oom-killer: gfp_mask=";
    // A task may have no name, and the blank before the words is gone then.
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
        // 2.6 has another scale: oom_adj, oomkilladj.
        score_adj: value(" oom_score_adj=").and_then(small),
    })
}

/// `4 PID: 63635 Comm: uwsgi Not tainted`, since 6.12 with a UID before the PID, before 3.11 `8911, comm: httpd Not tainted`.
/// Where the name ends cannot be told here.
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

/// `65536kB, limit 65536kB, failcnt 12`
fn usage(text: &str) -> Option<Message<'_>> {
    let (usage, rest) = text.split_once(", limit ")?;
    let (most, failcnt) = rest.split_once(", failcnt ")?;
    Some(Message::Usage { usage: kib(usage)?, limit: limit(kib(most)?), failcnt: decimal(failcnt)? })
}

/// What follows `oom-kill:constraint=`. Names of cgroups and tasks may have commas, so what is after them is found from the
/// end.
fn chosen(text: &str) -> Option<Chosen<'_>> {
    let (constraint, rest) = text.split_once(',')?;
    let (rest, uid) = rest.rsplit_once(",uid=")?;
    let (rest, number) = rest.rsplit_once(",pid=")?;
    let (rest, name) = rest.rsplit_once(",task=")?;
    let (rest, memcg) = match rest.rsplit_once(",task_memcg=") {
        Some((rest, memcg)) => (rest, Some(path(memcg)?)),
        None => (rest, None),
    };
    // Else `,global_oom`.
    let oom_memcg = rest.split_once(",oom_memcg=").map(|(_, path)| path);
    Some(Chosen {
        constraint: Some(Constraint::from_kernel(constraint)?),
        oom_memcg: oom_memcg.map(path).unwrap_or_default(),
        memcg,
        task: Task { pid: pid(number)?, name: self::name(name)? },
        uid: Some(decimal(uid)?),
    })
}

/// What follows `Killed process `:
/// - `12345 (x)`, with a full stop where what ran out is on the same line: before 2.6.33;
/// - `12345 (x) vsz:1kB, anon-rss:1kB, file-rss:1kB`: before 2.6.36;
/// - `12345, UID 0, (x) total-vm:1kB, ...`, `12345 (x), UID 0, total-vm:1kB, ...`: of enterprises;
/// - `12345 (x) total-vm:1kB, anon-rss:1kB, file-rss:1kB`, and `, shmem-rss:1kB` since 4.4;
/// - ` UID:0 pgtables:1kB oom_score_adj:0` after that, since 5.4.
fn killed(scope: Option<Constraint>, text: &str) -> Option<Killed<'_>> {
    let mut uid = None;
    let (task, rest) = match text.split_once(", UID ") {
        Some((number, rest)) if pid(number).is_some() => {
            let (user, rest) = rest.split_once(", (")?;
            uid = Some(decimal(user)?);
            let (name, rest) = rest.rsplit_once(')')?;
            (Task { pid: pid(number)?, name: self::name(name)? }, rest)
        }
        _ => task(text)?,
    };
    let rest = match rest.strip_prefix(", UID ") {
        Some(rest) => {
            let (user, rest) = rest.split_once(", ")?;
            uid = Some(decimal(user)?);
            rest
        }
        None => rest.trim_start_matches([',', ' ']),
    };
    // The full stop is of the kernels before 2.6.25, which say all on one line.
    if rest == if scope.is_some() { "." } else { "" } {
        return Some(Killed { scope, task, uid, sizes: None, score_adj: None });
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
            // What kernels to come have to add.
            _ => {}
        }
    }
    let [total_vm, anon_rss, file_rss, shmem_rss, pgtables] = sizes;
    let sizes = Sizes { total_vm: total_vm?, anon_rss: anon_rss?, file_rss: file_rss?, shmem_rss, pgtables };
    (!rest.ends_with(',')).then_some(Killed { scope, task, uid, sizes: Some(sizes), score_adj })
}

/// `12345 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB`
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
