"""Times and queries select exactly the matching entries, and their errors contain the position of the fault."""

import pickle
import time
from datetime import datetime, timedelta, timezone

import pytest

import fusewire
from conftest import requests

START = datetime(2026, 1, 2, 3, 0, tzinfo=timezone.utc)


def bodies(*arguments, **options):
    return [entry["body"] for entry in fusewire.open(*arguments, **options)]


def test_a_query_gives_what_filtering_gives(log):
    directory = log(requests(500))
    every = list(fusewire.open(directory))
    found = list(fusewire.open(directory, where="level >= error and request.status == 500 and duration_ms > 1s"))
    assert found == [e for e in every if e["severity_number"] >= 17 and e["attributes"]["duration_ms"] > 1000]
    assert 0 < len(found) < 100
    assert bodies(directory, where="tags == 1") == []
    assert bodies(directory, where=fusewire.Query(f"trace_id == {42:032x}")) == ["request 41 done"]
    assert bodies(directory.parent / "lines", where="request.tags[*] == 7") == ["request 7 done"]


def test_a_needle_in_a_long_log_comes_alone(log):
    # The log is so long that the search pauses to check for signals.
    directory = log({"msg": f"{n}"} for n in range(150_000))
    for path in directory, directory.parent / "lines":
        assert bodies(path, where="body == '149999'") == ["149999"]
        assert bodies(path, where="body == never") == []
        assert sum(1 for _ in fusewire.open(path, where="body != '7'")) == 149_999


@pytest.mark.parametrize("since", [
    START + timedelta(minutes=5),
    (START + timedelta(minutes=5)).astimezone(timezone(timedelta(hours=5, minutes=30))),
    int((START + timedelta(minutes=5)).timestamp()) * 10**9,
    "2026-01-02T03:05:00Z",
    "2026-01-02T03:05:00.000000001Z",
    "2026-01-02 04:05:00,0+01:00",
])
def test_ranges_are_exact(lines, since):
    directory = lines(requests(500))
    until = START + timedelta(minutes=5, seconds=2)
    assert bodies(directory, since=since, until=until) == ["request 300 done", "request 301 done"]


def test_nanoseconds_count(lines):
    directory = lines(requests(3))
    third = list(fusewire.open(directory))[2]
    assert bodies(directory, since=third["time"]) == ["request 2 done"]
    assert bodies(directory, since=third["time"].unix_nano + 1) == []
    assert bodies(directory, until="2026-01-02T03:00:02.002000001Z") == ["request 0 done", "request 1 done"]


def test_times_before_now(lines):
    now = time.time_ns()
    ages = {"week": 7 * 86_400, "hour": 3_600, "minute": 60}
    directory = lines({"time": now - age * 10**9, "msg": name} for name, age in ages.items())
    assert bodies(directory, since="1h30m") == ["hour", "minute"]
    assert bodies(directory, since="-10m") == bodies(directory, since=timedelta(minutes=10)) == ["minute"]
    assert bodies(directory, until="2d") == ["week"]
    assert bodies(directory, since="now") == []
    assert bodies(directory, where="time in last 10m") == ["minute"]


@pytest.mark.parametrize("since, error", [
    ("soon", ValueError), ("2026-13-01", ValueError), (1.5, TypeError), (-1, ValueError), (True, TypeError),
    (datetime(1960, 1, 1), ValueError),
])
def test_what_is_no_time_is_refused(lines, since, error):
    with pytest.raises(error, match="since: "):
        fusewire.open(lines([]), since=since)


# Each row: a text, the current time, the instant in Berlin. The tests of the Rust type use the same rows.
@pytest.mark.parametrize("text, instant", [
    ("2026-01-02 03:04:05", "2026-01-02T02:04:05+00:00"),
    ("2026-07-02", "2026-07-01T22:00:00+00:00"),
    ("2026/01/02 03:04", "2026-01-02T02:04:00+00:00"),
    ("1772359200", "2026-03-01T10:00:00+00:00"),
    ("01/Mar/2026:10:00:00 +0100", "2026-03-01T09:00:00+00:00"),
    ("2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),
    ("2026-03-29 02:30", "2026-03-29T01:30:00+00:00"),
])
def test_texts_are_the_times_of_the_command_line(lines, text, instant):
    moment = datetime.fromisoformat(instant)
    directory = lines({"time": (moment + timedelta(seconds=n)).isoformat(), "msg": str(n)} for n in (-1, 0, 1))
    assert bodies(directory, since=text, tz="Europe/Berlin") == ["0", "1"]
    assert bodies(directory, where=f"time >= '{text}'", tz="Europe/Berlin") == ["0", "1"]


def test_days_and_lines_have_a_zone(lines):
    directory = lines({"time": f"2026-10-25 {hour}", "msg": hour} for hour in ("00:30:00", "23:30:00"))
    reader = fusewire.open(directory, tz="Europe/Berlin", log_tz="Europe/Berlin")
    counts = reader.count(every="1d")
    assert [(group.since_unix_nano, group.count) for group in counts] == [(1_792_879_200 * 10**9, 2)]
    assert [str(entry["time"]) for entry in reader] == ["2026-10-25 00:30:00+02:00", "2026-10-25 23:30:00+01:00"]
    with pytest.raises(ValueError, match="log_tz: unknown time zone"):
        fusewire.open(directory, log_tz="Mars/Olympus")


def test_an_error_in_a_query_points_at_it(lines):
    with pytest.raises(fusewire.QueryError, match=r"(?s)found `loud`.*\^\^\^\^") as caught:
        fusewire.open(lines([]), where="body contains é and level >= loud")
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.column, error.offset) == (30, 30)
    assert error.text[error.column - 1 :] == "loud"
    assert "loud" in error.message and "\n" not in error.message
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.column) == (str(error), 30)


def test_queries_are_values():
    query = fusewire.Query("level>=warn   and not (a.b == 5)")
    assert fusewire.Query(str(query)) == query != fusewire.Query("level >= warn")
    assert len({query, fusewire.Query(str(query))}) == 1
    assert pickle.loads(pickle.dumps(query)) == query
    early = fusewire.Query("time in today", now=10**18, tz="+01:00")
    assert pickle.loads(pickle.dumps(early)) == early


def test_a_path_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        fusewire.open([tmp_path, tmp_path / "missing"])
