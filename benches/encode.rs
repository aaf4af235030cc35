//! temp
use criterion::{Criterion, criterion_group, criterion_main};
use fusewire::encode::*;
use fusewire::*;
use std::hint::black_box;

fn typed(e: &mut EntryWriter<'_>, i: u64) {
    e.set_time_unix_nano(1_700_000_000_000_000_000 + i);
    e.set_severity(Severity::INFO);
    e.set_trace(TraceContext { trace_id: 0x5b8aa5a2d2c872e8321cf37308d69df2, span_id: i, flags: 1 });
    e.set_target("shop::checkout::payment");
    e.set_body("payment authorised by the gateway");
    e.set_thread("tokio-runtime-worker");
    e.attr("user_id", &i)
        .attr("order", "A-20931-77")
        .attr("amount", &129.95)
        .attr("currency", "EUR")
        .attr("retry", &false)
        .attr("duration_ms", &(i % 977));
    let mut a = e.attributes();
    a.slot("request")
        .map()
        .entry("method", "POST")
        .entry("path", "/api/v1/checkout")
        .entry("status", &200u16)
        .entry("bytes", &5321u32);
}
fn bench(c: &mut Criterion) {
    let mut buf = vec![0u8; 4096];
    let limits = Limits::default();
    let mut i = 0;
    c.bench_function("encode", |b| {
        b.iter(|| {
            i += 1;
            let e = encode(black_box(&mut buf), &limits, |e| typed(e, black_box(i))).unwrap();
            black_box(e.len())
        })
    });
    let n = encode(&mut buf, &limits, |e| typed(e, 3)).unwrap().len();
    println!("{n} bytes");
    let src = buf.clone();
    c.bench_function("memcpy", |b| {
        b.iter(|| {
            buf[..n].copy_from_slice(black_box(&src[..n]));
            black_box(&buf);
        })
    });
}
criterion_group!(g, bench);
criterion_main!(g);
