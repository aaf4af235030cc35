"""Instants and spans with nanoseconds, and the forms in which ``since`` and ``until`` take them."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from typing import Optional, Union

TimeLike = Union[datetime, timedelta, int, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Timestamp(datetime):
    """A ``datetime`` that knows the nanoseconds behind its microseconds, too.

    What is computed from one is a ``datetime`` of microseconds again. Comparisons look at microseconds alone, as those of
    every ``datetime``: compare ``unix_nano`` where it matters.
    """

    _nanos: int

    @property
    def unix_nano(self) -> int:
        """Nanoseconds since the Unix epoch, exactly."""
        moment: datetime = self
        return _nanoseconds(moment - _EPOCH) + int(getattr(self, "_nanos", 0))

    @property
    def nanosecond(self) -> int:
        """Nanoseconds in the second: 0 to 999,999,999."""
        return self.microsecond * 1_000 + int(getattr(self, "_nanos", 0))

    def __reduce_ex__(self, protocol):  # type: ignore[no-untyped-def]
        return _with_nanos, (super().__reduce_ex__(protocol), getattr(self, "_nanos", 0))


class Duration(timedelta):
    """A ``timedelta`` that knows the nanoseconds behind its microseconds, too."""

    _nanos: int

    @property
    def total_nanoseconds(self) -> int:
        """All of it in nanoseconds, exactly."""
        return _nanoseconds(self) + getattr(self, "_nanos", 0)

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return _with_nanos, (super().__reduce__(), getattr(self, "_nanos", 0))


def _with_nanos(reduced, nanos):  # type: ignore[no-untyped-def]
    """What ``pickle`` makes instants and spans with."""
    made = reduced[0](*reduced[1])
    made._nanos = nanos
    return made


def _nanoseconds(span: timedelta) -> int:
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000


def zone(minutes: int) -> Optional[timezone]:
    """The zone so many minutes east of UTC; ``None`` where Python has none such."""
    if minutes == 0:
        return timezone.utc
    return timezone(timedelta(minutes=minutes)) if abs(minutes) < 24 * 60 else None


def moment(value: object) -> Optional[tuple[Optional[int], int, Optional[int]]]:
    """Of an instant seconds since the Unix epoch, nanoseconds behind them and minutes east of UTC; of a span ``None`` and
    nanoseconds; ``None`` for what is neither. A naive ``datetime`` is local time.
    """
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.astimezone()
        seconds, nanos = divmod(_nanoseconds(aware - _EPOCH) + int(getattr(value, "_nanos", 0)), 10**9)
        offset = aware.utcoffset() or timedelta()
        return seconds, nanos, offset // timedelta(minutes=1)
    if isinstance(value, timedelta):
        return None, _nanoseconds(value) + int(getattr(value, "_nanos", 0)), None
    return None


_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9, "h": 3_600 * 10**9}
_UNITS.update({"d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9})
_AGO = re.compile(r"-?(?:\d+\s*(?:ms|s|min|m|h|d|w)\s*)+")
_FRACTION = re.compile(r"[.,](\d+)")


def unix_nano(name: str, value: Optional[TimeLike]) -> Optional[int]:
    """The moment that is meant, in nanoseconds since the Unix epoch; see ``open``."""
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
        nanos = _parsed(name, value.strip())
    if not 0 <= nanos < 2**64:
        raise ValueError(f"{name}: {value!r} is not between the years 1970 and 2554")
    return nanos


def span(name: str, value: Union[timedelta, str]) -> int:
    """How long that is, in nanoseconds."""
    if isinstance(value, timedelta):
        return _nanoseconds(value)
    if not _AGO.fullmatch(value.strip()):
        raise ValueError(f"{name}: {value!r} is no span of time: write one such as 90s, 15m, 1h30m, 1d")
    return _sum(value)


def _sum(text: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)\s*([a-z]+)", text))


def _parsed(name: str, text: str) -> int:
    midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": midnight, "yesterday": midnight - timedelta(days=1)}
    if text == "now":
        return time.time_ns()
    if text in days:
        return _nanoseconds(days[text].astimezone(timezone.utc) - _EPOCH)
    if _AGO.fullmatch(text):
        return time.time_ns() - _sum(text)
    # Before 3.11 Python reads neither `Z` nor other fractions than of three and six digits; none reads nanoseconds.
    fraction = _FRACTION.search(text)
    digits = fraction.group(1) if fraction else ""
    plain = _FRACTION.sub("", text, count=1)
    plain = plain[:-1] + "+00:00" if plain[-1:] in ("Z", "z") else plain
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        forms = "2026-01-02, 2026-01-02T03:04:05Z, today, yesterday, now, or how long ago: 15m, 2h, 1d"
        raise ValueError(f"{name}: {text!r} is no time: write one such as {forms}") from None
    return _nanoseconds(moment.astimezone(timezone.utc) - _EPOCH) + int(digits[:9].ljust(9, "0"))
