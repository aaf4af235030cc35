//! The entry of a line of text in a known format contains its time, its level and the other parts of the line. Text that only
//! resembles a part stays in the body.
#![cfg(feature = "json")]

use std::time::{Duration, UNIX_EPOCH};

use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::write_entry;
use fusewire::lines::{Importer, formats};

/// 2026-03-01 12:00:00 UTC, in seconds since the epoch.
const NOON: u64 = 1_772_366_400;

/// Returns the entries of `lines` as JSON. The file was changed on 2026-03-01.
fn entries(lines: &str) -> Vec<String> {
    let mut buffer = vec![0; 64 << 10];
    let mut found = Vec::new();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        let mut json = String::new();
        write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut json).unwrap();
        found.push(json);
        Ok(entry.report())
    };
    let changed = UNIX_EPOCH + Duration::from_secs(NOON);
    Importer::new().changed_at(changed).import(lines.as_bytes(), sink).unwrap();
    found
}

/// Returns the entry of one line without the attributes that describe the line.
fn entry(line: &str) -> String {
    let mut found = entries(line);
    assert_eq!(found.len(), 1, "{line}");
    let mut json: serde_json::Value = serde_json::from_str(&found.remove(0)).unwrap();
    let mut out = String::new();
    for key in ["time", "severity", "target", "thread", "body"] {
        out.push_str(json[key].as_str().unwrap_or("-"));
        out.push('|');
    }
    if let Some(attributes) = json["attributes"].as_object_mut() {
        attributes.remove("fusewire.import.format");
        attributes.remove("fusewire.import.header");
        if !attributes.is_empty() {
            out.push_str(&serde_json::to_string(attributes).unwrap());
        }
    }
    out
}

