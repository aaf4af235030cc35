//! The services and their messages.

/// A service and its logging modules.
pub struct Service {
    pub name: &'static str,
    pub targets: [&'static str; 3],
}

macro_rules! services {
    ($($name:literal: $a:literal, $b:literal, $c:literal;)*) => {
        [$(Service { name: $name, targets: [concat!($name, "::", $a), concat!($name, "::", $b), concat!($name, "::", $c)] }),*]
    };
}

pub const SERVICES: [Service; 16] = services! {
    "gateway": "http", "auth", "limits";
    "accounts": "login", "profile", "db";
    "catalog": "search", "index", "cache";
    "cart": "api", "store", "events";
    "checkout": "payment", "order", "fraud";
    "inventory": "stock", "reserve", "db";
    "shipping": "label", "carrier", "tracking";
    "pricing": "rules", "discount", "cache";
    "payments": "card", "ledger", "webhook";
    "notify": "mail", "sms", "push";
    "reviews": "api", "moderation", "db";
    "search": "query", "ranking", "shard";
    "recommend": "model", "features", "cache";
    "media": "resize", "upload", "cdn";
    "billing": "invoice", "tax", "export";
    "scheduler": "cron", "queue", "lease";
};

/// A message: its level and its text, in which `{}` is a number and `{s}` is a word.
pub struct Message {
    pub level: &'static str,
    pub text: &'static str,
}

const fn message(level: &'static str, text: &'static str) -> Message {
    Message { level, text }
}

/// The messages, ordered by decreasing frequency.
pub const MESSAGES: [Message; 24] = [
    message("INFO", "request completed"),
    message("DEBUG", "cache hit for {s}"),
    message("INFO", "connection accepted from pool"),
    message("DEBUG", "query executed in {} rows"),
    message("INFO", "user {} logged in"),
    message("INFO", "order placed successfully"),
    message("DEBUG", "serialized response body of {} bytes"),
    message("INFO", "message published to topic {s}"),
    message("INFO", "session refreshed for user {}"),
    message("DEBUG", "lock acquired on {s}"),
    message("INFO", "health check passed"),
    message("WARN", "slow query detected on replica {s}"),
    message("INFO", "background job {} finished"),
    message("WARN", "retrying request to upstream {s}, attempt {}"),
    message("INFO", "configuration reloaded"),
    message("ERROR", "connection timeout while calling {s}"),
    message("WARN", "rate limit exceeded for client {}"),
    message("ERROR", "payment declined by the card issuer"),
    message("INFO", "feature flag {s} evaluated"),
    message("ERROR", "unexpected end of stream after {} bytes"),
    message("WARN", "certificate of {s} expires in {} days"),
    message("ERROR", "deadlock found when trying to get lock; transaction rolled back"),
    message("DEBUG", "garbage collection freed {} objects"),
    message("FATAL", "out of file descriptors, shutting down worker {}"),
];

pub const WORDS: [&str; 12] = [
    "eu-west-1",
    "sessions",
    "ledger",
    "primary",
    "inventory-7",
    "search-03",
    "orders",
    "replica-2",
    "beta-checkout",
    "user-profile",
    "cdn-edge",
    "warehouse",
];
pub const METHODS: [&str; 4] = ["GET", "GET", "POST", "PUT"];
pub const PATHS: [&str; 8] = [
    "/api/v1/checkout",
    "/api/v1/cart/items",
    "/api/v2/search",
    "/api/v1/users/me",
    "/healthz",
    "/api/v1/orders",
    "/assets/app.js",
    "/api/v2/recommendations",
];
pub const STATUSES: [u16; 12] = [200, 200, 200, 200, 200, 201, 204, 304, 400, 404, 500, 503];
pub const REGIONS: [&str; 4] = ["eu", "us", "ap", "sa"];
