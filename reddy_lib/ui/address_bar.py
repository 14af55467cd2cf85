"""The address in the browser: written in one step, and never taken back by a request that was on its way.

Every request of a browser carries the address that it shows. A click may change the address (`write`, `put`, `drop`)
while another request is under way, sent before the browser learned of the change: a component that reports its size, a
timer. Taken at its word, that request would undo the click: the panel that was chosen closes, the calls that were ticked
are others. So what was written since the browser last showed the address of this session is kept, and a request with an
older address is corrected by it. Back and Forward say what they are, and are followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = ["drop", "put", "settle", "write"]

Names = dict[str, list[str]]


class _Written:
    """What this session wrote, until the browser shows it."""

    def __init__(self) -> None:
        self.run: object = None  # the run that was settled last
        self.page = ""
        self.before: list[Names] = []  # what the browser may show until then
        self.after: Names | None = None


def settle() -> None:
    """Put right the address of this run, if its request was sent before the browser knew the latest one.

    Needed before the address is read: once in the frame around every page, and in what a callback reads.
    """
    context = get_script_run_ctx()
    written = _written()
    if context is None or written.run is context.cursors:
        return
    written.run = context.cursors  # made anew for every run
    if written.after is None:
        return
    late = (
        _shown() in written.before
        and not context.is_history_navigation
        and written.page == context.page_script_hash
    )
    if late:
        st.query_params.from_dict(written.after)
    else:
        written.before, written.after = [], None


def write(names: Mapping[str, Any]) -> None:
    """Make these the names in the address, as one entry of the browser's history.

    Args:
        names: name → its value, or a list of its values.
    """
    settle()
    before = _shown()
    after = {
        name: [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in names.items()
    }
    if after == before:
        return
    context, written = get_script_run_ctx(), _written()
    page = context.page_script_hash if context is not None else ""
    if written.after is None or written.page != page:
        written.before = []
    written.before.append(before)
    written.page, written.after = page, after
    st.query_params.from_dict(after)


def put(**names: str) -> None:
    """Write these names into the address, beside the others."""
    settle()
    write({**_shown(), **names})


def drop(*names: str) -> None:
    """Take these names out of the address."""
    settle()
    write({name: values for name, values in _shown().items() if name not in names})


def _shown() -> Names:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _written() -> _Written:
    kept: _Written = st.session_state.setdefault("address written", _Written())
    return kept