#[test]
fn each_format_has_its_parts() {
    for (line, expected) in [
        // Syslog.
        (
            "<13>Mar  1 10:00:00 web sshd[7]: ready",
            r#"2026-03-01T10:00:00Z|INFO2|sshd|-|ready|{"process.pid":7,"host.name":"web","syslog.facility":1}"#,
        ),
        (
            "Mar  1 10:00:00 web sshd[7]: error: no route",
            r#"2026-03-01T10:00:00Z|ERROR|sshd|-|error: no route|{"process.pid":7,"host.name":"web"}"#,
        ),
        (
            "2026-03-01T10:00:00.5+01:00 web cron: run",
            r#"2026-03-01T10:00:00.500+01:00|-|cron|-|run|{"host.name":"web"}"#,
        ),
        (
            r#"<11>1 2026-03-01T10:00:00Z web app 7 ID1 [x@1 a="]"] failed"#,
            r#"2026-03-01T10:00:00Z|ERROR|app|-|failed|{"host.name":"web","process.pid":7,"syslog.msgid":"ID1","syslog.structured_data":"[x@1 a=\"]\"]","syslog.facility":1}"#,
        ),
        // Access and error logs.
        (
            r#"192.0.2.1 - ann [01/Mar/2026:10:00:00 +0100] "GET /a?b=c HTTP/1.1" 404 12 "http://x/" "curl/8""#,
            r#"2026-03-01T10:00:00+01:00|-|-|-|"GET /a?b=c HTTP/1.1" 404 12 "http://x/" "curl/8"|{"client.address":"192.0.2.1","user.name":"ann","http.request.method":"GET","url.path":"/a","url.query":"b=c","network.protocol.version":"1.1","http.response.status_code":404,"http.response.body.size":12,"http.request.header.referer":"http://x/","user_agent.original":"curl/8"}"#,
        ),
        (
            r#"192.0.2.1 - - [01/Mar/2026:10:00:00 +0100] "-" 400 0"#,
            r#"2026-03-01T10:00:00+01:00|-|-|-|"-" 400 0|{"client.address":"192.0.2.1","http.response.status_code":400,"http.response.body.size":0}"#,
        ),
        (
            r#"2026/03/01 10:00:00 [error] 7#8: *1 open() failed, client: 192.0.2.1, server: x, request: "GET /a HTTP/1.1", host: "x""#,
            r#"2026-03-01T10:00:00Z|ERROR|-|-|*1 open() failed, client: 192.0.2.1, server: x, request: "GET /a HTTP/1.1", host: "x"|{"process.pid":7,"thread.id":8,"client.address":"192.0.2.1","server.address":"x","http.request.method":"GET","url.path":"/a","network.protocol.version":"1.1"}"#,
        ),
        (
            "[Sun Mar 01 10:00:00.123456 2026] [core:error] [pid 7:tid 8] [client 192.0.2.1:80] AH01: no file",
            r#"2026-03-01T10:00:00.123456Z|ERROR|core|-|AH01: no file|{"process.pid":7,"thread.id":8,"client.address":"192.0.2.1","client.port":80}"#,
        ),
        // Containers.
        (
            "2026-03-01T10:00:00.1Z stderr F ready",
            r#"2026-03-01T10:00:00.100Z|-|-|-|ready|{"log.iostream":"stderr"}"#,
        ),
        (
            r#"2026-03-01T10:00:00.1Z stderr F {"level":"error","msg":"failed","n":1}"#,
            r#"2026-03-01T10:00:00.100Z|ERROR|-|-|failed|{"log.iostream":"stderr","n":1}"#,
        ),
        (
            r#"{"log":"{\"level\":\"error\",\"msg\":\"failed\"}\n","stream":"stdout","time":"2026-03-01T10:00:00.1Z"}"#,
            r#"2026-03-01T10:00:00.100Z|ERROR|-|-|failed|{"stream":"stdout"}"#,
        ),
        (
            r#"{"log":"E0301 10:00:00.1 7 a.go:1] failed\n","stream":"stderr","time":"2026-03-01T10:00:01Z"}"#,
            r#"2026-03-01T10:00:01Z|ERROR|-|-|failed|{"stream":"stderr","thread.id":7,"code.file.path":"a.go","code.line.number":1}"#,
        ),
        (
            r#"web-1  | {"time":"2026-03-01T10:00:00Z","level":"error","msg":"failed"}"#,
            r#"2026-03-01T10:00:00Z|ERROR|-|-|failed|{"container.name":"web-1"}"#,
        ),
        (
            r#"[pod/web-1/app] 2026-03-01 10:00:00 WARN slow"#,
            r#"2026-03-01T10:00:00Z|WARN|-|-|slow|{"k8s.pod.name":"web-1","k8s.container.name":"app"}"#,
        ),
        (
            r#"Mar  1 10:00:00 h app[7]: {"time":"2026-03-01T10:00:01Z","level":"error","msg":"failed"}"#,
            r#"2026-03-01T10:00:01Z|ERROR|app|-|failed|{"process.pid":7,"host.name":"h"}"#,
        ),
        // Text loggers.
        (
            "2026-03-01 10:00:00,123 ERROR shop.cart payment failed",
            "2026-03-01T10:00:00.123Z|ERROR|-|-|shop.cart payment failed|",
        ),
        (
            "2026-03-01 10:00:00,123 - shop.cart - ERROR - failed",
            "2026-03-01T10:00:00.123Z|ERROR|shop.cart|-|failed|",
        ),
        (
            "2026-03-01 10:00:00,123 [main] INFO  org.x.App - started",
            "2026-03-01T10:00:00.123Z|INFO|org.x.App|main|started|",
        ),
        (
            "2026-03-01 10:00:00.123  INFO 7 --- [main] org.x.App : started",
            r#"2026-03-01T10:00:00.123Z|INFO|org.x.App|main|started|{"process.pid":7}"#,
        ),
        (
            "2026-03-01T10:00:00.123Z  INFO 7 --- [shop] [           main] c.e.Shop   : Started",
            r#"2026-03-01T10:00:00.123Z|INFO|c.e.Shop|main|Started|{"process.pid":7}"#,
        ),
        (
            "2026-03-01T10:00:00.123Z  INFO 7 --- [main] [5b8aa5a2d2c872e8321cf37308d69df2-051581bf3cb55c13] c.e.Shop : Started",
            r#"2026-03-01T10:00:00.123Z|INFO|c.e.Shop|main|Started|{"process.pid":7}"#,
        ),
        ("2026-03-01 10:00:00 PM INFO paid", "2026-03-01T22:00:00Z|INFO|-|-|paid|"),
        ("2026-03-01 10:00:00 error: failed", "2026-03-01T10:00:00Z|ERROR|-|-|failed|"),
        ("2026-03-01 10:00:00 warn  slow", "2026-03-01T10:00:00Z|WARN|-|-|slow|"),
        ("2026-03-01 10:00:00 info shop.cart: paid", "2026-03-01T10:00:00Z|INFO|shop.cart|-|paid|"),
        ("2026-03-01 10:00:00 info [cart] paid", "2026-03-01T10:00:00Z|INFO|-|cart|paid|"),
        ("2026-03-01 10:00:00 info paid", "2026-03-01T10:00:00Z|INFO|-|-|paid|"),
        ("2026-03-01 10:00:00 error Error: no file", "2026-03-01T10:00:00Z|ERROR|-|-|Error: no file|"),
        ("2026-03-01 10:00:00\tinfo\tpaid", "2026-03-01T10:00:00Z|INFO|-|-|paid|"),
        ("260301 10:00:00 [Warning] slow", "2026-03-01T10:00:00Z|WARN|-|-|slow|"),
        (
            "[2026-03-01T10:00:00Z INFO  shop::cart] started",
            "2026-03-01T10:00:00Z|INFO|shop::cart|-|started|",
        ),
        ("[2026-03-01 10:00:00.123] [shop] [warning] slow", "2026-03-01T10:00:00.123Z|WARN|-|shop|slow|"),
        (
            "2026-03-01T10:00:00.123Z\tINFO\tcart/pay.go:7\tpaid",
            "2026-03-01T10:00:00.123Z|INFO|cart/pay.go:7|-|paid|",
        ),
        (
            "26/03/01 10:00:00 INFO spark.Manager: changed",
            "2026-03-01T10:00:00Z|INFO|spark.Manager|-|changed|",
        ),
        (
            "W, [2026-03-01T10:00:00.5 #7]  WARN -- : slow",
            r#"2026-03-01T10:00:00.500Z|WARN|-|-|slow|{"process.pid":7}"#,
        ),
        ("[2026-03-01 10:00:00] shop.ERROR: failed [] []", "2026-03-01T10:00:00Z|ERROR|shop|-|failed [] []|"),
        (
            "[2026-03-01 10:00:00,123: INFO/MainProcess] celery@web ready.",
            "2026-03-01T10:00:00.123Z|INFO|-|MainProcess|celery@web ready.|",
        ),
        (
            "[2026-03-01 10:00:00.123456] E [MSGID: 106062] [xlator.c:7:init] 0-vol: failed",
            "2026-03-01T10:00:00.123456Z|ERROR|-|-|[MSGID: 106062] [xlator.c:7:init] 0-vol: failed|",
        ),
        (
            "2026-03-01T10:00:00.123Z\t5f3b2c1d-0000-4000-8000-0123456789ab\tERROR\tfailed",
            r#"2026-03-01T10:00:00.123Z|ERROR|-|-|failed|{"faas.invocation_id":"5f3b2c1d-0000-4000-8000-0123456789ab"}"#,
        ),
        ("2026-03-01T10:00:00.123Z\tundefined\tINFO\tready", "2026-03-01T10:00:00.123Z|INFO|-|-|ready|"),
        (
            "03-01 10:00:00.123  1702  2395 D Wifi    : connected",
            r#"2026-03-01T10:00:00.123Z|DEBUG|Wifi|-|connected|{"process.pid":1702,"thread.id":2395}"#,
        ),
        (
            "260301 100000 148 INFO dfs.DataNode$PacketResponder: closed",
            r#"2026-03-01T10:00:00Z|INFO|dfs.DataNode$PacketResponder|-|closed|{"thread.id":148}"#,
        ),
        // Databases.
        (
            "2026-03-01 10:00:00.123 UTC [7] ann@shop FATAL:  no password",
            r#"2026-03-01T10:00:00.123Z|FATAL|-|-|no password|{"process.pid":7,"user.name":"ann","db.namespace":"shop"}"#,
        ),
        (
            "2026-03-01 10:00:00.123 UTC [7] LOG:  ready",
            r#"2026-03-01T10:00:00.123Z|INFO|-|-|ready|{"process.pid":7}"#,
        ),
        (
            "2026-03-01 10:00:00 UTC [7]: [3-1] user=ann,db=shop,app=a,client=192.0.2.1 STATEMENT:  select 1",
            r#"2026-03-01T10:00:00Z|-|-|-|STATEMENT:  select 1|{"process.pid":7,"user.name":"ann","db.namespace":"shop","client.address":"192.0.2.1"}"#,
        ),
        // Devices of Cisco, and the Common Event Expression.
        (
            "Mar  1 10:00:00 sw1 7: %SYS-5-CONFIG_I: changed",
            r#"2026-03-01T10:00:00Z|INFO2|7|-|%SYS-5-CONFIG_I: changed|{"host.name":"sw1"}"#,
        ),
        (
            "Mar  1 10:00:00 fw1 %ASA-3-106014: denied",
            r#"2026-03-01T10:00:00Z|ERROR|-|-|%ASA-3-106014: denied|{"host.name":"fw1"}"#,
        ),
        (
            r#"Mar  1 10:00:00 h app[7]: @cee: {"level":"error","msg":"failed"}"#,
            r#"2026-03-01T10:00:00Z|ERROR|app|-|failed|{"process.pid":7,"host.name":"h"}"#,
        ),
        (
            r#"{"log": "E0301 10:00:00.1 7 a.go:1] failed\n", "stream": "stderr", "attrs": {"tag": "web"}, "time": "2026-03-01T10:00:01Z"}"#,
            r#"2026-03-01T10:00:01Z|ERROR|-|-|failed|{"stream":"stderr","attrs.tag":"web","thread.id":7,"code.file.path":"a.go","code.line.number":1}"#,
        ),
        (
            r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be shop [01/Mar/2026:10:00:00 +0000] 192.0.2.3 - 3E57 REST.GET.VERSIONING - "GET /shop?a HTTP/1.1" 200 - 113 - 7 - "-" "curl" -"#,
            r#"2026-03-01T10:00:00+00:00|-|-|-|192.0.2.3 - 3E57 REST.GET.VERSIONING - "GET /shop?a HTTP/1.1" 200 - 113 - 7 - "-" "curl" -|{"client.address":"192.0.2.3","http.request.method":"GET","url.path":"/shop","url.query":"a","network.protocol.version":"1.1","http.response.status_code":200,"http.response.body.size":113}"#,
        ),
        ("WARNING:root:slow", "-|WARN|root|-|slow|"),
        (
            "E0301 10:00:00.5 7 a.go:1] failed",
            r#"2026-03-01T10:00:00.500Z|ERROR|-|-|failed|{"thread.id":7,"code.file.path":"a.go","code.line.number":1}"#,
        ),
        (
            "7:M 01 Mar 2026 10:00:00.123 # slow",
            r#"2026-03-01T10:00:00.123Z|WARN|-|-|slow|{"process.pid":7}"#,
        ),
        // Names and values.
        (
            r#"time=2026-03-01T10:00:00Z level=warn msg="a \"b\"" n=7 ok=true id=007"#,
            r#"2026-03-01T10:00:00Z|WARN|-|-|a "b"|{"n":7,"ok":true,"id":"007"}"#,
        ),
        (
            "type=SYSCALL msg=audit(1772359200.123:7): arch=c000003e success=yes",
            r#"2026-03-01T10:00:00.123Z|-|-|-|audit(1772359200.123:7):|{"type":"SYSCALL","arch":"c000003e","success":"yes"}"#,
        ),
        (
            "\u{1b}[32m2026-03-01 10:00:00\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m failed",
            "2026-03-01T10:00:00Z|ERROR|-|-|failed|",
        ),
    ] {
        assert_eq!(entry(line), expected, "{line}");
    }
}

