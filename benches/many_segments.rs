//! The cost of a directory with many segments: the figures of `docs/performance.md`, in CPU time.
//!
//! ```text
//! cargo bench --bench many_segments                    # 50,000 streams, 10,000 segments of one stream, 4,900 processes
//! cargo bench --bench many_segments -- --processes N   # only N processes, one after the other
//! cargo bench --bench many_segments -- --smoke         # small numbers, for CI
//! ```

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use fusewire::log::{Log, LogReader, list};
    use fusewire::segment::file_name;
    use fusewire::{Severity, event};

    const CRC_AT: usize = 4092;
    /// Bytes of the trailer at the end of a segment, and of its payload.
    const TRAILER: (usize, usize) = (64, 48);

    /// Returns the CPU time of this process.
    fn cpu_time() -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is writable and outlives the call.
        unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
        let number = |part: i64| u64::try_from(part).expect("not negative");
        Duration::from_secs(number(time.tv_sec)) + Duration::from_nanos(number(time.tv_nsec))
    }

    /// Appends one entry, and prints the CPU time of `open` and of everything, in microseconds.
    pub(super) fn child(directory: &str) {
        let start = cpu_time();
        let log = Log::options(directory).open().expect("the log opens");
        let opened = cpu_time() - start;
        event!(log, Severity::INFO, "line");
        log.shutdown(Duration::from_secs(60)).expect("the log closes");
        println!("{} {}", opened.as_micros(), (cpu_time() - start).as_micros());
    }

    /// Runs a process that logs one line. Returns the times of `open` and of everything.
    fn run_child(directory: &Path) -> (Duration, Duration) {
        let program = std::env::current_exe().expect("this program");
        let output = Command::new(program).arg("--child").arg(directory).output().expect("a child");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("numbers");
        let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
        let mut next = || Duration::from_micros(numbers.next().expect("two numbers"));
        (next(), next())
    }

    /// Makes sealed segments with ten entries each: copies of one, with ids of their own.
    fn make(directory: &Path, streams: u64, segments: u64) {
        let base = directory.join("base");
        let log = Log::options(&base).first_segment_size(16 << 10).open().expect("the log opens");
        for i in 0..10 {
            event!(log, Severity::INFO, "line", i = i);
        }
        log.shutdown(Duration::from_secs(60)).expect("the log closes");
        let original = fs::read_dir(&base).expect("a directory").map(|file| file.expect("a file").path());
        let original = original.filter(|path| path.extension().is_some_and(|found| found == "fws"));
        let mut bytes = fs::read(original.last().expect("a segment")).expect("its bytes");
        let created = u64::from_le_bytes(bytes[104..112].try_into().expect("eight bytes"));
        for stream in 0..streams {
            for sequence in 0..segments {
                let number = stream * segments + sequence;
                let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
                let mut stream_id = [7; 16];
                stream_id[..4].copy_from_slice(&u32::try_from(stream).expect("few").to_be_bytes());
                put(32, &number.to_le_bytes());
                put(48, &stream_id);
                put(80, &sequence.to_le_bytes());
                put(104, &(created + number).to_le_bytes());
                put(144, &(number + 1).to_le_bytes());
                let crc = crc32fast::hash(&bytes[..CRC_AT]);
                bytes[CRC_AT..][..4].copy_from_slice(&crc.to_le_bytes());
                // One millisecond after the segment before it.
                let trailer = bytes.len() - TRAILER.0;
                for field in 2..6 {
                    let time = created + number * 1_000_000;
                    bytes[trailer + 16 + 8 * field..][..8].copy_from_slice(&time.to_le_bytes());
                }
                let initial = u32::try_from(TRAILER.1).expect("small");
                let mut checksum = crc32fast::Hasher::new_with_initial(initial);
                checksum.update(&bytes[trailer + 8..]);
                bytes[trailer + 4..][..4].copy_from_slice(&checksum.finalize().to_le_bytes());
                let name = file_name(created + number, &stream_id, sequence);
                fs::write(directory.join(name), &bytes).expect("a copy");
            }
        }
        fs::remove_dir_all(&base).expect("it goes");
    }

    fn median(mut times: Vec<Duration>) -> Duration {
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// The median of three runs.
    fn timed(what: &str, mut run: impl FnMut()) {
        let times = (0..3).map(|_| {
            let start = cpu_time();
            run();
            cpu_time() - start
        });
        print(what, median(times.collect()));
    }

    fn print(what: &str, time: Duration) {
        println!("  {what:<44} {:>10.1} ms", time.as_secs_f64() * 1e3);
    }

    fn directory(streams: u64, segments: u64) {
        println!("{streams} streams of {segments} segments");
        let temporary = tempfile::tempdir().expect("a directory");
        let path = temporary.path();
        make(path, streams, segments);
        let children: Vec<_> = (0..3).map(|_| run_child(path)).collect();
        print("open", median(children.iter().map(|times| times.0).collect()));
        print("open, one entry, close", median(children.iter().map(|times| times.1).collect()));
        timed("list", || assert!(list(path).expect("a listing").segments.len() as u64 >= streams * segments));
        let open = || LogReader::options().open(&[path.to_owned()]).expect("the log is readable");
        timed("the last ten entries", || {
            let mut reader = open();
            reader.seek_to_last(10).expect("nothing has been read");
            let mut events = 0;
            while reader.next().is_some() {
                events += 1;
            }
            assert!(events >= 10);
        });
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
        let now = u64::try_from(now.as_nanos()).expect("a time");
        timed("entries since now", || {
            let mut reader =
                LogReader::options().since(now).open(&[path.to_owned()]).expect("the log is readable");
            while reader.next().is_some() {}
        });
    }

    fn processes(count: u64) {
        let temporary = tempfile::tempdir().expect("a directory");
        let start = Instant::now();
        let times: Vec<_> = (0..count).map(|_| run_child(temporary.path())).collect();
        println!("{count} processes with one entry each, one after the other");
        print("all, elapsed", start.elapsed());
        print("all, CPU time", times.iter().map(|times| times.1).sum());
        print("open, of the last ones", median(times.iter().rev().take(9).map(|times| times.0).collect()));
    }

    pub(super) fn figures(arguments: &[String]) {
        // `--test` is what `cargo bench -- --test` passes to every benchmark: run once, briefly.
        let smoke = arguments.iter().any(|argument| matches!(argument.as_str(), "--smoke" | "--test"));
        if let Some(at) = arguments.iter().position(|argument| argument == "--processes") {
            let count = arguments.get(at + 1).and_then(|count| count.parse().ok());
            return processes(count.expect("--processes takes a number"));
        }
        let (streams, segments, children) = if smoke { (50, 50, 10) } else { (50_000, 10_000, 4_900) };
        directory(1, segments);
        directory(streams, 1);
        processes(children);
    }
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, directory] = &arguments[..]
        && first == "--child"
    {
        return linux::child(directory);
    }
    linux::figures(&arguments);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
