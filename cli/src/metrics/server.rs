//! An HTTP server for `/metrics` and `/healthz` that any client can reach, in bounded memory and time.
//!
//! Each connection carries one request and one response. Therefore the server never holds a response for a client that sends
//! requests and does not read. A request with a body is refused before the server reads the body.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fusewire::metrics::CONTENT_TYPE;
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CONTENT_TYPE as KIND, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{sleep, timeout};

/// Maximum number of open connections. A new connection replaces the oldest one.
const CONNECTIONS: u64 = 128;

/// Maximum time from the beginning of a connection to the end of its response.
const LIFETIME: Duration = Duration::from_secs(10);

/// Maximum time for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// Maximum size of the head of a request: the request line and the header lines.
const HEAD_BYTES: usize = 16 << 10;

/// Scrapes within this time share one result.
const SHARED: Duration = Duration::from_secs(1);

/// Maximum time that a scrape waits for a new result. After this time, it returns the previous result.
const PATIENCE: Duration = Duration::from_secs(3);

/// Maximum time that the server waits for the client to close the connection after the response, and maximum size of the input
/// that it discards in this time. A close with unread input sends a reset, and the client can lose a response that it has not
/// read.
const LINGER: (Duration, usize) = (Duration::from_secs(5), 256 << 10);

/// Pause after a failed `accept`, for example without a free file descriptor.
const RETRY: Duration = Duration::from_millis(10);

/// A server with one thread.
pub(super) struct Server {
    address: SocketAddr,
    exchange: Arc<Exchange>,
}

/// The exchange between the scrapes and the thread that counts.
struct Exchange {
    is_asked: AtomicBool,
    published: watch::Sender<Option<Published>>,
}

/// A text of metrics, and the time of its creation.
#[derive(Clone)]
struct Published {
    at: Instant,
    text: Bytes,
}

impl Server {
    /// Listens at `address`: `127.0.0.1:9187`, or `:9187` for all addresses of the machine.
    ///
    /// # Errors
    /// Returns an error if the address is invalid or in use, or if the thread cannot be started.
    pub(super) fn start(address: &str) -> Result<Self> {
        let whole = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
        let at = || format!("cannot listen at {address}");
        let listener = TcpListener::bind(whole).with_context(|| match address.contains(':') {
            true => at(),
            false => format!("{}: expected an address with a port, such as 127.0.0.1:9187", at()),
        })?;
        listener.set_nonblocking(true).with_context(at)?;
        let bound = listener.local_addr().with_context(at)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let exchange =
            Arc::new(Exchange { is_asked: AtomicBool::new(false), published: watch::Sender::new(None) });
        let server = Self { address: bound, exchange: Arc::clone(&exchange) };
        thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            runtime.block_on(async move {
                // Fails only outside of a runtime, or if the system has no memory for the registration.
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    accept(&listener, &exchange).await;
                }
            });
        })?;
        Ok(server)
    }

    /// Returns the address and the port at which the server listens.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns whether a scrape has waited for [`publish`](Self::publish) since the last call.
    pub(super) fn is_asked(&self) -> bool {
        self.exchange.is_asked.swap(false, Ordering::Relaxed)
    }

    /// Answers all waiting scrapes with `text`.
    pub(super) fn publish(&self, text: String) {
        let published = Published { at: Instant::now(), text: text.into() };
        self.exchange.published.send_replace(Some(published));
    }
}

/// Accepts connections in an endless loop.
async fn accept(listener: &tokio::net::TcpListener, exchange: &Arc<Exchange>) {
    let mut connections = Connections::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.add(stream, exchange),
            // The connection stays in the queue of the kernel.
            Err(_) => {
                connections.close_oldest();
                sleep(RETRY).await;
            }
        }
        // The new connection runs before the next connection can replace it.
        yield_now().await;
    }
}

/// The open connections, the oldest first.
struct Connections {
    open: Vec<Connection>,
    most: usize,
}

