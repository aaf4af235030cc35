//! Answers `GET /metrics`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use fusewire::metrics::CONTENT_TYPE;
use tiny_http::{Header, Method, Request, Response};

use super::count::{Counts, Files};
use super::{files, lock};

/// Files are looked at so often at most, however many ask.
const LOOK: Duration = Duration::from_secs(5);

/// A server with one thread that answers.
pub(super) struct Server(Arc<tiny_http::Server>);

impl Server {
    /// Listens at `address`: `127.0.0.1:9187`, or `:9187` for all addresses of this machine.
    ///
    /// # Errors
    /// Where that cannot be.
    pub(super) fn start(address: &str, counts: Arc<Mutex<Counts>>, paths: Vec<PathBuf>) -> Result<Self> {
        let whole = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
        let server =
            tiny_http::Server::http(&whole).map_err(|error| anyhow!("listening at {address}: {error}"))?;
        let server = Arc::new(server);
        let mut answers = Answers { counts, paths, files: (None, Files::default()) };
        let requests = Arc::clone(&server);
        thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            while let Ok(request) = requests.recv() {
                answers.answer(request);
            }
        })?;
        Ok(Self(server))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        self.0.server_addr().to_string()
    }
}

struct Answers {
    counts: Arc<Mutex<Counts>>,
    paths: Vec<PathBuf>,
    files: (Option<Instant>, Files),
}

impl Answers {
    /// Who hangs up gets no answer, and nobody is the worse for it.
    fn answer(&mut self, request: Request) {
        let path = request.url().split('?').next().unwrap_or_default();
        let is_read = matches!(request.method(), Method::Get | Method::Head);
        let (code, text) = match (is_read, path) {
            (false, _) => (405, "only GET and HEAD\n".to_owned()),
            (true, "/metrics") => (200, self.metrics()),
            (true, "/healthz") => (200, "ok\n".to_owned()),
            (true, _) => (404, "try /metrics or /healthz\n".to_owned()),
        };
        let kind = if path == "/metrics" && code == 200 { CONTENT_TYPE } else { "text/plain; charset=utf-8" };
        let mut response = Response::from_string(text).with_status_code(code);
        if let Ok(header) = Header::from_bytes("Content-Type", kind) {
            response.add_header(header);
        }
        let _ = request.respond(response);
    }

    fn metrics(&mut self) -> String {
        if self.files.0.is_none_or(|looked| looked.elapsed() > LOOK) {
            // One that cannot be read now is shown as it was.
            if let Ok(found) = files(&self.paths) {
                self.files = (Some(Instant::now()), found);
            }
        }
        lock(&self.counts).to_metrics(&self.files.1).to_prometheus()
    }
}
