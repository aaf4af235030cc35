//! Concurrent requests, whose entries are interleaved.

use super::random::Random;

/// The number of concurrent requests.
const OPEN: usize = 64;

pub struct Traces {
    open: Vec<Trace>,
}

#[derive(Clone, Copy)]
pub struct Trace {
    pub id: u128,
    left: u64,
}

impl Trace {
    fn begin(random: &mut Random) -> Self {
        let id = u128::from(random.next()) << 64 | u128::from(random.next());
        Self { id, left: 2 + random.below(12) }
    }
}

impl Traces {
    pub fn new(random: &mut Random) -> Self {
        Self { open: (0..OPEN).map(|_| Trace::begin(random)).collect() }
    }

    /// Returns the trace of the next entry.
    pub fn next(&mut self, random: &mut Random) -> u128 {
        let trace = &mut self.open[random.below(OPEN as u64) as usize];
        let id = trace.id;
        trace.left -= 1;
        if trace.left == 0 {
            *trace = Trace::begin(random);
        }
        id
    }
}
