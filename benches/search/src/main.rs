//! Generator of one day of logs of a shop, as JSON lines on standard output: 16 services, times out of order, a trace id in
//! seven of ten entries, nested requests. The same arguments produce the same bytes on every machine.
//!
//! Usage: `fusewire-workload [ENTRIES [SEED]]`. The default of 2,170,000 entries is 1 GB.

mod line;
mod random;
mod services;
mod traces;

use std::env;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use random::Random;
use traces::Traces;

const ENTRIES: u64 = 2_170_000;

fn main() -> ExitCode {
    let mut numbers = env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (entries, seed) = (numbers.next().unwrap_or(Ok(ENTRIES)), numbers.next().unwrap_or(Ok(1)));
    let (Ok(entries), Ok(seed)) = (entries, seed) else {
        eprintln!("usage: fusewire-workload [ENTRIES [SEED]]");
        return ExitCode::from(2);
    };
    match write(entries, seed, BufWriter::with_capacity(1 << 20, io::stdout().lock())) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("fusewire-workload: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn write(entries: u64, seed: u64, mut out: impl Write) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut traces = Traces::new(&mut random);
    let mut text = String::with_capacity(4096);
    for n in 0..entries {
        text.clear();
        line::write(&mut text, n, entries, &mut traces, &mut random);
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}
