"""Store what somebody did on the Review page. Situations become a message, which the next run of the page shows.

Two rules keep edits on the right call. A grid reports *positions*, so each grid's key is made of what it shows, and
positions become row numbers in the callback of that very grid. And the tables of an open call are drawn from the ledger;
when the call changed in any other way than through them, they start afresh (`version_of`), so an edit never lands on a
line that has moved meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.decisions import Decision
from reddy_lib.errors import ReddyError
from reddy_lib.model import Call, payload_json

__all__ = [
    "Change",
    "accept",
    "cells_edited",
    "decide",
    "digest",
    "edited",
    "mend",
    "revert",
    "say",
    "set_field",
    "short_hash",
    "store",
    "store_as_seen",
    "stored",
    "table_version",
]

Change = Callable[[Call], Call]


def short_hash(*parts: object) -> str:
    """Return a short digest of values, for the keys of widgets."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def digest(call: Call) -> str:
    """Return a digest of a call's content."""
    return hashlib.sha256(payload_json(call)).hexdigest()[:16]


def say(error: str) -> None:
    """Show a message at the top of the page, once."""
    st.session_state["review message"] = error


def edited() -> None:
    """Note that the batch changed: counts are asked of the ledger again."""
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1


def store(batch: Batch, row: int, change: Change) -> None:
    """Change one call in the ledger, as the callback of a button."""
    stored(batch, row, change)


def stored(batch: Batch, row: int, change: Change) -> Call | None:
    """Change one call in the ledger, and return it; None where that failed, and the page will say why."""
    made: list[Call] = []

    def apply(call: Call) -> Call:
        made.append(change(call))
        return made[-1]

    try:
        batch.change(row, apply, who=ui.who())
    except ReddyError as error:
        say(str(error))
        return None
    except IndexError:
        say(_changed_meanwhile(batch, row))
        return None
    edited()
    return made[-1]


def _changed_meanwhile(batch: Batch, row: int, typed: str = "") -> str:
    """Say who changed a call since it was drawn, and what this person had typed."""
    edits = batch.edits(row)
    last = edits.iloc[-1] if len(edits) else None
    by = "" if last is None else f" by {last['who'] or 'somebody'}, {ui.when(last['at'])}"
    kept = f" You had entered “{typed}”." if typed else ""
    return f"Row {row} was changed{by}, while it was open here. Your last edit was not stored.{kept} Look again, then edit."


def set_field(
    batch: Batch, row: int, seen: Any, now: Callable[[Call], Any], change: Change, typed: str
) -> bool:
    """Change a field, unless somebody else has set it since it was drawn (`seen`: its value then). Return whether it
    was stored. Other fields may have changed meanwhile: both edits are kept."""

    def apply(call: Call) -> Call:
        if now(call) != seen and now(call) != now(change(call)):
            raise _SetMeanwhile
        return change(call)

    try:
        return stored(batch, row, apply) is not None
    except _SetMeanwhile:
        say(_changed_meanwhile(batch, row, typed))
        return False


class _SetMeanwhile(Exception):
    """Somebody else set this field since it was drawn."""


def revert(batch: Batch, row: int, content: str) -> None:
    """Restore what the sheet said, if the call is still the one on the screen."""
    try:
        if digest(batch.call(row)) != content:
            say(_changed_meanwhile(batch, row))
            return
        batch.revert(row, who=ui.who())
    except ReddyError as error:
        say(str(error))
    edited()


def decide(batch: Batch, rows: Sequence[int], decision: Decision, text: str | None, role: str = "") -> None:
    """Decide where a text goes that is in no line."""
    try:
        batch.decide(rows, decision, text=text, role=role, who=ui.who())
    except ReddyError as error:
        say(str(error))
    edited()


def accept(batch: Batch, row: int, code: str, accepted: bool) -> None:
    """Accept a finding as it is, or withdraw that."""
    try:
        if accepted:
            batch.accept(row, code, who=ui.who())
        else:
            batch.withdraw(row, code, who=ui.who())
    except ReddyError as error:
        say(str(error))
    edited()


def mend(batch: Batch, row: int, content: str, change: Change) -> None:
    """Make a repair in the call as it was drawn: a second click must not mend another line."""

    def apply(call: Call) -> Call:
        if digest(call) != content:
            raise IndexError
        return change(call)

    store(batch, row, apply)


# tables of the open call


def table_version(batch: Batch, row: int, call: Call) -> int:
    """Which drawing of the tables this is. It grows when the call is not what these tables made of it: then they
    start afresh, and nothing typed before is applied to lines that may have moved."""
    tables = st.session_state.setdefault("review tables", {})
    content = digest(call)
    version, seen = tables.get((batch.id, row), (0, None))
    if seen != content:
        version += 1
        tables[(batch.id, row)] = (version, content)
    return int(version)


def store_as_seen(batch: Batch, row: int, version: int, change: Change) -> Call | None:
    """Change what is addressed by its number: only in the call as it is on the screen, in this very drawing of it."""
    now, seen = st.session_state["review tables"].get((batch.id, row), (0, None))

    def apply(call: Call) -> Call:
        if digest(call) != seen or version != now:
            raise IndexError
        return change(call)

    return stored(batch, row, apply)


def cells_edited(
    batch: Batch, row: int, version: int, key: str, change: Callable[[Call, dict[int, dict[str, Any]]], Call]
) -> None:
    """Store cells of a table that were edited. The state holds cells that were stored before, too, and a table that is
    being replaced may report them once more: only what was not stored yet is an edit."""
    known: dict[tuple[int, str], Any] = st.session_state.setdefault("review cells", {}).setdefault(key, {})
    new = {
        (position, name): value
        for position, cells in st.session_state[key]["edited_rows"].items()
        for name, value in cells.items()
        if (position, name) not in known or known[(position, name)] != value
    }
    if not new:
        return
    edits: dict[int, dict[str, Any]] = {}
    for (position, name), value in new.items():
        edits.setdefault(position + 1, {})[name] = value
    call = store_as_seen(batch, row, version, lambda call: change(call, edits))
    if call is not None:
        known.update(new)
        # the same version: the table on the screen goes on as it is, with the cell that is open in it
        st.session_state["review tables"][(batch.id, row)] = (version, digest(call))
