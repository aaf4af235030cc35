#!/usr/bin/env python3
"""A preprocessor of mdBook. Inserts the documents of other directories, and changes links to links between chapters.

A chapter with the text `{{#include PATH}}` is the document at PATH. A link to a document that is a chapter becomes a link to
this chapter. The text of any other link to a file of the repository remains, without the link."""
import json
import os
import pathlib
import re
import sys

DOCS = pathlib.Path(__file__).resolve().parent
INCLUDE = re.compile(r"\{\{#include (\S+)\}\}\s*")
LINK = re.compile(r"\[((?:[^][]|\[[^][]*\])*)\]\(([^()\s]+)\)")


def chapters(items):
    """Yields each chapter of the book that has a file."""
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter and chapter["path"]:
            yield chapter
            yield from chapters(chapter["sub_items"])


def document(chapter):
    """Returns the path of the document that a chapter shows."""
    path = DOCS / chapter["path"]
    include = INCLUDE.fullmatch(path.read_text())
    return (path.parent / include[1]).resolve() if include else path.resolve()


def linked(text, source, chapter, places):
    """Returns the text of the document `source` with links that are valid in the book."""
    folder = os.path.dirname(chapter["path"])

    def replace(match):
        label, target = match[1], match[2]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        path, hash_sign, heading = target.partition("#")
        found = (source.parent / path).resolve()
        if found in places:
            return f"[{label}]({os.path.relpath(places[found], folder)}{hash_sign}{heading})"
        if not found.exists():
            sys.exit(f"{source}: the link to {target} leads nowhere")
        # mdBook copies the other files of this directory, for example pictures.
        if found.is_relative_to(DOCS) and found.is_file() and found.suffix != ".md":
            return f"[{label}]({os.path.relpath(found, DOCS / folder)})"
        return label

    # Text in fenced code stays as it is.
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if n % 2 else LINK.sub(replace, part) for n, part in enumerate(parts))


def main():
    _, book = json.load(sys.stdin)
    found = list(chapters(book["items"]))
    places = {document(chapter): chapter["path"] for chapter in found}
    for chapter in found:
        source = document(chapter)
        chapter["content"] = linked(source.read_text(), source, chapter, places)
    json.dump(book, sys.stdout)


if sys.argv[1:2] != ["supports"]:
    main()
