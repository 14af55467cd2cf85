"""Under which URLs the sandbox of a ledger is reached, and what the ledger calls the place that a URL leads to.

The app and its workers send to the sandbox by a name, whatever port it listens on today. A notebook has its URL. Both
are one address, or a call that the sandbox took from the one is sent to it again by the other. So the app and the workers
remember the URL (`remember_sandbox`), and whatever turns a URL into an address of the ledger asks `ledger_address`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from reddy_lib.address import known_address, reddy_address
from reddy_lib.database.facts import SANDBOX_URLS, fact, remember_fact
from reddy_lib.database.identity_migration import rename_addresses
from reddy_lib.database.locks import lock_submissions

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["SANDBOX", "address_in", "ledger_address", "remember_sandbox"]

SANDBOX = "sandbox"
"""The address of the built-in sandbox, whatever port it listens on today."""

REDDY = reddy_address("https://app.reddy.io")


def ledger_address(database: Database, url: str) -> str:
    """Return the address under which the ledger remembers what goes to a URL: "sandbox" for a URL of its sandbox, else
    the URL's one spelling. Names of addresses are returned as they are. Raises LedgerUnavailable."""
    with database.read() as connection:
        return address_in(connection, url)


def address_in(connection: sa.Connection, url: str) -> str:
    """Return the same as `ledger_address`, inside the caller's transaction."""
    known = known_address(url)
    return SANDBOX if "://" in known and known in _urls(connection) else known


def remember_sandbox(database: Database, url: str) -> None:
    """Remember that this ledger's sandbox is reached under a URL.

    What went to the URL before that was known is kept under the sandbox's name from then on. Reddy's own URL is never the
    sandbox's: what the sandbox accepted can be forgotten.

    Raises LedgerUnavailable, NotAllowed.
    """
    database.require("administer")
    url = known_address(url)
    with database.read() as connection:
        if url == REDDY or url in _urls(connection):
            return
    with database.write(right="administer") as connection:
        lock_submissions(connection)
        urls = _urls(connection)
        if url not in urls:
            remember_fact(connection, SANDBOX_URLS, msgspec.json.encode([*urls, url]).decode())
            rename_addresses(connection, {url: SANDBOX})


def _urls(connection: sa.Connection) -> list[str]:
    known = fact(connection, SANDBOX_URLS)
    return [] if known is None else msgspec.json.decode(known, type=list[str])
