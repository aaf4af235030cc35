//! Comparison of codecs: the same entry of eleven values, four of them nested, encoded into memory that is reused and
//! decoded completely.
//!
//! The codecs take turns in several rounds, and the table shows the minimum of each. An entry of Fusewire and a line of
//! JSON contain the keys of the values. Messages of rkyv, bitcode and prost do not: a reader needs the same type. Only
//! Fusewire applies limits to the values. The entry of each codec is compared with the original after a round trip.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use flatbuffers::FlatBufferBuilder;
use fusewire::decode::{EntryRef, Value};
use fusewire::encode::{EntryWriter, encode};
use fusewire::generated::wire;
use fusewire::like::{self, Base, LikeHead};
use fusewire::{Limits, Severity, TraceContext};
use fusewire_compare::memory::{Counting, allocated};
use prost::Message;
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Compare codecs
#[derive(Parser)]
struct Args {
    /// Entries per round
    #[arg(long, default_value_t = 20_000)]
    entries: u32,
    /// Rounds; the table shows minima
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Run a short test of all codecs
    #[arg(long)]
    smoke: bool,
}

/// The entry. The types of the fields are those that each codec supports.
#[derive(
    Clone,
    PartialEq,
    Message,
    serde::Serialize,
    serde::Deserialize,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    bitcode::Encode,
    bitcode::Decode,
)]
struct Entry {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(uint32, tag = "2")]
    severity: u32,
    #[prost(fixed64, tag = "3")]
    trace_id_hi: u64,
    #[prost(fixed64, tag = "4")]
    trace_id_lo: u64,
    #[prost(fixed64, tag = "5")]
    span_id: u64,
    #[prost(string, tag = "6")]
    target: String,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(string, tag = "8")]
    thread: String,
    #[prost(uint64, tag = "9")]
    user_id: u64,
    #[prost(string, tag = "10")]
    order: String,
    #[prost(double, tag = "11")]
    amount: f64,
    #[prost(string, tag = "12")]
    currency: String,
    #[prost(bool, tag = "13")]
    retry: bool,
    #[prost(uint64, tag = "14")]
    duration_ms: u64,
    #[prost(message, required, tag = "15")]
    request: Request,
}

#[derive(
    Clone,
    PartialEq,
    Message,
    serde::Serialize,
    serde::Deserialize,
    rkyv::Archive,
    rkyv::Serialize,
    rkyv::Deserialize,
    bitcode::Encode,
    bitcode::Decode,
)]
struct Request {
    #[prost(string, tag = "1")]
    method: String,
    #[prost(string, tag = "2")]
    path: String,
    #[prost(uint32, tag = "3")]
    status: u32,
    #[prost(uint32, tag = "4")]
    bytes: u32,
}

/// Returns the entry number `n`. Three of its values depend on `n`.
fn entry(n: u64) -> Entry {
    Entry {
        time_unix_nano: 1_700_000_000_000_000_000 + n * 1_000_003,
        severity: 9,
        trace_id_hi: 0x5b8a_a5a2_d2c8_72e8,
        trace_id_lo: 0x321c_f373_08d6_9df2 + n,
        span_id: 4711 + n,
        target: "shop::checkout::payment".into(),
        body: "payment authorised by the gateway".into(),
        thread: "tokio-runtime-worker".into(),
        user_id: 4711 + n,
        order: format!("A-{:05}-77", 20_931 + n),
        amount: 129.95,
        currency: "EUR".into(),
        retry: false,
        duration_ms: 231 + n % 100,
        request: Request { method: "POST".into(), path: "/api/v1/checkout".into(), status: 200, bytes: 5321 },
    }
}

fn write(to: &mut EntryWriter<'_>, entry: &Entry) {
    to.expect_nodes(11);
    to.set_time_unix_nano(entry.time_unix_nano);
    to.set_severity(Severity::INFO);
    let trace_id = u128::from(entry.trace_id_hi) << 64 | u128::from(entry.trace_id_lo);
    to.set_trace(TraceContext { trace_id, span_id: entry.span_id, flags: 1 });
    to.set_target(&entry.target);
    to.set_body(&entry.body);
    to.set_thread(&entry.thread);
    to.attr("user_id", &entry.user_id).attr("order", &entry.order).attr("amount", &entry.amount);
    to.attr("currency", &entry.currency).attr("retry", &entry.retry).attr("duration_ms", &entry.duration_ms);
    let mut request = to.attributes();
    let mut request = request.slot("request").map();
    request.entry("method", &entry.request.method).entry("path", &entry.request.path);
    request.entry("status", &entry.request.status).entry("bytes", &entry.request.bytes);
}

