//! Benchmark of the disk space of a log in proportion to its data. The documents and the changelog contain these
//! figures.
//!
//! ```text
//! cargo bench --bench footprint              # all
//! cargo bench --bench footprint -- --smoke   # fewer processes and entries, for CI
//! ```
//!
//! Each line contains a figure and its bound. The program exits with 1 if a bound is not met.

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;
    use std::process::{Child, Command, ExitCode, Stdio};

    use fusewire::log::{Log, LogEvent, LogReader};
    use fusewire::{Severity, event};

    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const BUDGET: &str = "FUSEWIRE_FOOTPRINT_BUDGET";

    /// A printer of figures, which records whether all figures were within their bounds.
    struct Figures {
        good: bool,
    }

    impl Figures {
        fn print(&mut self, what: &str, found: u64, bound: u64, unit: &str, good: bool) {
            let relation = if good { "ok" } else { "NOT MET" };
            println!("{what:<72} {found:>9} {unit:<8} bound {bound:>9}  {relation}");
            self.good &= good;
        }

        fn at_most(&mut self, what: &str, found: u64, bound: u64, unit: &str) {
            self.print(what, found, bound, unit, found <= bound);
        }

        fn exactly(&mut self, what: &str, found: u64, bound: u64, unit: &str) {
            self.print(what, found, bound, unit, found == bound);
        }
    }

    /// Returns the disk usage of the files in a directory in KiB.
    fn taken(directory: &Path) -> u64 {
        let files = fs::read_dir(directory).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|found| found.blocks() * 512).sum::<u64>() / KIB
    }

    fn readable(directory: &Path, body: &str) -> u64 {
        let mut reader = LogReader::options().open(&[directory.to_owned()]).expect("the log is readable");
        let mut entries = 0;
        while let Some(event) = reader.next() {
            if let LogEvent::Entry { entry, .. } = event {
                entries += u64::from(entry.body() == body);
            }
        }
        entries
    }

    /// Starts a child that logs, prints the number of dropped entries, and ends as its standard input selects: `k` is
    /// SIGKILL.
    fn start(directory: &Path, entries: u64, budget: Option<u64>) -> Child {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("--child").arg(directory).arg(entries.to_string());
        command.env(BUDGET, budget.unwrap_or(0).to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child")
    }

    pub(super) fn child(directory: &str, entries: &str) {
        let budget =
            std::env::var(BUDGET).ok().and_then(|bytes| bytes.parse().ok()).filter(|bytes| *bytes > 0);
        let options = Log::options(directory);
        let options = if let Some(bytes) = budget { options.max_total_bytes(bytes) } else { options };
        let log = options.open().expect("the log opens");
        for i in 0..entries.parse::<u64>().expect("a number") {
            event!(log, Severity::INFO, "line", i = i);
        }
        println!("{}", log.stats().drops.total());
        let _ = std::io::stdout().flush();
        let mut how = [0];
        let _ = std::io::stdin().read(&mut how);
        if how[0] == b'k' {
            // SAFETY: these system calls access no memory of the process.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        drop(log);
    }

    /// Waits until the child has logged. Returns the number of entries that it dropped.
    fn logged(child: &mut Child) -> u64 {
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("a pipe");
        let mut byte = [0];
        while output.read(&mut byte).is_ok_and(|read| read == 1) && byte[0] != b'\n' {
            line.push(char::from(byte[0]));
        }
        line.parse().expect("a number")
    }

    fn end(mut child: Child, how: &[u8]) {
        child.stdin.take().expect("a pipe").write_all(how).expect("it listens");
        child.wait().expect("it ends");
    }

    fn one_line(figures: &mut Figures, base: &Path) {
        for (name, how) in [("closed", b"c"), ("killed", b"k")] {
            let directory = base.join(name);
            let mut child = start(&directory, 1, None);
            logged(&mut child);
            figures.at_most(
                &format!("a process with one line, alive ({name} later)"),
                taken(&directory),
                256,
                "KiB",
            );
            end(child, how);
            let mut next = start(&directory, 0, None);
            logged(&mut next);
            let both = taken(&directory);
            end(next, b"c");
            let left = taken(&directory);
            figures.at_most(
                &format!("the same, {name}, and the next one opened and closed"),
                left,
                24,
                "KiB",
            );
            println!("{:<72} {both:>9} KiB", "  of which while the next one is alive, with its own segment");
        }
    }

    fn many_processes(figures: &mut Figures, base: &Path, processes: u64, budget: u64) {
        const ENTRIES: u64 = 1_000;
        let directory = base.join(format!("many-{budget}"));
        let mut children: Vec<_> = (0..processes).map(|_| start(&directory, ENTRIES, Some(budget))).collect();
        let dropped = children.iter_mut().map(logged).sum();
        let what = format!("{processes} processes of {ENTRIES} entries, budget {} MiB", budget / MIB);
        println!("{:<72} {:>9} KiB", format!("{what}: on disk"), taken(&directory));
        children.into_iter().for_each(|child| end(child, b"c"));
        figures.exactly(&format!("{what}: dropped"), dropped, 0, "entries");
        figures.exactly(
            &format!("{what}: readable"),
            readable(&directory, "line"),
            processes * ENTRIES,
            "entries",
        );
    }

    fn crash_loop(figures: &mut Figures, base: &Path, crashes: u64, entries: u64) {
        let directory = base.join("crashes");
        let options = || Log::options(&directory).max_total_bytes(512 * MIB);
        let log = options().open().expect("the log opens");
        for i in 0..entries {
            event!(log, Severity::INFO, "healthy", i = i);
        }
        drop(log);
        let before = taken(&directory);
        for _ in 0..crashes {
            let mut child = start(&directory, 1, Some(512 * MIB));
            logged(&mut child);
            end(child, b"k");
        }
        drop(options().open().expect("the log opens"));
        let what = format!("{crashes} crashes of one line after {entries} entries, 512 MiB");
        figures.exactly(&format!("{what}: readable"), readable(&directory, "healthy"), entries, "entries");
        figures.exactly(
            &format!("{what}: lines of crashes"),
            readable(&directory, "line"),
            crashes,
            "entries",
        );
        let each = (taken(&directory) - before) / crashes;
        figures.at_most(&format!("{what}: each crash"), each, 24, "KiB");
    }

    fn forked(figures: &mut Figures, base: &Path) {
        const CHILDREN: usize = 16;
        let directory = base.join("forked");
        let log = Log::options(&directory).open().expect("the log opens");
        event!(log, Severity::INFO, "parent");
        let mut children = Vec::new();
        for i in 0..CHILDREN {
            // SAFETY: the child only logs, which is allowed after a fork, and waits for SIGKILL.
            let child = unsafe { libc::fork() };
            if child == 0 {
                event!(log, Severity::INFO, "child", i = i);
                loop {
                    // SAFETY: this system call accesses no memory of the process.
                    unsafe { libc::pause() };
                }
            }
            children.push(child);
        }
        let all = CHILDREN as u64 + 1;
        let start = std::time::Instant::now();
        while readable(&directory, "child") + 1 < all && start.elapsed().as_secs() < 60 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        figures.at_most(
            "16 forked children with one line each, and their parent",
            taken(&directory),
            4 * KIB,
            "KiB",
        );
        for child in children {
            let mut status = 0;
            // SAFETY: the process is a child of this process, and `status` outlives the call.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, &raw mut status, 0);
            }
        }
        figures.exactly("the same: readable", readable(&directory, "child"), CHILDREN as u64, "entries");
    }

    pub(super) fn figures(smoke: bool) -> ExitCode {
        let base = tempfile::tempdir().expect("a directory");
        let mut figures = Figures { good: true };
        one_line(&mut figures, base.path());
        let processes = if smoke { 8 } else { 40 };
        for budget in [2 << 30, 64 * MIB] {
            many_processes(&mut figures, base.path(), processes, budget);
        }
        let (crashes, entries) = if smoke { (50, 20_000) } else { (1_000, 200_000) };
        crash_loop(&mut figures, base.path(), crashes, entries);
        forked(&mut figures, base.path());
        if figures.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, directory, entries] = &arguments[..]
        && first == "--child"
    {
        linux::child(directory, entries);
        return std::process::ExitCode::SUCCESS;
    }
    // `cargo bench -- --test` passes `--test` to every benchmark, which then runs briefly.
    linux::figures(arguments.iter().any(|argument| matches!(argument.as_str(), "--smoke" | "--test")))
}

#[cfg(not(target_os = "linux"))]
fn main() {}
