"""A reader that follows returns the entries that are written while it waits, and does not block other threads."""

import json
import threading

import fusewire
from conftest import requests


def test_what_is_written_while_one_waits_is_given(lines):
    lines_, later = list(requests(40)), threading.Event()
    directory = lines(lines_[:10])

    def append():
        # The reader waits now, because it has returned all existing entries.
        later.wait()
        with open(directory / "app.jsonl", "a") as file:
            for line in lines_[10:]:
                file.write(json.dumps(line) + "\n")
                file.flush()

    writer = threading.Thread(target=append)
    writer.start()
    found = []
    for entry in fusewire.open(directory, follow=True, timeout=60):
        found.append(entry["body"])
        if len(found) == 10:
            later.set()
        if len(found) == 40:
            break
    writer.join()
    assert found == [line["msg"] for line in lines_]


def test_waiting_ends_after_its_timeout(lines):
    entries = iter(fusewire.open(lines(requests(3)), follow=True, timeout=0.05))
    assert len(list(entries)) == 3
    assert next(entries, None) is None


def test_threads_share_an_iterator(lines):
    entries = iter(fusewire.open(lines(requests(2_000))))
    found = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(e["body"] for e in entries)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sum(found, [])) == sorted(line["msg"] for line in requests(2_000))
