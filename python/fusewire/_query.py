"""Unpickling of queries."""

from ._fusewire import Query


def make_query(text: str, now: int, tz: str) -> Query:
    """Creates a query from the values that ``pickle`` stores."""
    return Query(text, now=now, tz=tz)
