"""Many calls, once each, whatever happens.

`decide` says what may be repeated; `sender` is the loop that sends one chunk; `engine` runs that loop in the app
from durable queues, `notebook.submit` runs it in place; `connection` says where to and with which token;
`reconciling` asks Reddy about calls whose answer never came.
"""

from .connection import SANDBOX, Connection, Tokens, from_environment
from .decide import Decision, decide
from .engine import Engine, enqueue
from .notebook import submit
from .reconciling import Reconciled, reconcile

__all__ = [
    "SANDBOX",
    "Connection",
    "Decision",
    "Engine",
    "Reconciled",
    "Tokens",
    "decide",
    "enqueue",
    "from_environment",
    "reconcile",
    "submit",
]
