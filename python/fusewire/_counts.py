"""The result of ``Reader.count``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from ._fusewire import Group


@dataclass(frozen=True)
class Counts:
    """The groups of a count, and the entries outside all groups. See ``Reader.count``.

    Groups of intervals are sorted by time. Other groups are sorted by count, the largest first.
    """

    groups: list[Group]
    entries: int
    """The number of all counted entries."""
    others: int
    """The number of entries outside all groups, because there were more than ``max_groups`` groups."""
    short_by: int
    """The upper bound of the entries that a count misses, and of the count of a discarded group; 0 if no group was discarded."""
    without_time: int
    """The number of entries outside all intervals, because they have no time."""

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> Group:
        return self.groups[index]
