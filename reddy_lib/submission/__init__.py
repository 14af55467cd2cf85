"""Many calls, once each, whatever happens.

`decide` says what may be repeated; `sender` is the loop that sends one chunk, `lease` what lets a byte of it leave;
`engine` runs that loop from durable queues, in the app and in workers (`python -m reddy_lib.submission.worker`),
`starting` tries until it can, and `engine_database` is about the file with those queues;
`notebook.submit` runs it in place; `uploads` brings recordings after their calls, and `fetching` gets them before,
where the sheet names them by web addresses;
`connection` says where to and with which token;
`reconciling` asks Reddy about calls whose answer never came, `restored` about calls that an older ledger cannot know.
"""

from .connection import (
    SANDBOX,
    Connection,
    Tokens,
    allowed_addresses,
    from_environment,
    sandbox_from_environment,
    stored_connection,
    typed_connection,
)
from .decide import Decision, decide
from .engine import Engine, enqueue
from .fetching import fetch_recordings
from .notebook import submit, upload_recordings
from .reconciling import Reconciled, reconcile
from .restored import CheckedRestored, check_restored
from .starting import PatientEngine

__all__ = [
    "SANDBOX",
    "CheckedRestored",
    "Connection",
    "Decision",
    "Engine",
    "PatientEngine",
    "Reconciled",
    "Tokens",
    "allowed_addresses",
    "check_restored",
    "decide",
    "enqueue",
    "fetch_recordings",
    "from_environment",
    "reconcile",
    "sandbox_from_environment",
    "stored_connection",
    "submit",
    "typed_connection",
    "upload_recordings",
]