struct Connection {
    task: AbortHandle,
    /// Whether the request has arrived, and the response is not complete.
    is_busy: Arc<AtomicBool>,
}

impl Connections {
    /// Creates an empty list. The maximum is a quarter of the file descriptors of the process, because the log needs the
    /// others.
    fn new() -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = usize::try_from(CONNECTIONS.min(descriptors / 4)).unwrap_or(1).max(1);
        Self { open: Vec::new(), most }
    }

    /// Serves `stream`. If the maximum number of connections is open, the new connection replaces the oldest one.
    fn add(&mut self, stream: TcpStream, exchange: &Arc<Exchange>) {
        self.forget_closed();
        if self.open.len() >= self.most {
            self.close_oldest();
        }
        let is_busy = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(stream, Arc::clone(exchange), Arc::clone(&is_busy)));
        self.open.push(Connection { task: task.abort_handle(), is_busy });
    }

    fn forget_closed(&mut self) {
        self.open.retain(|connection| !connection.task.is_finished());
    }

    /// Closes the oldest connection that is not busy, or else the oldest one.
    fn close_oldest(&mut self) {
        self.forget_closed();
        let idle = self.open.iter().position(|connection| !connection.is_busy.load(Ordering::Relaxed));
        if !self.open.is_empty() {
            self.open.remove(idle.unwrap_or(0)).task.abort();
        }
    }
}

/// Reads one request, writes one response, and closes the connection.
async fn serve(mut stream: TcpStream, exchange: Arc<Exchange>, is_busy: Arc<AtomicBool>) {
    let service = service_fn(async |request| {
        is_busy.store(true, Ordering::Relaxed);
        Ok::<_, Infallible>(exchange.answer(&request).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .half_close(true)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(&mut stream), service);
    // An error of a connection affects only its client. `hyper` has answered a malformed request.
    let is_complete = timeout(LIFETIME, connection).await.is_ok();
    is_busy.store(false, Ordering::Relaxed);
    if is_complete && stream.shutdown().await.is_ok() {
        _ = timeout(LINGER.0, discard(&mut stream)).await;
    }
}

/// Reads and discards input until the client closes the connection. Stops reading at the limit of [`LINGER`].
async fn discard(stream: &mut TcpStream) {
    let (mut left, mut bytes) = (LINGER.1, [0; 1_024]);
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        left = left.saturating_sub(read);
        if left == 0 {
            std::future::pending().await
        }
    }
}

impl Exchange {
    /// Returns the response to `request`, without reading its body.
    async fn answer<B: Body>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            _ if !is_read => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            _ if !request.body().is_end_stream() => {
                plain(StatusCode::PAYLOAD_TOO_LARGE, "a request has no body\n")
            }
            "/healthz" => plain(StatusCode::OK, "ok\n"),
            "/metrics" => match self.metrics().await {
                Some(text) => respond(StatusCode::OK, CONTENT_TYPE, text),
                None => {
                    plain(StatusCode::SERVICE_UNAVAILABLE, "the first pass over the log is in progress\n")
                }
            },
            _ => plain(StatusCode::NOT_FOUND, "try /metrics or /healthz\n"),
        }
    }

    /// Returns a text that is not older than [`SHARED`], or the latest one after [`PATIENCE`].
    async fn metrics(&self) -> Option<Bytes> {
        let mut published = self.published.subscribe();
        let is_current =
            |latest: &Option<Published>| latest.as_ref().is_some_and(|latest| latest.at.elapsed() < SHARED);
        if !is_current(&published.borrow_and_update()) {
            self.is_asked.store(true, Ordering::Relaxed);
            _ = timeout(PATIENCE, published.changed()).await;
        }
        published.borrow().as_ref().map(|latest| latest.text.clone())
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn respond(status: StatusCode, kind: &'static str, text: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(KIND, HeaderValue::from_static(kind));
    response
}
