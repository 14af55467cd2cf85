"""A local Reddy, for demos, tests and notebooks: the same API, strict about every documented rule.

It keeps what it received and shows it, takes the same conversation twice as two calls (so that a double send is
seen), and fails in every way a server can when it is told to. `rules.py` holds the documented rules,
`faults.py` the misbehaviour, `memory.py` what it received, `server.py` the app and the three ways to run it.
"""

from reddy_lib.sandbox.faults import Fault, Faults
from reddy_lib.sandbox.memory import Recording
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from reddy_lib.sandbox.server import Sandbox

__all__ = ["DEFAULT_PRODUCTS", "Fault", "Faults", "Recording", "Sandbox"]
