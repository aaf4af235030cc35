"""Logs as Arrow tables."""

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
"""The columns of a reader that is used as a table."""


class Selection:
    """A log as a table. See ``Reader.select``."""

    def __init__(self, reader: Reader, columns: Union[Sequence[str], Mapping[str, Optional[str]]]) -> None:
        if isinstance(columns, str):
            raise TypeError("columns: expected a list of names, found str")
        if reader._follow:
            raise ValueError("follow: a log that is followed has no end and cannot be a table; open it without follow")
        pairs = columns.items() if isinstance(columns, Mapping) else [(name, None) for name in columns]
        self._reader = reader
        self._table = Table(list(pairs))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Returns an Arrow C stream of the table. The columns have the types of ``select``; ``requested_schema`` is ignored.
        ``Reader.losses`` lists the losses. With ``on_loss="raise"``, the stream ends with an error at the first loss.
        """
        return self._table.stream(self._reader._source, self._reader._begin())

    @property
    def misfits(self) -> dict[str, int]:
        """The number of values of the latest pass that did not have the type of their column and are null, by column."""
        return dict(self._table.misfits())

    def to_pandas(self) -> pandas.DataFrame:
        """Returns the table as a pandas data frame. Requires pyarrow."""
        import pyarrow

        frame = pyarrow.table(self).to_pandas()
        self._reader._warn()
        return frame
