#!/usr/bin/env python3
"""Renders docs/terminal.svg from the real output of the command line.

    cargo build --release && docs/terminal.py [--binary PATH] [--out PATH]

Writes JSON lines of a sample service to a temporary directory, runs commands on them, and draws the output with its ANSI
colours. The input is the same in each run. The output varies only in the duration and the rate that `import` prints.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]

COMMANDS = [
    "fusewire import shop.jsonl --to logs",
    "fusewire query 'level >= error and duration_ms > 5s' logs -n 5 -F time,level,message,request.path,duration_ms",
    "fusewire query fuse.any logs",
    "fusewire stats logs --by target --number duration_ms",
]

ENTRIES = 20_000
COLUMNS = 106
CELL, LINE, FONT, MARGIN = 8, 18, 13, 18
BACKGROUND, FOREGROUND, FAINT = "#1b1f27", "#d7dce5", "#8891a3"
COLOURS = {30: "#4b5263", 31: "#ef6b73", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2", 37: FOREGROUND}


def sample():
    """Yields the JSON lines of a shop: 20 minutes of requests, some failed requests, and one value that is nested too deep."""
    state = 7
    for n in range(ENTRIES):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        random = state >> 33
        name = ("cart", "checkout", "payment", "search")[random % 4]
        failed = name == "payment" and random % 150 < 2
        seconds, micros = divmod(n * 60_000, 1_000_000)
        line = {
            "timestamp": f"2026-03-02T09:{seconds // 60:02}:{seconds % 60:02}.{micros:06}Z",
            "level": "error" if failed else "info",
            "target": f"shop::{name}",
            "message": "payment failed" if failed else "request served",
            "duration_ms": 2_000 + random % 4_000 if failed else 3 + random % 90,
            "request": {"path": f"/{name}", "status": 502 if failed else 200},
        }
        if n == ENTRIES // 2:
            cart = None
            for id in range(40):
                cart = {"id": id, "previous": cart}
            line.update(level="warn", target="shop::cart", message="cart updated", cart=cart)
            line["request"]["path"] = "/cart"
        yield json.dumps(line)


def run(binary, command, directory):
    """Returns the lines that a command prints."""
    arguments = [binary, *shlex.split(command)[1:], "--color", "always", "--no-pager", "--no-config"]
    environment = {**os.environ, "TZ": "UTC", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(arguments, cwd=directory, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode().rstrip("\n").split("\n")


def spans(line):
    """Yields the parts of a line that have one style: row, column, text, colour, and whether the text is bold.

    A line that is longer than the terminal is wide continues in the next row.
    """
    colour, bold, faint, position = None, False, False, 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        escape_sequence = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if escape_sequence is None:
            while part:
                row, column = divmod(position, COLUMNS)
                text, part = part[: COLUMNS - column], part[COLUMNS - column :]
                yield row, column, text, colour or (FAINT if faint else FOREGROUND), bold
                position += len(text)
            continue
        for code in map(int, escape_sequence[1].split(";") if escape_sequence[1] else [0]):
            if code == 0:
                colour, bold, faint = None, False, False
            elif code == 1:
                bold = True
            elif code == 2:
                faint = True
            elif 30 <= code <= 37 or 90 <= code <= 97:
                colour = COLOURS[code if code < 90 else code - 60]


def draw(lines):
    """Returns the SVG of a terminal with these lines."""
    texts, row = [], 0
    for line in lines:
        last = row
        for below, column, text, colour, bold in spans(line):
            last = row + below
            if not text.strip():
                continue
            # Each text has a fixed place and width: the columns are aligned in every font.
            weight = ' font-weight="bold"' if bold else ""
            texts.append(
                f'<text x="{MARGIN + column * CELL}" y="{MARGIN + last * LINE + FONT}" fill="{colour}"{weight}'
                f' textLength="{len(text) * CELL}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>'
            )
        row = last + 1
    width, height = 2 * MARGIN + COLUMNS * CELL, 2 * MARGIN + row * LINE
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        "<title>Output of fusewire import, query and stats</title>",
        "<style>text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;"
        f"font-size:{FONT}px;white-space:pre}}</style>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    return "\n".join([*head, *texts, "</svg>", ""])


def prompt(command):
    """Returns the lines of a command after a prompt, broken before an option if it is too long for one line."""
    lines = [command]
    if len(command) + 2 > COLUMNS:
        at = command.rindex(" -", 0, COLUMNS - 4)
        lines = [command[:at] + " \\", "    " + command[at + 1 :]]
    return ["\x1b[32m$\x1b[0m \x1b[1m" + lines[0] + "\x1b[0m", *("\x1b[1m" + line + "\x1b[0m" for line in lines[1:])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default=ROOT / "target/release/fusewire", type=Path, help="the built command")
    parser.add_argument("--out", default=ROOT / "docs/terminal.svg", type=Path, help="file to write")
    options = parser.parse_args()

    lines = []
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "shop.jsonl").write_text("\n".join(sample()) + "\n")
        for command in COMMANDS:
            lines += [*prompt(command), *run(options.binary.resolve(), command, directory), ""]
    options.out.write_text(draw(lines[:-1]))


if __name__ == "__main__":
    main()