/// Reads all values of an entry. Returns a number that depends on each of them.
fn read(entry: &EntryRef<'_>) -> u64 {
    let trace = entry.trace();
    let texts =
        [entry.target(), entry.body(), entry.thread()].iter().map(|text| text.len() as u64).sum::<u64>();
    entry.time_unix_nano() ^ trace.trace_id as u64 ^ trace.span_id ^ texts ^ read_values(entry.attributes())
}

fn read_values(attributes: fusewire::decode::Attributes<'_>) -> u64 {
    attributes.flatten().fold(0, |sum, attribute| {
        let value = match attribute.value {
            Value::Uint(number) => number as u64,
            Value::Float(number) => number.to_bits(),
            Value::Bool(value) => value.into(),
            Value::String(text) => text.len() as u64,
            Value::Map(children) => read_values(children.iter()),
            _ => 0,
        };
        sum + value + attribute.key.len() as u64
    })
}

fn read_record(entry: &Entry) -> u64 {
    let Request { method, path, status, bytes } = &entry.request;
    let texts = [&entry.target, &entry.body, &entry.thread, &entry.order, &entry.currency, method, path];
    let texts = texts.iter().map(|text| text.len() as u64).sum::<u64>();
    let numbers = entry.user_id + entry.duration_ms + entry.amount.to_bits() + u64::from(entry.retry);
    entry.time_unix_nano ^ entry.trace_id_lo ^ entry.span_id ^ (texts + numbers + u64::from(status + bytes))
}

/// A codec with the memory that it reuses. `encode` returns the number of bytes; `decode` reads the last encoded entry.
trait Codec {
    fn encode(&mut self, entry: &Entry) -> usize;
    fn decode(&mut self) -> u64;
    /// Returns whether the last encoded entry has the content of `entry`.
    fn is_equal(&mut self, entry: &Entry) -> bool;
}

/// Format 1.0.
struct Full {
    buffer: Vec<u8>,
    len: usize,
    limits: Limits,
}

impl Full {
    fn new() -> Self {
        Self { buffer: vec![0; 4096], len: 0, limits: Limits::default() }
    }
}

impl Codec for Full {
    fn encode(&mut self, entry: &Entry) -> usize {
        self.len =
            encode(&mut self.buffer, &self.limits, |to| write(to, entry)).map_or(0, |encoded| encoded.len());
        self.len
    }

    fn decode(&mut self) -> u64 {
        EntryRef::new(&self.buffer[..self.len]).map_or(0, |entry| read(&entry))
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        EntryRef::new(&self.buffer[..self.len]).is_ok_and(|found| is_entry(&found, entry))
    }
}

/// Format 1.1: an entry that is encoded in full and then converted to a like entry.
struct Like {
    full: Full,
    base: Base<'static>,
    out: Vec<u8>,
    len: usize,
}

impl Like {
    fn new(base: &Entry) -> Result<Self> {
        let mut full = Full::new();
        let len = full.encode(base);
        let base = like::base(full.buffer[..len].to_vec().leak())?;
        Ok(Self { full, base, out: vec![0; 4096], len: 0 })
    }

    fn view(&self) -> Option<EntryRef<'_>> {
        like::view(LikeHead::new(self.out.get(..self.len)?).ok()?, self.base).ok()
    }
}

impl Codec for Like {
    fn encode(&mut self, entry: &Entry) -> usize {
        let len = self.full.encode(entry);
        self.len = like::convert(&self.full.buffer[..len], &self.base, 512, &mut self.out).unwrap_or(0);
        self.len
    }

    fn decode(&mut self) -> u64 {
        self.view().map_or(0, |entry| read(&entry))
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        self.view().is_some_and(|found| is_entry(&found, entry))
    }
}

/// Returns whether an entry of Fusewire has the content of `entry`.
fn is_entry(found: &EntryRef<'_>, entry: &Entry) -> bool {
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |to| write(to, entry));
    let expected = encoded.ok().and_then(|encoded| EntryRef::new(encoded.into_bytes()).ok()?.to_owned().ok());
    found.to_owned().is_ok_and(|found| Some(found) == expected)
}

/// A line of JSON.
#[derive(Default)]
struct Json(Vec<u8>);

impl Codec for Json {
    fn encode(&mut self, entry: &Entry) -> usize {
        self.0.clear();
        serde_json::to_writer(&mut self.0, entry).map_or(0, |()| self.0.len())
    }

