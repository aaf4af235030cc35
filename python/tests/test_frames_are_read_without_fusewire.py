"""A short program without Fusewire, which uses the code that `flatc` generates, reads the segments of Fusewire."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT, requests


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Returns a function that runs the example on segments and returns its exit code and the printed entries."""
    try:
        import flatbuffers  # noqa: F401
    except ImportError:
        flatc = None
    else:
        flatc = shutil.which("flatc")
    if not flatc:
        assert "CI" not in os.environ, "flatc or the package flatbuffers is missing"
        pytest.skip("needs flatc and the package flatbuffers")
    generated = tmp_path_factory.mktemp("generated")
    subprocess.run([flatc, "--python", "-o", generated, ROOT / "schema" / "log_entry.fbs"], check=True)

    def run(*segments):
        script = ROOT / "python" / "examples" / "read_frames.py"
        done = subprocess.run([sys.executable, script, generated, *segments], capture_output=True, text=True)
        assert not done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return run


def untagged(value):
    """Converts a value that the command line prints to the simpler form of the example."""
    if isinstance(value, list):
        return [untagged(child) for child in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (inner := value.get("$map")):
        return inner
    return {key: untagged(child) for key, child in value.items()}


def test_entries_are_those_of_the_command_line(read, cli, log):
    directory = log(requests(300))
    code, found = read(*directory.glob("*.fws"))
    printed = [json.loads(line) for line in cli("cat", "--output", "json", directory).splitlines()]
    assert code == 0 and len(found) == len(printed) == 300
    for one, other in zip(found, printed):
        assert one["attributes"] == other["attributes"]
        assert one["body"] == other["body"]
        assert one["severity_number"] == {"INFO": 9, "ERROR": 17}[other["severity"]]
    assert [entry["time_unix_nano"] % 10**9 for entry in found[:3]] == [1, 1_000_001, 2_000_001]


def test_every_kind_of_value(read, golden):
    code, found = read(golden / "v1.0.fws")
    attributes = [entry["attributes"] for entry in found]
    expected = [json.loads(line).get("attributes", {}) for line in (golden / "v1.0.jsonl").read_text().splitlines()]
    assert code == 0 and len(found) == len(expected)
    odd, times = attributes[2].pop("odd"), attributes.pop(3)
    expected[2].pop("odd"), expected.pop(3)
    assert attributes == [untagged(one) for one in expected]
    assert [str(number) for number in odd] == ["nan", "inf", "-inf"]
    zoned, span = 253402300799000000005, 18446744073709551615999999999
    assert times == {"bytes": "00ff10", "time": -1, "zoned": zoned, "duration": span}


def test_like_entries(read, golden):
    code, found = read(golden / "v1.1.fws")
    expected = [json.loads(line) for line in (golden / "v1.1.jsonl").read_text().splitlines()]
    assert code == 0 and len(found) == len(expected) == 12
    assert [one["body"] for one in found] == [other.get("body", "") for other in expected]
    # The other entries have values with a tag.
    assert [one["attributes"] for one in found[::3]] == [other["attributes"] for other in expected[::3]]
    for one, other in zip(found[1::3], expected[1::3]):
        assert one["attributes"]["big"] == other["attributes"]["big"]
        assert one["attributes"]["small"] == other["attributes"]["small"]
        assert one["attributes"]["took"] == other["attributes"]["took"]["$nanos"]
        assert one["attributes"]["limits"][:2] == other["attributes"]["limits"][:2]


@pytest.mark.parametrize("name, entries", [("v1.0-log", 5), ("v1.0-killed", 4)])
def test_segments_of_logs_and_of_killed_processes(read, golden, name, entries):
    _, found = read(golden / f"{name}.fws")
    lines = [json.loads(line) for line in (golden / f"{name}.jsonl").read_text().splitlines()]
    assert [entry["attributes"] for entry in found] == [line["attributes"] for line in lines]
    assert len(found) == entries


def test_a_damaged_frame_costs_itself_alone(read, log):
    directory = log(requests(50))
    segment, = directory.glob("*.fws")
    data = bytearray(segment.read_bytes())
    data[data.index(b"request 20 done")] ^= 1
    segment.write_bytes(data)
    code, found = read(segment)
    assert code == 3
    assert [entry["body"] for entry in found] == [f"request {n} done" for n in range(50) if n != 20]
