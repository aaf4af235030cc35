//! The demo ends well only where everything that it wrote was read back, and what it leaves can be read.

mod common;

use common::{TempDir, fusewire};

#[test]
fn the_demo_writes_reads_back_and_leaves_logs_that_are_intact() {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("demo");
    let run = fusewire(["demo", "--entries", "1001", "--threads", "3", "--dir", logs.to_str().unwrap()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("1,001 of 1,001"), "{}", run.stdout);
    assert!(run.stdout.contains("none is lost"), "{}", run.stdout);
    for cause in ["depth", "width", "string", "formatted", "entry"] {
        assert!(run.stdout.contains(&format!("{cause} \u{d7}")), "{cause} in {}", run.stdout);
    }
    assert!(run.stdout.lines().count() < 50);
    assert_eq!(fusewire(["verify".as_ref(), logs.as_os_str()]).code, 0);
    // A second run into the same directory would mix two logs.
    let again = fusewire(["demo".as_ref(), "--dir".as_ref(), logs.as_os_str()]);
    assert_eq!(again.code, 2);
}
