"""The URLs of a ledger's sandbox, and the address under which the ledger remembers what goes to a URL.

The app and its workers send to the sandbox by name, whatever port it listens on today. A notebook uses its URL. Both have
to be one address: otherwise a call that the sandbox accepted from the one would be sent to it again by the other. So the
app and the workers remember the URL (`remember_sandbox`), and everything that turns a URL into an address of the ledger
uses `ledger_address`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from reddy_lib.address import known_address, reddy_address
from reddy_lib.database.facts import SANDBOX_URLS, fact, remember_fact
from reddy_lib.database.locks import lock_submissions
from reddy_lib.database.schema import (
    deliveries,
    paces,
    personal_rules,
    resends,
    submissions,
    upload_hosts,
    worker_paces,
)

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["SANDBOX", "address_in", "ledger_address", "remember_sandbox"]

SANDBOX = "sandbox"
"""The address of the built-in sandbox, whatever port it listens on today."""

REDDY = reddy_address("https://app.reddy.io")


def ledger_address(database: Database, url: str) -> str:
    """Return the address for a URL: "sandbox" for a URL of the ledger's sandbox, else the URL in its one spelling.

    An address is returned as it is. Raises LedgerUnavailable.
    """
    with database.read() as connection:
        return address_in(connection, url)


def address_in(connection: sa.Connection, url: str) -> str:
    """Return the same as `ledger_address`, inside the caller's transaction."""
    known = known_address(url)
    return SANDBOX if "://" in known and known in _urls(connection) else known


def remember_sandbox(database: Database, url: str) -> None:
    """Remember a URL of this ledger's sandbox.

    What was sent to the URL before is kept under the sandbox's name from now on. Reddy's own URL is ignored, because
    the ledger can forget what the sandbox accepted, and must never forget what Reddy did.

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
            _rename_address(connection, url, SANDBOX)


def _urls(connection: sa.Connection) -> list[str]:
    known = fact(connection, SANDBOX_URLS)
    return [] if known is None else msgspec.json.decode(known, type=list[str])


def _rename_address(connection: sa.Connection, old: str, new: str) -> None:
    """Move everything that is remembered about an address to another one, inside the caller's transaction.

    Two records that become one are merged, so that nothing that the server has, or may have, is forgotten.
    """
    # Submissions first: an exchange that knows one by its old address holds its row, and is waited for here.
    for table in (submissions, worker_paces, resends):
        connection.execute(table.update().where(table.c.address == old).values(address=new))
    _merge_paces(connection, old, new)
    _merge_hosts(connection, old, new)
    _merge_deliveries(connection, old, new)
    there = personal_rules.alias()
    connection.execute(
        personal_rules.delete().where(
            personal_rules.c.address == old,
            sa.exists().where(
                there.c.address == new,
                there.c.batch_id == personal_rules.c.batch_id,
                there.c.kind == personal_rules.c.kind,
            ),
        )
    )
    for table in (paces, upload_hosts, deliveries, personal_rules):
        connection.execute(table.update().where(table.c.address == old).values(address=new))


class _Pace(NamedTuple):
    address: str
    most_at_once: int | None
    create_idempotent: bool
    not_before: float
    why: str


def _merge_paces(connection: sa.Connection, old: str, new: str) -> None:
    """Of two sets of rules for one address keep the more careful rule, one by one."""
    query = sa.select(*(paces.c[name] for name in _Pace._fields)).where(paces.c.address.in_((old, new)))
    found = [_Pace(*row) for row in connection.execute(query)]
    if len(found) < 2:
        return
    one, other = found
    limits = [each.most_at_once for each in found if each.most_at_once is not None]
    later = max(one, other, key=lambda each: each.not_before)
    connection.execute(paces.delete().where(paces.c.address == new))
    connection.execute(
        paces.update()
        .where(paces.c.address == old)
        .values(
            most_at_once=min(limits, default=None),
            create_idempotent=one.create_idempotent and other.create_idempotent,
            not_before=later.not_before,
            why=later.why,
        )
    )


def _merge_hosts(connection: sa.Connection, old: str, new: str) -> None:
    """Keep the later of two decisions about whether recordings may go to a host."""
    mine, other = upload_hosts.alias(), upload_hosts.alias()
    pairs = connection.execute(
        sa.select(mine.c.host, mine.c.seen_at > other.c.seen_at)
        .join_from(mine, other, sa.and_(mine.c.host == other.c.host, other.c.address == new))
        .where(mine.c.address == old)
    ).all()
    for host, old_is_later in pairs:
        earlier = new if old_is_later else old
        connection.execute(
            upload_hosts.delete().where(upload_hosts.c.host == host, upload_hosts.c.address == earlier)
        )


def _merge_deliveries(connection: sa.Connection, old: str, new: str) -> None:
    """Of two deliveries of one call keep the one that says more, and of equals the earlier."""
    strength = sa.case({"accepted": 3, "again": 2}, value=deliveries.c.state, else_=1)
    ranked = (
        sa.select(
            deliveries.c.address,
            deliveries.c.key,
            sa.func.row_number()
            .over(
                partition_by=deliveries.c.key,
                order_by=(strength.desc(), deliveries.c.at, deliveries.c.address),
            )
            .label("rank"),
        )
        .where(deliveries.c.address.in_((old, new)))
        .subquery()
    )
    weaker = sa.select(ranked.c.address, ranked.c.key).where(ranked.c.rank > 1)
    connection.execute(
        deliveries.delete().where(sa.tuple_(deliveries.c.address, deliveries.c.key).in_(weaker))
    )
