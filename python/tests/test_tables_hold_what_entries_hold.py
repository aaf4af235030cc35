"""Arrow batches contain the values of the entries, and count the values that do not have the type of their column."""

import gc
import json
import subprocess
import sys

import pytest

import fusewire
from conftest import requests
from fusewire._table import DEFAULT_COLUMNS

pyarrow = pytest.importorskip("pyarrow")


def test_every_column_of_every_entry(log):
    directory = log(requests(400))
    reader = fusewire.open(directory)
    table = pyarrow.table(reader)
    assert tuple(table.column_names) == DEFAULT_COLUMNS
    rows, entries = table.to_pylist(), list(reader)
    assert len(rows) == len(entries) == 400
    assert table.schema.field("time").type == pyarrow.timestamp("ns", "UTC")
    times = table["time"].cast("int64").to_pylist()
    for row, nanos, entry in zip(rows, times, entries):
        assert nanos == entry["time_unix_nano"]
        assert json.loads(row["attributes"]) == entry["attributes"]
        assert row["resource.service.name"] == "shop"
        for name in ("severity", "severity_number", "body", "trace_id", "span_id", "dropped_attributes_count", "fuse"):
            assert row[name] == entry[name]
        assert (row["target"], row["thread"]) == (None, None)


def test_types_are_learned(lines):
    directory = lines(
        {"msg": "m", "int": -n, "float": n / 2, "mixed": n if n else 0.5, "large": 2**64 - 1 - n, "flag": n > 1, "text": str(n),
         "any": [n] if n else "no list", "huge": 10**30, "map": {"a": n}, "sometimes": None if n < 5 else n}
        for n in range(10)
    )
    names = ["int", "float", "mixed", "large", "flag", "text", "any", "huge", "map", "map.a", "sometimes", "missing"]
    table = pyarrow.table(fusewire.open(directory).select(names))
    assert [str(field.type) for field in table.schema] == [
        "int64", "double", "double", "uint64", "bool", "string", "string", "string", "string", "int64", "int64", "string",
    ]
    row = table.to_pylist()[7]
    assert row == {
        "int": -7, "float": 3.5, "mixed": 7.0, "large": 2**64 - 8, "flag": True, "text": "7", "any": "[7]", "huge": str(10**30),
        "map": '{"a":7}', "map.a": 7, "sometimes": 7, "missing": None,
    }
    assert table["any"][0].as_py() == '"no list"'


def test_types_can_be_stated_and_what_does_not_fit_is_counted(lines):
    selection = fusewire.open(lines([{"n": 1, "level": "info"}, {"n": "one"}, {"n": 2**70}, {}, {"n": None}, {"n": 2.5}])).select(
        {"n": "int64", "level": None}
    )
    for _ in range(2):  # Each pass starts a new count.
        assert pyarrow.table(selection)["n"].to_pylist() == [1, None, None, None, None, None]
        assert selection.misfits == {"n": 3}
    asked = fusewire.open(lines([{"n": 1}, {"n": "one"}])).select({"n": "json"})
    assert pyarrow.table(asked)["n"].to_pylist() == ["1", '"one"']
    assert asked.misfits == {}


def test_values_that_json_has_not(golden):
    reader = fusewire.open(golden / "v1.0.fws")
    table = pyarrow.table(reader.select({"bytes": None, "time": None, "attributes.time": None, "zoned": "timestamp", "duration": "json"}))
    row = table.to_pydict()
    assert row["bytes"][3] == b"\x00\xff\x10"
    assert table["attributes.time"].cast("int64")[3].as_py() == -1
    assert table["time"].cast("int64").to_pylist()[:2] == [1_700_000_000_123_456_789, None]
    assert json.loads(row["duration"][3]) == {"$nanos": 18446744073709551615999999999}
    fuse = pyarrow.table(reader.select(["fuse"]))["fuse"].to_pylist()
    assert [json.loads(text) for text in fuse if text] == [{"depth": 1, "width": 2, "string": 1, "key": 1}, {"type": 1}]


def test_a_log_of_many_batches_comes_whole(lines):
    directory = lines({"msg": f"{n}", "n": n} for n in range(140_000))
    reader = pyarrow.RecordBatchReader.from_stream(fusewire.open(directory).select(["n", "body"]))
    batches = list(reader)
    assert len(batches) > 2
    assert [n for batch in batches for n in batch["n"].to_pylist()] == list(range(140_000))
    found = fusewire.open(directory, where="n == 139999").select(["n"])
    assert pyarrow.table(found)["n"].to_pylist() == [139_999]
    gc.collect()
    assert batches[0]["body"][-1].as_py() == str(len(batches[0]) - 1)


def test_an_empty_log_is_an_empty_table(lines):
    assert pyarrow.table(fusewire.open(lines([]))).num_rows == 0
    assert pyarrow.table(fusewire.open(lines(requests(3))).select([])).num_rows == 3


def test_damage_ends_a_table_that_is_strict(log):
    directory = log(requests(100))
    segment, = directory.glob("*.fws")
    data = bytearray(segment.read_bytes())
    data[data.index(b"request 50 done")] = 0
    segment.write_bytes(data)
    reader = fusewire.open(directory)
    assert pyarrow.table(reader).num_rows == 99
    assert reader.loss_count == 1
    with pytest.raises(pyarrow.ArrowException, match="bytes"):
        pyarrow.table(fusewire.open(directory, on_loss="raise"))


@pytest.mark.parametrize("columns, error", [
    ("body", TypeError), (["a[*].b"], ValueError), ({"a": "int63"}, ValueError), ({"level": "int64"}, ValueError), ([""], ValueError),
])
def test_columns_that_are_none_are_refused(lines, columns, error):
    with pytest.raises(error, match="column"):
        fusewire.open(lines([])).select(columns)


def test_what_is_followed_is_no_table(lines):
    with pytest.raises(ValueError, match="no end"):
        pyarrow.table(fusewire.open(lines([]), follow=True))


def test_pandas_takes_it(log):
    pytest.importorskip("pandas")
    frame = fusewire.open(log(requests(50))).to_pandas(["time", "duration_ms", "request.status"])
    assert frame["duration_ms"].sum() == sum(n * 10 for n in range(50))
    assert frame["time"].astype("int64")[1] % 1000 == 1
    assert (frame["request.status"] == 500).sum() == 10


def test_polars_takes_it_without_pyarrow(log):
    pytest.importorskip("polars")
    directory = log(requests(50))
    script = """if True:
        import sys
        sys.modules["pyarrow"] = None  # Importing it is an error.
        import fusewire, polars
        frame = polars.DataFrame(fusewire.open(sys.argv[1], where="level >= error"))
        print(frame["body"].to_list() == [f"request {n} done" for n in range(0, 50, 5)])
    """
    done = subprocess.run([sys.executable, "-c", script, directory], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_duckdb_asks_it_in_sql(log):
    duckdb = pytest.importorskip("duckdb")
    requests_ = fusewire.open(log(requests(50))).select(["level", "duration_ms"])
    assert requests_
    found = duckdb.sql("SELECT level, count(*), max(duration_ms) FROM requests_ GROUP BY level ORDER BY level").fetchall()
    assert found == [("ERROR", 10, 450), ("INFO", 40, 490)]
