"""Apply the rules for personal data to calls before they are queued: look through, mask, hold, or ask.

Whoever sends, and from where, `submission.create` passes through here before its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.operations import change_in_pieces
from reddy_lib.batches.past_outcomes import NEVER_SENT, keep_past_outcome
from reddy_lib.batches.personal_looks import PersonalData, look_through, personal_data_in
from reddy_lib.batches.sound_masks import to_be_silenced
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.stored_rows import hold_calls
from reddy_lib.database.bulk import pieces
from reddy_lib.database.sandbox_urls import address_in
from reddy_lib.database.schema import EDITABLE, batches, calls
from reddy_lib.errors import NotInLedger, PersonalDataAsked, SubmissionError
from reddy_lib.findings import Finding, finding
from reddy_lib.personal_data import KINDS, TITLES
from reddy_lib.sending.personal_policy import HELD, PersonalRule, effective_rules, said_of, waits_for_answers

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = ["Prepared", "not_decided", "prepare"]


class Prepared(NamedTuple):
    """What was done with the chosen calls. `held`: rows that a rule holds; `found`: what the calls name now."""

    rules: dict[str, PersonalRule]
    held: list[int]
    found: PersonalData

    @property
    def words(self) -> str:
        """Return why nothing is left to send, if it is because of a rule; else ""."""
        if not self.held:
            return ""
        return (
            f"Not sent: {_rows(self.held)}, which contain personal data that this address may not have. Mask it, or accept "
            f"the finding {HELD} if it is not personal data."
        )


def prepare(
    database: Database,
    batch_id: str,
    parts: Sequence[sa.ColumnElement[bool]],
    address: str,
    *,
    who: str = "",
) -> Prepared:
    """Look through the chosen calls, and mask or hold what the address may not have.

    Args:
        parts: conditions on `calls`, as `submission.sendable` returns them.

    Raises:
        PersonalDataAsked: they contain a kind that no one has decided about yet; nothing was changed.
        SubmissionError: a call that Reddy accepted before is to be sent again, and cannot be masked any more.
    """
    database.require("send")
    with database.read() as connection:
        address = address_in(connection, address)
        rules = effective_rules(connection, address, batch_id)
        state = connection.execute(sa.select(batches.c.state).where(batches.c.id == batch_id)).scalar()
    if state != "open":  # nothing of it is sent, so nothing is masked
        return Prepared(rules, [], personal_data_in(database, parts))
    look_through(database, parts)
    found = personal_data_in(database, parts)
    asked = {kind: found.rows[kind] for kind in found.kinds if rules[kind] == "ask"}
    if asked and waits_for_answers(address):
        raise PersonalDataAsked(not_decided(asked), asked)
    wanted = [kind for kind in KINDS if rules[kind] == "mask"]
    if wanted:
        _mask(database, batch_id, parts, wanted, found, who)
        look_through(database, parts)
        found = personal_data_in(database, parts)
    # What a mask left, if anything, is held like what has to be held.
    stopped = {kind: found.rows[kind] for kind in found.kinds if rules[kind] in ("mask", "hold")}
    _refuse_locked(database, batch_id, stopped)
    held = _hold(database, batch_id, stopped, rules) if stopped else []
    return Prepared(rules, held, personal_data_in(database, parts) if held else found)


def not_decided(asked: dict[str, list[int]]) -> str:
    """Return the error text for kinds that no one has decided about yet."""
    every = {row for rows in asked.values() for row in rows}
    kinds = said_of({kind: len(rows) for kind, rows in asked.items()})
    said = "1 call names" if len(every) == 1 else f"{len(every):,} calls name"
    return (
        f"Nothing was sent: {said} personal data (calls with {kinds}), and it is not decided yet whether this address "
        "may have it. Decide first: mask it, hold these calls, or send them as they are."
    )


def _mask(
    database: Database,
    batch_id: str,
    parts: Sequence[sa.ColumnElement[bool]],
    kinds: Sequence[str],
    found: PersonalData,
    who: str,
) -> None:
    """Mask these kinds in the words, the tags and the recordings of the chosen calls, as one operation."""
    rows = {row for kind in kinds for row in found.rows.get(kind, ())}
    with database.read() as connection:
        for part in parts:
            query = sa.select(calls.c.row).where(part, to_be_silenced(kinds))
            rows |= set(connection.execute(query).scalars())
        record = connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one_or_none()
    if record is None:
        raise NotInLedger(f"There is no batch {batch_id!r} in this ledger.")
    _refuse_locked(database, batch_id, {kind: found.rows.get(kind, []) for kind in kinds}, rows)
    if rows:
        step = MaskPersonalData(kinds=tuple(kinds))
        change_in_pieces(StoredBatch(database, record), sorted(rows), step, who=who)


def _refuse_locked(
    database: Database, batch_id: str, named: dict[str, list[int]], also: Iterable[int] = ()
) -> None:
    """Refuse to send calls again that were sent with these kinds (kind → rows): they can be neither masked nor held."""
    locked: set[int] = set()
    with database.read() as connection:
        for some in pieces(sorted({*also, *(row for rows in named.values() for row in rows)})):
            query = sa.select(calls.c.row).where(
                calls.c.batch_id == batch_id, calls.c.row.in_(some), calls.c.status.not_in(EDITABLE)
            )
            locked.update(connection.execute(query).scalars())
    if locked:
        kinds = [kind for kind, rows in named.items() if locked.intersection(rows)]
        raise SubmissionError(
            f"Nothing was sent: {_rows(sorted(locked))} would be sent again with {_titles(kinds or list(named))}, which "
            "this address may not have, and what was sent is not changed afterwards. Leave these rows out, or load a "
            "corrected file."
        )


def _hold(
    database: Database,
    batch_id: str,
    stopped: dict[str, list[int]],
    rules: dict[str, PersonalRule],
) -> list[int]:
    """Hold calls that name these kinds, unless somebody accepted that; return their rows, ascending."""
    kinds: dict[int, list[str]] = {}
    for kind, rows in stopped.items():
        for row in rows:
            kinds.setdefault(row, []).append(kind)
    undecided = sa.or_(calls.c.decisions.is_(None), calls.c.decisions.not_like(f'%"{HELD}"%'))
    held: list[int] = []
    for some in pieces(sorted(kinds), 500):
        with database.write(right="send") as connection:
            query = (
                sa.select(calls.c.id, calls.c.row)
                .where(calls.c.batch_id == batch_id, calls.c.row.in_(some))
                .where(calls.c.status.in_(EDITABLE), undecided)
                .with_for_update()
            )
            found = {one.id: one.row for one in connection.execute(query)}
            keep_past_outcome(connection, list(found))
            for ids in pieces(found):
                connection.execute(calls.update().where(calls.c.id.in_(ids)).values(**NEVER_SENT))
            hold_calls(connection, {id: _finding(kinds[row], rules) for id, row in found.items()})
            held += found.values()
    return sorted(held)


def _finding(kinds: Sequence[str], rules: dict[str, PersonalRule]) -> Finding:
    masked = all(rules[kind] == "mask" for kind in kinds)
    said = (
        f"The call still names {_titles(kinds)} after masking."
        if masked
        else f"The call names {_titles(kinds)}, and the address that it was to go to may not have that."
    )
    return finding(HELD, "transcript", said)


def _titles(kinds: Sequence[str]) -> str:
    titles = [TITLES[kind] for kind in kinds]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)


def _rows(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:10])) + (f" and {len(rows) - 10:,} more" if len(rows) > 10 else "")
    return f"row{'s' * (len(rows) > 1)} {shown}"
