from typing import Any, Iterator, Optional, Sequence, final

@final
class Query:
    """A condition on entries: ``Query("level >= warn and request.status == 500")``."""

    def __new__(cls, text: str, *, now: Optional[int] = None, utc_offset: int = 0) -> Query:
        """``now`` is what relative times are relative to, in nanoseconds since the Unix epoch; left out, the moment when
        the query is made. ``utc_offset`` is in seconds east of UTC, for times that are written without an offset.

        Raises ``QueryError`` for a text that is no query.
        """

@final
class Loss:
    """One thing that was lost. Printed, it says all of it."""

    def __new__(
        cls, message: str, path: Optional[str] = None, start: Optional[int] = None, end: Optional[int] = None
    ) -> Loss: ...

    @property
    def message(self) -> str:
        """What was lost, in words."""
    @property
    def path(self) -> Optional[str]:
        """The file, where it is one."""
    @property
    def start(self) -> Optional[int]:
        """The first byte of it in the file, where that is known."""
    @property
    def end(self) -> Optional[int]:
        """One past its last byte, where that is known."""

@final
class Group:
    """Entries that are alike in what they are counted by."""

    @property
    def key(self) -> list[Optional[str]]:
        """The value of each field as text; ``None`` where it is not there."""
    @property
    def since_unix_nano(self) -> Optional[int]:
        """When the interval begins, in nanoseconds since the Unix epoch."""
    @property
    def count(self) -> int:
        """How many entries."""
    @property
    def distinct(self) -> Optional[int]:
        """About how many different values of that field there are: with a standard error of 0.82 %."""
    @property
    def numbers(self) -> int:
        """How many of the entries have the number."""
    @property
    def min(self) -> Optional[float]: ...
    @property
    def max(self) -> Optional[float]: ...
    @property
    def sum(self) -> Optional[float]: ...
    def quantile(self, share: float) -> Optional[float]:
        """The number below which this share of them lies, from 0 to 1; off by 0.2 % or so."""

@final
class Losses:
    def __new__(cls) -> Losses: ...
    def list(self) -> list[Loss]: ...
    def __len__(self) -> int: ...

@final
class Entries(Iterator[dict[str, Any]]):
    def __next__(self) -> dict[str, Any]: ...

@final
class Source:
    def __new__(
        cls,
        paths: Sequence[str],
        *,
        since: Optional[int],
        until: Optional[int],
        query: Optional[Query],
        follow: bool,
        timeout: Optional[float],
        on_loss: str,
        copy: bool,
    ) -> Source: ...
    def entries(self, losses: Losses) -> Entries: ...
    def count(
        self,
        losses: Losses,
        *,
        by: Sequence[str],
        every: Optional[int],
        number: Optional[str],
        distinct: Optional[str],
        max_groups: int,
    ) -> tuple[list[Group], list[int]]: ...

@final
class Table:
    def __new__(cls, columns: Sequence[tuple[str, Optional[str]]]) -> Table: ...
    def stream(self, source: Source, losses: Losses) -> object: ...
    def misfits(self) -> list[tuple[str, int]]: ...

@final
class Writer:
    def __new__(
        cls,
        directory: str,
        *,
        service: str,
        segment_size: Optional[int],
        max_total_bytes: Optional[int],
        max_age: Optional[float],
    ) -> Writer: ...
    def append(
        self,
        time_unix_nano: int,
        severity: int,
        target: str,
        thread: str,
        body: str,
        trace_id: str,
        span_id: str,
        attributes: dict[str, Any],
    ) -> bool: ...
    def flush(self, timeout: float) -> None: ...
    def close(self) -> None: ...
    def counts(self) -> tuple[int, int]: ...
