"""Reads entries with the Python package `flatbuffers` and the code that flatc generates, and prints each entry as a line of JSON.

usage: read.py GENERATED IN

The arguments have the format that write.py describes.
"""

import json
import struct
import sys

sys.path.insert(0, sys.argv[1])

from fusewire.wire.Kind import Kind
from fusewire.wire.LogEntry import LogEntry
from fusewire.wire.NodeFlags import NodeFlags


def text_of(entry):
    return bytes(entry.Text(i) for i in range(entry.TextLength()))


def value(entry, index):
    """Returns the value of a node, and the index after its subtree."""
    node = entry.Attributes(index)
    word, text = node.Value(), text_of(entry)
    span = text[word & 0xFFFFFFFF :][: word >> 32]
    kind = node.Kind()
    if kind in (Kind.Array, Kind.Map):
        kept, end = word & 0xFFFFFFFF, index + 1 + (word >> 32)
        children, at = [], index + 1
        for _ in range(kept):
            key = key_of(entry, at, text)
            child, at = value(entry, at)
            children.append((key, child))
        return (dict(children) if kind == Kind.Map else [child for _, child in children]), end
    if node.Flags() & NodeFlags.Wide:
        return str(int.from_bytes(span, "little", signed=kind != Kind.Uint)), index + 1
    leaf = {
        Kind.Null: lambda: None,
        Kind.Bool: lambda: bool(word),
        Kind.Int: lambda: struct.unpack("<q", struct.pack("<Q", word))[0],
        Kind.Uint: lambda: word,
        Kind.Float: lambda: struct.unpack("<d", struct.pack("<Q", word))[0],
        Kind.String: lambda: span.decode(),
        Kind.Bytes: lambda: list(span),
    }
    return leaf[kind](), index + 1


def key_of(entry, index, text):
    node = entry.Attributes(index)
    return text[node.KeyOffset() :][: node.KeyLength()].decode()


with open(sys.argv[2], "rb") as data:
    while head := data.read(4):
        entry = LogEntry.GetRootAs(data.read(struct.unpack("<I", head)[0]), 0)
        text = text_of(entry)
        attributes, at = {}, 0
        while at < entry.AttributesLength():
            key = key_of(entry, at, text)
            attributes[key], at = value(entry, at)
        trips = [[t.Cause(), t.Count(), t.Lost()] for t in (entry.Trips(i) for i in range(entry.TripsLength()))]
        line = {
            "time": entry.TimeUnixNano(),
            "severity": entry.Severity(),
            "span": entry.Trace().SpanId(),
            "target": entry.Target().decode(),
            "body": entry.Body().decode(),
            "attributes": attributes,
            "trips": trips,
        }
        print(json.dumps(line))
