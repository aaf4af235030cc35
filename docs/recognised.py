#!/usr/bin/env python3
"""Prints how much of the lines of a folder Fusewire recognises.

    docs/recognised.py [--fusewire COMMAND] [--by format|file] FOLDER...

For each format of lines, the table contains the number of entries, and the shares of the entries with a time, a level and a
target. An entry with the time of the entry before it counts as an entry without a time. Segments and compressed files are
not included.
"""

import argparse
import collections
import json
import subprocess
from pathlib import Path

FORMAT = "fusewire.import.format"
MARK = "fusewire.import.time"
PACKED = (".gz", ".zst", ".bz2", ".xz", ".fws", ".fwi")


def entries(command, path):
    """Yields the entries of a file."""
    run = subprocess.run([command, "cat", "--output", "json", path], capture_output=True, check=False)
    for line in run.stdout.splitlines():
        yield json.loads(line)


def main():
    parser = argparse.ArgumentParser(description="Print how much of the lines of a folder Fusewire recognises")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--fusewire", default="fusewire", metavar="COMMAND", help="path of the command")
    parser.add_argument("--by", choices=("format", "file"), default="format", help="content of the first column")
    args = parser.parse_args()
    table = collections.defaultdict(collections.Counter)
    for folder in args.folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.suffix in PACKED:
                continue
            for entry in entries(args.fusewire, path):
                attributes = entry.get("attributes", {})
                row = path.name if args.by == "file" else attributes.get(FORMAT, "JSON")
                for name in (row, "total"):
                    table[name].update(
                        entries=1,
                        time="time" in entry and MARK not in attributes,
                        level="severity" in entry,
                        target="target" in entry,
                    )
    print(f"{args.by:<24} {'entries':>9} {'time':>7} {'level':>7} {'target':>7}")
    for name, counts in sorted(table.items(), key=lambda row: (row[0] == "total", -row[1]["entries"], row[0])):
        shares = (f"{100 * counts[part] / counts['entries']:6.1f}%" for part in ("time", "level", "target"))
        print(f"{name:<24} {counts['entries']:>9}", *shares)


if __name__ == "__main__":
    main()
