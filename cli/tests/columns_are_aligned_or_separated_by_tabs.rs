//! Selected fields are columns: aligned in lines of limited width, or separated by tabs. In a pipe, two blanks separate the values.

mod common;

use common::{TempDir, command, run};

fn cat(args: &[&str]) -> String {
    let directory = TempDir::new().unwrap();
    let lines = "{\"time\":\"2026-03-01T10:00:00Z\",\"level\":\"info\",\"path\":\"/a\",\"msg\":\"one\\ttwo\"}\n\
                 {\"time\":\"2026-03-01T10:00:01Z\",\"path\":\"/漢字\",\"msg\":\"=1+2\"}\n\
                 {\"level\":\"error\",\"time\":\"2026-03-01T10:00:02Z\",\"path\":\"/a/b/c\"}\n\
                 {\"level\":\"warn\",\"time\":\"2026-03-01T10:00:03Z\",\"path\":\"/\",\"msg\":\"four\"}\n";
    std::fs::write(directory.path().join("app.jsonl"), lines).unwrap();
    let run = run(command(["cat"]).args(args).arg(directory.path()).env("COLUMNS", "60"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
    run.stdout
}

#[test]
fn a_pipe_gets_values_between_two_blanks() {
    assert_eq!(
        cat(&["-F", "level,path,message"]),
        "INFO  /a  one\ttwo\n-  /漢字  =1+2\nERROR  /a/b/c  -\nWARN  /  four\n"
    );
}

#[test]
fn columns_are_aligned() {
    assert_eq!(
        cat(&["-F", "level,path,message", "--wrap", "always"]),
        "level  path  message\n\
         INFO   /a    one\ttwo\n\
         -      /漢字  =1+2\n\
         ERROR  /a/b/c  -\n\
         WARN   /       four\n"
    );
    // The names have the widths of the first entry. In reverse order, they have the widths of all entries.
    assert_eq!(
        cat(&["-F", "path,level", "--wrap", "always", "-n", "3", "--where", "path != \"/a\""]),
        "path   level\n/漢字  -\n/a/b/c  ERROR\n/       WARN\n"
    );
    assert_eq!(
        cat(&["-F", "path,level", "--wrap", "always", "-r"]),
        "path    level\n/       WARN\n/a/b/c  ERROR\n/漢字  -\n/a    INFO\n"
    );
    let times = cat(&["-F", "time,level", "--wrap", "cut"]);
    assert_eq!(times.lines().nth(1), Some("2026-03-01 10:00:00.000000  INFO"), "{times}");
}

#[test]
fn tabs_separate_the_values() {
    assert_eq!(
        cat(&["-F", "level,path,message", "-o", "tsv"]),
        "level\tpath\tmessage\nINFO\t/a\tone\\ttwo\n\t/漢字\t=1+2\nERROR\t/a/b/c\t\nWARN\t/\tfour\n"
    );
    let guarded = cat(&["-F", "message", "-o", "tsv", "--csv-guard", "always"]);
    assert_eq!(guarded.lines().nth(2), Some("'=1+2"), "{guarded}");
    let all = cat(&["-o", "tsv"]);
    assert_eq!(
        all.lines().next(),
        Some("time\tlevel\ttarget\tthread\ttrace_id\tspan_id\tmessage\tattributes")
    );
    assert!(all.lines().all(|line| line.matches('\t').count() == 7), "{all}");
}
