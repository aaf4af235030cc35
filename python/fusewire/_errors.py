"""What can be wrong with a query, and with a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._fusewire import Loss


class QueryError(ValueError):
    """A text that is no query. Printed, it shows the text with a caret below the place."""

    text: str
    """The text."""
    column: int
    """The column at which it is wrong: in characters from 1 on; in its line, where the text has several."""
    offset: int
    """The same as bytes of the text in UTF-8, from 0 on."""
    message: str
    """What was expected, and what was found."""

    def __init__(self, shown: str, text: str, column: int, offset: int, message: str) -> None:
        super().__init__(shown, text, column, offset, message)
        self.text, self.column, self.offset, self.message = text, column, offset, message

    def __str__(self) -> str:
        return str(self.args[0])


class DamageError(Exception):
    """Something was lost, and ``on_loss="raise"`` was asked for."""

    loss: Loss
    """What was lost."""

    def __init__(self, message: str, loss: Loss) -> None:
        super().__init__(message, loss)
        self.loss = loss

    def __str__(self) -> str:
        return str(self.args[0])


class LossWarning(UserWarning):
    """Something was lost: damage, files that cannot be read, segments deleted before they were read, entries not written."""
