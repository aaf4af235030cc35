"""Writes entries with the Python package `flatbuffers` and the code that flatc generates.

usage: write.py GENERATED OUT

GENERATED is the directory that `flatc --python` generated from schema/log_entry.fbs. The length of each entry, a
little-endian u32, precedes the entry in OUT.
"""

import struct
import sys

sys.path.insert(0, sys.argv[1])

import flatbuffers
from fusewire.wire import Kind, LogEntry, Node, Severity, TraceContext

NODE = struct.Struct("<IHBBQ")


class Tape:
    """The nodes of an entry in pre-order, and the text to which they refer."""

    def __init__(self):
        self.nodes, self.text = [], bytearray()

    def span(self, data):
        start = len(self.text)
        self.text += data
        return start

    def add(self, key, value):
        key = key.encode()
        at, index = self.span(key), len(self.nodes)
        self.nodes.append(None)
        if value is None:
            kind, word = Kind.Kind.Null, 0
        elif isinstance(value, bool):
            kind, word = Kind.Kind.Bool, int(value)
        elif isinstance(value, int):
            kind, word = Kind.Kind.Int, value & (2**64 - 1)
        elif isinstance(value, float):
            kind, word = Kind.Kind.Float, struct.unpack("<Q", struct.pack("<d", value))[0]
        elif isinstance(value, (str, bytes)):
            kind = Kind.Kind.String if isinstance(value, str) else Kind.Kind.Bytes
            data = value.encode() if isinstance(value, str) else value
            word = self.span(data) | len(data) << 32
        elif isinstance(value, (list, dict)):
            kind = Kind.Kind.Map if isinstance(value, dict) else Kind.Kind.Array
            for child in value.items() if isinstance(value, dict) else [("", child) for child in value]:
                self.add(*child)
            word = len(value) | (len(self.nodes) - index - 1) << 32
        self.nodes[index] = (at, len(key), kind, 0, word)


def entry(number, attributes):
    tape = Tape()
    for key, value in attributes.items():
        tape.add(key, value)
    builder = flatbuffers.Builder(64)
    body = builder.CreateString(f"entry {number} é")
    text = builder.CreateByteVector(bytes(tape.text))
    LogEntry.LogEntryStartAttributesVector(builder, len(tape.nodes))
    for node in reversed(tape.nodes):
        Node.CreateNode(builder, *node)
    nodes = builder.EndVector()
    LogEntry.LogEntryStart(builder)
    LogEntry.LogEntryAddBody(builder, body)
    LogEntry.LogEntryAddAttributes(builder, nodes)
    LogEntry.LogEntryAddText(builder, text)
    LogEntry.LogEntryAddTimeUnixNano(builder, 1_700_000_000_000_000_000 + number)
    LogEntry.LogEntryAddSeverity(builder, Severity.Severity.Warn)
    LogEntry.LogEntryAddTrace(builder, TraceContext.CreateTraceContext(builder, 1, 2, 3))
    builder.Finish(LogEntry.LogEntryEnd(builder))
    return bytes(builder.Output())


ENTRIES = [
    {},
    {"n": 7, "neg": -5, "f": 1.5, "t": True, "none": None, "s": "ünï", "b": b"\x00\xff"},
    {"request": {"path": "/pay", "tags": ["eu", ["deep", {"er": 1}], {}], "empty": []}, "last": "x"},
    {f"k{i}": i for i in range(300)},
]

with open(sys.argv[2], "wb") as out:
    for number, attributes in enumerate(ENTRIES):
        data = entry(number, attributes)
        out.write(struct.pack("<I", len(data)) + data)
