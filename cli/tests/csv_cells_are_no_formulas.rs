//! No text of a log is a formula in a spreadsheet that opens the CSV output.

mod common;

use std::fs::File;

use common::{command, fusewire, imported};

const LINES: &[u8] =
    b"{\"msg\":\"=HYPERLINK(\\\"http://x\\\")\",\"n\":-5,\"k\":\"-1+1\"}\n{\"msg\":\"@SUM(1)\",\"n\":2,\"k\":\"plain\"}\n";
const GUARDED: &str = "message,n,k\n\"'=HYPERLINK(\"\"http://x\"\")\",-5,'-1+1\n'@SUM(1),2,plain\n";
const PLAIN: &str = "message,n,k\n\"=HYPERLINK(\"\"http://x\"\")\",-5,-1+1\n@SUM(1),2,plain\n";

#[test]
fn cells_are_guarded_in_a_file_and_if_the_option_asks_for_it() {
    let (directory, logs) = imported(LINES);
    let logs = logs.to_str().unwrap();
    let args = ["cat", logs, "--output", "csv", "--fields", "message,n,k"];
    // Standard output is a pipe here. A program that reads a pipe gets the unchanged text.
    assert_eq!(fusewire(args).stdout, PLAIN);
    assert_eq!(fusewire([&args[..], &["--csv-guard", "always"]].concat()).stdout, GUARDED);
    let path = directory.path().join("out.csv");
    for (guard, expected) in [("auto", GUARDED), ("never", PLAIN)] {
        let file = File::create(&path).unwrap();
        let status = command([&args[..], &["--csv-guard", guard]].concat()).stdout(file).status().unwrap();
        assert!(status.success());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "{guard}");
    }
}
