from typing import Any, Iterator, Optional, Sequence, final

def parse_time(text: str, tz: str) -> int: ...

@final
class Query:
    """A condition on entries: ``Query("level >= warn and request.status == 500")``."""

    def __new__(cls, text: str, *, now: Optional[int] = None, tz: str = "local") -> Query:
        """Parses a query.

        ``now`` is the reference of relative times, in nanoseconds since the Unix epoch (default: the current time).
        ``tz`` is the time zone of days and of times without an offset: ``"local"``, ``"UTC"``, an offset such as ``"+02:00"``, or
        a name such as ``"Europe/Berlin"``.

        Raises ``QueryError`` if the text is not a valid query.
        """

@final
class Loss:
    """One loss. ``str`` returns the path, the range and the message."""

    def __new__(
        cls, message: str, path: Optional[str] = None, start: Optional[int] = None, end: Optional[int] = None
    ) -> Loss: ...

    @property
    def message(self) -> str:
        """The description of the loss."""
    @property
    def path(self) -> Optional[str]:
        """The path of the file; ``None`` if the loss does not belong to a file."""
    @property
    def start(self) -> Optional[int]:
        """The offset of the first lost byte; ``None`` if unknown."""
    @property
    def end(self) -> Optional[int]:
        """The offset after the last lost byte; ``None`` if unknown."""

@final
class Group:
    """A group of entries with the same values of the counted fields."""

    @property
    def key(self) -> list[Optional[str]]:
        """The value of each field as text; ``None`` if the entries do not have the field."""
    @property
    def since_unix_nano(self) -> Optional[int]:
        """The start of the interval, in nanoseconds since the Unix epoch."""
    @property
    def count(self) -> int:
        """The number of entries."""
    @property
    def distinct(self) -> Optional[int]:
        """The approximate number of different values of the field ``distinct``, with a standard error of 0.82 %."""
    @property
    def numbers(self) -> int:
        """The number of entries that have the field ``number``."""
    @property
    def min(self) -> Optional[float]: ...
    @property
    def max(self) -> Optional[float]: ...
    @property
    def sum(self) -> Optional[float]: ...
    def quantile(self, share: float) -> Optional[float]:
        """Returns the quantile ``share`` (0 to 1) of the field ``number``, with an error of about 0.2 %."""

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
        tz: str,
        log_tz: Optional[str],
    ) -> Source: ...
    def entries(self, losses: Losses) -> Entries: ...
    def count(
        self,
        losses: Losses,
        *,
        by: Sequence[str],
        every: Optional[str],
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
        self_contained: Optional[bool],
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