    fn decode(&mut self) -> u64 {
        serde_json::from_slice(&self.0).map_or(0, |entry| read_record(&entry))
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        serde_json::from_slice(&self.0).is_ok_and(|found: Entry| found == *entry)
    }
}

/// rkyv. The decoder validates the message and reads it in place.
#[derive(Default)]
struct Rkyv(AlignedVec);

impl Codec for Rkyv {
    fn encode(&mut self, entry: &Entry) -> usize {
        let mut out = std::mem::take(&mut self.0);
        out.clear();
        self.0 = rkyv::api::high::to_bytes_in::<_, Error>(entry, out).unwrap_or_default();
        self.0.len()
    }

    fn decode(&mut self) -> u64 {
        rkyv::access::<ArchivedEntry, Error>(&self.0).map_or(0, |entry| {
            let ArchivedRequest { method, path, status, bytes } = &entry.request;
            let texts =
                [&entry.target, &entry.body, &entry.thread, &entry.order, &entry.currency, method, path];
            let texts = texts.iter().map(|text| text.len() as u64).sum::<u64>();
            let numbers = entry.user_id.to_native() + entry.duration_ms.to_native();
            let numbers = numbers + entry.amount.to_native().to_bits() + u64::from(entry.retry);
            let ids =
                entry.time_unix_nano.to_native() ^ entry.trace_id_lo.to_native() ^ entry.span_id.to_native();
            ids ^ (texts + numbers + u64::from(status.to_native() + bytes.to_native()))
        })
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        rkyv::from_bytes::<Entry, Error>(&self.0).is_ok_and(|found| found == *entry)
    }
}

/// bitcode, with buffers that are reused.
#[derive(Default)]
struct Bitcode {
    memory: bitcode::Buffer,
    out: Vec<u8>,
}

impl Codec for Bitcode {
    fn encode(&mut self, entry: &Entry) -> usize {
        self.out.clear();
        self.out.extend_from_slice(self.memory.encode(entry));
        self.out.len()
    }

    fn decode(&mut self) -> u64 {
        self.memory.decode::<Entry>(&self.out).map_or(0, |entry| read_record(&entry))
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        bitcode::decode::<Entry>(&self.out).is_ok_and(|found| found == *entry)
    }
}

/// Protocol Buffers.
#[derive(Default)]
struct Prost(Vec<u8>);

impl Codec for Prost {
    fn encode(&mut self, entry: &Entry) -> usize {
        self.0.clear();
        entry.encode(&mut self.0).map_or(0, |()| self.0.len())
    }

    fn decode(&mut self) -> u64 {
        Entry::decode(&*self.0).map_or(0, |entry| read_record(&entry))
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        Entry::decode(&*self.0).is_ok_and(|found| found == *entry)
    }
}

/// The builder and the verifier of the crate `flatbuffers` with the schema of Fusewire. The vectors are reused.
#[derive(Default)]
struct Builder {
    builder: FlatBufferBuilder<'static>,
    text: Vec<u8>,
    nodes: Vec<wire::Node>,
}

impl Codec for Builder {
    fn encode(&mut self, entry: &Entry) -> usize {
        let Self { builder, text, nodes } = self;
        builder.reset();
        text.clear();
        nodes.clear();
        let mut node = |key: &str, kind: wire::Kind, value: Result<u64, &str>| {
            let at = text.len() as u32;
            text.extend_from_slice(key.as_bytes());
            let value = value.unwrap_or_else(|string| {
                let start = text.len() as u64;
                text.extend_from_slice(string.as_bytes());
                start | (string.len() as u64) << 32
            });
            nodes.push(wire::Node::new(at, key.len() as u16, kind, wire::NodeFlags::empty(), value));
        };
        node("user_id", wire::Kind::Uint, Ok(entry.user_id));
        node("order", wire::Kind::String, Err(&entry.order));
        node("amount", wire::Kind::Float, Ok(entry.amount.to_bits()));
        node("currency", wire::Kind::String, Err(&entry.currency));
        node("retry", wire::Kind::Bool, Ok(entry.retry.into()));
        node("duration_ms", wire::Kind::Uint, Ok(entry.duration_ms));
        node("request", wire::Kind::Map, Ok(4 | 4 << 32));
        node("method", wire::Kind::String, Err(&entry.request.method));
        node("path", wire::Kind::String, Err(&entry.request.path));
        node("status", wire::Kind::Uint, Ok(entry.request.status.into()));
        node("bytes", wire::Kind::Uint, Ok(entry.request.bytes.into()));
        let (text, attributes) = (Some(builder.create_vector(text)), Some(builder.create_vector(nodes)));
        let target = Some(builder.create_string(&entry.target));
        let body = Some(builder.create_string(&entry.body));
        let thread = Some(builder.create_string(&entry.thread));
        let trace = wire::TraceContext::new(entry.trace_id_hi, entry.trace_id_lo, entry.span_id);
        let arguments = wire::LogEntryArgs {
            time_unix_nano: entry.time_unix_nano,
            severity: wire::Severity::Info,
            trace_flags: 1,
            trace: Some(&trace),
            target,
            body,
            thread,
            attributes,
            text,
            ..wire::LogEntryArgs::default()
        };
        let root = wire::LogEntry::create(builder, &arguments);
        builder.finish(root, None);
        builder.finished_data().len()
    }

