//! The port of `fusewire metrics --listen` is open to any client. No client makes the process use more than 64 MiB of
//! memory, ends the process, or prevents a response to another client.

mod common;

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use common::TempDir;
use common::served::{Served, response, serve, wait_until};

/// The bound of the memory in KiB.
const MEMORY: u64 = 64 << 10;

/// Starts a server of a log with the maximum number of targets. Each target has all levels and a name of the maximum
/// length.
fn server() -> (TempDir, Served) {
    let directory = TempDir::new().unwrap();
    let mut lines = String::new();
    for target in 0..250 {
        for level in ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] {
            let name = format!("{target}{}", "\\\"".repeat(100));
            lines += &format!("{{\"level\":\"{level}\",\"target\":\"{name}\",\"message\":\"m\"}}\n");
        }
    }
    std::fs::write(directory.path().join("a.jsonl"), lines).unwrap();
    let served = serve(directory.path());
    wait_until(|| served.get("/metrics").contains("\nfusewire_log_caught_up 1\n"));
    (directory, served)
}

/// Asserts that another client gets complete responses, and that the memory is bounded.
fn assert_serves(served: &Served) {
    assert!(served.get("/healthz").ends_with("\r\n\r\nok\n"));
    let answer = served.get("/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {answer}"));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{head}: {}", body.len());
    assert!(body.len() > 500_000, "{}", body.len());
    let peak = served.number("status", "VmHWM");
    assert!(peak > 0, "the process has ended");
    assert!(peak <= MEMORY, "{peak} KiB");
}

/// Sends `bytes` repeatedly until the server refuses them, at most `most` times.
fn send(stream: &mut TcpStream, bytes: &[u8], most: usize) {
    for _ in 0..most {
        match stream.write(bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server does not close"),
            Err(_) => return,
        }
    }
}

#[test]
fn bodies_are_refused_unread() {
    let (_directory, served) = server();
    let lengths = ["Content-Length: 1000000000000", "Content-Length: 1", "Transfer-Encoding: chunked"];
    for length in lengths {
        for (method, code) in [("POST", 405), ("PUT", 405), ("GET", 413), ("HEAD", 413)] {
            let mut stream = served.connect();
            write!(stream, "{method} /metrics HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n").unwrap();
            let answer = response(stream);
            assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{method} {length}: {answer}");
            assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        }
    }
    assert!(served.ask(b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n").starts_with("HTTP/1.1 400"));
    // A client that sends a part of its body first also receives the response.
    let mut stream = served.connect();
    stream.write_all(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n").unwrap();
    send(&mut stream, &[b'x'; 1 << 10], 100);
    assert!(response(stream).starts_with("HTTP/1.1 405"));
    assert_serves(&served);
}

#[test]
fn heads_of_any_length_are_refused() {
    let (_directory, served) = server();
    let many = "X: y\r\n".repeat(10_000);
    let inputs = [
        ("GET /", "A".repeat(1 << 20)),
        ("GET /metrics HTTP/1.1\r\nX: ", "A".repeat(1 << 20)),
        ("GET /metrics HTTP/1.1\r\n", many),
        ("", "A".repeat(1 << 20)),
        ("", "\r\n".repeat(1 << 19)),
        ("", "\0".repeat(1 << 20)),
    ];
    std::thread::scope(|scope| {
        for (begin, more) in &inputs {
            scope.spawn(|| {
                let mut stream = served.connect();
                stream.write_all(begin.as_bytes()).unwrap();
                send(&mut stream, more.as_bytes(), 200);
            });
        }
        assert_serves(&served);
    });
    assert_serves(&served);
    let head = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "A".repeat(20_000));
    let answer = served.ask(head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_serves(&served);
}

#[test]
fn a_pipeline_of_requests_has_one_response() {
    let (_directory, served) = server();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = served.connect();
    stream.write_all(&request.repeat(100)).unwrap();
    assert_eq!(response(stream).matches("HTTP/1.1 200 OK").count(), 1);
    // The clients do not read the responses.
    let mut streams: Vec<TcpStream> = (0..4).map(|_| served.connect()).collect();
    for stream in &mut streams {
        send(stream, &request.repeat(10_000), 200);
    }
    assert_serves(&served);
}

/// Opens `count` connections and sends `bytes` on each.
fn hold(served: &Served, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let limit = libc::rlimit { rlim_cur: 4_096, rlim_max: 4_096 };
    // SAFETY: `limit` is a valid structure for the duration of the call. If the call fails, a later `connect` fails.
    _ = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    let hold = |_| {
        let mut stream = served.connect();
        let size: libc::c_int = 4_096;
        // SAFETY: the descriptor is open, and `size` is valid for the duration of the call and has the given length.
        let result = unsafe {
            libc::setsockopt(
                stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVBUF,
                (&raw const size).cast(),
                size_of_val(&size) as libc::socklen_t,
            )
        };
        assert_eq!(result, 0);
        // The server can already have closed the connection.
        _ = stream.write_all(bytes);
        stream
    };
    (0..count).map(hold).collect()
}

#[test]
fn idle_connections_do_not_lock_out_a_scraper() {
    let (_directory, served) = server();
    let _held = hold(&served, 1_000, b"");
    assert_serves(&served);
}

#[test]
fn slow_senders_do_not_lock_out_a_scraper() {
    let (_directory, served) = server();
    let mut held = hold(&served, 1_000, b"GET /metrics HTTP/1.1\r\nX: ");
    assert_serves(&served);
    for _ in 0..3 {
        held.iter_mut().for_each(|stream| _ = stream.write(b"y"));
        assert_serves(&served);
    }
}

#[test]
fn slow_readers_do_not_lock_out_a_scraper() {
    let (_directory, served) = server();
    let _held = hold(&served, 500, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_serves(&served);
}

#[test]
fn scrapes_at_the_same_time_are_all_answered() {
    let (_directory, served) = server();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| assert_serves(&served))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
