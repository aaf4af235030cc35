"""Hostile entries with valid checksums raise no exception. The package returns their readable part."""

import random
import struct
import zlib

import pytest

import fusewire
from conftest import requests

pyarrow = pytest.importorskip("pyarrow")


def mutated(data, kinds, dice):
    """Changes bytes in the frames of some kinds in a segment and repairs the checksums. Returns the segment."""
    data = bytearray(data)
    salt, = struct.unpack_from("<I", data, 28)
    at, = struct.unpack_from("<Q", data, 96)
    while True:
        word, _, tag, kind = struct.unpack_from("<IIIB", data, at)
        length, end = word & 0x0FFF_FFFF, at + 16 + ((word & 0x0FFF_FFFF) + 15) // 16 * 16
        if word >> 28 != 2 or tag != salt ^ at // 16:
            return bytes(data)
        if kind in kinds:
            for _ in range(dice.choice([0, 1, 2, 8])):
                place = at + 16 + dice.randrange(length)
                data[place] = dice.choice([0, 1, 0x7F, 0xFF, data[place] ^ 1 << dice.randrange(8), dice.randrange(12)])
            struct.pack_into("<I", data, at + 4, zlib.crc32(data[at + 8 : end], length))
        at = end


@pytest.fixture(params=["golden", "1.0", "1.1"])
def segment(request, golden, log):
    """Returns a segment and the kinds of the frames to change. A change of a base would only lose its like entries."""
    if request.param == "golden":
        return (golden / "v1.0.fws").read_bytes(), (1, 2)
    path, = log(requests(20), "--format", request.param).glob("*.fws")
    return path.read_bytes(), (1, 2) if request.param == "1.0" else (2, 8)


def test_whatever_an_entry_is(segment, tmp_path):
    dice, path, given, damaged, lost = random.Random(5), tmp_path / "hostile.fws", 0, 0, 0
    for _ in range(100):
        path.write_bytes(mutated(*segment, dice))
        reader = fusewire.open(path, on_loss="ignore")
        found = list(reader)
        assert reader.loss_count <= 20
        given += len(found)
        lost += reader.loss_count
        damaged += sum("unreadable" in entry for entry in found)
        assert [repr(entry) for entry in found] == [repr(entry) for entry in reader]
        selection = reader.select(["time", "body", "attributes", "request.status", "twice", "odd[0]", "resource", "fuse"])
        assert pyarrow.table(selection).num_rows == len(found)
        assert fusewire.open(path, on_loss="ignore").count("body", number="duration_ms").entries <= len(found) + 20
    # A like entry that is not valid is a loss, because it has no form without its base.
    assert given > 500 and (lost if 8 in segment[1] else damaged) > 10