    fn decode(&mut self) -> u64 {
        let Ok(entry) = flatbuffers::root::<wire::LogEntry>(self.builder.finished_data()) else { return 0 };
        let texts = [entry.target(), entry.body(), entry.thread()];
        let texts = texts.iter().flatten().map(|text| text.len() as u64).sum::<u64>();
        let Some(nodes) = entry.attributes() else { return 0 };
        let values = nodes
            .iter()
            .fold(0_u64, |sum, node| sum.wrapping_add(node.value()) + u64::from(node.key_length()));
        let ids = entry.trace().map_or(0, |trace| trace.trace_id_lo() ^ trace.span_id());
        entry.time_unix_nano() ^ ids ^ texts ^ values
    }

    fn is_equal(&mut self, entry: &Entry) -> bool {
        EntryRef::new(self.builder.finished_data()).is_ok_and(|found| is_entry(&found, entry))
    }
}

/// The minima of one codec.
struct Row {
    name: &'static str,
    codec: Box<dyn Codec>,
    bytes: usize,
    encode: Duration,
    decode: Duration,
    allocations: u64,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.smoke {
        (args.entries, args.rounds) = (200, 1);
    }
    let entries: Vec<_> = (0..64).map(entry).collect();
    let codecs: [(&str, Box<dyn Codec>); 7] = [
        ("fusewire, format 1.0", Box::new(Full::new())),
        ("fusewire, format 1.1", Box::new(Like::new(&entry(1_000))?)),
        ("rkyv", Box::<Rkyv>::default()),
        ("bitcode", Box::<Bitcode>::default()),
        ("prost", Box::<Prost>::default()),
        ("serde_json", Box::<Json>::default()),
        ("flatbuffers builder", Box::<Builder>::default()),
    ];
    let mut rows = Vec::new();
    for (name, mut codec) in codecs {
        for entry in &entries {
            ensure!(codec.encode(entry) > 0, "{name}: an entry was not encoded");
            ensure!(
                codec.is_equal(entry) && codec.decode() != 0,
                "{name}: an entry is not equal after a round trip"
            );
        }
        let bytes = codec.encode(&entries[0]);
        let (encode, decode) = (Duration::MAX, Duration::MAX);
        rows.push(Row { name, codec, bytes, encode, decode, allocations: 0 });
    }
    let mut copy = Duration::MAX;
    let (from, mut to) = (vec![1_u8; rows[0].bytes], vec![0_u8; 4096]);
    for _ in 0..args.rounds {
        for row in &mut rows {
            let before = allocated().0;
            let start = Instant::now();
            for entry in entries.iter().cycle().take(args.entries as usize) {
                black_box(row.codec.encode(black_box(entry)));
            }
            row.encode = row.encode.min(start.elapsed());
            row.allocations = (allocated().0 - before) / u64::from(args.entries);
            let start = Instant::now();
            for _ in 0..args.entries {
                black_box(black_box(&mut row.codec).decode());
            }
            row.decode = row.decode.min(start.elapsed());
        }
        let start = Instant::now();
        for _ in 0..args.entries {
            black_box(&mut to)[..from.len()].copy_from_slice(black_box(&from));
        }
        copy = copy.min(start.elapsed());
    }
    let each = |time: Duration| time.as_nanos() as f64 / f64::from(args.entries);
    println!("{:<22}{:>7}{:>11}{:>11}{:>13}", "", "bytes", "encode ns", "decode ns", "allocations");
    for Row { name, bytes, encode, decode, allocations, .. } in &rows {
        println!("{name:<22}{bytes:>7}{:>11.1}{:>11.1}{allocations:>13}", each(*encode), each(*decode));
    }
    println!("{:<22}{:>7}{:>11.1}", "memcpy", from.len(), each(copy));
    Ok(())
}
