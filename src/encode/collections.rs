//! Implementations for types that contain other values (slices, tuples, collections) and for text of the operating
//! system.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::key::LogKey;
use super::slot::ValueWriter;
use super::value::LogValue;

impl<V: LogValue> LogValue for [V] {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.array().extend_from_slice(self);
    }
}

impl<V: LogValue, const N: usize> LogValue for [V; N] {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.array().extend_from_slice(self);
    }
}

impl<V: LogValue> LogValue for Vec<V> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.array().extend_from_slice(self);
    }
}

macro_rules! sequences {
    ($($type:ty $(, $hasher:ident)?;)*) => {$(
        impl<V: LogValue $(, $hasher)?> LogValue for $type {
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                out.array().extend(self.iter());
            }
        }
    )*};
}
sequences! {
    VecDeque<V>;
    LinkedList<V>;
    BTreeSet<V>;
    HashSet<V, S>, S;
}

macro_rules! maps {
    ($($type:ty $(, $hasher:ident)?;)*) => {$(
        impl<K: LogKey, V: LogValue $(, $hasher)?> LogValue for $type {
            /// Writes the entries in the order of the iterator. [`LogKey`] defines the text of the keys.
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                let mut map = out.map();
                let mut entries = self.iter();
                while !map.is_full() {
                    let Some((key, value)) = entries.next() else { return };
                    map.keyed(key, value);
                }
                map.drop_rest(Some(entries.len() as u64));
            }
        }
    )*};
}
maps! {
    BTreeMap<K, V>;
    HashMap<K, V, S>, S;
}

macro_rules! tuples {
    ($($($name:ident $index:tt),+;)*) => {$(
        impl<$($name: LogValue),+> LogValue for ($($name,)+) {
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                let mut array = out.array();
                $(array.push(&self.$index);)+
            }
        }
    )*};
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// Writes text of the operating system. Valid UTF-8 becomes a string; other text becomes bytes, so no byte is lost.
fn system_text(bytes: &[u8], out: ValueWriter<'_, '_>) {
    match core::str::from_utf8(bytes) {
        Ok(text) => out.str(text),
        Err(_) => out.bytes(bytes),
    }
}

impl LogValue for OsStr {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.as_encoded_bytes(), out);
    }
}

impl LogValue for OsString {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.as_encoded_bytes(), out);
    }
}

impl LogValue for Path {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.as_os_str().as_encoded_bytes(), out);
    }
}

impl LogValue for PathBuf {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.as_os_str().as_encoded_bytes(), out);
    }
}

impl LogValue for CStr {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.to_bytes(), out);
    }
}

impl LogValue for CString {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        system_text(self.to_bytes(), out);
    }
}

macro_rules! displayed {
    ($($type:ty),*) => {$(
        impl LogValue for $type {
            fn log_value(&self, out: ValueWriter<'_, '_>) {
                out.fmt(format_args!("{self}"));
            }
        }
    )*};
}
displayed!(IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr);
