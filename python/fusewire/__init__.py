"""Read Fusewire's binary logs, and log to them.

    import fusewire

    for entry in fusewire.open("/var/log/orders", since="15m", where="level >= warn and request.status == 500"):
        print(entry["time"], entry["body"], entry["attributes"]["request"])

``open`` takes directories, segments, and files of JSON lines or of frames; what is in a file, its bytes say. A ``Reader``
may be iterated any number of times, and is anew from the beginning each time.
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
