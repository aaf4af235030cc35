"""Read Fusewire binary logs and append to them.

    import fusewire

    for entry in fusewire.open("/var/log/orders", since="15m", where="level >= warn and request.status == 500"):
        print(entry["time"], entry["body"], entry["attributes"]["request"])

``open`` takes directories, segments, and files of JSON lines or of frames, and detects the format from the content. A
``Reader`` can be iterated any number of times. Each iteration starts from the beginning.
"""

from ._counts import Counts
from ._errors import DamageError, LossWarning, QueryError
from ._fusewire import Group, Loss, Query
from ._handler import Handler
from ._reader import Reader, open
from ._time import Duration, Timestamp

__all__ = [
    "Counts",
    "DamageError",
    "Duration",
    "Group",
    "Handler",
    "Loss",
    "LossWarning",
    "Query",
    "QueryError",
    "Reader",
    "Timestamp",
    "open",
]
