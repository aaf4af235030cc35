"""Records of the module `logging` become entries, which are bounded and survive the process."""

import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest

import fusewire


@pytest.fixture
def logger(tmp_path):
    handler = fusewire.Handler(tmp_path / "log", service="shop", segment_size=1 << 20)
    logger = logging.Logger("shop.pay")
    logger.addHandler(handler)
    yield logger
    handler.close()


def read(logger, **options):
    handler = logger.handlers[0]
    assert handler.dropped == 0
    handler.close()
    return list(fusewire.open(logger.directory, **options))


@pytest.fixture(autouse=True)
def directory(logger, tmp_path):
    logger.directory = tmp_path / "log"


def test_a_record_keeps_what_it_says(logger):
    extra = {
        "order": "A-20931-77", "attempt": 3, "ratio": 0.5, "ok": True, "nothing": None, "data": b"\x00\xff", "big": 2**100,
        "request": {"path": "/checkout", "tags": ["eu", ("a", 1)], 7: "seven"},
        "at": datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2))), "took": timedelta(microseconds=-5),
        "trace_id": "5b8aa5a2d2c872e8321cf37308d69df2", "span_id": "051581bf3cb55c13",
        "of_a_type": {3}, "path": complex(1, 2), "text": "\udc80 cut",
    }
    logger.warning("payment %s retried", 17, extra=extra)
    entry, = read(logger)
    assert (entry["severity"], entry["body"], entry["target"]) == ("WARN", "payment 17 retried", "shop.pay")
    assert entry["thread"] == threading.current_thread().name
    assert abs(entry["time"] - datetime.now(timezone.utc)) < timedelta(days=1)
    assert (entry["trace_id"], entry["span_id"]) == (extra.pop("trace_id"), extra.pop("span_id"))
    assert entry["resource"]["service.name"] == "shop"
    found = entry["attributes"]
    assert found["code.file.path"] == __file__ and found["code.function.name"] == "test_a_record_keeps_what_it_says"
    extra["request"] = {"path": "/checkout", "tags": ["eu", ["a", 1]], "7": "seven"}
    extra.update(of_a_type=[3], path="(1+2j)", text="\ufffd" * 3 + " cut")
    assert {key: found[key] for key in extra} == extra
    assert (found["at"].utcoffset(), found["took"].total_nanoseconds) == (timedelta(hours=2), -5_000)
    assert entry["fuse"] is None


def test_an_exception_is_told(logger):
    try:
        {}["key"]
    except KeyError:
        logger.exception("it failed")
    entry, = read(logger)
    found = entry["attributes"]
    assert (found["exception.type"], found["exception.message"]) == ("builtins.KeyError", "'key'")
    assert found["exception.stacktrace"].startswith("Traceback") and found["exception.stacktrace"].endswith("KeyError: 'key'")


def test_levels_keep_their_order(logger):
    levels = [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60]
    for level in levels:
        logger.log(level, "%d", level)
    found = [entry["severity_number"] for entry in read(logger)]
    assert found == sorted(found)
    assert dict(zip(levels, found)) | {10: 5, 20: 9, 30: 13, 40: 17, 50: 21, 1: 1, 60: 24} == dict(zip(levels, found))


class Hostile:
    def __init__(self, act):
        self.act = act

    def __str__(self):
        return self.act()


def test_hostile_values_are_bounded(logger):
    around = {"name": "round"}
    around["self"] = around
    deep = []
    for _ in range(100_000):
        deep = [deep]
    changing = {n: n for n in range(3)}
    changing["key"] = Hostile(lambda: str(changing.clear()))
    raising = Hostile(lambda: 1 / 0)
    logging_itself = Hostile(lambda: str(logger.error("inside")))
    extra = {
        "around": around, "deep": deep, "wide": list(range(100_000)), "long": "x" * 10**7, "changing": changing, "huge": 10**5000,
        "raising": raising, "logging_itself": logging_itself, "last": 1,
    }
    logger.info("hostile", extra=extra)
    handler = logger.handlers[0]
    assert handler.written == handler.dropped == 1  # The dropped entry was logged during the encoding of the other entry.
    handler.close()
    with pytest.warns(fusewire.LossWarning, match="1 entry was not written"):
        entry, = fusewire.open(logger.directory)
    found, trips = entry["attributes"], entry["fuse"]["trips"]
    assert found["last"] == 1 and found["raising"] == "Hostile" and found["logging_itself"] == "None"
    assert found["wide"] == list(range(256)) and len(found["long"]) == 16 << 10
    assert found["changing"]["0"] == 0
    assert set(trips) >= {"depth", "width", "string", "value"}
    while deep:  # Python would free the list recursively.
        deep = deep[0]


def test_threads_log_at_once(logger):
    def work(thread):
        for n in range(500):
            logger.info("%d", n, extra={"worker": thread})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(entry["attributes"]["worker"], int(entry["body"])) for entry in read(logger)]
    for thread in range(4):
        assert [n for worker, n in found if worker == thread] == list(range(500))


def test_what_was_logged_survives_sigkill(tmp_path):
    script = """if True:
        import logging, os, signal, sys
        import fusewire
        logging.basicConfig(level=0, handlers=[fusewire.Handler(sys.argv[1], service="victim", segment_size=1 << 20)])
        for n in range(1_000):
            logging.debug("%d", n)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "log"], env={**os.environ})
    assert done.returncode == -signal.SIGKILL
    assert [entry["body"] for entry in fusewire.open(tmp_path / "log")] == [str(n) for n in range(1_000)]


def test_a_closed_handler_drops_quietly(logger):
    handler = logger.handlers[0]
    logger.info("before")
    handler.sync()
    handler.close()
    handler.close()
    logger.info("behind")
    assert [entry["body"] for entry in fusewire.open(logger.directory)] == ["before"]


def test_both_formats_contain_the_same_records(tmp_path):
    found = []
    for self_contained in (True, False):
        directory = tmp_path / str(self_contained)
        handler = fusewire.Handler(directory, service="shop", self_contained=self_contained)
        record = logging.makeLogRecord({"name": "shop", "msg": "paid", "levelno": logging.INFO, "created": 1.5})
        for amount in range(100):
            record.amount = amount
            handler.emit(record)
        assert (handler.written, handler.dropped) == (100, 0)
        handler.close()
        segment, = directory.glob("*.fws")
        data = segment.read_bytes()
        # The incompat flags of page 0, and a constant of which each complete entry has a copy.
        found.append((data[24], data.count(b"code.function.name"), list(fusewire.open(directory))))
    (first, copies, entries), (flags, others, likes) = found
    assert (first, copies, flags, others) == (0, 100, 1, 1)
    for entry in entries + likes:
        del entry["resource"]
    assert entries == likes and [entry["attributes"]["amount"] for entry in likes] == list(range(100))
