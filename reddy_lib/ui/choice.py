"""What a person chose: the ticked calls of a batch, and which calls Submit is to send.

Both are in the address, so that a reload, another tab and a colleague find them again. The ticked calls are kept in the
ledger as a selection; the address holds its id. A selection that cannot be found again is *lost*: pages then ask, because
treating it as "nothing was chosen" would offer every ready call.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.selections import keep_selection, rows_of_selection
from reddy_lib.errors import ReddyError
from reddy_lib.ui import address_bar

__all__ = ["choose", "chosen", "draw_lost", "in_hand", "is_lost", "moved", "tick", "ticked", "usual"]

SELECTION = "sel"
WHICH = "choose"
"""Names in the address."""

NOT_KEPT = "not-kept"
"""Stands in the address for a selection that the ledger could not keep: after a reload it is lost, and pages ask."""


def _of(kind: str) -> dict[str, str]:
    """Batch id → what this session knows: the id of the selection, of the lost one, or the name of the choice."""
    kept: dict[str, str] = st.session_state.setdefault(f"chosen {kind}", {})
    return kept


def in_hand(batch: Batch) -> None:
    """Follow the address (reload, Back, a link), or put back into it what switching pages dropped.

    Raises:
        LedgerUnavailable: the selection cannot be looked up.
    """
    asked, kept, lost = st.query_params.get(SELECTION), _of("selection"), _of("lost")
    known = kept.get(batch.id) or lost.get(batch.id)
    past: set[str] = st.session_state.setdefault("chosen before", set())
    if address_bar.came_by_link() and asked != known and asked in past:
        # A link that was drawn before the last tick: a click on it must not take that tick back.
        if known is None:
            address_bar.drop(SELECTION)
        else:
            address_bar.put(**{SELECTION: known})
    elif asked is None and known is not None:
        address_bar.put(**{SELECTION: known})
    elif asked is not None and asked != known:
        rows = rows_of_selection(batch.database, batch.id, asked)
        _set_ticked(batch, rows or [])
        for found in (kept, lost):
            found.pop(batch.id, None)
        (lost if rows is None else kept)[batch.id] = asked
        past.add(asked)
    which, wanted = _of("which"), st.query_params.get(WHICH)
    if wanted == which.get(batch.id):
        return
    if wanted is None and not address_bar.went_back():
        address_bar.put(**{WHICH: which[batch.id]})
        return
    which.pop(batch.id, None)
    if wanted is not None:
        which[batch.id] = wanted
    st.session_state["chosen moved"] = True


def ticked(batch: Batch) -> list[int]:
    """Return the row numbers that this person ticked in Review, ascending."""
    rows: dict[str, list[int]] = st.session_state.setdefault("ticked", {})
    return rows.get(batch.id, [])


def tick(batch: Batch, rows: Iterable[int]) -> None:
    """Make these rows, and no others, the ticked ones."""
    marked = sorted(set(rows))
    _set_ticked(batch, marked)
    _of("lost").pop(batch.id, None)
    _of("which").pop(batch.id, None)  # Submit offers the ticked calls now
    if not marked:
        _of("selection").pop(batch.id, None)
        address_bar.drop(SELECTION, WHICH)
        return
    try:
        name = keep_selection(batch.database, batch.id, marked, who=ui.who())
    except ReddyError:
        name = NOT_KEPT
    _of("selection")[batch.id] = name
    st.session_state.setdefault("chosen before", set()).add(name)
    address_bar.put(**{SELECTION: name}, leave_out=(WHICH,))


def _set_ticked(batch: Batch, rows: list[int]) -> None:
    st.session_state.setdefault("ticked", {})[batch.id] = rows


def chosen(batch: Batch) -> str | None:
    """Return the name of the calls chosen on Submit, or None before a choice is made."""
    return _of("which").get(batch.id)


def choose(batch: Batch, name: str) -> None:
    """Remember the name of the calls chosen on Submit. What Submit offers by itself is not written into the address."""
    if name == usual(batch):
        _of("which").pop(batch.id, None)
        address_bar.drop(WHICH)
        return
    _of("which")[batch.id] = name
    address_bar.put(**{WHICH: name})


def usual(batch: Batch) -> str:
    """Return the name of the calls that Submit offers by default: the ticked ones, or else all that are ready."""
    return "ticked" if ticked(batch) else "ready"


def moved() -> bool:
    """Return whether the address brought another name since this was asked last."""
    return bool(st.session_state.pop("chosen moved", False))


def is_lost(batch: Batch) -> bool:
    """Return whether a choice was made that can no longer be found."""
    return batch.id in _of("lost")


def draw_lost(batch: Batch, ready: int, *, to_review: bool) -> None:
    """Ask what to do about a choice that is lost."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            "The selection in this link can no longer be found. "
            + ("Choose again in Review" if to_review else "Tick them again below")
            + (f", or continue with the {ui.number_of(ready, 'ready call')}." if ready else "."),
            icon=":material/help:",
        )
        if to_review and st.button("Choose again", icon=ui.ICONS["review"], key="choose_again"):
            address_bar.leave("review.py")
        if ready:
            st.button(
                f"Continue with all {ready:,} ready",
                key=f"forget choice {batch.id} {ready}",
                on_click=tick,
                args=(batch, []),
            )
