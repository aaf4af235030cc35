"""Reads segments without Fusewire: with what flatc makes of the schema, the package `flatbuffers`, and `zlib`.

    flatc --python -o generated schema/log_entry.fbs
    python read_frames.py generated logs/*.fws

Prints each entry as a line of JSON; exits with 3 where bytes were lost. The format: `schema/FORMAT.md`.
"""

import json
import struct
import sys
import zlib

sys.path.insert(0, sys.argv[1])
from fusewire.wire import Kind, LogEntry, NodeFlags  # noqa: E402 - what flatc made

KIND = Kind.Kind


def frames(data):
    """Each frame whose tag and checksum are right, as (kind, payload); then (None, bytes that were passed over)."""
    assert data[:8] == b"\x89FWS\r\n\x1a\n" and zlib.crc32(data[:4092]) == struct.unpack_from("<I", data, 4092)[0]
    major, _, _, _, _, incompat, salt = struct.unpack_from("<HHIIIII", data, 8)
    assert (major, incompat) == (1, 0), "a version of the format that this program does not know"
    at, tail, lost = *struct.unpack_from("<Q", data, 96), 16 * struct.unpack_from("<I", data, 4096)[0], 0
    while at + 16 <= len(data):
        word, checksum, tag, kind = struct.unpack_from("<IIIB", data, at)
        state, length, tagged = word >> 28, word & 0x0FFF_FFFF, tag == salt ^ at // 16
        end = at + 16 + (length + 15) // 16 * 16
        if state == 2 and tagged and zlib.crc32(data[at + 8 : end], length) == checksum:
            yield kind, data[at + 16 : at + 16 + length]
            at = end
        elif at >= tail or state == 3 and tagged:
            break
        else:  # Frames begin at multiples of 16: the next one is found by looking at each.
            at, lost = at + 16, lost + 16
    yield None, lost


def children(entry, text, at, end):
    """The keys and values of the nodes from `at` to `end`, without the containers' own children."""
    while at < end:
        node = entry.Attributes(at)
        kind, low, high = node.Kind(), node.Value() & 0xFFFF_FFFF, node.Value() >> 32
        at, first = at + 1 + (high if kind in (KIND.Array, KIND.Map) else 0), at + 1
        wide = node.Flags() & NodeFlags.NodeFlags.Wide
        data = text[low : low + high] if wide or kind in (KIND.String, KIND.Bytes) else struct.pack("<Q", node.Value())
        number = int.from_bytes(data, "little", signed=kind != KIND.Uint)
        if kind == KIND.Array:
            value = [child for _, child in children(entry, text, first, at)]
        elif kind == KIND.Map:
            value = dict(children(entry, text, first, at))
        elif kind == KIND.Float:
            value = struct.unpack("<d", data)[0]
        elif kind == KIND.Timestamp and wide:
            value = struct.unpack_from("<q", data)[0] * 10**9 + struct.unpack_from("<I", data, 8)[0]
        else:
            texts = {KIND.Null: None, KIND.Bool: bool(number), KIND.String: data.decode(errors="replace"), KIND.Bytes: data.hex()}
            value = texts.get(kind, number)
        if kind != KIND.Dropped:  # It counts children that were not kept.
            yield text[node.KeyOffset() : node.KeyOffset() + node.KeyLength()].decode(), value


lost = 0
for path in sys.argv[2:]:
    for kind, payload in frames(open(path, "rb").read()):
        lost += payload if kind is None else 0
        if kind == 1:
            entry = LogEntry.LogEntry.GetRootAs(payload)
            text = bytes(map(entry.Text, range(entry.TextLength())))
            attributes = dict(children(entry, text, 0, entry.AttributesLength()))
            header = {"time_unix_nano": entry.TimeUnixNano(), "severity_number": entry.Severity()}
            print(json.dumps({**header, "body": (entry.Body() or b"").decode(), "attributes": attributes}))
sys.exit(3 if lost else 0)
