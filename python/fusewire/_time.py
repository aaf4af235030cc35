"""Times and durations with nanosecond precision, and the conversion of ``since`` and ``until``."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Optional, Union

from ._fusewire import parse_time

TimeLike = Union[datetime, timedelta, int, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Timestamp(datetime):
    """A ``datetime`` with nanosecond precision.

    Arithmetic returns a ``datetime`` with microsecond precision. Comparisons also use microseconds. Compare ``unix_nano``
    for nanosecond precision.
    """

    _nanos: int

    @property
    def unix_nano(self) -> int:
        """The exact number of nanoseconds since the Unix epoch."""
        moment: datetime = self
        return _nanoseconds(moment - _EPOCH) + int(getattr(self, "_nanos", 0))

    @property
    def nanosecond(self) -> int:
        """The nanoseconds of the second, from 0 to 999,999,999."""
        return self.microsecond * 1_000 + int(getattr(self, "_nanos", 0))

    def __reduce_ex__(self, protocol):  # type: ignore[no-untyped-def]
        return _with_nanos, (super().__reduce_ex__(protocol), getattr(self, "_nanos", 0))


class Duration(timedelta):
    """A ``timedelta`` with nanosecond precision."""

    _nanos: int

    @property
    def total_nanoseconds(self) -> int:
        """The exact length of the duration in nanoseconds."""
        return _nanoseconds(self) + getattr(self, "_nanos", 0)

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return _with_nanos, (super().__reduce__(), getattr(self, "_nanos", 0))


def _with_nanos(reduced, nanos):  # type: ignore[no-untyped-def]
    """Creates a time or a duration from the values that ``pickle`` stores."""
    made = reduced[0](*reduced[1])
    made._nanos = nanos
    return made


def _nanoseconds(span: timedelta) -> int:
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000


def zone(minutes: int) -> Optional[timezone]:
    """Returns the time zone ``minutes`` east of UTC, or ``None`` if Python does not support the offset."""
    if minutes == 0:
        return timezone.utc
    return timezone(timedelta(minutes=minutes)) if abs(minutes) < 24 * 60 else None


def moment(value: object) -> Optional[tuple[Optional[int], int, Optional[int]]]:
    """Splits a time or a duration into integers; returns ``None`` for other types.

    A time becomes the seconds since the Unix epoch, the nanoseconds of the second, and the minutes east of UTC. A naive
    ``datetime`` is local time. A duration becomes ``None``, its nanoseconds, and ``None``.
    """
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.astimezone()
        seconds, nanos = divmod(_nanoseconds(aware - _EPOCH) + int(getattr(value, "_nanos", 0)), 10**9)
        offset = aware.utcoffset() or timedelta()
        return seconds, nanos, offset // timedelta(minutes=1)
    if isinstance(value, timedelta):
        return None, _nanoseconds(value) + int(getattr(value, "_nanos", 0)), None
    return None


def unix_nano(name: str, value: Optional[TimeLike], tz: str) -> Optional[int]:
    """Converts a point in time to nanoseconds since the Unix epoch; see ``open``."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (datetime, timedelta, int, str)):
        raise TypeError(f"{name}: expected datetime, timedelta, int or str, found {type(value).__name__}")
    if isinstance(value, Timestamp):
        nanos = value.unix_nano
    elif isinstance(value, datetime):
        nanos = _nanoseconds(value.astimezone(timezone.utc) - _EPOCH)
    elif isinstance(value, timedelta):
        nanos = time.time_ns() - abs(_nanoseconds(value))
    elif isinstance(value, int):
        nanos = value
    else:
        try:
            nanos = parse_time(value, tz)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if not 0 <= nanos < 2**64:
        raise ValueError(f"{name}: {value!r} is out of range; expected a time from 1970 to 2554")
    return nanos


def interval(value: Union[timedelta, str]) -> str:
    """Converts an interval to the text that the native module parses."""
    return f"{_nanoseconds(value)}ns" if isinstance(value, timedelta) else value
