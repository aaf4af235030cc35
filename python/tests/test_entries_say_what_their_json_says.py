"""The dict of an entry has the content of its JSON, with Python types."""

import base64
import copy
import json
import math
import pickle
import re
import struct
import zlib
from datetime import datetime, timedelta, timezone

import pytest

import fusewire
from conftest import ROOT, requests

TAGS = {"$bytes", "$time", "$nanos", "$float", "$map"}


def plain(value):
    """Converts a value of `fusewire cat --output json` to the value that the package returns."""
    if isinstance(value, list):
        return [plain(child) for child in value]
    if isinstance(value, dict) and len(value) == 1 and (tag := next(iter(value))) in TAGS:
        inner = value[tag]
        if tag == "$bytes":
            return base64.b64decode(inner)
        return {child: plain(v) for child, v in inner.items()} if tag == "$map" else (tag, inner)
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    return value


def first_of_repeated(pairs):
    made = {}
    for key, value in pairs:
        made.setdefault(key, value)
    return made


def same(found, expected):
    if isinstance(expected, tuple):
        tag, text = expected
        if tag == "$nanos":
            return (found if isinstance(found, int) else found.total_nanoseconds) == text
        if tag == "$float":
            return math.isnan(found) if text == "NaN" else found == float(text)
        if isinstance(found, int):
            return text.startswith("+10000-")
        return text.startswith(found.strftime("%Y-%m-%dT%H:%M:%S")) and f".{found.nanosecond:09}" in text
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return type(found) is type(expected) and repr(found) == repr(expected)


@pytest.mark.parametrize("name", ["v1.0", "v1.0-log", "v1.0-killed", "v1.1"])
def test_every_kind_of_value(golden, name):
    expected = (golden / f"{name}.jsonl").read_text().splitlines()
    reader = fusewire.open(golden / f"{name}.fws", on_loss="ignore")
    found = list(reader)
    assert len(found) == len(expected) > 3
    for entry, line in zip(found, expected):
        line = json.loads(line, object_pairs_hook=first_of_repeated)
        assert same(entry["attributes"], plain(line.get("attributes", {}))), line
        for member in ("trace_id", "span_id"):
            assert entry[member] == line.get(member)
        for member in ("target", "thread", "body"):
            assert entry[member] == line.get(member, "")
        assert entry["severity"] == line.get("severity", "UNSPECIFIED")
        assert entry["fuse"] == line.get("fuse")
        assert entry["dropped_attributes_count"] == line.get("dropped_attributes_count", 0)


# A value of each kind in JSON, and its type in Python.
KINDS = {
    "Null": ("null", type(None)),
    "Bool": ("true", bool),
    "Int": ("-7", int),
    "Uint": (str(2**64 - 1), int),
    "Float": ("0.5", float),
    "String": ('"a"', str),
    "Bytes": ('{"$bytes":"AWE="}', bytes),
    "Timestamp": ('{"$time":"2026-01-02T03:04:05Z"}', datetime),
    "Duration": ('{"$nanos":1500000000}', timedelta),
    "Array": ("[1]", list),
    "Map": ('{"k":1}', dict),
}


def test_each_kind_of_the_schema_has_a_type(lines):
    schema = re.search(r"enum Kind : ubyte {(.*?)}", (ROOT / "schema" / "log_entry.fbs").read_text(), re.DOTALL).group(1)
    assert list(KINDS) == [name for name in re.findall(r"(\w+) = \d+", schema) if name != "Dropped"]
    members = ",".join(f'"{name}":{text}' for name, (text, _) in KINDS.items())
    directory = lines([])
    (directory / "app.jsonl").write_text(f'{{"attributes":{{{members}}}}}\n')
    entry, = fusewire.open(directory)
    assert list(entry["attributes"]) == list(KINDS)
    for name, (_, kind) in KINDS.items():
        assert isinstance(entry["attributes"][name], kind), name


