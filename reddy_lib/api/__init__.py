"""Talk to Reddy over HTTP: one method call is one request.

`client` sends requests and raises one of three kinds of errors: never sent, refused, or in doubt. `answers` parses
responses with pure functions. This package never retries; whether a request may be repeated is decided by the code that
keeps the record of calls.
"""

from reddy_lib.api.answers import MAY_REPEAT, Product, Receipt
from reddy_lib.api.client import DEFAULT_BASE_URL, Client
from reddy_lib.api.connections import only_while

__all__ = ["DEFAULT_BASE_URL", "MAY_REPEAT", "Client", "Product", "Receipt", "only_while"]
