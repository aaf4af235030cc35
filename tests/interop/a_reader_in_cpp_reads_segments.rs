//! `examples/cpp/read_segment.cpp` reads segments with the code that `flatc` generates.
//!
//! The test needs `flatc`, the headers of FlatBuffers and a C++ compiler. If a tool is missing, the test prints the reason and
//! passes. In CI, only the compiler may be missing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fusewire::segment::{SegmentOptions, SegmentWriter};
use fusewire::{Severity, map};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn run(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<Output, String> {
    let name = program.as_ref().to_string_lossy().into_owned();
    Command::new(program).args(arguments).output().map_err(|error| format!("{name}: {error}"))
}

fn succeeds(program: &str, arguments: &[&OsStr]) -> Result<Output, String> {
    let output = run(program, arguments)?;
    let failed = || format!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(output) } else { Err(failed()) }
}

/// Returns the directory of headers that the Python package of `flatc` contains, if `flatc` comes from this package.
fn headers() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let flatc = std::env::split_paths(&paths).map(|path| path.join("flatc")).find(|path| path.is_file())?;
    let library = flatc.parent()?.parent()?.join("lib");
    let pythons = std::fs::read_dir(library).ok()?.flatten();
    pythons.map(|python| python.path().join("site-packages/flatc/include")).find(|include| include.is_dir())
}

/// Compiles the example. Returns the program.
fn compile(directory: &Path) -> Result<PathBuf, String> {
    let schema = Path::new(ROOT).join("schema/log_entry.fbs");
    succeeds("flatc", &["--cpp".as_ref(), "-o".as_ref(), directory.as_ref(), schema.as_ref()])?;
    let include = headers().unwrap_or_else(|| directory.to_owned());
    let source = Path::new(ROOT).join("examples/cpp/read_segment.cpp");
    let program = directory.join("read_segment");
    let flags: [&OsStr; 5] =
        ["-std=c++17".as_ref(), "-Wall".as_ref(), "-Wextra".as_ref(), "-Werror".as_ref(), "-I".as_ref()];
    let files: [&OsStr; 6] = [
        directory.as_ref(),
        "-I".as_ref(),
        include.as_ref(),
        source.as_ref(),
        "-o".as_ref(),
        program.as_ref(),
    ];
    succeeds("c++", &[&flags[..], &files].concat())?;
    Ok(program)
}

fn options(self_contained: bool) -> SegmentOptions {
    let mut options = SegmentOptions::default();
    options.self_contained = self_contained;
    options
}

fn append(writer: &mut SegmentWriter, n: u64) {
    let written = writer.append(|entry| {
        entry.set_time_unix_nano(n);
        entry.set_severity(Severity::WARN);
        entry.set_body("paid");
        entry.attr("n", &n).attr("delta", &-1).attr("half", &0.5).attr("none", &());
        entry.attr("request", &map! { path = "/pay", tags = &["eu", "us"], ok = true });
    });
    written.unwrap();
}

fn line(n: u64) -> String {
    let request = "request={path=/pay, tags=[eu, us], ok=true}";
    format!("{n} Warn paid n={n}, delta=-1, half=0.5, none=null, {request}\n")
}

#[test]
fn with_the_code_that_flatc_generates() {
    let directory = tempfile::tempdir().unwrap();
    let program = match compile(directory.path()) {
        Ok(program) => program,
        Err(reason) => {
            let has_compiler = succeeds("c++", &["--version".as_ref()]).is_ok();
            assert!(!has_compiler || std::env::var_os("CI").is_none(), "{reason}");
            println!("skipped: {reason}");
            return;
        }
    };

    let path = directory.path().join("one.fws");
    let mut writer = SegmentWriter::create(&path, &options(true)).unwrap();
    for n in 1..=3 {
        append(&mut writer, n);
    }
    writer.seal().unwrap();
    let read = run(&program, &[path.as_ref()]).unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), [line(1), line(2), line(3)].concat());
    assert_eq!(read.status.code(), Some(0));

    for (name, entries) in [("v1.0", 8), ("v1.0-log", 5), ("v1.0-killed", 4), ("v1.1", 12)] {
        let golden = Path::new(ROOT).join(format!("tests/data/golden/{name}.fws"));
        let read = run(&program, &[golden.as_ref()]).unwrap();
        let lines = String::from_utf8_lossy(&read.stdout).lines().count();
        assert_eq!((lines, read.status.code()), (entries, Some(0)), "{name}");
    }

    // Only the entry in the damaged frame is missing.
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"paid").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let read = run(&program, &[path.as_ref()]).unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), [line(2), line(3)].concat());
    assert_eq!(read.status.code(), Some(3));

    // Like entries: each kind of leaf differs from the base. Without the base, both like entries are lost.
    let path = directory.path().join("like.fws");
    let mut writer = SegmentWriter::create(&path, &options(false)).unwrap();
    for n in 1..=3 {
        append(&mut writer, n);
    }
    writer.seal().unwrap();
    let read = run(&program, &[path.as_ref()]).unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), [line(1), line(2), line(3)].concat());
    assert_eq!(read.status.code(), Some(0));
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(
        bytes.windows(4).filter(|window| window == b"paid").count(),
        1,
        "entries 2 and 3 are like entries"
    );
    let at = bytes.windows(4).position(|window| window == b"paid").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let read = run(&program, &[path.as_ref()]).unwrap();
    assert_eq!((read.stdout.len(), read.status.code()), (0, Some(3)));
}