#[test]
fn text_that_resembles_a_part_is_a_message() {
    for (line, expected) in [
        // Words that are also names of levels.
        ("2026-03-01 10:00:00 HTTP request", "2026-03-01T10:00:00Z|-|-|-|HTTP request|"),
        ("2026-03-01 10:00:00 I am here", "2026-03-01T10:00:00Z|-|-|-|I am here|"),
        ("2026-03-01 10:00:00 SUCCESS", "2026-03-01T10:00:00Z|-|-|-|SUCCESS|"),
        ("2026-03-01 10:00:00 the error is old", "2026-03-01T10:00:00Z|-|-|-|the error is old|"),
        ("2026-03-01 10:00:00 ERROR_CODE 7", "2026-03-01T10:00:00Z|-|-|-|ERROR_CODE 7|"),
        // Words that begin a sentence.
        (
            "2026-03-01 10:00:00 Error handling is enabled",
            "2026-03-01T10:00:00Z|-|-|-|Error handling is enabled|",
        ),
        ("2026-03-01 10:00:00 alert dialog opened", "2026-03-01T10:00:00Z|-|-|-|alert dialog opened|"),
        ("2026-03-01 10:00:00 warn user about it", "2026-03-01T10:00:00Z|-|-|-|warn user about it|"),
        ("[2026-03-01 10:00:00] I [think] so", "2026-03-01T10:00:00Z|-|-|-|I [think] so|"),
        ("2026-03-01 10:00:00 [7] said ERROR:  x", "2026-03-01T10:00:00Z|-|-|-|[7] said ERROR:  x|"),
        ("2026-03-01 10:00:00 100%-5-year: x", "2026-03-01T10:00:00Z|-|-|-|100%-5-year: x|"),
        ("03-01 10:00:00.123 D x: y", "-|-|-|-|03-01 10:00:00.123 D x: y|"),
        ("260301 100000 148 items: x", "-|-|-|-|260301 100000 148 items: x|"),
        ("2026-03-01 10:00:00 error [7] fixed", "2026-03-01T10:00:00Z|-|-|-|error [7] fixed|"),
        ("2026-03-01 10:00:00 Info desk opened", "2026-03-01T10:00:00Z|-|-|-|Info desk opened|"),
        (
            "2026-03-01 10:00:00 Critical path analysis done",
            "2026-03-01T10:00:00Z|-|-|-|Critical path analysis done|",
        ),
        (
            "2026-03-01 10:00:00 Notice of termination sent",
            "2026-03-01T10:00:00Z|-|-|-|Notice of termination sent|",
        ),
        ("2026-03-01 10:00:00 Debug mode: off", "2026-03-01T10:00:00Z|-|-|-|Debug mode: off|"),
        ("2026-03-01 10:00:00 Trace 5b8a started", "2026-03-01T10:00:00Z|-|-|-|Trace 5b8a started|"),
        (
            "2026/03/01 10:00:00 Emergency contact updated",
            "2026-03-01T10:00:00Z|-|-|-|Emergency contact updated|",
        ),
        (
            "2026-03-01 10:00:00 INFO [192.0.2.1] connected",
            "2026-03-01T10:00:00Z|INFO|-|-|[192.0.2.1] connected|",
        ),
        // Times that have more than one meaning, or none.
        ("01/02/03 10:00:00 x", "-|-|-|-|01/02/03 10:00:00 x|"),
        ("2026-02-30 10:00:00 x", "-|-|-|-|2026-02-30 10:00:00 x|"),
        ("2026-03-01 10:00:00 IST x", "-|-|-|-|2026-03-01 10:00:00 IST x|"),
        ("123456789012 x", "-|-|-|-|123456789012 x|"),
        ("call 2026-03-01 10:00:00 x", "-|-|-|-|call 2026-03-01 10:00:00 x|"),
        // Lines that resemble names and values, a prefix or a trace.
        ("a=b and c=d", "-|-|-|-|a=b and c=d|"),
        ("x=1", "-|-|-|-|x=1|"),
        (" id | name", "-|-|-|-| id | name|"),
        ("cat | sort", "-|-|-|-|cat | sort|"),
        ("[1600000000] packets received", "-|-|-|-|[1600000000] packets received|"),
        ("1500000000000 bytes free", "-|-|-|-|1500000000000 bytes free|"),
        ("1500000000000 Bytes free", "-|-|-|-|1500000000000 Bytes free|"),
        ("1772359200 items", "-|-|-|-|1772359200 items|"),
        ("Error: no file", "-|-|-|-|Error: no file|"),
    ] {
        assert_eq!(entry(line), expected, "{line}");
    }
}

