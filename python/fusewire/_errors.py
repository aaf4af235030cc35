"""Exceptions and warnings for invalid queries and damaged logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._fusewire import Loss


class QueryError(ValueError):
    """An invalid query. ``str`` returns the text of the query with carets below the error."""

    text: str
    """The text of the query."""
    column: int
    """The column of the error, in characters, from 1. If the text has several lines, the column in its line."""
    offset: int
    """The position of the error in the UTF-8 text, in bytes, from 0."""
    message: str
    """The expected and the found token."""

    def __init__(self, shown: str, text: str, column: int, offset: int, message: str) -> None:
        super().__init__(shown, text, column, offset, message)
        self.text, self.column, self.offset, self.message = text, column, offset, message

    def __str__(self) -> str:
        return str(self.args[0])


class DamageError(Exception):
    """A loss in a reader with ``on_loss="raise"``."""

    loss: Loss
    """The loss."""

    def __init__(self, message: str, loss: Loss) -> None:
        super().__init__(message, loss)
        self.loss = loss

    def __str__(self) -> str:
        return str(self.args[0])


class LossWarning(UserWarning):
    """A loss: damage, an unreadable file, segments that were deleted before they were read, or dropped entries."""
