//! A service that reports its memory usage: `cargo run --example memstats [ADDRESS]`.
//!
//! `GET /debug/memstats` returns the latest sample of the memory recorder as JSON. The log contains all samples. With
//! an address, such as 127.0.0.1:8080, the service runs until it is stopped. Without an address, the service sends one
//! request to itself and exits. `tiny_http` keeps the example short. It does not limit requests: a port that other clients
//! can reach needs a server with limits.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use fusewire::event;
use fusewire::log::Log;
use fusewire::memory::MemoryRecorder;
use fusewire::{Severity, segment::Resource};
use tiny_http::{Header, Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let log = Log::options(temporary.path()).resource(Resource::of_this_process("memstats")).open()?;
    let _guard = log.guard();
    let memory = MemoryRecorder::options().interval(Duration::from_secs(1)).start(&log)?;

    let address = std::env::args().nth(1);
    let server =
        Server::http(address.as_deref().unwrap_or("127.0.0.1:0")).map_err(|error| error.to_string())?;
    let url = format!("http://{}/debug/memstats", server.server_addr());
    eprintln!("{url} (log directory: {})", temporary.path().display());
    if address.is_none() {
        let here = server.server_addr().to_string();
        let asking = thread::spawn(move || ask(&here));
        answer(server.recv()?, &memory, &log)?;
        println!("{}", asking.join().map_err(|_| "the client panicked")??);
        return Ok(());
    }
    for request in server.incoming_requests() {
        // A client that disconnects does not stop the service.
        if let Err(error) = answer(request, &memory, &log) {
            event!(log, Severity::WARN, "response failed", error = error.to_string());
        }
    }
    Ok(())
}

fn answer(request: Request, memory: &MemoryRecorder, log: &Log) -> std::io::Result<()> {
    event!(
        log,
        Severity::DEBUG,
        "request",
        http.request.method = request.method().as_str(),
        url.path = request.url()
    );
    match (request.method(), request.url()) {
        (Method::Get, "/debug/memstats") => {
            let json = Header::from_bytes("Content-Type", "application/json").expect("valid header");
            request.respond(Response::from_string(memory.stats().to_json()).with_header(json))
        }
        _ => request.respond(Response::from_string("try /debug/memstats\n").with_status_code(404)),
    }
}

/// Sends a request and returns the body of the response.
fn ask(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /debug/memstats HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split("\r\n\r\n").nth(1).unwrap_or(&answer).to_owned())
}
