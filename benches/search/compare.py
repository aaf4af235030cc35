#!/usr/bin/env python3
"""Search one day of logs with Fusewire and with other tools, and compare answers, times and memory.

    benches/search/compare.py [--dir DIR] [--entries N] [--rounds N] [--install] [--smoke]

`fusewire-workload` generates the JSON lines (2,170,000 entries are 1 GB), and `fusewire import` imports them. All installed
tools run the same queries: ripgrep, jq, angle-grinder, and DuckDB with JSON lines and with Parquet. The tools take turns. A time is
the wall-clock time of a whole process, the best of all rounds. Memory is the peak of the anonymous memory. The script fails
if two tools return different answers.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Tools that take longer than this, in seconds, run only one round.
SLOW = 10.0
# The progress bar would be a part of the answer.
DUCKDB = "import duckdb; duckdb.sql('set enable_progress_bar = false')"


def sh(command, **kwargs):
    subprocess.run(command, check=True, **kwargs)


def anonymous(pid):
    """Returns the anonymous memory of a process and its descendants, in KiB."""
    total = 0
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1])
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                total += sum(anonymous(int(child)) for child in children.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def run(command, output):
    """Runs a command with its output in a file. Returns the time in seconds and the peak of the anonymous memory in MiB."""
    with open(output, "wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(["sh", "-c", command], stdout=out, stderr=subprocess.PIPE)
        peak = 0
        while process.poll() is None:
            peak = max(peak, anonymous(process.pid))
            time.sleep(0.0005 if time.perf_counter() - began < 0.2 else 0.01)
        spent = time.perf_counter() - began
        error = process.stderr.read().decode()
    # ripgrep and fusewire exit with 1 if there is no match; this is not an error.
    if process.returncode > 1 or (process.returncode == 1 and error):
        sys.exit(f"{command}: exit code {process.returncode}: {error}")
    return spent, peak / 1024


def number(text):
    return int(text.strip() or 0)


def total(text):
    """Returns the sum of the numbers, one per line."""
    return sum(int(line) for line in text.split())


def lines(text):
    return len(text.splitlines())


def pairs(key, value):
    """Parses JSON objects, one per line, as a sorted list of pairs."""

    def parse(text):
        found = []
        for line in text.splitlines():
            row = json.loads(line)
            found.append((str(key(row)), int(value(row))))
        return sorted(found)

    return parse


def rows(text):
    """Parses lines of a key, a tab and a count; returns them sorted."""
    found = [line.rsplit("\t", 1) for line in text.splitlines()]
    return sorted((key, int(count)) for key, count in found)


def duck(python, source, query):
    program = (
        f"{DUCKDB}\n"
        f"for row in duckdb.sql({query.replace('LOGS', source)!r}).fetchall():\n"
        "    print(*row, sep='\\t')"
    )
    return f"{python} -c {shlex.quote(program)}"


def tasks(at, fusewire, trace):
    """Yields the name of a task, and the command and parser of each tool, Fusewire first.

    For the same answer, all parsers return the same value.
    """
    lines_at, logs = shlex.quote(str(at / "day.jsonl")), shlex.quote(str(at / "logs"))
    parquet = str(at / "day.parquet")
    python = at / "python" / "bin" / "python"
    has = shutil.which
    stats = f"{fusewire} stats {logs} --counts --output json"
    by_level = pairs(lambda row: row["by"]["level"], lambda row: row["count"])

    def compared(query, parse, rg=None, jq=None, agrind=None):
        found = {}
        if rg and has("rg"):
            found["rg"] = rg
        if jq and has("jq"):
            found["jq"] = (f"jq -c {shlex.quote(jq[0])} {lines_at}", jq[1])
        if agrind and has("agrind"):
            found["agrind"] = (f"agrind -o json {shlex.quote('* | json | ' + agrind[0])} -f {lines_at}", agrind[1])
        if python.exists() and query:
            found["DuckDB, JSON"] = (duck(python, f"read_json('{at}/day.jsonl')", query), parse)
            found["DuckDB, Parquet"] = (duck(python, f"'{parquet}'", query), parse)
        return found

    yield "level = ERROR and duration_ms > 5000", {
        "fusewire": (f"{fusewire} query --count 'level == error and duration_ms > 5000' {logs}", number),
        **compared(
            "select count(*) from LOGS where level = 'ERROR' and duration_ms > 5000",
            number,
            rg=(
                f"rg -N '\"level\":\"ERROR\"' {lines_at} | jq -c 'select(.duration_ms > 5000) | 1' | wc -l",
                number,
            ) if has("jq") else None,
            jq=('select(.level == "ERROR" and .duration_ms > 5000) | 1', lines),
            agrind=("where level == \"ERROR\" | where duration_ms > 5000 | count", lambda t: json.loads(t)[0]["_count"]),
        ),
    }
    yield "one trace", {
        "fusewire": (f"{fusewire} query 'trace_id == {trace}' {logs} --output json", lines),
        **compared(
            f"select count(*) from LOGS where replace(trace_id::varchar, '-', '') = '{trace}'",
            number,
            rg=(f"rg -N '\"trace_id\":\"{trace}\"' {lines_at}", lines),
            jq=(f'select(.trace_id == "{trace}")', lines),
        ),
    }
    yield "count by level", {
        "fusewire": (f"{stats} --by level", by_level),
        **compared(
            "select level, count(*) from LOGS group by level",
            rows,
            rg=(
                "for level in DEBUG INFO WARN ERROR FATAL; do "
                f"printf '%s\\t' $level; rg -c \"\\\"level\\\":\\\"$level\\\"\" {lines_at}; done",
                rows,
            ),
            agrind=("count by level", lambda t: sorted((row["level"], row["_count"]) for row in json.loads(t))),
        ),
    }
    yield "top 10 messages", {
        "fusewire": (f"{stats} --by message", lambda t: sorted(c for _, c in pairs(
            lambda row: row["by"] and row["by"]["message"], lambda row: row["count"])(t) if _ != "None")),
        **compared(
            "select message, count(*) from LOGS group by message order by 2 desc limit 10",
            lambda t: sorted(count for _, count in rows(t)),
        ),
    }
    yield "a histogram by minute", {
        "fusewire": (
            f"{fusewire} histogram {logs} --every 1m --output json --utc",
            lambda t: sorted(c for _, c in pairs(lambda row: row["since_unix_nano"], lambda row: row["count"])(t)),
        ),
        **compared(
            "select time_bucket(interval '1 minute', timestamp::timestamp), count(*) from LOGS group by 1",
            lambda t: sorted(count for _, count in rows(t)),
        ),
    }
    yield "five minutes of the day, as JSON", {
        "fusewire": (f"{fusewire} query '' {logs} --since 2026-01-15T12:00:00Z --until 2026-01-15T12:05:00Z --output json", lines),
        **compared(
            "select timestamp::varchar, * exclude (timestamp) from LOGS where timestamp::timestamp >= '2026-01-15 12:00:00' and timestamp::timestamp < '2026-01-15 12:05:00'",
            lines,
            rg=(f"rg -N '^\\{{\"timestamp\":\"2026-01-15T12:0[0-4]:' {lines_at}", lines),
        ),
    }
    yield "a text in the message", {
        "fusewire": (f"{fusewire} query --count timeout {logs}", number),
        **compared(
            "select count(*) from LOGS where contains(message, 'timeout')",
            number,
            rg=(f"rg -c '\"message\":\"[^\"]*timeout' {lines_at}", number),
            jq=('select(.message | contains("timeout")) | 1', lines),
        ),
    }
    yield "print all entries, with colours", {
        "fusewire": (f"{fusewire} cat {logs} --color always --utc | tail -c 1 | wc -c", number),
        **({"jq": (f"jq -C -c . {lines_at} | tail -c 1 | wc -c", number)} if has("jq") else {}),
    }
    yield "the first 20 entries", {
        "fusewire": (f"{fusewire} cat {logs} --utc | head -20", lines),
        **({"jq": (f"jq -c . {lines_at} | head -20", lines)} if has("jq") else {}),
    }
    yield "verify", {"fusewire": (f"{fusewire} verify {logs} > {at}/verified && echo 1", number)}
    yield "load", {
        "fusewire": (f"rm -rf {at}/again && {fusewire} import {lines_at} --to {at}/again > {at}/imported && echo 1", number),
        **({"DuckDB, Parquet": (convert(at, "again.parquet") + " && echo 1", number)} if python.exists() else {}),
    }


def convert(at, name):
    """Returns the command that converts the JSON lines to Parquet."""
    program = (
        f"{DUCKDB}; duckdb.sql(\"copy (select * from read_json('{at}/day.jsonl')) to '{at}/{name}' (compression zstd)\")"
    )
    return f"{at}/python/bin/python -c {shlex.quote(program)}"


def size(path):
    if path.is_dir():
        return sum(file.stat().st_blocks * 512 for file in path.rglob("*"))
    return path.stat().st_size


def prepare(at, entries, install):
    at.mkdir(parents=True, exist_ok=True)
    cargo = ["cargo", "build", "--release", "--quiet"]
    sh([*cargo, "--manifest-path", str(ROOT / "benches/search/Cargo.toml"), "--target-dir", str(at / "build")])
    sh([*cargo, "--manifest-path", str(ROOT / "Cargo.toml"), "-p", "fusewire-cli"])
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    fusewire = target / "release/fusewire"
    mark = at / f"made-{entries}"
    if not mark.exists():
        with open(at / "day.jsonl", "wb") as out:
            sh([str(at / "build/release/fusewire-workload"), str(entries)], stdout=out)
        shutil.rmtree(at / "logs", ignore_errors=True)
        sh([str(fusewire), "import", str(at / "day.jsonl"), "--to", str(at / "logs")], stderr=subprocess.DEVNULL)
        (at / "day.parquet").unlink(missing_ok=True)
        mark.touch()
    if install:
        if os.geteuid() == 0 and not (shutil.which("rg") and shutil.which("jq")):
            sh(["apt-get", "-qq", "update"])
            sh(["apt-get", "-qq", "install", "--no-install-recommends", "ripgrep", "jq"])
        if not shutil.which("agrind"):
            sh(["cargo", "install", "--quiet", "--locked", "ag"])
        if not (at / "python").exists():
            sh([sys.executable, "-m", "venv", str(at / "python")])
            sh([str(at / "python/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "duckdb"])
    if (at / "python").exists() and not (at / "day.parquet").exists():
        sh(["sh", "-c", convert(at, "day.parquet")])
    return fusewire


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=ROOT / "target/search", help="directory for the workload and the logs")
    parser.add_argument("--entries", type=int, default=2_170_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--install", action="store_true", help="install the other tools from Debian, crates.io and PyPI")
    parser.add_argument("--smoke", action="store_true", help="run a short test with little data")
    args = parser.parse_args()
    if args.smoke:
        args.entries, args.rounds = 20_000, 1
    at = args.dir.resolve() / str(args.entries)
    fusewire = prepare(at, args.entries, args.install)
    with open(at / "day.jsonl") as day:
        traces = (json.loads(line).get("trace_id") for i, line in zip(range(5_000), day))
        trace = [trace for trace in traces if trace][-1]
    print(f"{args.entries} entries, {size(at / 'day.jsonl') / 1e6:.0f} MB of JSON lines; {os.cpu_count()} cores, best of {args.rounds} rounds\n")
    for name, tools in tasks(at, fusewire, trace):
        best, expected = {}, None
        for round_ in range(args.rounds):
            for tool, (command, parse) in tools.items():
                if round_ > 0 and best[tool][0] > SLOW:
                    continue
                spent, peak = run(command, at / "answer")
                answer = parse((at / "answer").read_text())
                expected = answer if expected is None else expected
                if answer != expected:
                    sys.exit(f"{name}: different answers\n{tool}: {str(answer)[:300]}\nfusewire: {str(expected)[:300]}")
                before = best.get(tool, (float("inf"), 0))
                best[tool] = (min(before[0], spent), max(before[1], peak))
        ours = best["fusewire"][0]
        print(f"{name}: {expected if isinstance(expected, int) else f'{len(expected)} rows'}")
        for tool, (spent, peak) in best.items():
            print(f"  {tool:<18}{spent:>9.3f} s{spent / ours:>8.1f}x{peak:>9.1f} MiB")
    print("size, MB")
    for name, path in [("JSON lines", "day.jsonl"), ("fusewire", "logs"), ("Parquet, zstd", "day.parquet")]:
        if (at / path).exists():
            print(f"  {name:<18}{size(at / path) / 1e6:>9.0f}")


if __name__ == "__main__":
    main()
