//! The event that all loggers log: eleven values, four of them nested, with ids, target, message and thread.

use serde::Serialize;

pub const TRACE_ID: u128 = 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2;
pub const TARGET: &str = "shop::checkout::payment";
pub const BODY: &str = "payment authorised by the gateway";
pub const THREAD: &str = "tokio-runtime-worker";

/// The event as a value that serde serializes.
#[derive(Clone, Serialize)]
pub struct Event {
    pub trace_id: &'static str,
    pub span_id: &'static str,
    pub user_id: u64,
    pub order: &'static str,
    pub amount: f64,
    pub currency: &'static str,
    pub retry: bool,
    pub duration_ms: u64,
    pub request: Request,
}

#[derive(Clone, Serialize)]
pub struct Request {
    pub method: &'static str,
    pub path: &'static str,
    pub status: u16,
    pub bytes: u32,
}

pub const EVENT: Event = Event {
    trace_id: "5b8aa5a2d2c872e8321cf37308d69df2",
    span_id: "0000000000001267",
    user_id: 4711,
    order: "A-20931-77",
    amount: 129.95,
    currency: "EUR",
    retry: false,
    duration_ms: 231,
    request: Request { method: "POST", path: "/api/v1/checkout", status: 200, bytes: 5321 },
};

/// A complete JSON line.
#[derive(Serialize)]
pub struct Line<'a> {
    pub time: u128,
    pub level: &'static str,
    pub target: &'static str,
    pub thread: &'static str,
    pub message: &'static str,
    #[serde(flatten)]
    pub event: &'a Event,
}

impl<'a> Line<'a> {
    pub fn now(event: &'a Event) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { time: now.as_nanos(), level: "INFO", target: TARGET, thread: THREAD, message: BODY, event }
    }
}
