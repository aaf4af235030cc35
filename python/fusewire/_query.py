"""Queries in other processes."""

from ._fusewire import Query


def make_query(text: str, now: int, utc_offset: int) -> Query:
    """What ``pickle`` makes a query with."""
    return Query(text, now=now, utc_offset=utc_offset)
