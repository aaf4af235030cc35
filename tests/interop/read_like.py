"""Reads like entries with the Python package `flatbuffers` and the code that flatc generates, and prints each entry as a line of
JSON.

usage: read_like.py GENERATED IN

IN contains pairs of a base and a like entry. The length of each, a little-endian u32, precedes its bytes.
"""

import json
import struct
import sys
import zlib

sys.path.insert(0, sys.argv[1])

from fusewire.wire.Kind import Kind
from fusewire.wire.LikeEntry import LikeEntry
from fusewire.wire.LogEntry import LogEntry
from fusewire.wire.NodeFlags import NodeFlags


def leaves(data, at, count):
    """Returns the number of each leaf, or None for the value of the base, and the texts."""
    classes, at, numbers = data[at:], at + (count + 3) // 4, []
    for i in range(count):
        width = (0, 1, 3, 8)[classes[i // 4] >> 2 * (i % 4) & 3]
        numbers.append(int.from_bytes(data[at : at + width], "little") if width else None)
        at += width
    return numbers, data[at:]


def value(kind, number, base):
    """Returns the value field of a node. `base` is the value field of the node of the base."""
    if number is None:
        return base
    if kind == Kind.Float:
        return int.from_bytes(number.to_bytes(8, "little"), "big") ^ base
    return (base + (number >> 1 ^ -(number & 1))) % 2**64


def read(base_bytes, like_bytes):
    """Returns the parts of a like entry."""
    base, like = LogEntry.GetRootAs(base_bytes), LikeEntry.GetRootAs(like_bytes)
    assert like.Head().BaseCheck() == zlib.crc32(base_bytes, len(base_bytes))
    text = bytes(map(base.Text, range(base.TextLength())))
    data = bytes(map(like.Data, range(like.DataLength())))
    nodes = [base.Attributes(i) for i in range(base.AttributesLength())]
    is_leaf = [node.Kind() not in (Kind.Null, Kind.Array, Kind.Map) for node in nodes]
    numbers, texts = leaves(data, 26 if data[0] & 1 else 2, 2 + sum(is_leaf))
    trace = struct.unpack_from("<3Q", data, 2) if data[0] & 1 else (0, 0, 0)

    def span(number, of_base):
        nonlocal texts
        if number is None:
            return of_base
        found, texts = texts[:number], texts[number:]
        return found

    body, thread = span(numbers[0], base.Body()), span(numbers[1], base.Thread())
    values, rest = [], iter(numbers[2:])
    for node, leaf in zip(nodes, is_leaf):
        key = text[node.KeyOffset() :][: node.KeyLength()].decode()
        kind, word = node.Kind(), node.Value()
        if leaf and (kind in (Kind.String, Kind.Bytes) or node.Flags() & NodeFlags.Wide):
            found = span(next(rest), text[word & 0xFFFFFFFF :][: word >> 32]).hex()
        else:
            found = value(kind, next(rest), word) if leaf else word
        values.append([key, kind, node.Flags(), found])
    assert not texts and next(rest, "end") == "end"
    header = [like.Head().TimeUnixNano(), like.Head().Base(), *trace, data[1], base.Severity(), base.UtcOffsetMinutes()]
    return {"header": header, "strings": [s.decode() for s in (base.Target(), body, thread)], "values": values}


def blocks(file):
    """Yields each block of the file."""
    while head := file.read(4):
        yield file.read(struct.unpack("<I", head)[0])


with open(sys.argv[2], "rb") as file:
    pairs = blocks(file)
    for base_bytes in pairs:
        print(json.dumps(read(base_bytes, next(pairs))))
