"""A handler for the ``logging`` module of the standard library."""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import Any, Optional, Union

from ._fusewire import Writer

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""The attributes of every record. All other attributes come from ``extra``."""

_PLAIN = ((logging.CRITICAL, 21), (logging.ERROR, 17), (logging.WARNING, 13), (logging.INFO, 9), (logging.DEBUG, 5))


class Handler(logging.Handler):
    """Appends records to the log in ``directory``. Several processes can share the directory.

        logging.getLogger().addHandler(fusewire.Handler("/var/log/orders", service="orders"))
        logging.warning("payment retried", extra={"order": "A-20931-77", "request": {"path": "/checkout", "tags": ["eu"]}})

    When the handler returns, the record survives the death of the process, including SIGKILL and the OOM killer.

    Items of ``extra`` become attributes and keep their types. The circuit breaker cuts values that are too deep, too wide or
    too long, and the entry records each cut. A value of any other type is stored as the result of ``str``. ``trace_id`` and
    ``span_id`` in ``extra`` become the trace id and the span id of the entry, like the ids that the OpenTelemetry
    instrumentation adds to a record. ``dropped`` counts the dropped entries, and the log contains a loss record for them.

    The body is the message of the record. The handler does not use formatters, because they put the other fields of the
    record into the text.

    ``segment_size`` and ``max_total_bytes`` are in bytes, ``max_age`` is in seconds. The log deletes segments that are older
    than ``max_age``. It deletes the oldest segments if the log exceeds ``max_total_bytes``.

    With ``self_contained=True``, the log writes format 1.0, which older readers can read. By default, it writes format 1.1, in
    which an entry can contain only its difference from an earlier entry.
    """

    def __init__(
        self,
        directory: Union[str, os.PathLike[str]],
        *,
        service: Optional[str] = None,
        level: int = logging.NOTSET,
        segment_size: Optional[int] = None,
        max_total_bytes: Optional[int] = None,
        max_age: Optional[float] = None,
        self_contained: Optional[bool] = None,
    ) -> None:
        super().__init__(level)
        self._writer = Writer(
            os.fspath(directory),
            service=service or os.path.basename(sys.argv[0]) or "python",
            segment_size=segment_size,
            max_total_bytes=max_total_bytes,
            max_age=max_age,
            self_contained=self_contained,
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Appends one record."""
        try:
            attributes: dict[str, Any] = {key: value for key, value in vars(record).items() if key not in _OWN}
            trace_id = _take(attributes, "trace_id", "otelTraceID")
            span_id = _take(attributes, "span_id", "otelSpanID")
            attributes["code.file.path"] = record.pathname
            attributes["code.line.number"] = record.lineno
            attributes["code.function.name"] = record.funcName
            if record.exc_info and record.exc_info[0]:
                kind, error, _ = record.exc_info
                attributes["exception.type"] = f"{kind.__module__}.{kind.__qualname__}"
                attributes["exception.message"] = error
                attributes["exception.stacktrace"] = logging.Formatter().formatException(record.exc_info)
            self._writer.append(
                round(record.created * 1e6) * 1_000,
                _severity(record.levelno),
                record.name,
                record.threadName or "",
                record.getMessage(),
                trace_id,
                span_id,
                attributes,
            )
        except Exception:
            self.handleError(record)

    def sync(self, timeout: float = 10.0) -> None:
        """Waits until all handled records are on disk and survive a power cut.

        Raises ``OSError`` if this takes longer than ``timeout`` seconds.
        """
        self._writer.flush(timeout)

    def close(self) -> None:
        """Closes the log. ``logging`` calls this method at the end of the program."""
        self._writer.close()
        super().close()

    @property
    def written(self) -> int:
        """The number of written records; 0 after the handler is closed."""
        return self._writer.counts()[0]

    @property
    def dropped(self) -> int:
        """The number of dropped records; 0 after the handler is closed."""
        return self._writer.counts()[1]


def _take(attributes: dict[str, Any], name: str, instrumented: str) -> str:
    """Removes and returns the id ``name``, or the id of the OpenTelemetry instrumentation. An invalid id stays."""
    digits = 32 if name == "trace_id" else 16
    given = attributes.get(name)
    if isinstance(given, str) and re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", given) and given.strip("0"):
        return str(attributes.pop(name))
    return str(attributes.pop(instrumented, ""))


def _severity(level: int) -> int:
    """Returns the severity number of OpenTelemetry for a level, interpolated between the standard levels."""
    for plain, number in _PLAIN:
        if level >= plain:
            return min(number + (level - plain) * 4 // 10, number + 3)
    return 1
