#!/usr/bin/env python3
"""Prints random sentences of the documentation for a review of their style.

    docs/sample.py [--set SET] [--count N] [--seed N]

A reader judges each sentence by the style guide in CONTRIBUTING.md. The same seed and the same texts give the same
sentences. Sets:

    first-page    README, CONTRIBUTING, CHANGELOG, the guides, the README of the Python package, and the help of the commands
    schema        the documents in schema/
    rustdoc       the summaries of public items in src/

A sentence is a sentence of a paragraph, a list item, a table cell, a heading or a comment of a help text. Code blocks are
excluded.
"""

import argparse
import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEED = 20260301
COUNT = 45

FIRST_PAGE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "python/README.md")
HELP = ("cli/src/args.rs", "cli/src/args/*.rs")

ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|No|Fig|approx|St)|\b[A-Z])\.$")
END = re.compile(r"[.!?][)\"'`*_]*\s+(?=[\"'`(\[*_-]*[A-Z0-9`])")
ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
PUBLIC = re.compile(r"\s*(?:pub\s|#\[macro_export\]|macro_rules!)")


def sentences(text):
    """Yields the sentences of a paragraph."""
    text = " ".join(text.replace("**", "").split())
    start = 0
    for end in END.finditer(text):
        head = text[start : end.end()].rstrip()
        if ABBREVIATION.search(head) or head.count("`") % 2:
            continue
        yield head
        start = end.end()
    if text[start:]:
        yield text[start:]


def worded(text):
    """Returns whether a text is language: two words or more, apart from code, links and numbers."""
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", " ", text)
    return len(re.findall(r"[A-Za-z]{2,}", text)) >= 2


def cells(line):
    """Returns the cells of a row of a table. A bar in code does not separate cells."""
    parts = re.split(r"(`[^`]*`)", line.strip().strip("|"))
    line = "".join(part if at % 2 else part.replace(r"\|", "\0").replace("|", "\1") for at, part in enumerate(parts))
    return [cell.replace("\0", "|").strip() for cell in line.split("\1")]


def paragraphs(lines):
    """Yields the number of the first line and the text of each paragraph, list item, heading and table cell of Markdown.

    `lines` contains pairs of a line number and a line.
    """
    first, parts, fence = 0, [], None

    def done():
        nonlocal parts
        found, parts = parts, []
        return [(first, " ".join(found))] if found else []

    for number, line in lines:
        stripped = line.strip()
        mark = re.match(r"`{3,}|~{3,}", stripped)
        if fence or mark:
            yield from done()
            if not fence:
                fence = mark.group()
            elif stripped.startswith(fence) and not stripped.strip(fence[0]):
                fence = None
        elif not stripped or line.startswith("    ") and not parts or re.fullmatch(r"!\[.*\]\(.*\)|<!--.*-->|---+", stripped):
            yield from done()
        elif stripped.startswith("|"):
            yield from done()
            if not re.fullmatch(r"[|:\s-]+", stripped):
                yield from ((number, cell) for cell in cells(stripped))
        elif stripped.startswith("#"):
            yield from done()
            yield number, stripped.lstrip("# ")
        else:
            if ITEM.match(line):
                yield from done()
                stripped = ITEM.sub("", line, count=1).strip()
            if not parts:
                first = number
            parts.append(stripped)
    yield from done()


def comments(lines, mark):
    """Yields the blocks of consecutive comment lines, each with its attributes and the line of code after them."""
    block, attributes, depth = [], [], 0
    for number, line in enumerate([*lines, ""], 1):
        stripped = line.strip()
        if depth or stripped.startswith("#["):
            depth += line.count("[") + line.count("(") - line.count("]") - line.count(")")
            attributes.append(stripped)
        elif stripped.startswith(mark):
            block.append((number, stripped[len(mark) :].removeprefix(" ")))
        else:
            if block:
                yield block, attributes, stripped
            block, attributes = [], []


def markdown(path):
    """Yields the sentences of a Markdown file."""
    for number, text in paragraphs(enumerate(path.read_text().split("\n"), 1)):
        yield from ((number, sentence) for sentence in sentences(text))


def help_texts(path):
    """Yields the sentences of the help texts in a Rust file: comments of commands and options."""
    lines = path.read_text().split("\n#[cfg(test)]")[0].split("\n")
    for block, attributes, item in comments(lines, "///"):
        # Clap does not print the comments of functions, constants, enums and groups of options.
        command = any(line.startswith("#[command(after_help") or line.startswith("#[command(name") for line in attributes)
        if command or re.match(r"pub\(crate\) \w+:|\w+: |[A-Z]\w*(\(|,)", item):
            for number, text in paragraphs(block):
                yield from ((number, sentence) for sentence in sentences(text))
    source = "\n".join(lines)
    for found in re.finditer(r'\b(?:long_about|about|help|next_help_heading)\s*=\s*"((?:\\.|[^"\\])*)"', source):
        number = source.count("\n", 0, found.start()) + 1
        text = re.sub(r"\\\n\s*", "", found[1]).replace('\\"', '"')
        yield from ((number, sentence) for sentence in sentences(text))


def is_public(path):
    """Returns whether a Rust file is the crate or a module that its parent declares as public."""
    if path.name == "lib.rs":
        return True
    module = path.parent if path.name == "mod.rs" else path.with_suffix("")
    parents = (module.parent / "mod.rs", module.parent / "lib.rs", module.parent.with_suffix(".rs"))
    return any(parent.exists() and f"pub mod {module.name};" in parent.read_text() for parent in parents)


def summaries(path):
    """Yields the summary, the first paragraph, of the module and of each public item in a Rust file."""
    lines = path.read_text().split("\n#[cfg(test)]")[0].split("\n")
    modules = [(block, [], "pub mod") for block, _, _ in comments(lines, "//!")] if is_public(path) else []
    for block, _, item in [*modules, *comments(lines, "///")]:
        if PUBLIC.match(item):
            number, text = next(paragraphs(block), (0, ""))
            yield from ((number, sentence) for sentence in sentences(text))


def files(patterns):
    """Returns the files that match patterns, in order."""
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if "generated" not in path.parts)


SETS = {
    "first-page": [(FIRST_PAGE, markdown), (HELP, help_texts)],
    "schema": [(("schema/*.md",), markdown)],
    "rustdoc": [(("src/**/*.rs",), summaries)],
}


def main():
    options = argparse.ArgumentParser(description="Print random sentences of the documentation.")
    options.add_argument("--set", choices=SETS, default="first-page", help="texts to sample (default: first-page)")
    options.add_argument("--count", type=int, default=COUNT, metavar="N", help=f"number of sentences (default: {COUNT})")
    options.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"seed of the random choice (default: {SEED})")
    options = options.parse_args()

    found = {}
    for patterns, read in SETS[options.set]:
        for path in files(patterns):
            for number, sentence in read(path):
                if worded(sentence):
                    found.setdefault(sentence, f"{path.relative_to(ROOT)}:{number}")
    chosen = random.Random(options.seed).sample(list(found.items()), min(options.count, len(found)))
    print(f"{len(chosen)} of {len(found)} sentences, set {options.set}, seed {options.seed}")
    for at, (sentence, place) in enumerate(chosen, 1):
        print(f"{at:>3}  {place}: {sentence}")


if __name__ == "__main__":
    main()
