//! A running `fusewire metrics --listen`, and a client.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::command;

/// The time after which a test is considered to hang.
const LIMIT: Duration = Duration::from_secs(120);

/// A server that ends with the test.
pub struct Served(pub Child, pub String);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server for the metrics of the log in `directory` on a free port.
pub fn serve(directory: &Path) -> Served {
    serve_all(&[directory])
}

/// Serves the metrics of the log in `directories` at a free port.
pub fn serve_all(directories: &[impl AsRef<OsStr>]) -> Served {
    let mut args: Vec<&OsStr> = vec!["metrics".as_ref(), "--listen".as_ref(), "127.0.0.1:0".as_ref()];
    args.extend(directories.iter().map(AsRef::as_ref));
    let mut child = command(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    // A larger buffer would take the messages after the address from the test.
    BufReader::with_capacity(1, child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim().strip_prefix("fusewire: http://").and_then(|line| line.strip_suffix("/metrics"));
    let address = address.unwrap_or_else(|| panic!("{line}")).to_owned();
    Served(child, address)
}

impl Served {
    /// Opens a connection with a timeout of [`LIMIT`] for each read and each write.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.1).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Sends `request`. Returns the complete response.
    pub fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        response(stream)
    }

    /// Returns the response to a GET of `path`.
    pub fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// Returns a number of the file `name` in /proc/PID, such as `VmHWM` of `status`, or 0 if the process has ended.
    pub fn number(&self, name: &str, field: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

/// Reads the input to its end.
pub fn response(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn wait_until(mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < LIMIT, "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
