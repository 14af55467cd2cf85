"""The record of what was loaded, edited and sent: a database, SQLite by default, PostgreSQL for a team.

`store` opens it and loads spreadsheets; `batch` is what pages and notebooks see of one; `records` goes between
a call and its row; `sending` keeps a call from being lost or sent twice; `schema` has the tables.
"""

from .batch import Batch
from .decisions import BatchLoss, Decisions
from .schema import EDITABLE, SENDABLE, STATUSES
from .store import Ledger, default_location

__all__ = [
    "EDITABLE",
    "SENDABLE",
    "STATUSES",
    "Batch",
    "BatchLoss",
    "Decisions",
    "Ledger",
    "default_location",
]
