"""Fixtures that create the logs of the tests."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden():
    """Returns the directory with segments of every released format version and their entries as JSON."""
    return ROOT / "tests" / "data" / "golden"


@pytest.fixture(scope="session")
def cli():
    """Returns a function that runs the command line from the build of `cargo` and returns its standard output."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = os.environ.get("FUSEWIRE") or shutil.which("fusewire", path=f"{target}/debug:{target}/release")
    if not found:
        assert "CI" not in os.environ, "build the command line first: cargo build -p fusewire-cli"
        pytest.skip("there is no command line: cargo build -p fusewire-cli")
    return lambda *arguments, **more: subprocess.run([found, *map(str, arguments)], check=True, capture_output=True, **more).stdout


@pytest.fixture
def lines(tmp_path):
    """Returns a function that writes objects to a file of JSON lines and returns its directory."""

    def write(objects, name="app.jsonl"):
        directory = tmp_path / "lines"
        directory.mkdir(exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in objects)
        (directory / name).write_text(text)
        return directory

    return write


@pytest.fixture
def log(cli, lines, tmp_path):
    """Returns a function that writes objects to segments of the service `shop` and returns their directory.

    Further arguments are options of `fusewire import`.
    """

    def write(objects, *options):
        source = lines(objects) / "app.jsonl"
        directory = tmp_path / "segments"
        cli("import", source, "--to", directory, "--service", "shop", "--segment-size", "1MiB", *options)
        return directory

    return write


def requests(count):
    """Yields entries of a service. There is one entry per second, and every fifth entry is an error."""
    for n in range(count):
        yield {
            "time": f"2026-01-02T03:{n // 60 % 60:02}:{n % 60:02}.{n % 1000:03}000001Z",
            "level": "error" if n % 5 == 0 else "info",
            "msg": f"request {n} done",
            "trace_id": f"{n + 1:032x}",
            "duration_ms": n * 10,
            "request": {"status": 500 if n % 5 == 0 else 200, "path": "/pay", "tags": ["eu", n]},
        }
