"""A reader reports every loss and returns all other entries."""

import pickle

import pytest

import fusewire
from conftest import requests


@pytest.fixture
def damaged(log):
    """Returns a log of 200 entries, of which one is overwritten in the middle of the segment."""
    directory = log(requests(200))
    segment, = directory.glob("*.fws")
    data = bytearray(segment.read_bytes())
    at = data.index(b"request 100 done")
    data[at : at + 4] = b"XXXX"
    segment.write_bytes(data)
    return directory


def test_damage_is_a_warning(damaged):
    reader = fusewire.open(damaged)
    with pytest.warns(fusewire.LossWarning, match=r"\.fws: bytes \d+ to \d+: ") as told:
        found = [entry["body"] for entry in reader]
    assert found == [f"request {n} done" for n in range(200) if n != 100]
    assert len(told) == reader.loss_count == len(reader.losses) == 1
    loss = reader.losses[0]
    assert loss.path.endswith(".fws") and 0 < loss.end - loss.start < 1000
    assert loss.message in str(told[0].message)


def test_a_warning_that_is_an_error_loses_no_entry(damaged):
    entries, found = iter(fusewire.open(damaged)), []
    raised = 0
    while True:
        try:  # In these tests, warnings are errors.
            found.append(next(entries)["body"])
        except fusewire.LossWarning:
            raised += 1
        except StopIteration:
            break
    assert (len(found), raised) == (199, 1)


def test_damage_can_be_an_error(damaged):
    entries, found = iter(fusewire.open(damaged, on_loss="raise")), []
    with pytest.raises(fusewire.DamageError, match="bytes") as caught:
        for entry in entries:
            found.append(entry["body"])
    assert found == [f"request {n} done" for n in range(100)]
    assert caught.value.loss.end > caught.value.loss.start
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.loss) == (str(caught.value), caught.value.loss)
    assert list(entries) == []


def test_damage_can_be_ignored(damaged):
    reader = fusewire.open(damaged, on_loss="ignore")
    assert len(list(reader)) == 199
    assert reader.loss_count == 1
    with pytest.raises(ValueError, match="on_loss"):
        fusewire.open(damaged, on_loss="panic")


def test_who_counts_is_told_too(lines):
    directory = lines(requests(3))
    (directory / "app.jsonl.1.zip").write_bytes(b"PK\x03\x04" + bytes(60))
    with pytest.warns(fusewire.LossWarning, match="compressed"):
        assert fusewire.open(directory).count("body").entries == 3
    with pytest.raises(fusewire.DamageError, match="compressed"):
        fusewire.open(directory, on_loss="raise").count("body")


def test_entries_that_were_not_written_are_told(golden):
    reader = fusewire.open(golden / "v1.0-log.fws")
    with pytest.warns(fusewire.LossWarning, match="1 entry was not written"):
        assert len(list(reader)) == 5


def test_files_that_cannot_be_read_are_told(lines):
    directory = lines(requests(3))
    (directory / "app.jsonl.1.zip").write_bytes(b"PK\x03\x04" + bytes(60))
    with pytest.warns(fusewire.LossWarning, match=r"app\.jsonl\.1\.zip: .*compressed"):
        assert len(list(fusewire.open(directory))) == 3
