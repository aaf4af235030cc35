"""Readers of logs."""

from __future__ import annotations

import os
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

from ._counts import Counts
from ._errors import LossWarning
from ._fusewire import Loss, Losses, Query, Source
from ._table import DEFAULT_COLUMNS, Selection
from ._time import TimeLike, interval, unix_nano

if TYPE_CHECKING:
    import pandas

PathLike = Union[str, "os.PathLike[str]"]


def open(  # noqa: A001 - it is always `fusewire.open`
    paths: Union[PathLike, Iterable[PathLike]],
    *,
    since: Optional[TimeLike] = None,
    until: Optional[TimeLike] = None,
    where: Union[str, Query, None] = None,
    follow: bool = False,
    timeout: Optional[float] = None,
    on_loss: str = "warn",
    copy: bool = False,
    tz: str = "local",
    log_tz: Optional[str] = None,
) -> Reader:
    """Opens directories, segments, files of JSON lines or files of frames, and merges their entries by time.

    ``since`` (inclusive) and ``until`` (exclusive) limit the time range. Each is a ``datetime`` (local time if naive),
    nanoseconds since the Unix epoch, a ``timedelta`` before now, or a text in one of the forms of the query language, such as
    ``"2026-01-02 03:04"``, ``"yesterday"``, ``"03:04"`` and ``"15m"``.

    ``tz`` is the time zone of days and of times without an offset, in ``since``, ``until``, ``where`` and ``Reader.count``:
    ``"local"``, ``"UTC"``, an offset such as ``"+02:00"``, or a name such as ``"Europe/Berlin"``. ``log_tz`` is the time zone of
    times in lines without an offset (default: UTC).

    ``where`` is a condition in the query language. The reader skips the entries that an index excludes. Every returned entry
    is complete. Excluded entries are not validated; use ``fusewire verify`` to validate them.

    With ``follow``, an iteration waits for new entries. It ends if no entry arrives for ``timeout`` seconds. Without
    ``timeout`` it ends with Ctrl-C.

    ``on_loss`` sets the reaction to damage and other losses: ``"warn"`` (one ``LossWarning`` per loss), ``"raise"`` (a
    ``DamageError`` at the first loss) or ``"ignore"``. ``Reader.losses`` lists the losses in all cases.

    ``copy`` reads segments with system calls instead of a map.
    """
    return Reader(
        paths,
        since=since,
        until=until,
        where=where,
        follow=follow,
        timeout=timeout,
        on_loss=on_loss,
        copy=copy,
        tz=tz,
        log_tz=log_tz,
    )


