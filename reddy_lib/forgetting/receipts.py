"""The record of a forgetting: what, how many, when and by whom. It holds no words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from reddy_lib.batches.selections import ranges_of
from reddy_lib.database.privacy_tables import forgettings
from reddy_lib.errors import NotInLedger

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "Counts",
    "ForgetReceipt",
    "Kind",
    "add_counts",
    "begin_record",
    "read_receipt",
    "receipts_of",
    "unfinished",
]

Kind = Literal["batch", "calls", "person", "words", "recordings"]


class Counts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How much was deleted.

    Attributes:
        calls: whose words are gone. never_sent: of these, how many were deleted whole, because nothing was ever sent.
        edits: lines of history. answers: of Reddy, whose words are gone. payloads: of earlier attempts.
        recordings: that calls had. files: of the workbench's own folder. elsewhere: recordings in folders that are not the
            workbench's, which stay there.
        sandbox: calls that the sandbox had received. operations, draws, profiles, recipes: emptied or deleted.
        copies: of the ledger, made before a migration.
    """

    calls: int = 0
    never_sent: int = 0
    edits: int = 0
    answers: int = 0
    payloads: int = 0
    recordings: int = 0
    files: int = 0
    elsewhere: int = 0
    sandbox: int = 0
    operations: int = 0
    draws: int = 0
    profiles: int = 0
    recipes: int = 0
    copies: int = 0

    def add(self, other: Counts) -> Counts:
        """Return the sums."""
        names = self.__struct_fields__
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


class ForgetReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted for good.

    Attributes:
        kind: batch, calls, person, words or recordings (the last two: by retention).
        batch_ids: of the calls.
        state: "done", or "running" until the last copy is gone, also after its process died.
        who, at: who asked for it and when (UTC); ended_at: when it was done.
    """

    id: str
    kind: Kind
    batch_ids: tuple[str, ...]
    state: Literal["running", "done"]
    counts: Counts
    who: str
    at: datetime
    ended_at: datetime | None

    def __repr__(self) -> str:
        return f"<ForgetReceipt {self.id} · {self.kind} · {self.counts.calls:,} calls · {self.state}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain data, with a sentence on what it does not cover."""
        counts = {name: getattr(self.counts, name) for name in Counts.__struct_fields__}
        return {
            "kind": "reddy-workbench receipt",
            "id": self.id,
            "forgotten": self.kind,
            "batches": list(self.batch_ids),
            "state": self.state,
            "who": self.who,
            "asked": self.at.isoformat(timespec="seconds"),
            "done": None if self.ended_at is None else self.ended_at.isoformat(timespec="seconds"),
            "counts": counts,
            "kept": "hashes of conversation and agent with the address, which keep a call from being sent again; "
            "numbers and times of outcomes",
            "not_covered": "backups, downloads, copies that people made, and what Reddy received",
        }

    def to_file(self) -> bytes:
        """Return the receipt as a JSON file."""
        return msgspec.json.format(msgspec.json.encode(self.to_dict()), indent=2) + b"\n"


def begin_record(
    connection: sa.Connection,
    *,
    id: str,
    kind: Kind,
    batch_ids: Sequence[str],
    call_ids: list[int],
    signature: str | None,
    settings: bool,
    who: str,
    now: float,
) -> None:
    """Store that calls are to be forgotten; from here on it is carried out, also by another process."""
    connection.execute(
        forgettings.insert().values(
            id=id,
            kind=kind,
            batch_ids=",".join(batch_ids),
            call_ids=ranges_of(call_ids),
            signature=signature,
            settings=settings,
            state="running",
            counts="{}",
            who=who,
            at=now,
        )
    )


def add_counts(connection: sa.Connection, id: str, more: Counts) -> None:
    """Add to a receipt's counts, in the transaction that deleted what is counted."""
    stored = connection.execute(
        sa.select(forgettings.c.counts).where(forgettings.c.id == id).with_for_update()
    ).scalar_one()
    counts = msgspec.json.decode(stored, type=Counts).add(more)
    connection.execute(
        forgettings.update().where(forgettings.c.id == id).values(counts=msgspec.json.encode(counts).decode())
    )


def read_receipt(database: Database, id: str) -> ForgetReceipt:
    """Return the receipt with this id. Raises NotInLedger if there is no such receipt."""
    found = [one for one in receipts_of(database) if one.id == id]
    if not found:
        raise NotInLedger(f"There is no receipt {id!r} in this ledger: ledger.receipts() lists them.")
    return found[0]


def receipts_of(database: Database) -> list[ForgetReceipt]:
    """Return all receipts, newest first."""
    with database.read() as connection:
        rows = connection.execute(sa.select(forgettings).order_by(forgettings.c.at.desc())).all()
    return [
        ForgetReceipt(
            id=row.id,
            kind=row.kind,
            batch_ids=tuple(filter(None, row.batch_ids.split(","))),
            state=row.state,
            counts=msgspec.json.decode(row.counts, type=Counts),
            who=row.who,
            at=datetime.fromtimestamp(row.at, UTC),
            ended_at=None if row.ended_at is None else datetime.fromtimestamp(row.ended_at, UTC),
        )
        for row in rows
    ]


def unfinished(database: Database) -> list[str]:
    """Return the ids of forgettings that are not done, oldest first."""
    query = sa.select(forgettings.c.id).where(forgettings.c.state == "running").order_by(forgettings.c.at)
    with database.read() as connection:
        return list(connection.execute(query).scalars())