def test_a_kind_of_a_later_version_keeps_its_numbers(log, tmp_path):
    path, = log([{"later": 0x1122334455667788}]).glob("*.fws")
    data = bytearray(path.read_bytes())
    node = data.index(struct.pack("<Q", 0x1122334455667788)) - 8
    data[node + 6] = 200
    salt, = struct.unpack_from("<I", data, 28)
    at, = struct.unpack_from("<Q", data, 96)
    while True:
        word, _, tag = struct.unpack_from("<III", data, at)
        length = word & 0x0FFF_FFFF
        end = at + 16 + (length + 15) // 16 * 16
        assert tag == salt ^ at // 16
        if at < node < end:
            struct.pack_into("<I", data, at + 4, zlib.crc32(data[at + 8 : end], length))
            break
        at = end
    later = tmp_path / "later.fws"
    later.write_bytes(data)
    entry, = fusewire.open(later, on_loss="ignore")
    assert entry["attributes"] == {"later": {"$kind": [200, 0x1122334455667788]}}


def test_times_keep_their_nanoseconds_and_their_zone(golden):
    entry = next(iter(fusewire.open(golden / "v1.0.fws")))
    time = entry["time"]
    assert isinstance(time, datetime)
    assert time == datetime(2023, 11, 14, 18, 43, 20, 123456, timezone(timedelta(hours=-3, minutes=-30)))
    assert time.utcoffset() == timedelta(hours=-3, minutes=-30)
    assert time.unix_nano == entry["time_unix_nano"] == 1_700_000_000_123_456_789
    assert time.nanosecond == 123_456_789
    assert (time + timedelta(seconds=1)).unix_nano == 1_700_000_001_123_456_000


def test_instants_and_spans_keep_their_nanoseconds_elsewhere(lines):
    line = {"attributes": {"t": {"$time": "2026-01-02T03:04:05.000000007+02:00"}, "d": {"$nanos": -1500000001}}}
    entry, = fusewire.open(compact(lines, line))
    for attributes in entry["attributes"], pickle.loads(pickle.dumps(entry))["attributes"], copy.deepcopy(entry)["attributes"]:
        assert attributes["t"].unix_nano % 10**9 == attributes["t"].nanosecond == 7
        assert attributes["t"].utcoffset() == timedelta(hours=2)
        assert attributes["d"].total_nanoseconds == -1_500_000_001
        assert attributes["d"] == timedelta(seconds=-1.500001)  # The timedelta is rounded down.


def test_copies_say_the_same(log):
    directory = log(requests(20))
    assert list(fusewire.open(directory, copy=True)) == list(fusewire.open(directory))


def test_days_of_all_years_are_right(lines):
    days = ["0001-01-01", "1600-02-29", "1900-02-28", "1970-01-01", "2000-02-29", "2024-02-29", "2024-12-31", "9999-12-31"]
    line = {"attributes": {day: {"$time": f"{day}T23:59:59.500Z"} for day in days}}
    entry, = fusewire.open(compact(lines, line))
    for day in days:
        assert entry["attributes"][day].isoformat() == f"{day}T23:59:59.500000+00:00"


def compact(lines, line):
    """Writes a line in the form of a written entry, from which the same entry is restored."""
    directory = lines([])
    (directory / "app.jsonl").write_text(json.dumps(line, separators=(",", ":")) + "\n")
    return directory


def test_segments_and_lines_give_the_same(cli, log):
    directory = log(requests(300))
    segments = list(fusewire.open(directory))
    lines = list(fusewire.open(directory.parent / "lines"))
    assert len(segments) == len(lines) == 300
    for one, other in zip(segments, lines):
        assert one.pop("resource")["service.name"] == "shop"
        assert other.pop("resource") is None
        assert one == other
    printed = [json.loads(line) for line in cli("cat", "--output", "json", directory).splitlines()]
    assert [line["attributes"] for line in printed] == [entry["attributes"] for entry in segments]
    assert [line["trace_id"] for line in printed] == [entry["trace_id"] for entry in segments]


def test_a_reader_begins_anew_each_time(lines):
    reader = fusewire.open(lines(requests(20)))
    one, other = iter(reader), iter(reader)
    assert next(one) == next(other)
    assert len(list(one)) == len(list(other)) == 19
    assert list(one) == []
