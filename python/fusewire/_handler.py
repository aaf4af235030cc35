"""The standard library's logging, to a log."""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import Any, Optional, Union

from ._fusewire import Writer

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; everything else came with ``extra``."""

_PLAIN = ((logging.CRITICAL, 21), (logging.ERROR, 17), (logging.WARNING, 13), (logging.INFO, 9), (logging.DEBUG, 5))


class Handler(logging.Handler):
    """Appends records to the log in ``directory``, which may be shared with other processes.

        logging.getLogger().addHandler(fusewire.Handler("/var/log/orders", service="orders"))
        logging.warning("payment retried", extra={"order": "A-20931-77", "request": {"path": "/checkout", "tags": ["eu"]}})

    A record that was handled survives the process, SIGKILL and the OOM killer included. Members of ``extra`` become
    attributes with their types; where they are too deep, too wide or too long, the fuse cuts them, and the entry says so. What has
    no type of a log's is the text that ``str`` makes of it. ``trace_id`` and ``span_id`` in ``extra``, and those that
    OpenTelemetry's instrumentation puts on records, become the trace of the entry. What could not be written is counted in
    ``dropped``, and told in the log.

    The body is the record's message: formatters, which would put the rest of the record into it as text, are not asked.

    ``segment_size`` and ``max_total_bytes`` are bytes, ``max_age`` is seconds: segments that are older, or for which there is no
    room any more, are deleted, the oldest first.
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
    ) -> None:
        super().__init__(level)
        self._writer = Writer(
            os.fspath(directory),
            service=service or os.path.basename(sys.argv[0]) or "python",
            segment_size=segment_size,
            max_total_bytes=max_total_bytes,
            max_age=max_age,
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
        """Waits until every record that was handled survives a power cut, too; ``OSError`` where that takes longer."""
        self._writer.flush(timeout)

    def close(self) -> None:
        """Completes the log. ``logging`` does it at the end of the program."""
        self._writer.close()
        super().close()

    @property
    def written(self) -> int:
        """How many records were written; 0 once the handler is closed."""
        return self._writer.counts()[0]

    @property
    def dropped(self) -> int:
        """How many were not; 0 once the handler is closed."""
        return self._writer.counts()[1]


def _take(attributes: dict[str, Any], name: str, instrumented: str) -> str:
    """The id of this name, or the one that OpenTelemetry's instrumentation put there: taken out. What is no id stays."""
    digits = 32 if name == "trace_id" else 16
    given = attributes.get(name)
    if isinstance(given, str) and re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", given) and given.strip("0"):
        return str(attributes.pop(name))
    return str(attributes.pop(instrumented, ""))


def _severity(level: int) -> int:
    """OpenTelemetry's number for a level: the plain ones for the plain ones, and between them by tenths."""
    for plain, number in _PLAIN:
        if level >= plain:
            return min(number + (level - plain) * 4 // 10, number + 3)
    return 1
