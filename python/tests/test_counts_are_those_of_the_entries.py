"""`Reader.count` returns the counts of an iteration over all entries."""

from collections import Counter
from datetime import timedelta

import pytest

import fusewire
from conftest import requests


@pytest.fixture
def both(log):
    """Returns two directories with the same entries, as segments and as lines."""
    directory = log(requests(1_000))
    return directory, directory.parent / "lines"


def test_groups_are_counted(both):
    for directory in both:
        reader = fusewire.open(directory)
        entries = list(reader)
        expected = Counter((e["severity"], str(e["attributes"]["request"]["status"])) for e in entries)
        counts = reader.count("level", "request.status")
        assert {tuple(group.key): group.count for group in counts} == expected
        assert [group.count for group in counts] == sorted(expected.values(), reverse=True)
        assert (counts.entries, counts.others, counts.short_by, counts.without_time) == (1_000, 0, 0, 0)
        assert [group.key for group in reader.count("missing")] == [[None]]
        assert reader.count()[0].count == 1_000


def test_ranges_and_queries_hold(both):
    since, until = "2026-01-02T03:01:00.060000001Z", "2026-01-02T03:10:00Z"
    for directory in both:
        reader = fusewire.open(directory, since=since, until=until, where="level >= error or duration_ms < 700")
        entries = list(reader)
        assert 100 < len(entries) < 200
        assert reader.count().entries == len(entries)
        per_minute = Counter(e["time_unix_nano"] // (60 * 10**9) for e in entries)
        counts = reader.count(every="1m")
        assert {group.since_unix_nano // (60 * 10**9): group.count for group in counts} == per_minute
        assert [g.since_unix_nano for g in reader.count(every=timedelta(minutes=1))] == sorted(m * 60 * 10**9 for m in per_minute)


def test_numbers_are_measured(both):
    for directory in both:
        for group in fusewire.open(directory).count("level", number="duration_ms", distinct="trace_id"):
            numbers = [n * 10 for n in range(1_000) if (n % 5 == 0) == (group.key == ["ERROR"])]
            assert (group.numbers, group.min, group.max, group.sum) == (len(numbers), numbers[0], numbers[-1], sum(numbers))
            assert group.quantile(0.5) == pytest.approx(numbers[len(numbers) // 2], rel=0.02)
            assert group.distinct == pytest.approx(len(numbers), rel=0.1)


def test_groups_that_were_not_kept_are_told(lines):
    counts = fusewire.open(lines({"msg": "m", "n": n} for n in range(1_000))).count("n", max_groups=10)
    assert len(counts) == 10
    assert counts.others + sum(group.count for group in counts) == counts.entries == 1_000
    assert counts.short_by > 0


def test_what_cannot_be_counted_is_refused(lines):
    reader = fusewire.open(lines(requests(3)))
    with pytest.raises(fusewire.QueryError):
        reader.count("a..b")
    with pytest.raises(ValueError, match="every"):
        reader.count(every="often")
    with pytest.raises(ValueError, match="every"):
        reader.count(every=timedelta())
    with pytest.raises(ValueError, match="no end"):
        fusewire.open(lines([]), follow=True).count()
