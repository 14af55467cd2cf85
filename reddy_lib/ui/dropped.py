"""Dropped recordings that no call has: what room they take, deleting them now, and tidying up by itself.

What was dropped stays on the server until a call has it, and is then the call's. The rest is customers' voices that
nobody needs: the panel says how much it is and deletes it on demand; what nobody touched for a month goes when the app
starts, and once a day while somebody opens the panel. The rules, and what makes it safe, are in `recordings.tidying`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.catalogue import batches_frame
from reddy_lib.database.database import Database
from reddy_lib.errors import ReddyError
from reddy_lib.recordings.cleanup import DAYS_VARIABLE, delete, keep_days, mark, tidy
from reddy_lib.recordings.file_uses import dropped_folder, mark_of, nothing_attached, uses
from reddy_lib.recordings.store import Recording, RecordingStore

__all__ = ["dropped_store", "size_words", "tidy_at_start", "unattached"]

DAY = 86_400.0
SHOWN = 8
"""Names that are read out before they are deleted."""

_log = logging.getLogger("reddy_lib.ui")
_lock = threading.Lock()
_tidied: dict[str, float] = {}
_marks: dict[str, str] = {}


def tidy_at_start() -> threading.Thread | None:
    """Tidy up the dropped recordings of this process's ledger, beside everything else; None where that is switched off."""
    try:
        return _tidy_beside(ui.open_ledger())
    except ReddyError:
        return None  # a page will say what is wrong with the ledger


def dropped_store(batch: Batch) -> RecordingStore:
    """Where recordings for a batch are kept. That somebody is at it counts: nothing in it grows old meanwhile."""
    store = RecordingStore(dropped_folder(batch.database) / batch.id)
    if batch.database.may("edit"):
        try:
            mark(store.folder, _mark(batch.database))
        except OSError as error:
            _log.warning("the folder for dropped recordings cannot be marked (%s)", error.strerror)
    _tidy_beside(batch.database.for_person(None))
    return store


def _mark(database: Database) -> str:
    name = str(database.url)
    if name not in _marks:
        _marks[name] = mark_of(database)
    return _marks[name]


def _tidy_beside(database: Database) -> threading.Thread | None:
    """In a thread of its own, at most once a day."""
    days, name, now = keep_days(), str(database.url), time.monotonic()
    with _lock:
        if days is None or now - _tidied.get(name, -DAY) < DAY:
            return None
        _tidied[name] = now
    thread = threading.Thread(target=_tidy, args=(database, days), name="reddy-tidy", daemon=True)
    thread.start()
    return thread


def _tidy(database: Database, days: float) -> None:
    try:
        batches = set(batches_frame(database)["id"])
        done = tidy(
            dropped_folder(database), _mark(database), batches, partial(nothing_attached, database), days=days
        )
    except (ReddyError, OSError) as error:
        _log.warning("dropped recordings could not be tidied up: %s", error)
        return
    if done.files:
        _log.info(
            "%d dropped recordings that no call has and nobody touched for %g days were removed (%s)",
            done.files, days, size_words(done.size),
        )  # fmt: skip


def unattached(
    batch: Batch,
    store: RecordingStore,
    listed: Sequence[Recording],
    states: dict[str, str],
    state: dict[str, Any],
    version: object,
    *,
    busy: bool,
) -> None:
    """One line: how many dropped recordings no call has, their room, and a button to delete them.

    Args:
        listed: what `store` lists.
        states: key → what the table says of it ("matched", "doubtful", "left over").
        version: changes when calls, or their recordings, did.
        busy: some are being attached this moment.
    """
    sizes = {one.key: one.size for one in listed}
    now = (version, tuple(sizes))
    if state.get("unattached", (None,))[0] != now:
        known = uses(batch.database, batch.id, list(sizes))
        free = [key for key in sizes if not known[key].now and not known[key].before]
        earlier = sum(use.before and not use.now for use in known.values())
        state["unattached"] = (now, free, earlier)
    _, free, earlier = state["unattached"]
    if not free:
        return
    days = keep_days()
    size = sum(sizes[key] for key in free)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/hard_drive: {ui.number_of(len(free), 'recording')} attached to no call "
            f"{'takes' if len(free) == 1 else 'take'} {size_words(size)} on this server.",
            width="content",
            help="Customers' voices should not be kept longer than needed. "
            + (
                f"A recording that no one has used for {days:g} days is deleted automatically."
                if days is not None
                else f"Here they are never deleted automatically ({DAYS_VARIABLE})."
            ),
        )
        if st.button(
            "Delete it" if len(free) == 1 else "Delete them",
            icon=":material/delete:",
            type="tertiary",
            disabled=busy,
            key=f"recordings delete {batch.id}",
            help="Wait until all are attached." if busy else None,
        ):
            names = {one.key: one.name for one in listed}
            _ask(batch, store, {key: names[key] for key in free}, size, earlier, states, state)


@st.dialog("Delete recordings", width="medium")
def _ask(
    batch: Batch,
    store: RecordingStore,
    free: dict[str, str],
    size: int,
    earlier: int,
    states: dict[str, str],
    state: dict[str, Any],
) -> None:
    st.markdown(
        f"**{ui.number_of(len(free), 'recording')} attached to no call, {size_words(size)},** "
        f"{'is' if len(free) == 1 else 'are'} deleted from this server:"
    )
    names = list(free.values())
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    st.caption(ui.escape(", ".join(names[:SHOWN])) + more)
    matched = sum(states.get(key) == "matched" for key in free)
    if matched:
        st.warning(
            f"{matched:,} of them {'is' if matched == 1 else 'are'} matched and not attached yet: attach first what is "
            "to be sent.",
            icon=":material/attach_file:",
        )
    rest = "Recordings that calls have stay, and so do the files on your own machine: drop them again if you need them."
    if earlier:
        rest += (
            f" {ui.number_of(earlier, 'recording')} that calls had before (the original of a silenced copy) "
            f"{'stays' if earlier == 1 else 'stay'} too."
        )
    st.markdown(rest)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep them", key=f"recordings keep {batch.id}"):
            st.rerun()
        if not st.button(
            f"Delete {ui.number_of(len(free), 'recording')}",
            type="primary",
            icon=":material/delete:",
            key=f"recordings delete now {batch.id}",
        ):
            return
    try:
        batch.database.require("edit")
        done = delete(store, batch.id, free, partial(nothing_attached, batch.database))
    except ReddyError as error:
        ui.alert(error)
        return
    except OSError as error:
        st.error(f"They could not be deleted ({error.strerror or type(error).__name__}): try again.")
        return
    kept = len(free) - done.files
    state["told"] = {
        "done": f"{ui.number_of(done.files, 'recording')} deleted ({size_words(done.size)})."
        if done.files
        else "",
        "rest": _kept_words(kept) if kept else "",
        "refused": [],
        "verb": "deleted",
    }
    st.rerun()


def _kept_words(kept: int) -> str:
    if kept == 1:
        return "1 recording was kept: a call uses it now, or it is still uploading."
    return f"{ui.number_of(kept, 'recording')} were kept: a call uses them now, or they are still uploading."


def size_words(size: int) -> str:
    """4,812 → "4 kB", 3,355,443 → "3.2 MB"."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):,.1f} GB"
    return f"{size / (1 << 20):,.1f} MB" if size >= 1 << 20 else f"{max(1, size >> 10):,} kB"
