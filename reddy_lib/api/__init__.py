"""Reddy over HTTP: one method call is one request, and one request has one answer.

`client.py` sends and says in which of three states a failed request leaves the call: never sent, refused, or
in doubt. `answers.py` reads what came back, as pure functions. Nothing here ever sends a second time: whether
something may be repeated is decided by who keeps the record of calls, not by who speaks HTTP.
"""

from reddy_lib.api.answers import MAY_REPEAT, Product, Receipt
from reddy_lib.api.client import DEFAULT_BASE_URL, Client
from reddy_lib.api.connections import only_while

__all__ = ["DEFAULT_BASE_URL", "MAY_REPEAT", "Client", "Product", "Receipt", "only_while"]
