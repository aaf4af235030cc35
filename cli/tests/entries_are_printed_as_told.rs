//! `cat` prints entries as text, JSON, logfmt, CSV or frames, with all or selected fields, and in reverse order on
//! request. Each entry is one line without control characters. Shell completions and man pages describe the commands.

mod common;

use common::{TempDir, command, fusewire, fusewire_with_input, run, small_log};
use fusewire::{Severity, TraceContext};

/// 2026-01-02 03:04:05 UTC in ns since the Unix epoch.
const BASE: u64 = 1_767_323_045_000_000_000;

fn log() -> TempDir {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    log.append(|entry| {
        entry.set_time_unix_nano(BASE);
        entry.set_severity(Severity::WARN);
        entry.set_target("shop::cart");
        entry.set_body("slow, \"very\" slow\nsecond line \x1b[2J");
        entry.set_trace(TraceContext { trace_id: 0xab, span_id: 0xcd, flags: 1 });
        entry.attr("took", &std::time::Duration::from_millis(1500)).attr("ok", &true).attr("ratio", &0.5);
        entry.attributes().slot("request").map().entry("status", &503).entry("tags", &["eu", "a b"]);
    });
    log.append(|entry| {
        entry.set_time_unix_nano(BASE + 1_000_000_000);
        entry.set_body("second");
        entry.attr("=evil\n", "x=\u{202e}1");
    });
    drop(log);
    directory
}

fn cat(directory: &TempDir, args: &[&str]) -> String {
    let run = fusewire([&["cat", directory.path().to_str().unwrap(), "--utc"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{:?}", run.stdout);
    run.stdout
}

#[test]
fn as_logfmt() {
    let lines = cat(&log(), &["-o", "logfmt"]);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines,
        [
            r#"time=2026-01-02T03:04:05Z level=WARN target=shop::cart trace_id=000000000000000000000000000000ab span_id=00000000000000cd msg="slow, \"very\" slow\nsecond line \x1b[2J" took=1.5s ok=true ratio=0.5 request.status=503 request.tags.0=eu request.tags.1="a b""#,
            r#"time=2026-01-02T03:04:06Z msg=second "=evil\n"="x=\u{202e}1""#,
        ]
    );
}

#[test]
fn as_comma_separated_values() {
    let lines = cat(&log(), &["-o", "csv"]);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines,
        [
            "time,level,target,thread,trace_id,span_id,message,attributes",
            r#"2026-01-02T03:04:05Z,WARN,shop::cart,,000000000000000000000000000000ab,00000000000000cd,"slow, ""very"" slow\nsecond line \x1b[2J","{""took"":1500000000,""ok"":true,""ratio"":0.5,""request"":{""status"":503,""tags"":[""eu"",""a b""]}}""#,
            r#"2026-01-02T03:04:06Z,,,,,,second,"{""=evil\n"":""x=\u202e1""}""#,
        ]
    );
    assert_eq!(
        cat(&log(), &["-o", "csv", "--fields", "request.status,request.tags[1],took"]),
        "request.status,request.tags[1],took\n503,a b,1.5s\n,,\n"
    );
}

#[test]
fn as_chosen_fields() {
    let fields = ["--fields", "time,level,request.status,request.tags,trace_id"];
    assert_eq!(
        cat(&log(), &fields),
        "2026-01-02 03:04:05.000000  WARN  503  [\"eu\",\"a b\"]  000000000000000000000000000000ab\n\
         2026-01-02 03:04:06.000000  -  -  -  -\n"
    );
    let json = cat(&log(), &[&["-o", "json"], &fields[..]].concat());
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        serde_json::json!({"time": "2026-01-02T03:04:05Z", "level": "WARN", "request.status": 503,
            "request.tags": ["eu", "a b"], "trace_id": "000000000000000000000000000000ab"})
    );
    assert_eq!(json.lines().nth(1), Some(r#"{"time":"2026-01-02T03:04:06Z"}"#));
    assert_eq!(cat(&log(), &["-o", "logfmt", "--fields", "ok,took"]), "ok=true took=1.5s\n\n");
}

#[test]
fn as_frames_that_are_read_again() {
    let directory = log();
    let path = directory.path().to_str().unwrap();
    let raw = command(["cat", path, "-o", "raw"]).output().unwrap().stdout;
    let again = fusewire_with_input(["cat", "-", "-o", "json"], &raw);
    assert_eq!(again.stdout, cat(&directory, &["-o", "json"]));
}

#[test]
fn the_newest_first() {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    for n in 0..3_000_u64 {
        log.append(|entry| {
            entry.set_time_unix_nano(BASE + n);
            entry.attr("n", &n);
        });
    }
    let numbers = |args: &[&str]| -> Vec<u64> {
        let run = fusewire([args, &["--fields", "n", directory.path().to_str().unwrap()]].concat());
        run.stdout.lines().map(|line| line.parse().unwrap()).collect()
    };
    assert_eq!(numbers(&["cat", "--reverse"]), (0..3_000).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&["query", "-r", "-n", "2", "n < 2000"]), [1_999, 1_998]);
    assert_eq!(numbers(&["query", "-n", "2", "n >= 2000"]), [2_000, 2_001]);
    assert_eq!(numbers(&["cat", "-n", "2"]), [0, 1]);
    assert_eq!(numbers(&["cat", "-r", "-n", "3"]), [2_999, 2_998, 2_997]);
    let raw = command(["cat", "-r", "-o", "raw"]).arg(directory.path()).output().unwrap().stdout;
    let again = fusewire_with_input(["cat", "-", "--fields", "n"], &raw).stdout;
    assert!(again.starts_with("2999\n2998\n"), "{}", &again[..30]);
    let csv =
        fusewire(["cat", "-r", "-o", "csv", "--fields", "n", directory.path().to_str().unwrap()]).stdout;
    assert!(csv.starts_with("n\n2999\n2998\n"), "{}", &csv[..30]);
}

#[test]
fn what_shells_and_man_are_told() {
    for shell in ["bash", "zsh", "fish"] {
        let run = fusewire(["completions", shell]);
        assert!(run.code == 0 && run.stdout.contains("histogram"), "{shell}");
    }
    let directory = TempDir::new().unwrap();
    let pages = directory.path().join("man1");
    assert_eq!(run(command(["man"]).arg(&pages)).code, 0);
    let page = std::fs::read_to_string(pages.join("fusewire-query.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("icontains"), "{page}");
    assert!(page.contains("finished, but some data was lost or not read"), "{page}");
}
