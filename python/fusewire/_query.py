"""Unpickling of queries."""

from ._fusewire import Query


def make_query(text: str, now: int, utc_offset: int) -> Query:
    """Creates a query from the values that ``pickle`` stores."""
    return Query(text, now=now, utc_offset=utc_offset)
