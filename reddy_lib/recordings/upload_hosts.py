"""The hosts that recordings may be uploaded to.

Reddy's answer to a call names the URL for its recording. Whoever could change that answer would be given customers'
voices. So the first host that a connection names is remembered, and a later one is refused until a person allows it
(`allow_host`); its recordings wait meanwhile.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reddy_lib.database.locks import lock_upload_hosts
from reddy_lib.database.sandbox_urls import address_in, ledger_address
from reddy_lib.database.schema import recordings, submissions, upload_hosts

if TYPE_CHECKING:
    import pandas as pd

    from reddy_lib.database.database import Database

__all__ = [
    "HOST_REFUSED",
    "SUBMISSION_ADDRESS",
    "allow_host",
    "hosts_of",
    "refuse_host",
    "refused_hosts",
    "remember_host",
    "waiting_hosts",
]

SUBMISSION_ADDRESS = (
    sa.select(submissions.c.address)
    .where(submissions.c.id == recordings.c.submission_id)
    .correlate(recordings)
    .scalar_subquery()
)
"""The address to which the call of a recording was sent (an expression for statements about `recordings`)."""

HOST_REFUSED = sa.and_(
    recordings.c.host.is_not(None),
    ~sa.exists().where(
        upload_hosts.c.address == SUBMISSION_ADDRESS,
        upload_hosts.c.host == recordings.c.host,
        upload_hosts.c.allowed.is_(True),
    ),
)
"""Whether a recording waits for its host to be allowed (a condition for statements about `recordings`)."""


class _Known(NamedTuple):
    host: str
    allowed: bool


def remember_host(connection: sa.Connection, address: str, host: str, *, now: float) -> None:
    """Remember a host that an address named. The first one is allowed; a later one waits for a person."""
    query = sa.select(upload_hosts.c.host, upload_hosts.c.allowed).where(upload_hosts.c.address == address)
    if host in dict(_Known(*one) for one in connection.execute(query)):
        return
    lock_upload_hosts(connection)  # two workers may see the first host at the same moment
    known = dict(_Known(*one) for one in connection.execute(query))
    if host not in known:
        connection.execute(
            upload_hosts.insert().values(
                address=address, host=host, allowed=not any(known.values()), who="", seen_at=now
            )
        )


def refused_hosts(connection: sa.Connection, submission_id: str) -> list[str]:
    """Return the hosts that recordings of a submission wait for, sorted."""
    query = (
        sa.select(recordings.c.host)
        .where(
            recordings.c.submission_id == submission_id,
            recordings.c.state == "waiting",
            recordings.c.upload_url.is_not(None),
            HOST_REFUSED,
        )
        .distinct()
        .order_by(recordings.c.host)
    )
    return [host for host in connection.execute(query).scalars() if host]


def waiting_hosts(database: Database, submission_id: str) -> list[str]:
    """Return the hosts that recordings of a submission may not go to until a person allows it (`allow_host`)."""
    with database.read() as connection:
        return refused_hosts(connection, submission_id)


def hosts_of(database: Database, address: str) -> pd.DataFrame:
    """Return the hosts that a connection named, oldest first: host, allowed, who (allowed it; "" = it was the first),
    seen (UTC)."""
    import pandas as pd

    names = ["host", "allowed", "who", "seen_at"]
    of_address = upload_hosts.c.address == ledger_address(database, address)
    query = sa.select(*(upload_hosts.c[name] for name in names)).where(of_address)
    with database.read() as connection:
        found = [tuple(one) for one in connection.execute(query.order_by(upload_hosts.c.seen_at))]
    frame = pd.DataFrame(found, columns=["host", "allowed", "who", "seen"])
    frame["seen"] = pd.to_datetime(frame["seen"].astype(float), unit="s", utc=True)
    return frame.assign(allowed=frame["allowed"].astype(bool))


def allow_host(database: Database, address: str, host: str, *, who: str = "") -> None:
    """Allow recordings of a connection to go to a host. Those that wait for it go at the next claim."""
    _set_allowed(database, address, host, allowed=True, who=who)


def refuse_host(database: Database, address: str, host: str, *, who: str = "") -> None:
    """Stop recordings of a connection from going to a host."""
    _set_allowed(database, address, host, allowed=False, who=who)


def _set_allowed(database: Database, address: str, host: str, *, allowed: bool, who: str) -> None:
    new = {"allowed": allowed, "who": who}
    with database.write(right="administer") as connection:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(upload_hosts)
        connection.execute(
            insert.values(address=address_in(connection, address), host=host.strip().lower(), seen_at=time.time(), **new)
            .on_conflict_do_update(index_elements=[upload_hosts.c.address, upload_hosts.c.host], set_=new)
        )  # fmt: skip