#[test]
fn a_year_is_that_of_the_file_or_of_its_other_times() {
    let times = |lines: &str| -> Vec<String> {
        let time = |json: &String| json.get(9..29).unwrap_or("").to_owned();
        entries(lines).iter().map(time).collect()
    };
    // A time is at most a day after the last change.
    assert_eq!(
        times("Mar  2 10:00:00 h a: x\nMar  3 10:00:00 h a: x\n"),
        ["2026-03-02T10:00:00Z", "2025-03-03T10:00:00Z"]
    );
    // The year that is nearest to a complete time.
    let lines = "2019-12-31 23:59:59 INFO x\nJan  1 00:00:00 h a: x\nDec 31 10:00:00 h a: x\n";
    assert_eq!(times(lines), ["2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2019-12-31T10:00:00Z"]);
    // Without both, the time is not known.
    let mut times = Vec::new();
    let mut buffer = vec![0; 4 << 10];
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        times.push(EntryRef::new(entry.bytes()).unwrap().time_unix_nano());
        Ok(entry.report())
    };
    Importer::new().import(&b"Mar  1 10:00:00 h a: x\n"[..], sink).unwrap();
    assert_eq!(times, [0]);
}

#[test]
fn columns_have_the_names_of_the_line_before_them() {
    let lines = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status x-own\n\
                 2026-03-01 10:00:00 192.0.2.1 GET /a 200 7\n";
    let found = entries(lines);
    assert_eq!(
        found[2],
        r#"{"time":"2026-03-01T10:00:00Z","attributes":{"client.address":"192.0.2.1","http.request.method":"GET","url.path":"/a","http.response.status_code":200,"x-own":7,"fusewire.import.format":"w3c"}}"#
    );
}

