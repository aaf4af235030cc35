"""Logs as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Optional, Sequence, Union

from ._fusewire import Table

if TYPE_CHECKING:
    import pandas

    from ._reader import Reader

DEFAULT_COLUMNS = (
    "time",
    "severity",
    "severity_number",
    "resource.service.name",
    "target",
    "thread",
    "body",
    "trace_id",
    "span_id",
    "attributes",
    "dropped_attributes_count",
    "fuse",
)
"""The columns of a reader that is taken for a table."""


class Selection:
    """A log as a table. See ``Reader.select``."""

    def __init__(self, reader: Reader, columns: Union[Sequence[str], Mapping[str, Optional[str]]]) -> None:
        if isinstance(columns, str):
            raise TypeError("columns: expected a list of names, found str")
        if reader._follow:
            raise ValueError("a log that is followed has no end: a table of it cannot be made")
        pairs = columns.items() if isinstance(columns, Mapping) else [(name, None) for name in columns]
        self._reader = reader
        self._table = Table(list(pairs))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table through the Arrow C stream interface. Columns are of the types that ``select`` says, whatever is
        requested. What is lost, ``Reader.losses`` has; with ``on_loss="raise"`` the stream ends in an error.
        """
        return self._table.stream(self._reader._source, self._reader._begin())

    @property
    def misfits(self) -> dict[str, int]:
        """How many values of the latest pass did not fit the types of their columns, and are null: by column."""
        return dict(self._table.misfits())

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a frame of pandas: by way of pyarrow, which has to be there, too."""
        import pyarrow

        frame = pyarrow.table(self).to_pandas()
        self._reader._warn()
        return frame