class Reader:
    """A reader of a log. It can be iterated any number of times. See ``open``.

    An iteration returns a dict for each entry:

    ``time``
        ``Timestamp`` in the time zone of the producer; ``None`` if unknown
    ``time_unix_nano``
        int; 0 if unknown
    ``severity``, ``severity_number``
        name and number of OpenTelemetry, such as ``"WARN"`` and 13; ``"UNSPECIFIED"`` and 0 if unknown
    ``target``, ``thread``, ``body``
        str; empty if the entry has none
    ``trace_id``, ``span_id``
        32 and 16 hexadecimal digits, or ``None``
    ``trace_flags``
        int
    ``attributes``
        dict. Values are None, bool, int (of any width), float, str, bytes, ``Timestamp``, ``Duration``, list and dict. A
        time or duration outside the range of the Python type is an int of nanoseconds. The first of several equal keys
        wins. Text that is not UTF-8 is decoded with ``surrogateescape``.
    ``dropped_attributes_count``
        int: number of attributes that the entry does not contain
    ``fuse``
        trips of the circuit breaker as a dict (``{"trips": {"depth": {"count": 1, ...}}, "values": [...]}``), or ``None``
    ``resource``
        attributes of the producer (``service.name``, ...); all entries of a producer share one dict; ``None`` for files
        without a resource
    ``unreadable``
        only in damaged entries: the reason why the attributes are incomplete
    """

    def __init__(
        self,
        paths: Union[PathLike, Iterable[PathLike]],
        *,
        since: Optional[TimeLike] = None,
        until: Optional[TimeLike] = None,
        where: Union[str, Query, None] = None,
        follow: bool = False,
        timeout: Optional[float] = None,
        on_loss: str = "warn",
        copy: bool = False,
        tz: str = "local",
        log_tz: Optional[str] = None,
    ) -> None:
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        self._paths = [os.fspath(path) for path in paths]
        for path in self._paths:
            os.stat(path)  # Raises for a missing path here, not at the first iteration.
        self._losses = Losses()
        self._source = Source(
            self._paths,
            since=unix_nano("since", since, tz),
            until=unix_nano("until", until, tz),
            query=Query(where, tz=tz) if isinstance(where, str) else where,
            follow=follow,
            timeout=timeout,
            on_loss=on_loss,
            copy=copy,
            tz=tz,
            log_tz=log_tz,
        )
        self._follow, self._on_loss = follow, on_loss

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._source.entries(self._begin())

    def _begin(self) -> Losses:
        """Starts a pass with an empty list of losses, and returns the list."""
        self._losses = Losses()
        return self._losses

    def _warn(self) -> None:
        """Emits a warning for each loss, as an iteration does."""
        for loss in self.losses if self._on_loss == "warn" else ():
            warnings.warn(str(loss), LossWarning, stacklevel=3)

    def select(self, columns: Union[Sequence[str], Mapping[str, Optional[str]]]) -> Selection:
        """Returns the log as an Arrow table with these columns, for example for ``pyarrow.table(...)``,
        ``polars.DataFrame(...)`` or ``FROM`` in DuckDB. Each use reads the log again, batch by batch.

        A column is a field of the entry (``"time"``, ``"level"``, ``"body"``, ``"trace_id"``, ...), a path into the
        attributes (``"request.status"``, ``"tags[0]"``) or a path into the resource (``"resource.service.name"``). Use a path
        such as ``"attributes.level"`` for an attribute with the name of a field. ``"attributes"`` and ``"resource"`` contain
        all attributes as JSON text. ``"fuse"`` contains the number of trips by cause as JSON text.

        The types of paths are inferred from the first entries. A mapping sets them: ``{"duration_ms": "int64"}``, or
        ``None`` for an inferred type. The types are ``bool``, ``int64``, ``uint64``, ``float64``, ``string``, ``binary``,
        ``timestamp``, ``duration``, and ``json`` for the JSON text of any value. A value that does not have the type of its
        column is null; ``Selection.misfits`` counts such values.
        """
        return Selection(self, columns)

    def count(
        self,
        *by: str,
        every: Union[timedelta, str, None] = None,
        number: Optional[str] = None,
        distinct: Optional[str] = None,
        max_groups: int = 100_000,
    ) -> Counts:
        """Counts the entries, grouped by the values of fields and by time interval.

        The fields have the names of the query language (``"level"``, ``"request.status"``). Intervals (``every="1m"``)
        begin at midnight in the time zone ``tz`` of ``open``. ``"1d"``, ``"1w"``, ``"1mo"`` and ``"1y"`` are those of the calendar.
        Several threads count. If an index contains the counts, the segment is not read.

        With ``number``, each group has the minimum, maximum, sum and quantiles of that field. With ``distinct``, each group
        has the approximate number of different values of that field. If there are more groups than ``max_groups``, the
        result contains the largest; see ``Counts``.
        """
        if self._follow:
            raise ValueError("follow: a log that is followed has no end and cannot be counted; open it without follow")
        groups, totals = self._source.count(
            self._begin(),
            by=list(by),
            every=None if every is None else interval(every),
            number=number,
            distinct=distinct,
            max_groups=max_groups,
        )
        self._warn()
        return Counts(groups, *totals)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Returns an Arrow C stream of all entries with ``DEFAULT_COLUMNS``. See ``select``."""
        return self.select(DEFAULT_COLUMNS).__arrow_c_stream__(requested_schema)

    def to_pandas(self, columns: Union[Sequence[str], Mapping[str, Optional[str]], None] = None) -> pandas.DataFrame:
        """Returns a pandas data frame with these columns, or with ``DEFAULT_COLUMNS``. See ``select``."""
        return self.select(DEFAULT_COLUMNS if columns is None else columns).to_pandas()

    @property
    def losses(self) -> list[Loss]:
        """The first 1,000 losses of the latest pass."""
        return self._losses.list()

    @property
    def loss_count(self) -> int:
        """The number of losses of the latest pass."""
        return len(self._losses)

    def __repr__(self) -> str:
        return f"<fusewire.Reader of {', '.join(map(repr, self._paths))}>"
