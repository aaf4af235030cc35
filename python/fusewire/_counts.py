"""What came of counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from ._fusewire import Group


@dataclass(frozen=True)
class Counts:
    """The groups, of intervals by time, others the largest first; and what is in none. See ``Reader.count``."""

    groups: list[Group]
    entries: int
    """All entries that were counted."""
    others: int
    """Those in none of the groups, because there are more than may be kept."""
    short_by: int
    """No count is short by more than this, and no group that is missing has more; 0 where all groups were kept."""
    without_time: int
    """Those in no interval, because they have no time."""

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> Group:
        return self.groups[index]
