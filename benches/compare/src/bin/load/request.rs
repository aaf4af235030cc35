//! The values that a request logs: nested maps, like the state of a service.

use std::collections::BTreeMap;

use anyhow::Result;
use fusewire::encode::{LogValue, ValueWriter};
use serde::Serialize;

/// A value in the state of a request.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub enum Value {
    Number(u64),
    Ratio(f64),
    Flag(bool),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

impl LogValue for Value {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        match self {
            Self::Number(number) => out.u64(*number),
            Self::Ratio(ratio) => out.f64(*ratio),
            Self::Flag(flag) => out.bool(*flag),
            Self::Text(text) => out.str(text),
            Self::List(values) => values.log_value(out),
            Self::Map(entries) => entries.log_value(out),
        }
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Returns the state of a request: a session, headers, and a cart, four levels deep.
pub fn state() -> Value {
    let item = |n: u64| {
        let price = map([("amount", Value::Ratio(n as f64 * 1.25)), ("currency", text("EUR"))]);
        map([("sku", text(&format!("SKU-{n:05}"))), ("quantity", Value::Number(n % 3 + 1)), ("price", price)])
    };
    let headers = map([
        ("accept", text("application/json")),
        ("accept-encoding", text("gzip, deflate, br")),
        ("authorization", text("Bearer ***")),
        ("host", text("shop.example.com")),
        ("user-agent", text("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")),
        ("x-forwarded-for", text("10.31.46.95, 10.0.0.7")),
    ]);
    let session = map([
        ("id", text("7f3a9c1e-5b8a-4d2c-8e32-1cf37308d69d")),
        (
            "user",
            map([("id", Value::Number(4711)), ("roles", Value::List(vec![text("buyer"), text("beta")]))]),
        ),
        ("fresh", Value::Flag(true)),
    ]);
    let cart = map([("items", Value::List((0..8).map(item).collect())), ("total", Value::Ratio(129.95))]);
    map([("headers", headers), ("session", session), ("cart", cart)])
}

/// Returns the state of a request with an accidentally large part: a map of 40,000 results, each of which is
/// a map.
pub fn large_state() -> Value {
    let Value::Map(mut state) = state() else { return state() };
    let result = |n: u64| map([("id", Value::Number(n)), ("name", text("a result that is not requested"))]);
    let results = (0..40_000).map(|n| (format!("result-{n}"), result(n))).collect();
    state.insert("debug".to_owned(), Value::Map(results));
    Value::Map(state)
}

/// Returns a description of the requests.
pub fn describe(large_every: u64) -> Result<String> {
    let small = serde_json::to_string(&state())?.len();
    if large_every == 0 {
        return Ok(format!("each request logs a map of {small} bytes of JSON"));
    }
    let large = serde_json::to_string(&large_state())?.len();
    Ok(format!(
        "each request logs a map of {small} bytes of JSON, one in {large_every} has {:.1} MB",
        large as f64 / 1e6
    ))
}
