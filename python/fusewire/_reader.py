"""Opening a log."""

from __future__ import annotations

import os
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

from ._counts import Counts
from ._errors import LossWarning
from ._fusewire import Loss, Losses, Query, Source
from ._table import DEFAULT_COLUMNS, Selection
from ._time import TimeLike, span, unix_nano

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
) -> Reader:
    """A reader of ``paths``: one or several directories, segments, files of JSON lines or of frames, merged by time.

    ``since`` and ``until`` are moments: a ``datetime`` (a naive one is local time), nanoseconds since the Unix epoch, a
    ``timedelta`` or a text such as ``"15m"`` for so long ago, ``"2026-01-02T03:04:05Z"``, ``"today"``, ``"yesterday"``.
    Entries at ``until`` are not given.

    ``where`` is a condition in the query language; what an index excludes is not read. An entry that is given is whole; of those
    that were not asked for nobody looks whether they are: ``fusewire verify`` does.

    With ``follow`` an iteration goes on with what is being written, until there has been nothing new for ``timeout``
    seconds; without a timeout it waits for ever, and CTRL-C ends it.

    ``on_loss`` says what is done about damage and other losses: ``"warn"`` (a ``LossWarning`` for each), ``"raise"`` (a
    ``DamageError`` at the first), or ``"ignore"``. ``Reader.losses`` has them in any case.

    ``copy`` reads segments into memory instead of mapping them: for files that somebody might truncate meanwhile.
    """
    return Reader(
        paths, since=since, until=until, where=where, follow=follow, timeout=timeout, on_loss=on_loss, copy=copy
    )


class Reader:
    """A log that can be read, any number of times. See ``open``.

    Iterating gives a dict for each entry:

    ``time``
        ``Timestamp``, in the zone of the producer's clock; ``None`` where not known
    ``time_unix_nano``
        int; 0 where not known
    ``severity``, ``severity_number``
        ``"WARN"`` and 13, as OpenTelemetry has them; ``"UNSPECIFIED"`` and 0 for none
    ``target``, ``thread``, ``body``
        str; empty where the entry has none
    ``trace_id``, ``span_id``
        32 and 16 hexadecimal digits, or ``None``
    ``trace_flags``
        int
    ``attributes``
        dict. Values are None, bool, int (of any width), float, str, bytes, ``Timestamp``, ``Duration``, list and dict; an
        instant or a span beyond what Python's types can be is an int of nanoseconds. Of keys that repeat the first counts.
        Text that is not UTF-8 is decoded with ``surrogateescape``.
    ``dropped_attributes_count``
        int: attributes that the entry could not keep
    ``fuse``
        what the fuse did, as a dict (``{"trips": {"depth": {"count": 1, ...}}, "values": [...]}``), or ``None``
    ``resource``
        the attributes of the process that wrote it (``service.name``, ...), the same dict for all its entries; ``None`` for
        entries from files that have none
    ``unreadable``
        only in damaged entries: why the attributes end where they do
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
    ) -> None:
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        self._paths = [os.fspath(path) for path in paths]
        for path in self._paths:
            os.stat(path)  # A path that is not there is told now, not when somebody iterates.
        self._losses = Losses()
        self._source = Source(
            self._paths,
            since=unix_nano("since", since),
            until=unix_nano("until", until),
            query=Query(where) if isinstance(where, str) else where,
            follow=follow,
            timeout=timeout,
            on_loss=on_loss,
            copy=copy,
        )
        self._follow, self._on_loss = follow, on_loss

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._source.entries(self._begin())

    def _begin(self) -> Losses:
        """The losses of a pass that begins."""
        self._losses = Losses()
        return self._losses

    def _warn(self) -> None:
        """Warns of what was lost, as iterating does meanwhile."""
        for loss in self.losses if self._on_loss == "warn" else ():
            warnings.warn(str(loss), LossWarning, stacklevel=3)

    def select(self, columns: Union[Sequence[str], Mapping[str, Optional[str]]]) -> Selection:
        """The log as a table with these columns, for whatever takes Arrow: ``pyarrow.table(...)``, ``polars.DataFrame(...)``,
        DuckDB's ``FROM``. It is read batch by batch, anew each time.

        A column is a part of an entry (``"time"``, ``"level"``, ``"body"``, ``"trace_id"``, ...), a path into its attributes
        (``"request.status"``, ``"tags[0]"``; ``"attributes.level"`` for one that is called as a part is), or one into the
        resource (``"resource.service.name"``). ``"attributes"`` and ``"resource"`` are all of them as JSON text, ``"fuse"`` says
        as JSON text how often the fuse tripped by cause.

        The types of paths are learned from the first entries; a mapping states them: ``{"duration_ms": "int64"}``, with
        ``None`` for one to be learned. They are ``bool``, ``int64``, ``uint64``, ``float64``, ``string``, ``binary``,
        ``timestamp``, ``duration``, and ``json`` for the JSON text of values of any kind. A value that is not of its
        column's type is null; ``Selection.misfits`` counts them.
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
        """How many entries there are: by the values of fields, named as in a query (``"level"``, ``"request.status"``), and by
        interval (``every="1m"``), counted from 1970 in UTC. Several threads count, and where the indexes know, nothing is read.

        With ``number`` each group has minimum, maximum, sum and quantiles of that number, with ``distinct`` about how many
        different values of that field there are. Of more groups than ``max_groups`` the largest are kept; see ``Counts``.
        """
        if self._follow:
            raise ValueError("a log that is followed has no end: it cannot be counted")
        groups, totals = self._source.count(
            self._begin(),
            by=list(by),
            every=None if every is None else span("every", every),
            number=number,
            distinct=distinct,
            max_groups=max_groups,
        )
        self._warn()
        return Counts(groups, *totals)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All entries through the Arrow C stream interface, with ``DEFAULT_COLUMNS``. See ``select``."""
        return self.select(DEFAULT_COLUMNS).__arrow_c_stream__(requested_schema)

    def to_pandas(self, columns: Union[Sequence[str], Mapping[str, Optional[str]], None] = None) -> pandas.DataFrame:
        """The log as a frame of pandas, with these columns, or ``DEFAULT_COLUMNS``. See ``select``."""
        return self.select(DEFAULT_COLUMNS if columns is None else columns).to_pandas()

    @property
    def losses(self) -> list[Loss]:
        """What the latest pass lost so far, the first thousand."""
        return self._losses.list()

    @property
    def loss_count(self) -> int:
        """How many losses the latest pass met so far."""
        return len(self._losses)

    def __repr__(self) -> str:
        return f"<fusewire.Reader of {', '.join(map(repr, self._paths))}>"