#[test]
fn a_block_of_the_journal_is_an_entry() {
    let lines = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1772359200123456\nPRIORITY=3\nMESSAGE=failed\n\n\
                 __CURSOR=s=2\n__REALTIME_TIMESTAMP=1772359201123456\nPRIORITY=6\nMESSAGE=again\n\n";
    let found = entries(lines);
    assert_eq!(found.len(), 2);
    assert!(
        found[0].starts_with(r#"{"time":"2026-03-01T10:00:00.123456Z","severity":"ERROR","body":"failed""#),
        "{}",
        found[0]
    );
    assert!(
        found[1].starts_with(r#"{"time":"2026-03-01T10:00:01.123456Z","severity":"INFO","body":"again""#),
        "{}",
        found[1]
    );
}

#[test]
fn the_specification_lists_the_formats() {
    let specification = include_str!("../../schema/LINES.md");
    let rows: Vec<_> = specification.lines().filter(|line| line.starts_with("| `")).collect();
    let mut at = 0;
    for (name, form) in formats() {
        let row = format!("| `{name}` | {} |", form.replace('|', "\\|"));
        let found = rows[at..].iter().position(|found| *found == row);
        assert!(found.is_some(), "schema/LINES.md lacks, or has in another order:\n{row}");
        at += found.unwrap_or(0) + 1;
    }
}
