//! The files that commands write have no permission that the umask excludes: 0666 for a page or a baseline, 0640 for
//! segments and their indexes.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::imported;

/// Runs the binary with a umask.
fn run(umask: &str, args: &[&Path]) {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("umask {umask}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_fusewire"))
        .args(args);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn pages_baselines_and_segments_follow_the_umask() {
    let line = "{\"time\":\"2026-01-02T03:04:05Z\",\"msg\":\"a message of some length\"}\n";
    let (directory, logs) = imported(line.repeat(1_000).as_bytes());
    let directory = directory.path();
    let lines = directory.join("a.jsonl");
    fs::write(&lines, line.repeat(1_000)).unwrap();
    for (umask, file, segment) in [("022", 0o644, 0o640), ("027", 0o640, 0o640), ("077", 0o600, 0o600)] {
        let path = |name: &str| directory.join(format!("{umask}-{name}"));
        let (page, baseline) = (path("page.html"), path("known.json"));
        let arg = Path::new;
        run(umask, &[arg("postmortem"), &logs, arg("--html"), &page]);
        run(
            umask,
            &[arg("check"), &logs, arg("--fail-on"), arg("never"), arg("--write-baseline"), &baseline],
        );
        assert_eq!((mode(&page), mode(&baseline)), (file, file), "umask {umask}");
        let (imported, recovered) = (path("imported"), path("recovered"));
        run(umask, &[arg("import"), &lines, arg("--to"), &imported]);
        run(umask, &[arg("recover"), &imported, arg("--to"), &recovered]);
        for directory in [imported, recovered] {
            let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(files.len() >= 2, "a segment and its index: {files:?}");
            assert!(files.iter().all(|path| mode(path) == segment), "umask {umask}: {files:?}");
        }
    }
}
