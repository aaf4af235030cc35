//! The producer and the state of a segment.

use std::fmt::Write;
use std::path::Path;

use fusewire::decode::{EntryRef, Value};
use fusewire::log::{Life, Owner, SegmentInfo, StreamEnd};
use fusewire::segment::read_resource;

use super::colour::Palette;
use super::escape;

/// The producer of a segment, from its resource. An attribute that is missing or has another type is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Producer {
    /// `service.name`, not escaped.
    pub(crate) service: Option<String>,
    /// `host.name`, not escaped.
    pub(crate) host: Option<String>,
    /// `process.pid`.
    pub(crate) pid: Option<u64>,
}

impl Producer {
    /// Returns the producer of the segment `path`, or an empty producer if the segment is unreadable.
    pub(crate) fn of(path: &Path) -> Self {
        let mut producer = Self::default();
        let Ok(Some(resource)) = read_resource(path) else { return producer };
        let Ok(resource) = EntryRef::new(&resource) else { return producer };
        for attribute in resource.attributes().filter_map(Result::ok) {
            let key = attribute.key;
            match attribute.value {
                Value::String(text) if key == "service.name" => producer.service = Some(text.to_string()),
                Value::String(text) if key == "host.name" => producer.host = Some(text.to_string()),
                pid if key == "process.pid" => {
                    producer.pid = pid.as_i128().and_then(|pid| pid.try_into().ok());
                }
                _ => {}
            }
        }
        producer
    }

    /// Returns the known attributes, escaped: `shop on web1, pid 4711`.
    pub(crate) fn describe(&self, palette: &Palette) -> String {
        let mut out = String::new();
        match &self.service {
            Some(service) => escape::push_line(service.as_bytes(), &palette.escape, &mut out),
            None if self.host.is_none() && self.pid.is_none() => out.push_str("unknown process"),
            None => out.push_str("unnamed process"),
        }
        if let Some(host) = &self.host {
            out.push_str(" on ");
            escape::push_line(host.as_bytes(), &palette.escape, &mut out);
        }
        if let Some(pid) = self.pid {
            // A write to a `String` cannot fail.
            _ = write!(out, ", pid {pid}");
        }
        out
    }
}

/// Returns the name of a stream: the part of its id that is in its file names.
pub(crate) fn stream_name(id: [u8; 16]) -> String {
    let [a, b, c, d, ..] = id;
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

/// Returns the name of the state of a segment.
pub(crate) fn state(segment: &SegmentInfo) -> &'static str {
    match (&segment.header, segment.life) {
        (Err(_), _) => "damaged",
        (_, Life::Sealed) => "sealed",
        (_, Life::Live) => "live",
        (_, Life::Empty) if segment.owner == Owner::Alive => "ready",
        (_, Life::Empty) => "empty",
        (_, Life::Crashed) => "crashed",
    }
}

/// The end of a process, determined from the segments of its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// A running process: it holds the lock of a segment.
    Alive,
    /// A process that closed its log.
    Stopped,
    /// A process that ended without closing its log.
    Died,
    /// An end that the segments do not determine.
    #[default]
    Unknown,
}

impl End {
    /// Returns the end of the stream that consists of `segments`, in any order.
    pub(crate) fn of<'a>(segments: impl IntoIterator<Item = &'a SegmentInfo>) -> Self {
        let (mut last, mut unsealed): (Option<&SegmentInfo>, Option<Self>) = (None, None);
        for segment in segments {
            if last.is_none_or(|last| segment.sequence >= last.sequence) {
                last = Some(segment);
            }
            let end = match segment.owner {
                _ if segment.life == Life::Sealed => continue,
                Owner::Alive => return Self::Alive,
                // The program left the log open and exited with status 0.
                Owner::Gone if segment.end == StreamEnd::Stopped => Self::Stopped,
                // A worker can create the next segment during the exit, after the mark.
                _ if segment.life == Life::Empty => continue,
                Owner::Unknown => Self::Unknown,
                Owner::Gone => Self::Died,
            };
            // If the owner of one segment is unknown, the end is unknown. The segment that was current at the exit has
            // the mark; earlier segments may also be unsealed.
            unsealed = match unsealed {
                Some(Self::Unknown | Self::Stopped) => unsealed,
                _ => Some(end),
            };
        }
        unsealed.unwrap_or(match last.map(|last| last.end) {
            Some(StreamEnd::Stopped) => Self::Stopped,
            Some(StreamEnd::Died) => Self::Died,
            _ => Self::Unknown,
        })
    }

    /// Returns the name that JSON output contains.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Stopped => "stopped",
            Self::Died => "died",
            Self::Unknown => "unknown",
        }
    }
}
