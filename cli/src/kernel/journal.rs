//! Entries of the journal as JSON: `journalctl -o json`.

use serde_json::Value;

use super::prefix::{Head, Heads};
use super::stamp::Stamp;

/// The parsed fields of a journal entry.
pub(super) struct Told {
    host: Option<String>,
    time: Option<Stamp>,
    since_boot: Option<u64>,
    message: String,
}

impl Told {
    pub(super) fn head(&self) -> Head<'_> {
        Head {
            host: self.host.as_deref(),
            time: self.time,
            since_boot: self.since_boot,
            message: &self.message,
        }
    }
}

/// Parses the entry in `line`. Returns `None` if the entry is not from the kernel. The field `_TRANSPORT` identifies messages
/// of the kernel. A program cannot forge this field.
pub(super) fn parse(line: &str) -> Option<Told> {
    // Most entries are from other programs. This test avoids the cost of the JSON parser.
    if !line.contains("\"kernel\"") {
        return None;
    }
    let entry: Value = serde_json::from_str(line).ok()?;
    let field = |name: &str| entry.get(name).and_then(Value::as_str);
    let is_kernel = match field("_TRANSPORT") {
        Some(transport) => transport == "kernel",
        // Some collectors drop the fields that they do not use.
        None => field("SYSLOG_IDENTIFIER") == Some("kernel"),
    };
    let text = is_kernel.then(|| text(entry.get("MESSAGE")?))??;
    // Some collectors do not remove the kernel's time from the text.
    let inner = Heads::default().parse(&text)?;
    let micros = |name: &str| field(name)?.parse::<u64>().ok()?.checked_mul(1_000);
    let since_boot = micros("_SOURCE_MONOTONIC_TIMESTAMP").or(inner.since_boot);
    let time = micros("_SOURCE_REALTIME_TIMESTAMP").or_else(|| micros("__REALTIME_TIMESTAMP"));
    Some(Told {
        host: field("_HOSTNAME").map(str::to_owned),
        time: time.map(Stamp::Unix).or(inner.time).or(since_boot.map(Stamp::SinceBoot)),
        since_boot,
        message: inner.message.trim_end().to_owned(),
    })
}

/// Returns a text. The journal contains an array of bytes if the text is not printable.
fn text(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let bytes = value.as_array()?.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()));
    Some(String::from_utf8_lossy(&bytes.collect::<Option<Vec<u8>>>()?).into_owned())
}
