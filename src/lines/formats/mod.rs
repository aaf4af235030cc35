//! The formats of lines. Each format is one file.

mod access;
mod android;
mod cri;
mod hadoop;
mod java;
mod journal;
mod klog;
mod logfmt;
mod plain;
mod postgres;
mod prefix;
mod server_error;
mod servers;
mod syslog;
mod w3c;

use super::LineFormat;

pub(super) use w3c::FIELDS;

/// The formats of text, in the order in which they are tried. A line of JSON is tried before them.
pub(super) const FORMATS: [&dyn LineFormat; 15] = [
    &cri::Cri,
    &klog::Klog,
    &syslog::Syslog,
    &access::Access,
    &server_error::ServerError,
    &w3c::W3c,
    &journal::Journal,
    &logfmt::Logfmt,
    &servers::Servers,
    &postgres::Postgres,
    &java::Java,
    &android::Android,
    &hadoop::Hadoop,
    &prefix::Prefix,
    &plain::Plain,
];
